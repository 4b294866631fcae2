// The proof runs on register values. What is changed here is what a wrong
// planner would have done; the pass must name the task and the buffer.

// RUN: dlavm-import %models/chatglm2-6b.json --layers=2 --max-tokens=2048 \
// RUN:   | dlavm-opt --llm-fuse-residual --llm-name-tasks --convert-llm-to-accel=device=edgellm-20241128 \
// RUN:       --accel-partition-tasks --accel-place-objects --accel-plan-memory \
// RUN:       --convert-accel-to-csb -o %t.mlir
// RUN: dlavm-opt --csb-verify-placement %t.mlir -o /dev/null 2>&1 | count 0

// One pixel into another map, which is live at the same time: between the hidden
// state and "input_norm" is the place of the probabilities, 268435456 bytes.
// RUN: %python %S/Inputs/move.py %t.mlir buffer @input_norm -268435520 > %t.overlap.mlir
// RUN: not dlavm-opt --csb-verify-placement %t.overlap.mlir 2>&1 \
// RUN:   | FileCheck %s --check-prefix=OVERLAP
// OVERLAP: error: 'input_norm' with 2048 tokens after 0: the task overwrites bytes {{.*}} of this operand through norm::OutputAddress [norm::InputAddress]
// OVERLAP: error: 'attention_output' with {{.*}} of which input_norm of layer 0 overwrote bytes

// A KV cache over a weight.
// RUN: %python %S/Inputs/move.py %t.mlir object @keys_cache 0 > %t.cache.mlir
// RUN: not dlavm-opt --csb-verify-placement %t.cache.mlir 2>&1 \
// RUN:   | FileCheck %s --check-prefix=CACHE
// CACHE: error: 'keys_append' with {{.*}} hold a parameter {{.*}}[dat2hbm::CacheAddress] [query_weight[0] or keys_cache[0]]

// Layers closer to each other than their weights are large.
// RUN: sed 's/csb.constant @layer_stride_hbm = [0-9]*/csb.constant @layer_stride_hbm = 512/' %t.mlir > %t.stride.mlir
// RUN: not dlavm-opt --csb-verify-placement %t.stride.mlir 2>&1 \
// RUN:   | FileCheck %s --check-prefix=STRIDE
// STRIDE: error: 'query' with {{.*}} of the parameter are part of one of query of layer 0 [mvm::WeightAddress]

// A length beyond the context is refused.
// RUN: not dlavm-opt --csb-verify-placement=lengths=4096 %t.mlir 2>&1 \
// RUN:   | FileCheck %s --check-prefix=LENGTH
// LENGTH: error: cannot run 4096 tokens after 0: its largest context is 2048 tokens

// An address that no register holds is no other address.
// RUN: %python %S/Inputs/move.py %t.mlir buffer @input_norm 8589934592 > %t.wide.mlir
// RUN: not dlavm-opt --csb-verify-placement %t.wide.mlir 2>&1 \
// RUN:   | FileCheck %s --check-prefix=WIDE
// WIDE: error: cannot run 1 tokens after 0: task 'input_norm' writes {{[0-9]+}} to norm::OutputAddress, but registers hold 0 to 4294967295
