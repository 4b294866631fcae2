// RUN: dlavm-opt %s -split-input-file --llm-embed-patches=device=ohbm-20250407 | FileCheck %s --check-prefixes=CHECK,PATCHES
// RUN: dlavm-opt %s -split-input-file --llm-embed-patches=device=edgellm-20241128 | FileCheck %s --check-prefixes=CHECK,PATCHES,NONE
// RUN: dlavm-opt %s -split-input-file --llm-embed-patches=device=ohbm-v80-20250326 | FileCheck %s --check-prefixes=CHECK,STAYS
// RUN: not dlavm-opt %s -split-input-file --llm-embed-patches=device=nothing 2>&1 | FileCheck %s --check-prefix=DEVICE

// DEVICE: error: there is no device 'nothing'; known devices:

// Of 224 pixels with 3 channels, the 32-port devices have 4 rows on the chip, the V80 18.

// CHECK-LABEL: func.func @patches
// CHECK-SAME: (%[[X:.*]]: tensor<1x50176x3xf16>)
// PATCHES: %[[P:.*]] = llm.cut_patches %[[X]] window <224 x 224, kernel 14 x 14, strides 14 x 14, padding 0 x 0> : tensor<1x50176x3xf16> -> tensor<1x256x588xf16>
// PATCHES-NEXT: %[[Y:.*]] = llm.linear %[[P]], @w scale @s bias @b : tensor<1x256x588xf16> -> tensor<1x256x1792xf16>
// PATCHES-NEXT: %[[Z:.*]] = llm.activation relu %[[Y]]
// PATCHES-NEXT: return %[[Z]]
// STAYS: llm.conv2d %[[X]], @w scale @s bias @b relu window
llm.parameter @w from "w" kernel [14, 14] : tensor<1792x588xi4>
llm.parameter @s splat 1.0 : tensor<1792xf16>
llm.parameter @b splat 0.0 : tensor<1792xf16>
func.func @patches(%x: tensor<1x50176x3xf16>) -> tensor<1x256x1792xf16> {
  %y = llm.conv2d %x, @w scale @s bias @b relu window <224 x 224, kernel 14 x 14, strides 14 x 14, padding 0 x 0> : tensor<1x50176x3xf16> -> tensor<1x256x1792xf16>
  return %y : tensor<1x256x1792xf16>
}

// -----

// Small enough for all that have convolutions.

// CHECK-LABEL: func.func @small
// NONE: llm.cut_patches
// NONE-NEXT: llm.linear
// STAYS: llm.conv2d
llm.parameter @w from "w" kernel [2, 2] : tensor<32x12xi4>
llm.parameter @s splat 1.0 : tensor<32xf16>
llm.parameter @b splat 0.0 : tensor<32xf16>
func.func @small(%x: tensor<1x16x3xf16>) -> tensor<1x4x32xf16> {
  %y = llm.conv2d %x, @w scale @s bias @b window <4 x 4, kernel 2 x 2, strides 2 x 2, padding 0 x 0> : tensor<1x16x3xf16> -> tensor<1x4x32xf16>
  return %y : tensor<1x4x32xf16>
}

// -----

// Patches that overlap; an image with pixels left; an image that is used twice; one that the host does not write.

// CHECK-LABEL: func.func @overlap
// CHECK: llm.conv2d
// CHECK: llm.conv2d
// CHECK: llm.conv2d
// CHECK: llm.conv2d
// CHECK-NOT: llm.cut_patches
llm.parameter @w from "w" kernel [14, 14] : tensor<32x588xi4>
llm.parameter @v from "v" kernel [14, 14] : tensor<3x588xi4>
llm.parameter @s splat 1.0 : tensor<32xf16>
llm.parameter @s3 splat 1.0 : tensor<3xf16>
func.func @overlap(%x: tensor<1x50176x3xf16>, %y: tensor<1x50625x3xf16>, %z: tensor<1x50176x3xf16>) -> (tensor<1x289x32xf16>, tensor<1x256x32xf16>, tensor<1x256x32xf16>, tensor<1x256x32xf16>) {
  %a = llm.conv2d %x, @w scale @s bias @s window <224 x 224, kernel 14 x 14, strides 13 x 13, padding 0 x 0> : tensor<1x50176x3xf16> -> tensor<1x289x32xf16>
  %b = llm.conv2d %y, @w scale @s bias @s window <225 x 225, kernel 14 x 14, strides 14 x 14, padding 0 x 0> : tensor<1x50625x3xf16> -> tensor<1x256x32xf16>
  %c = llm.conv2d %z, @w scale @s bias @s window <224 x 224, kernel 14 x 14, strides 14 x 14, padding 0 x 0> : tensor<1x50176x3xf16> -> tensor<1x256x32xf16>
  %d = llm.conv2d %z, @v scale @s3 bias @s3 window <224 x 224, kernel 14 x 14, strides 1 x 1, padding 13 x 13> : tensor<1x50176x3xf16> -> tensor<1x56169x3xf16>
  return %a, %b, %c, %c : tensor<1x289x32xf16>, tensor<1x256x32xf16>, tensor<1x256x32xf16>, tensor<1x256x32xf16>
}
