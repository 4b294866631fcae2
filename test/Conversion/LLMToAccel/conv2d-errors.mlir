// RUN: dlavm-opt %s --convert-llm-to-accel=device=ohbm-20250407 -split-input-file -verify-diagnostics

// One row of the image fits the chip four times.

module attributes {llm.max_tokens = 2048 : i64} {
llm.parameter @w from "w" kernel [14, 14] : tensor<32x588xi4>
llm.parameter @s splat 1.0 : tensor<32xf16>
llm.parameter @b splat 0.0 : tensor<32xf16>
func.func @model(%x: tensor<1x50176x3xf16>) -> tensor<1x256x32xf16> {
  // expected-error@+1 {{'accel.conv2d' op needs 14 rows of 224 pixels with 3 channels on the chip at once, but the activation memory of ohbm-20250407 holds 4; make the image narrower}}
  %y = llm.conv2d %x, @w scale @s bias @b window <224 x 224, kernel 14 x 14, strides 14 x 14, padding 0 x 0> {llm.task = "y"} : tensor<1x50176x3xf16> -> tensor<1x256x32xf16>
  return %y : tensor<1x256x32xf16>
}
}

// -----

// No row fits.

module attributes {llm.max_tokens = 2048 : i64} {
llm.parameter @w from "w" : tensor<32x588xi4>
llm.parameter @s splat 1.0 : tensor<32xf16>
llm.parameter @b splat 0.0 : tensor<32xf16>
func.func @model(%x: tensor<1x18816x3xf16>) -> tensor<1x96x32xf16> {
  // expected-error@+1 {{'accel.conv2d' op needs 14 rows of 1344 pixels with 3 channels on the chip at once, but the activation memory of ohbm-20250407 holds 0; make the image narrower}}
  %y = llm.conv2d %x, @w scale @s bias @b window <14 x 1344, kernel 14 x 14, strides 14 x 14, padding 0 x 0> {llm.task = "y"} : tensor<1x18816x3xf16> -> tensor<1x96x32xf16>
  return %y : tensor<1x96x32xf16>
}
}

// -----

module attributes {llm.max_tokens = 2048 : i64} {
llm.parameter @w from "w" : tensor<32x147456xi4>
llm.parameter @s splat 1.0 : tensor<32xf16>
llm.parameter @b splat 0.0 : tensor<32xf16>
func.func @model(%x: tensor<1x144x1024xf16>) -> tensor<1x1x32xf16> {
  // expected-error@+1 {{'accel.conv2d' op has 144 weights for each of 1024 input channels, but the weight memory of ohbm-20250407 does not hold those of 32 output channels}}
  %y = llm.conv2d %x, @w scale @s bias @b window <12 x 12, kernel 12 x 12, strides 1 x 1, padding 0 x 0> {llm.task = "y"} : tensor<1x144x1024xf16> -> tensor<1x1x32xf16>
  return %y : tensor<1x1x32xf16>
}
}

// -----

module attributes {llm.max_tokens = 2048 : i64} {
llm.parameter @w from "w" : tensor<32x3xi4>
llm.parameter @s splat 1.0 : tensor<32xf16>
llm.parameter @b splat 0.0 : tensor<32xf16>
func.func @model(%x: tensor<1x512x3xf16>) -> tensor<1x2x32xf16> {
  // expected-error@+1 {{'accel.conv2d' op has a kernel, strides or a padding that the registers of ohbm-20250407 cannot hold: kernels have up to 65535, the others up to 255}}
  %y = llm.conv2d %x, @w scale @s bias @b window <1 x 512, kernel 1 x 1, strides 1 x 256, padding 0 x 0> {llm.task = "y"} : tensor<1x512x3xf16> -> tensor<1x2x32xf16>
  return %y : tensor<1x2x32xf16>
}
}

// -----

module attributes {llm.max_tokens = 2048 : i64} {
llm.parameter @w from "w" : tensor<32x3xi4>
llm.parameter @w2 from "w2" : tensor<32x32xi4>
llm.parameter @s splat 1.0 : tensor<32xf16>
llm.parameter @b splat 0.0 : tensor<32xf16>
func.func @model(%x: tensor<1x4x3xf16>) -> tensor<1x4x32xf16> {
  // expected-error@+1 {{'llm.conv2d' op has the scale @s, which another op uses as well; the scales of a convolution's weights become part of its scale, so it needs a parameter of its own}}
  %y = llm.conv2d %x, @w scale @s bias @b window <2 x 2, kernel 1 x 1, strides 1 x 1, padding 0 x 0> {llm.task = "y"} : tensor<1x4x3xf16> -> tensor<1x4x32xf16>
  // expected-note@+1 {{the other op}}
  %z = llm.linear %y, @w2 scale @s bias @b {llm.task = "z"} : tensor<1x4x32xf16> -> tensor<1x4x32xf16>
  return %z : tensor<1x4x32xf16>
}
}

// -----

// Only the host can cut patches.

module attributes {llm.max_tokens = 2048 : i64} {
func.func @model(%x: tensor<1x24x3xf16>) -> tensor<1x24x3xf16> {
  %y = llm.add %x, %x {llm.task = "y"} : tensor<1x24x3xf16>
  // expected-error@+1 {{'llm.cut_patches' op cuts an image that is no input of the model, or that other ops read too; only the host can cut patches}}
  %p = llm.cut_patches %y window <4 x 6, kernel 2 x 3, strides 2 x 3, padding 0 x 0> : tensor<1x24x3xf16> -> tensor<1x4x18xf16>
  return %y : tensor<1x24x3xf16>
}
}
