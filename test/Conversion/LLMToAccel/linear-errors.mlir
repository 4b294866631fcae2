// RUN: dlavm-opt %s --llm-name-tasks --convert-llm-to-accel=device=edgellm-20241128 -split-input-file -verify-diagnostics

module attributes {llm.max_tokens = 2048 : i64} {
llm.parameter @w from "w" : tensor<64x64xi4>
func.func @model(%x: tensor<1x1x64xf16>) -> tensor<1xi32> {
  %y = llm.linear %x, @w : tensor<1x1x64xf16> -> tensor<1x1x64xf16>
  // expected-error@+1 {{'llm.argmax' op needs a linear layer with scale and bias; give it `scale` and `bias` parameters}}
  %t = llm.argmax %y : tensor<1x1x64xf16> -> tensor<1xi32>
  return %t : tensor<1xi32>
}
}

// -----

module attributes {llm.max_tokens = 2048 : i64} {
llm.parameter @n from "n" : tensor<64xf16>
func.func @model(%x: tensor<1x1x64xf16>) -> tensor<1xi32> {
  %y = llm.rms_norm %x, @n epsilon 1.0e-5 : tensor<1x1x64xf16>
  // expected-error@+1 {{'llm.argmax' op needs the result of an llm.linear, whose task yields the index}}
  %t = llm.argmax %y : tensor<1x1x64xf16> -> tensor<1xi32>
  return %t : tensor<1xi32>
}
}

// -----

// 131072 input channels are 1024 blocks of two words, which fill the 2048 words
// of the weight buffer with the weights of one output channel per port.

module attributes {llm.max_tokens = 2048 : i64} {
llm.parameter @v from "v" : tensor<32x131072xi4>
llm.parameter @w from "w" : tensor<32x131200xi4>
func.func @model(%x: tensor<1x1x131072xf16>, %y: tensor<1x1x131200xf16>) -> (tensor<1x1x32xf16>, tensor<1x1x32xf16>) {
  %0 = llm.linear %x, @v : tensor<1x1x131072xf16> -> tensor<1x1x32xf16>
  // expected-error@+1 {{'accel.linear' op has 131200 input channels, but the buffers of edgellm-20241128 hold at most 131072}}
  %1 = llm.linear %y, @w : tensor<1x1x131200xf16> -> tensor<1x1x32xf16>
  return %0, %1 : tensor<1x1x32xf16>, tensor<1x1x32xf16>
}
}
