// RUN: dlavm-opt %s --accel-partition-tasks | FileCheck %s

module attributes {accel.device = "ohbm-20250407", llm.max_tokens = 2048 : i64} {
accel.object @w conv_weight [128, 3, 3, 64] in #accel.space<HBM>
accel.object @b scale_bias [128] in #accel.space<HBM>
accel.object @wide conv_weight [4096, 3, 3, 64] in #accel.space<HBM>
accel.object @wide_b scale_bias [4096] in #accel.space<HBM>

// The first start has a row of padding above it, and two rows of the result; the others have one. They keep the
// weights.

// CHECK-LABEL: func.func @rows
func.func @rows() {
  %x = accel.buffer "x" : memref<1x50176x512xf16, #accel.space<HBM>>, <1, 50176, 512>
  %y = accel.buffer "y" : memref<1x12544x512xf16, #accel.space<HBM>>, <1, 12544, 512>
  %w = accel.get_object @w : !accel.object
  %b = accel.get_object @b : !accel.object
  // CHECK-DAG: %[[IN:.*]] = memref.subview %x[0, 0, 0] [1, 896, 512] [1, 1, 1]
  // CHECK-DAG: %[[OUT:.*]] = memref.subview %y[0, 0, 0] [1, 224, 512] [1, 1, 1]
  // CHECK: accel.conv2d "y" ins(%[[IN]] :
  // CHECK-SAME: part(%c0{{[_0-9]*}}, %c128{{[_0-9]*}}, %c0{{[_0-9]*}}, %c0{{[_0-9]*}}, %c4{{[_0-9]*}}, %c2{{[_0-9]*}}, %c1{{[_0-9]*}}) [64, 128] window
  // CHECK: scf.for %[[ROW:.*]] = %c2{{[_0-9]*}} to %c111{{[_0-9]*}} step %c1{{[_0-9]*}} {
  // CHECK: %[[FIRST:.*]] = arith.subi %{{.*}}, %c1{{[_0-9]*}} overflow<nsw>
  // CHECK: %[[OFFSET:.*]] = arith.muli %c224{{[_0-9]*}}, %[[FIRST]]
  // CHECK: %[[IN:.*]] = memref.subview %x[0, %[[OFFSET]], 0] [1, 672, 512] [1, 1, 1]
  // CHECK: %[[OFFSET:.*]] = arith.muli %c112{{[_0-9]*}}, %[[ROW]]
  // CHECK: %[[OUT:.*]] = memref.subview %y[0, %[[OFFSET]], 0] [1, 112, 512] [1, 1, 1]
  // CHECK: accel.conv2d "y" ins(%[[IN]] :
  // CHECK-SAME: part(%c0{{[_0-9]*}}, %c128{{[_0-9]*}}, %c1{{[_0-9]*}}, %c0{{[_0-9]*}}, %c3{{[_0-9]*}}, %c1{{[_0-9]*}}, %c0{{[_0-9]*}}) [64, 128] window
  // CHECK: } {accel.limit = "activation memory of 524288 values"}
  // CHECK: memref.subview %x[0, 49504, 0] [1, 672, 512] [1, 1, 1]
  // CHECK: memref.subview %y[0, 12432, 0] [1, 112, 512] [1, 1, 1]
  // CHECK: accel.conv2d
  // CHECK-SAME: part(%c0{{[_0-9]*}}, %c128{{[_0-9]*}}, %c1{{[_0-9]*}}, %c0{{[_0-9]*}}, %c3{{[_0-9]*}}, %c1{{[_0-9]*}}, %c0{{[_0-9]*}}) [64, 128] window
  // CHECK-NOT: accel.conv2d
  accel.conv2d "y" ins(%x : memref<1x50176x512xf16, #accel.space<HBM>>) weight(%w) scale_bias(%b)
    outs(%y : memref<1x12544x512xf16, #accel.space<HBM>>) [64, 128]
    window <224 x 224, kernel 3 x 3, strides 2 x 2, padding 1 x 1>
  return
}

// Of a small image with many output channels, the starts keep the input.

// CHECK-LABEL: func.func @channels
func.func @channels() {
  %x = accel.buffer "x" : memref<1x64x512xf16, #accel.space<HBM>>, <1, 64, 512>
  %y = accel.buffer "y" : memref<8x64x512xf16, #accel.space<HBM>>, <8, 64, 512>
  %w = accel.get_object @wide : !accel.object
  %b = accel.get_object @wide_b : !accel.object
  // CHECK: scf.for %[[CHANNEL:.*]] = %c0{{[_0-9]*}} to %c4096{{[_0-9]*}} step %c2048{{[_0-9]*}} {
  // CHECK: %[[REUSES:.*]] = arith.minsi %[[CHANNEL]], %c1{{[_0-9]*}}
  // CHECK: accel.conv2d "y" ins(%x :
  // CHECK-SAME: part(%[[CHANNEL]], %{{.*}}, %c0{{[_0-9]*}}, %[[REUSES]], %c8{{[_0-9]*}}, %c8{{[_0-9]*}}, %c1{{[_0-9]*}}) [64, 4096] window
  // CHECK: } {accel.limit = "weight memory of 16777216 bits"}
  accel.conv2d "y" ins(%x : memref<1x64x512xf16, #accel.space<HBM>>) weight(%w) scale_bias(%b)
    outs(%y : memref<8x64x512xf16, #accel.space<HBM>>) [64, 4096]
    window <8 x 8, kernel 3 x 3, strides 1 x 1, padding 1 x 1>
  return
}

// CHECK-LABEL: func.func @whole
func.func @whole() {
  %x = accel.buffer "x" : memref<1x64x512xf16, #accel.space<HBM>>, <1, 64, 512>
  %y = accel.buffer "y" : memref<1x64x512xf16, #accel.space<HBM>>, <1, 64, 512>
  %w = accel.get_object @w : !accel.object
  %b = accel.get_object @b : !accel.object
  // CHECK-NOT: scf.for
  // CHECK: accel.conv2d "y" ins(%x :
  // CHECK-SAME: part(%c0{{[_0-9]*}}, %c128{{[_0-9]*}}, %c0{{[_0-9]*}}, %c0{{[_0-9]*}}, %c8{{[_0-9]*}}, %c8{{[_0-9]*}}, %c1{{[_0-9]*}}) [64, 128] window
  accel.conv2d "y" ins(%x : memref<1x64x512xf16, #accel.space<HBM>>) weight(%w) scale_bias(%b)
    outs(%y : memref<1x64x512xf16, #accel.space<HBM>>) [64, 128]
    window <8 x 8, kernel 3 x 3, strides 1 x 1, padding 1 x 1>
  return
}
}
