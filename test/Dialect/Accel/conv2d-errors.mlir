// RUN: dlavm-opt %s -split-input-file -verify-diagnostics --accel-partition-tasks

!hbm = !accel.object
func.func @f(%w: !hbm, %b: !hbm, %x: memref<1x23x512xf16, #accel.space<HBM>>, %y: memref<1x4x512xf16, #accel.space<HBM>>) {
  // expected-error@+1 {{'accel.conv2d' op needs maps of 24 and 4 pixels, as its window has, found 'memref<1x23x512xf16, #accel.space<HBM>>' and 'memref<1x4x512xf16, #accel.space<HBM>>'}}
  accel.conv2d "y" ins(%x : memref<1x23x512xf16, #accel.space<HBM>>) weight(%w) scale_bias(%b) outs(%y : memref<1x4x512xf16, #accel.space<HBM>>) [5, 32] window <4 x 6, kernel 2 x 3, strides 2 x 3, padding 0 x 0>
  return
}

// -----

func.func @f(%w: !accel.object, %b: !accel.object, %x: memref<1x24x512xf16, #accel.space<HBM>>, %y: memref<1x4x512xf16, #accel.space<HBM>>) {
  // expected-error@+1 {{'accel.conv2d' op has 600 output channels, which need a map [channels / lanes, tokens, lanes]}}
  accel.conv2d "y" ins(%x : memref<1x24x512xf16, #accel.space<HBM>>) weight(%w) scale_bias(%b) outs(%y : memref<1x4x512xf16, #accel.space<HBM>>) [5, 600] window <4 x 6, kernel 2 x 3, strides 2 x 3, padding 0 x 0>
  return
}

// -----

func.func @f(%w: !accel.object, %b: !accel.object, %x: memref<1x24x512xf16, #accel.space<HBM>>, %y: memref<1x4x512xf16, #accel.space<HBM>>, %i: index) {
  // expected-error@+1 {{'accel.conv2d' op needs seven numbers in 'part': first channel, channels, whether it reuses the weight, and the input, rows of the input, of the output, and of the padding above; found 4}}
  accel.conv2d "y" ins(%x : memref<1x24x512xf16, #accel.space<HBM>>) weight(%w) scale_bias(%b) outs(%y : memref<1x4x512xf16, #accel.space<HBM>>) part(%i, %i, %i, %i) [5, 32] window <4 x 6, kernel 2 x 3, strides 2 x 3, padding 0 x 0>
  return
}

// -----

func.func @f() {
  // expected-error@+1 {{'accel.buffer' op has 'patches' of an image, so it is an input with their pixels as channels and as many tokens, found 'memref<1x5x512xf16, #accel.space<HBM>>'}}
  %p = accel.buffer "p" host input "input" channels 30 patches <4 x 6, kernel 2 x 3, strides 2 x 3, padding 0 x 0> : memref<1x5x512xf16, #accel.space<HBM>>, <1, 5, 512>
  return
}

// -----

// expected-error@+1 {{'accel.object' op of kind conv_weight has a shape of 4 positive sizes, found [32, 30]}}
accel.object @w conv_weight [32, 30] in #accel.space<HBM>

// -----

// What does not fit is refused before it is cut.

module attributes {accel.device = "ohbm-20250407", llm.max_tokens = 2048 : i64} {
accel.object @w conv_weight [32, 14, 14, 3] in #accel.space<HBM>
accel.object @b scale_bias [32] in #accel.space<HBM>
func.func @f() {
  %x = accel.buffer "x" : memref<1x50176x512xf16, #accel.space<HBM>>, <1, 50176, 512>
  %y = accel.buffer "y" : memref<1x256x512xf16, #accel.space<HBM>>, <1, 256, 512>
  %w = accel.get_object @w : !accel.object
  %b = accel.get_object @b : !accel.object
  // expected-error@+1 {{'accel.conv2d' op needs 14 rows of 224 pixels with 3 channels on the chip at once, but the activation memory of ohbm-20250407 holds 4}}
  accel.conv2d "y" ins(%x : memref<1x50176x512xf16, #accel.space<HBM>>) weight(%w) scale_bias(%b) outs(%y : memref<1x256x512xf16, #accel.space<HBM>>) [3, 32] window <224 x 224, kernel 14 x 14, strides 14 x 14, padding 0 x 0>
  return
}
}
