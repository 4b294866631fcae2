// RUN: dlavm-opt %s --convert-accel-to-csb -split-input-file -verify-diagnostics

// Softmax takes scores from the chip, but leaves nothing there.

module attributes {accel.device = "edgellm-20240923", llm.max_tokens = 64 : i64} {
func.func @decode() attributes {accel.decode} {
  %past = accel.tokens past
  %total = accel.tokens past + 1
  %s = accel.buffer "scores" at 0 bytes 128 live [0, 0] : memref<2x1x32xf16, #accel.space<CHIP>>, <2, 1, 32>
  %p = accel.buffer "probabilities" at 128 bytes 128 live [0, 0] : memref<2x1x32xf16, #accel.space<CHIP>>, <2, 1, 32>
  // expected-error@+1 {{'accel.softmax' op has operand #3 on the chip, where edgellm-20240923 cannot have it; give it a place in memory}}
  accel.softmax "probabilities" ins(%s : memref<2x1x32xf16, #accel.space<CHIP>>) keys(%total) at(%past) outs(%p : memref<2x1x32xf16, #accel.space<CHIP>>) [2]
  return
}
}

// -----

module attributes {accel.device = "edgellm-20240923", llm.max_tokens = 64 : i64} {
accel.object @silu activation_table [] in <DDR> at 0 bytes 8192 stride 8192
func.func @model() {
  %x = accel.buffer "x" at 0 bytes 4096 live [0, 0] : memref<1x?x32xf16, #accel.space<CHIP>>, <1, seq, 32>
  %y = accel.buffer "y" at 8192 bytes 4096 live [0, 0] : memref<1x?x32xf16, #accel.space<DDR>>, <1, seq, 32>
  %t = accel.get_object @silu : !accel.object
  // expected-error@+1 {{'accel.activation' op has several tokens on the chip, but edgellm-20240923 keeps maps of one token there}}
  accel.activation "silu" ins(%x : memref<1x?x32xf16, #accel.space<CHIP>>) table(%t) outs(%y : memref<1x?x32xf16, #accel.space<DDR>>) [32]
  return
}
}

// -----

module attributes {accel.device = "edgellm-20240923", llm.max_tokens = 64 : i64} {
func.func @decode() attributes {accel.decode} {
  %x = accel.buffer "x" at 0 bytes 64 live [0, 0] : memref<1x1x32xf16, #accel.space<CHIP>>, <1, 1, 32>
  %y = accel.buffer "y" at 0 bytes 1024 live [0, 0] : memref<1x1x32xf16, #accel.space<DDR>>, <1, 1, 32>
  %z = accel.buffer "z" at 1024 bytes 1024 live [0, 0] : memref<1x1x32xf16, #accel.space<DDR>>, <1, 1, 32>
  // expected-error@+1 {{'accel.elementwise' op has operand #0 on the chip and operand #1 not, but edgellm-20240923 has one flag for both; they must lie together}}
  accel.elementwise add "sum" ins(%x, %y : memref<1x1x32xf16, #accel.space<CHIP>>, memref<1x1x32xf16, #accel.space<DDR>>) outs(%z : memref<1x1x32xf16, #accel.space<DDR>>) [32]
  return
}
}
