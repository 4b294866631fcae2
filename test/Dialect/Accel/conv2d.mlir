// RUN: dlavm-opt %s --verify-roundtrip | FileCheck %s
// RUN: dlavm-opt %s -mlir-print-op-generic | dlavm-opt | FileCheck %s

module attributes {accel.device = "ohbm-20250407", llm.max_tokens = 2048 : i64} {
// CHECK: accel.object @w conv_weight [32, 2, 3, 5] in <HBM>
accel.object @w conv_weight [32, 2, 3, 5] in #accel.space<HBM>
accel.object @b scale_bias [32] in #accel.space<HBM>

// CHECK-LABEL: func.func @model
func.func @model() {
  %x = accel.buffer "x" : memref<1x24x512xf16, #accel.space<HBM>>, <1, 24, 512>
  %y = accel.buffer "y" : memref<1x4x512xf16, #accel.space<HBM>>, <1, 4, 512>
  // CHECK: accel.buffer "p" host input "input" channels 30 patches <4 x 6, kernel 2 x 3, strides 2 x 3, padding 0 x 0> : memref<1x4x512xf16, #accel.space<HBM>>, <1, 4, 512>
  %p = accel.buffer "p" host input "input" channels 30 patches <4 x 6, kernel 2 x 3, strides 2 x 3, padding 0 x 0>
    : memref<1x4x512xf16, #accel.space<HBM>>, <1, 4, 512>
  %w = accel.get_object @w : !accel.object
  %b = accel.get_object @b : !accel.object
  // CHECK: accel.conv2d "y" ins(%{{.*}} : memref<1x24x512xf16, #accel.space<HBM>>) weight(%{{.*}}) scale_bias(%{{.*}}) outs(%{{.*}} : memref<1x4x512xf16, #accel.space<HBM>>) [5, 32] relu window <4 x 6, kernel 2 x 3, strides 2 x 3, padding 0 x 0>
  accel.conv2d "y" ins(%x : memref<1x24x512xf16, #accel.space<HBM>>) weight(%w) scale_bias(%b)
    outs(%y : memref<1x4x512xf16, #accel.space<HBM>>) [5, 32] relu
    window <4 x 6, kernel 2 x 3, strides 2 x 3, padding 0 x 0>
  %c0 = arith.constant 0 : index
  %c2 = arith.constant 2 : index
  %c1 = arith.constant 1 : index
  %c32 = arith.constant 32 : index
  %rows = memref.subview %x[0, 0, 0] [1, 12, 512] [1, 1, 1] : memref<1x24x512xf16, #accel.space<HBM>> to memref<1x12x512xf16, strided<[12288, 512, 1]>, #accel.space<HBM>>
  %out = memref.subview %y[0, 0, 0] [1, 2, 512] [1, 1, 1] : memref<1x4x512xf16, #accel.space<HBM>> to memref<1x2x512xf16, strided<[2048, 512, 1]>, #accel.space<HBM>>
  // CHECK: accel.conv2d "part" ins({{.*}}) outs({{.*}}) part(%c0, %c32, %c0, %c0, %c2, %c1, %c0) [5, 32] window
  accel.conv2d "part" ins(%rows : memref<1x12x512xf16, strided<[12288, 512, 1]>, #accel.space<HBM>>) weight(%w) scale_bias(%b)
    outs(%out : memref<1x2x512xf16, strided<[2048, 512, 1]>, #accel.space<HBM>>)
    part(%c0, %c32, %c0, %c0, %c2, %c1, %c0) [5, 32]
    window <4 x 6, kernel 2 x 3, strides 2 x 3, padding 0 x 0>
  return
}
}
