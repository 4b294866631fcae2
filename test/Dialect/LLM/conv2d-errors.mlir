// RUN: dlavm-opt %s -split-input-file -verify-diagnostics

// expected-error@+1 {{needs an image, a kernel and strides of 1 to 65536, found 0}}
func.func private @f() attributes {w = #llm.window<8 x 0, kernel 3 x 3, strides 1 x 1, padding 1 x 1>}

// -----

// expected-error@+1 {{needs an image, a kernel and strides of 1 to 65536, found 65537}}
func.func private @f() attributes {w = #llm.window<8 x 8, kernel 3 x 3, strides 65537 x 1, padding 1 x 1>}

// -----

// expected-error@+1 {{needs a padding of 0 or more that is less than the kernel of 3, found 3}}
func.func private @f() attributes {w = #llm.window<8 x 8, kernel 3 x 3, strides 1 x 1, padding 1 x 3>}

// -----

// expected-error@+1 {{needs a padding of 0 or more that is less than the kernel of 3, found -1}}
func.func private @f() attributes {w = #llm.window<8 x 8, kernel 3 x 3, strides 1 x 1, padding -1 x 0>}

// -----

// expected-error@+1 {{has a kernel of 3 x 11, larger than the image with its padding, 10 x 10}}
func.func private @f() attributes {w = #llm.window<8 x 8, kernel 3 x 11, strides 1 x 1, padding 1 x 1>}

// -----

// expected-error@+1 {{'llm.parameter' op needs two sizes of 1 to 65536 in 'kernel', its rows and columns, found [3]}}
llm.parameter @w from "w" kernel [3] : tensor<16x72xi4>

// -----

// expected-error@+1 {{'llm.parameter' op needs two sizes of 1 to 65536 in 'kernel', its rows and columns, found [3, 0]}}
llm.parameter @w from "w" kernel [3, 0] : tensor<16x72xi4>

// -----

// expected-error@+1 {{'llm.parameter' op has a 'kernel', so it needs a tensor of the checkpoint, no 'column_heads' and a shape [output channels, 3 * 3 * input channels], found 'tensor<16x73xi4>'}}
llm.parameter @w from "w" kernel [3, 3] : tensor<16x73xi4>

// -----

// expected-error@+1 {{'llm.parameter' op has a 'kernel', so it needs a tensor of the checkpoint}}
llm.parameter @w splat 1.0 kernel [3, 3] : tensor<16x72xi4>

// -----

// expected-error@+1 {{'llm.parameter' op has a 'kernel', so it needs a tensor of the checkpoint}}
llm.parameter @w from "w" kernel [3, 3] : tensor<72xf16>

// -----

// expected-error@+1 {{'llm.parameter' op has a 'kernel', so it needs a tensor of the checkpoint}}
llm.parameter @w from "w" column_heads <9 x 8> kernel [3, 3] : tensor<16x72xi4>

// -----

llm.parameter @w from "w" : tensor<16x72xi4>
llm.parameter @s splat 1.0 : tensor<16xf16>
func.func @f(%x: tensor<1x63x8xf16>) {
  // expected-error@+1 {{'llm.conv2d' op needs the input [1, 64, channels], the pixels of its window, found 'tensor<1x63x8xf16>'}}
  %y = llm.conv2d %x, @w scale @s bias @s window <8 x 8, kernel 3 x 3, strides 1 x 1, padding 1 x 1> : tensor<1x63x8xf16> -> tensor<1x64x16xf16>
  return
}

// -----

llm.parameter @w from "w" : tensor<16x72xi4>
llm.parameter @s splat 1.0 : tensor<16xf16>
func.func @f(%x: tensor<1x64x8xf16>) {
  // expected-error@+1 {{'llm.conv2d' op needs the result [1, 36, channels], the pixels of its window, found 'tensor<1x64x16xf16>'}}
  %y = llm.conv2d %x, @w scale @s bias @s window <8 x 8, kernel 3 x 3, strides 1 x 1, padding 0 x 0> : tensor<1x64x8xf16> -> tensor<1x64x16xf16>
  return
}

// -----

llm.parameter @w from "w" : tensor<16x72xi4>
llm.parameter @s splat 1.0 : tensor<16xf16>
func.func @f(%x: tensor<1x?x8xf16, #llm.dims<1, seq, 8>>) {
  // expected-error@+1 {{'llm.conv2d' op needs the input [1, 64, channels], the pixels of its window}}
  %y = llm.conv2d %x, @w scale @s bias @s window <8 x 8, kernel 3 x 3, strides 1 x 1, padding 1 x 1> : tensor<1x?x8xf16, #llm.dims<1, seq, 8>> -> tensor<1x64x16xf16>
  return
}

// -----

// expected-note@+1 {{declared here}}
llm.parameter @w from "w" : tensor<16x24xi4>
llm.parameter @s splat 1.0 : tensor<16xf16>
func.func @f(%x: tensor<1x64x8xf16>) {
  // expected-error@+1 {{'llm.conv2d' op needs a weight of type 'tensor<16x72xi4>', found 'tensor<16x24xi4>'}}
  %y = llm.conv2d %x, @w scale @s bias @s window <8 x 8, kernel 3 x 3, strides 1 x 1, padding 1 x 1> : tensor<1x64x8xf16> -> tensor<1x64x16xf16>
  return
}

// -----

// expected-note@+1 {{declared here}}
llm.parameter @w from "w" kernel [9, 1] : tensor<16x72xi4>
llm.parameter @s splat 1.0 : tensor<16xf16>
func.func @f(%x: tensor<1x64x8xf16>) {
  // expected-error@+1 {{'llm.conv2d' op has a kernel of 3 x 3, but that of the weight is 9 x 1}}
  %y = llm.conv2d %x, @w scale @s bias @s window <8 x 8, kernel 3 x 3, strides 1 x 1, padding 1 x 1> : tensor<1x64x8xf16> -> tensor<1x64x16xf16>
  return
}

// -----

llm.parameter @w from "w" : tensor<16x72xi4>
llm.parameter @s splat 1.0 : tensor<16xf16>
// expected-note@+1 {{declared here}}
llm.parameter @b splat 1.0 : tensor<8xf16>
func.func @f(%x: tensor<1x64x8xf16>) {
  // expected-error@+1 {{'llm.conv2d' op needs a bias of type 'tensor<16xf16>', found 'tensor<8xf16>'}}
  %y = llm.conv2d %x, @w scale @s bias @b window <8 x 8, kernel 3 x 3, strides 1 x 1, padding 1 x 1> : tensor<1x64x8xf16> -> tensor<1x64x16xf16>
  return
}

// -----

func.func @f(%x: tensor<1x24x3xf16>) {
  // expected-error@+1 {{'llm.cut_patches' op needs a kernel that is as large as the strides and divides the image, without padding, found #llm.window<4 x 6, kernel 2 x 4, strides 2 x 4, padding 0 x 0>}}
  %p = llm.cut_patches %x window <4 x 6, kernel 2 x 4, strides 2 x 4, padding 0 x 0> : tensor<1x24x3xf16> -> tensor<1x2x24xf16>
  return
}

// -----

func.func @f(%x: tensor<1x24x3xf16>) {
  // expected-error@+1 {{'llm.cut_patches' op turns [1, 24, channels] into [1, 4, 6 * channels], found 'tensor<1x24x3xf16>' and 'tensor<1x4x19xf16>'}}
  %p = llm.cut_patches %x window <4 x 6, kernel 2 x 3, strides 2 x 3, padding 0 x 0> : tensor<1x24x3xf16> -> tensor<1x4x19xf16>
  return
}
