// The proof on a device whose maps, weights and caches lie in all ports of one
// memory, and whose starts share rows.

// RUN: dlavm-import %models/chatglm2-6b.json --layers=2 --max-tokens=2048 \
// RUN:   | dlavm-opt --dlavm-compile=device=ohbm-20250407 -o %t.mlir
// RUN: dlavm-opt --csb-verify-placement %t.mlir -o /dev/null 2>&1 | count 0

// One row into the neighbour, which is live at the same time.
// RUN: %python %S/Inputs/move.py %t.mlir buffer @query_rope -32 > %t.overlap.mlir
// RUN: not dlavm-opt --csb-verify-placement %t.overlap.mlir 2>&1 \
// RUN:   | FileCheck %s --check-prefix=OVERLAP
// OVERLAP: error: 'attention_output_add' with 2048 tokens after 0: the task reads bytes {{.*}} of the call's input, of which query_rope of layer 0 overwrote bytes

// A KV cache over a weight.
// RUN: %python %S/Inputs/move.py %t.mlir object @keys_cache 0 > %t.cache.mlir
// RUN: not dlavm-opt --csb-verify-placement %t.cache.mlir 2>&1 \
// RUN:   | FileCheck %s --check-prefix=CACHE
// CACHE: error: 'keys_append' with {{.*}} hold a parameter {{.*}}[kvcache2hbm::CacheAddress] [rope_table or keys_cache[0]]

// Layers closer to each other than their weights are large.
// RUN: sed 's/csb.constant @layer_stride_hbm = [0-9]*/csb.constant @layer_stride_hbm = 512/' %t.mlir > %t.stride.mlir
// RUN: not dlavm-opt --csb-verify-placement %t.stride.mlir 2>&1 \
// RUN:   | FileCheck %s --check-prefix=STRIDE
// STRIDE: error: 'query' with {{.*}} of the parameter are part of one of query of layer 0 [mvm::WeightAddress]
