// RUN: dlavm-opt %s --convert-accel-to-csb -split-input-file -verify-diagnostics

// A start of this device computes all KV heads.

module attributes {accel.device = "edgellm-20241128", llm.max_tokens = 2048 : i64} {
accel.object @keys kv_cache [2] in #accel.space<HBM> at 0 bytes 32768 stride 0
func.func @model() {
  %q = accel.buffer "q" at 0 bytes 16777216 live [0, 1] host input "input0" channels 4096 : memref<128x?x32xf16, #accel.space<DDR>>, <128, seq, 32>
  %s = accel.buffer "s" at 16777216 bytes 268435456 live [1, 2] host output "scores" channels 32 : memref<?x?x32xf16, #accel.space<DDR>>, <32 * ((seq + past) ceildiv 32), seq, 32>
  %k = accel.get_object @keys : !accel.object
  %total = accel.tokens seq + past
  %c0 = arith.constant 0 : index
  // expected-error@+1 {{computes a part of its KV heads}}
  accel.scores "scores" ins(%q : memref<128x?x32xf16, #accel.space<DDR>>) cache(%k) keys(%total) scale 0.125 outs(%s : memref<?x?x32xf16, #accel.space<DDR>>) part(%c0, %c0, %total, %c0, %c0) [32, 2, 128]
  return
}
}

// -----

// Tokens of a part of a map have gaps between the heads.

module attributes {accel.device = "ohbm-v80-20250326", llm.max_tokens = 64 : i64} {
accel.object @n norm_weight [128] in <HBM> at 0 bytes 128 stride 0
func.func @model() {
  %x = accel.buffer "x" at 1048576 bytes 131072 live [0, 0] : memref<32x?x128xf16, #accel.space<HBM>>, <32, seq, 128>
  %y = accel.buffer "y" at 17825792 bytes 131072 live [0, 0] : memref<32x1x128xf16, #accel.space<HBM>>, <32, 1, 128>
  %n = accel.get_object @n : !accel.object
  %last = accel.tokens seq - 1
  %v = memref.subview %x[0, %last, 0] [32, 1, 128] [1, 1, 1] : memref<32x?x128xf16, #accel.space<HBM>> to memref<32x1x128xf16, strided<[?, 128, 1], offset: ?>, #accel.space<HBM>>
  // expected-error@+1 {{normalizes heads of some tokens of a map, but ohbm-v80-20250326 takes all of them}}
  accel.norm rms "norm" ins(%v : memref<32x1x128xf16, strided<[?, 128, 1], offset: ?>, #accel.space<HBM>>) weight(%n) outs(%y : memref<32x1x128xf16, #accel.space<HBM>>) [128] heads 32
  return
}
}

// -----

module attributes {accel.device = "edgellm-20241128", llm.max_tokens = 64 : i64} {
accel.object @n norm_weight [32] in <DDR> at 0 bytes 128 stride 0
func.func @model() {
  %x = accel.buffer "x" at 1048576 bytes 131072 live [0, 0] : memref<256x?x32xf16, #accel.space<DDR>>, <256, seq, 32>
  %n = accel.get_object @n : !accel.object
  // expected-error@+1 {{has 256 heads, but a task of edgellm-20241128 takes at most 255}}
  accel.norm rms "norm" ins(%x : memref<256x?x32xf16, #accel.space<DDR>>) weight(%n) outs(%x : memref<256x?x32xf16, #accel.space<DDR>>) [32] heads 256
  return
}
}
