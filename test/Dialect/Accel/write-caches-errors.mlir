// RUN: dlavm-opt %s --accel-write-caches -split-input-file -verify-diagnostics

// What a device without a task that appends cannot do.

module attributes {accel.device = "edgellm-20240831", llm.max_tokens = 512 : i64} {
accel.object @keys kv_cache [2] in <DDR>
func.func @host() {
  %k = accel.buffer "k" host input "input" channels 256 : memref<8x?x32xf16, #accel.space<DDR>>, <8, seq, 32>
  %past = accel.tokens past
  %kc = accel.get_object @keys : !accel.object
  // expected-error @+1 {{appends what the host moves, but edgellm-20240831 has no task that appends to a KV cache; append what a task computes}}
  accel.kv_append keys "keys_append" ins(%k : memref<8x?x32xf16, #accel.space<DDR>>) at(%past) outs(%kc) [2, 128]
  return
}
}

// -----

module attributes {accel.device = "edgellm-20240831", llm.max_tokens = 512 : i64} {
accel.object @keys kv_cache [2] in <DDR>
func.func private @view(%k: memref<8x?x32xf16, #accel.space<DDR>>) {
  %past = accel.tokens past
  %kc = accel.get_object @keys : !accel.object
  // expected-error @+1 {{appends a map that no task of this function computes, but edgellm-20240831 has no task that appends to a KV cache; append what a task computes}}
  accel.kv_append keys "keys_append" ins(%k : memref<8x?x32xf16, #accel.space<DDR>>) at(%past) outs(%kc) [2, 128]
  return
}
}

// -----

module attributes {accel.device = "edgellm-20240831", llm.max_tokens = 512 : i64} {
accel.object @table rope_table [] in <DDR>
accel.object @keys kv_cache [2] in <DDR>
func.func @shared() {
  %k = accel.buffer "k" : memref<8x?x32xf16, #accel.space<DDR>>, <8, seq, 32>
  %r = accel.buffer "rotated" : memref<8x?x32xf16, #accel.space<DDR>>, <8, seq, 32>
  %s = accel.buffer "sum" : memref<8x?x32xf16, #accel.space<DDR>>, <8, seq, 32>
  %t = accel.get_object @table : !accel.object
  %past = accel.tokens past
  %kc = accel.get_object @keys : !accel.object
  accel.rope "rotated" ins(%k : memref<8x?x32xf16, #accel.space<DDR>>) table(%t) at(%past) outs(%r : memref<8x?x32xf16, #accel.space<DDR>>) [2, 128]
  // expected-error @+1 {{appends a map that is used besides, but edgellm-20240831 writes keys and values into the KV cache as it computes them; compute the map once more for the other use}}
  accel.kv_append keys "keys_append" ins(%r : memref<8x?x32xf16, #accel.space<DDR>>) at(%past) outs(%kc) [2, 128]
  // expected-note @+1 {{the other use}}
  accel.elementwise add "sum" ins(%k, %r : memref<8x?x32xf16, #accel.space<DDR>>, memref<8x?x32xf16, #accel.space<DDR>>) outs(%s : memref<8x?x32xf16, #accel.space<DDR>>) [256]
  return
}
}

// -----

module attributes {accel.device = "edgellm-20240831", llm.max_tokens = 512 : i64} {
accel.object @keys kv_cache [2] in <DDR>
func.func @nobody() {
  %k = accel.buffer "k" : memref<8x?x32xf16, #accel.space<DDR>>, <8, seq, 32>
  %past = accel.tokens past
  %kc = accel.get_object @keys : !accel.object
  // expected-error @+1 {{appends a map that no task before it in the same block computes, but edgellm-20240831 has no task that appends to a KV cache}}
  accel.kv_append keys "keys_append" ins(%k : memref<8x?x32xf16, #accel.space<DDR>>) at(%past) outs(%kc) [2, 128]
  return
}
}

// -----

module attributes {accel.device = "edgellm-20240831", llm.max_tokens = 512 : i64} {
accel.object @keys kv_cache [2] in <DDR>
func.func @heads() {
  %k = accel.buffer "k" : memref<4x?x32xf16, #accel.space<DDR>>, <4, seq, 32>
  %past = accel.tokens past
  %kc = accel.get_object @keys : !accel.object
  // expected-error @+1 {{has heads of 64 channels, but those of edgellm-20240831 have 128; pad the heads of the model to that size}}
  accel.kv_append keys "keys_append" ins(%k : memref<4x?x32xf16, #accel.space<DDR>>) at(%past) outs(%kc) [2, 64]
  return
}
}
