// RUN: dlavm-opt %s --accel-partition-tasks -split-input-file -verify-diagnostics

module attributes {accel.device = "edgellm-20241128", llm.max_tokens = 2048 : i64} {
accel.object @k kv_cache [1] in <HBM>
func.func @values() {
  %p = accel.buffer "p" : memref<?x?x32xf16, #accel.space<DDR>>, <((seq + past) ceildiv 32) * 129, seq, 32>
  %o = accel.buffer "o" : memref<516x?x32xf16, #accel.space<DDR>>, <516, seq, 32>
  %k = accel.get_object @k : !accel.object
  %total = accel.tokens seq + past
  // expected-error@+1 {{'accel.values' op does not fit the buffers of edgellm-20241128 with one token at the largest context of 2048 tokens; lower it with --max-tokens}}
  accel.values "o" ins(%p : memref<?x?x32xf16, #accel.space<DDR>>) cache(%k) keys(%total) outs(%o : memref<516x?x32xf16, #accel.space<DDR>>) [129, 1, 128]
  return
}
}

// -----

// 4097 blocks of 128 channels, and the buffer holds 4096.

module attributes {accel.device = "edgellm-20241128", llm.max_tokens = 2048 : i64} {
accel.object @w weight [32, 524416] in <HBM>
func.func @linear() {
  %x = accel.buffer "x" : memref<16388x1x32xf16, #accel.space<DDR>>, <16388, 1, 32>
  %y = accel.buffer "y" : memref<1x1x32xf16, #accel.space<DDR>>, <1, 1, 32>
  %w = accel.get_object @w : !accel.object
  // expected-error@+1 {{'accel.linear' op does not fit the buffers of edgellm-20241128 with one token at the largest context of 2048 tokens, nor at any other; it has too many channels}}
  accel.linear "l" ins(%x : memref<16388x1x32xf16, #accel.space<DDR>>) weight(%w) outs(%y : memref<1x1x32xf16, #accel.space<DDR>>) [524416, 32]
  return
}
}

// -----

// expected-error@+1 {{names no device; give the module the attribute accel.device = "NAME", or run convert-llm-to-accel first (known devices: edgellm-}}
module attributes {llm.max_tokens = 2048 : i64} {}

// -----

// expected-error@+1 {{there is no device 'edgellm'; known devices: edgellm-}}
module attributes {accel.device = "edgellm", llm.max_tokens = 2048 : i64} {}

// -----

// Tokens that a view mixes with something else.

module attributes {accel.device = "edgellm-20241128", llm.max_tokens = 2048 : i64} {
func.func @f(%w: !accel.object) {
  %x = accel.buffer "x" : memref<2x?x32xf16, #accel.space<DDR>>, <2, seq, 32>
  %y = accel.buffer "y" : memref<?xf16, #accel.space<DDR>>, <64 * seq>
  %seq = accel.tokens seq
  %z = memref.expand_shape %y [[0, 1, 2]] output_shape [2, %seq, 32] : memref<?xf16, #accel.space<DDR>> into memref<2x?x32xf16, #accel.space<DDR>>
  // expected-error@+1 {{'accel.linear' op uses a map whose tokens are no dimension of an accel.buffer, so it cannot be cut to the chip}}
  accel.linear "l" ins(%x : memref<2x?x32xf16, #accel.space<DDR>>) weight(%w) outs(%z : memref<2x?x32xf16, #accel.space<DDR>>) [64, 64]
  return
}
}
