// RUN: dlavm-opt %s --convert-accel-to-csb -split-input-file -verify-diagnostics

// A register that serves two maps has one distance between surfaces.

module attributes {accel.device = "edgellm-20241128", llm.max_tokens = 2048 : i64} {
  func.func @model() {
    %a = accel.buffer "a" at 0 bytes 524288 live [0, 0] : memref<4x?x32xf16, #accel.space<DDR>>, <4, seq, 32>
    %b = accel.buffer "b" at 1048576 bytes 256 live [0, 0] : memref<4x1x32xf16, #accel.space<DDR>>, <4, 1, 32>
    %y = accel.buffer "y" at 2097152 bytes 256 live [0, 0] : memref<4x1x32xf16, #accel.space<DDR>>, <4, 1, 32>
    %last = memref.subview %a[0, 0, 0] [4, 1, 32] [1, 1, 1]
      : memref<4x?x32xf16, #accel.space<DDR>> to memref<4x1x32xf16, strided<[?, 32, 1]>, #accel.space<DDR>>
    // expected-error@+1 {{'accel.elementwise' op combines maps of different numbers of tokens, but edgellm-20241128 has one distance between surfaces for both}}
    accel.elementwise add "sum" ins(%last, %b : memref<4x1x32xf16, strided<[?, 32, 1]>, #accel.space<DDR>>, memref<4x1x32xf16, #accel.space<DDR>>)
      outs(%y : memref<4x1x32xf16, #accel.space<DDR>>) [128]
    return
  }
}
