// RUN: dlavm-opt %s -split-input-file --convert-llm-to-accel=device=ohbm-20250407 | FileCheck %s

// The weights of a convolution are an object of their own, and the scales of the weights part of its scale.

// CHECK: module attributes {accel.device = "ohbm-20250407", llm.max_tokens = 2048 : i64}
module attributes {llm.max_tokens = 2048 : i64} {
llm.parameter @patch from "patch" kernel [2, 4] : tensor<600x24xi4>
llm.parameter @patch_scale splat 1.0 : tensor<600xf16>
llm.parameter @patch_bias from "bias" : tensor<600xf16>

// CHECK: accel.object @patch_weight conv_weight [600, 2, 4, 3] from [@patch] in <HBM>
// CHECK: accel.object @patch_scale_bias scale_bias [600] from [@patch_scale, @patch_bias, @patch] in <HBM>

// CHECK-LABEL: func.func @model()
func.func @model(%x: tensor<1x64x3xf16>) -> tensor<1x8x600xf16> {
  // CHECK: %[[IN:.*]] = accel.buffer "input" host input "input" channels 3 : memref<1x64x512xf16, #accel.space<HBM>>, <1, 64, 512>
  // CHECK: %[[OUT:.*]] = accel.buffer "patch" host output "output" channels 600 : memref<2x8x512xf16, #accel.space<HBM>>, <2, 8, 512>
  // CHECK: %[[W:.*]] = accel.get_object @patch_weight
  // CHECK: %[[B:.*]] = accel.get_object @patch_scale_bias
  // CHECK: accel.conv2d "patch" ins(%[[IN]] : memref<1x64x512xf16, #accel.space<HBM>>) weight(%[[W]]) scale_bias(%[[B]])
  // CHECK-SAME: outs(%[[OUT]] : memref<2x8x512xf16, #accel.space<HBM>>) [3, 600] relu window <8 x 8, kernel 2 x 4, strides 2 x 4, padding 0 x 0>
  %y = llm.conv2d %x, @patch scale @patch_scale bias @patch_bias relu
    window <8 x 8, kernel 2 x 4, strides 2 x 4, padding 0 x 0> {llm.task = "patch"}
    : tensor<1x64x3xf16> -> tensor<1x8x600xf16>
  return %y : tensor<1x8x600xf16>
}
}

// -----

// The device has the patches, the host the image.

module attributes {llm.max_tokens = 2048 : i64} {
llm.parameter @patch from "patch" kernel [2, 4] : tensor<32x24xi4>

// CHECK-LABEL: func.func @model()
func.func @model(%x: tensor<1x64x3xf16>) -> tensor<1x8x32xf16> {
  // CHECK: %[[IN:.*]] = accel.buffer "input" host input "input" channels 24 patches <8 x 8, kernel 2 x 4, strides 2 x 4, padding 0 x 0> : memref<1x8x512xf16, #accel.space<HBM>>, <1, 8, 512>
  // CHECK: accel.linear "patch" ins(%[[IN]] :
  %p = llm.cut_patches %x window <8 x 8, kernel 2 x 4, strides 2 x 4, padding 0 x 0> : tensor<1x64x3xf16> -> tensor<1x8x24xf16>
  %y = llm.linear %p, @patch {llm.task = "patch"} : tensor<1x8x24xf16> -> tensor<1x8x32xf16>
  return %y : tensor<1x8x32xf16>
}
}
