// RUN: dlavm-opt %s --accel-group-appends | FileCheck %s
// Where registers do not keep their values, nothing is gained.
// RUN: sed s/,Registers_Keep_Values=1// %s | dlavm-opt -o %t.as-it-was
// RUN: dlavm-opt %t.as-it-was --accel-group-appends | cmp - %t.as-it-was

module attributes {accel.device = "edgellm-20241128,Registers_Keep_Values=1", llm.max_tokens = 512 : i64} {
accel.object @w weight [256, 4096] in <HBM>
accel.object @table rope_table [] in <DDR>
accel.object @keys kv_cache [2] layers 28 in <HBM>
accel.object @values kv_cache [2] layers 28 in <HBM>

// The append of values moves to that of keys, with the linear that computes them.
// CHECK-LABEL: func.func @layer(
// CHECK:         accel.kv_append keys "keys_append"
// CHECK-NOT:     accel.scores
// CHECK:         accel.linear "value"
// CHECK-NOT:     accel.scores
// CHECK:         accel.kv_append values "values_append"
// CHECK:         accel.scores "scores"
// CHECK:         accel.softmax "probabilities"
// CHECK-NOT:     accel.linear
// CHECK:         accel.values "attention"
func.func @layer(%layer: index {accel.layer}) {
  %past = accel.tokens past
  %total = accel.tokens seq + past
  %x = accel.buffer "x" : memref<128x?x32xf16, #accel.space<DDR>>, <128, seq, 32>
  %q = accel.buffer "q" : memref<16x?x32xf16, #accel.space<DDR>>, <16, seq, 32>
  %k = accel.buffer "k" : memref<8x?x32xf16, #accel.space<DDR>>, <8, seq, 32>
  %wk = accel.get_object @w : !accel.object
  %keys = accel.get_object @keys[%layer] : !accel.object
  accel.kv_append keys "keys_append" ins(%k : memref<8x?x32xf16, #accel.space<DDR>>) at(%past) outs(%keys) [2, 128]
  %s = accel.buffer "s" : memref<?x?x32xf16, #accel.space<DDR>>, <(seq + past) ceildiv 32 * 4, seq, 32>
  accel.scores "scores" ins(%q : memref<16x?x32xf16, #accel.space<DDR>>) cache(%keys) keys(%total) scale 0.088388347648318433 outs(%s : memref<?x?x32xf16, #accel.space<DDR>>) [4, 2, 128]
  %p = accel.buffer "p" : memref<?x?x32xf16, #accel.space<DDR>>, <(seq + past) ceildiv 32 * 4, seq, 32>
  accel.softmax "probabilities" ins(%s : memref<?x?x32xf16, #accel.space<DDR>>) keys(%total) at(%past) outs(%p : memref<?x?x32xf16, #accel.space<DDR>>) [4]
  %v = accel.buffer "v" : memref<8x?x32xf16, #accel.space<DDR>>, <8, seq, 32>
  %w = accel.get_object @w : !accel.object
  accel.linear "value" ins(%x : memref<128x?x32xf16, #accel.space<DDR>>) weight(%w) outs(%v : memref<8x?x32xf16, #accel.space<DDR>>) [4096, 256]
  %values = accel.get_object @values[%layer] : !accel.object
  accel.kv_append values "values_append" ins(%v : memref<8x?x32xf16, #accel.space<DDR>>) at(%past) outs(%values) [2, 128]
  %a = accel.buffer "a" : memref<16x?x32xf16, #accel.space<DDR>>, <16, seq, 32>
  accel.values "attention" ins(%p : memref<?x?x32xf16, #accel.space<DDR>>) cache(%values) keys(%total) outs(%a : memref<16x?x32xf16, #accel.space<DDR>>) [4, 2, 128]
  return
}

// Something reads the cache before: it must not see the tokens of this call.
// CHECK-LABEL: func.func @read_before(
// CHECK:         accel.kv_append keys
// CHECK:         accel.scores "scores"
// CHECK:         accel.kv_append values
func.func @read_before(%layer: index {accel.layer}) {
  %past = accel.tokens past
  %total = accel.tokens seq + past
  %q = accel.buffer "q" : memref<16x?x32xf16, #accel.space<DDR>>, <16, seq, 32>
  %k = accel.buffer "k" : memref<8x?x32xf16, #accel.space<DDR>>, <8, seq, 32>
  %keys = accel.get_object @keys[%layer] : !accel.object
  accel.kv_append keys "keys_append" ins(%k : memref<8x?x32xf16, #accel.space<DDR>>) at(%past) outs(%keys) [2, 128]
  %s = accel.buffer "s" : memref<?x?x32xf16, #accel.space<DDR>>, <(seq + past) ceildiv 32 * 4, seq, 32>
  %cache = accel.get_object @values[%layer] : !accel.object
  accel.scores "scores" ins(%q : memref<16x?x32xf16, #accel.space<DDR>>) cache(%cache) keys(%total) scale 0.088388347648318433 outs(%s : memref<?x?x32xf16, #accel.space<DDR>>) [4, 2, 128]
  %values = accel.get_object @values[%layer] : !accel.object
  accel.kv_append values "values_append" ins(%k : memref<8x?x32xf16, #accel.space<DDR>>) at(%past) outs(%values) [2, 128]
  return
}

// What is appended is computed by a task that would stand between both anyway.
// CHECK-LABEL: func.func @rotated(
// CHECK:         accel.kv_append keys
// CHECK:         accel.softmax
// CHECK:         accel.rope "value_rope"
// CHECK:         accel.kv_append values
func.func @rotated(%layer: index {accel.layer}) {
  %past = accel.tokens past
  %total = accel.tokens seq + past
  %k = accel.buffer "k" : memref<8x?x32xf16, #accel.space<DDR>>, <8, seq, 32>
  %keys = accel.get_object @keys[%layer] : !accel.object
  accel.kv_append keys "keys_append" ins(%k : memref<8x?x32xf16, #accel.space<DDR>>) at(%past) outs(%keys) [2, 128]
  %s = accel.buffer "s" : memref<?x?x32xf16, #accel.space<DDR>>, <(seq + past) ceildiv 32 * 4, seq, 32>
  %p = accel.buffer "p" : memref<?x?x32xf16, #accel.space<DDR>>, <(seq + past) ceildiv 32 * 4, seq, 32>
  accel.softmax "probabilities" ins(%s : memref<?x?x32xf16, #accel.space<DDR>>) keys(%total) at(%past) outs(%p : memref<?x?x32xf16, #accel.space<DDR>>) [4]
  %v = accel.buffer "v" : memref<8x?x32xf16, #accel.space<DDR>>, <8, seq, 32>
  %table = accel.get_object @table : !accel.object
  accel.rope "value_rope" ins(%k : memref<8x?x32xf16, #accel.space<DDR>>) table(%table) at(%past) outs(%v : memref<8x?x32xf16, #accel.space<DDR>>) [2, 128]
  %values = accel.get_object @values[%layer] : !accel.object
  accel.kv_append values "values_append" ins(%v : memref<8x?x32xf16, #accel.space<DDR>>) at(%past) outs(%values) [2, 128]
  return
}
}
