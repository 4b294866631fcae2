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
