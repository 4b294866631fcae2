// RUN: dlavm-opt %s --llm-name-tasks --convert-llm-to-accel=device=edgellm-20241128 -split-input-file -verify-diagnostics

// Values per channel exist only in linear layers.

module attributes {llm.max_tokens = 2048 : i64} {
llm.parameter @b from "b" : tensor<64xf16>
func.func @model(%x: tensor<1x?x64xf16, #llm.dims<1, seq, 64>>) -> tensor<1x?x64xf16, #llm.dims<1, seq, 64>> {
  %b = llm.get_parameter @b : tensor<64xf16>
  // expected-error@+1 {{'llm.add' op combines a map with a value per channel, which only a linear layer can; run llm-fuse-scale-bias before, and see that a linear layer precedes it}}
  %0 = llm.add %x, %b : tensor<1x?x64xf16, #llm.dims<1, seq, 64>>, tensor<64xf16>
  return %0 : tensor<1x?x64xf16, #llm.dims<1, seq, 64>>
}
}

// -----

module attributes {llm.max_tokens = 2048 : i64} {
llm.parameter @b from "b" : tensor<64xf16>
func.func @model(%x: tensor<1x?x64xf16, #llm.dims<1, seq, 64>>) -> tensor<1x?x64xf16, #llm.dims<1, seq, 64>> {
  %b = llm.get_parameter @b : tensor<64xf16>
  // expected-error@+1 {{'llm.mul' op combines a map with a value per channel, which only a linear layer can}}
  %0 = llm.mul %x, %b : tensor<1x?x64xf16, #llm.dims<1, seq, 64>>, tensor<64xf16>
  return %0 : tensor<1x?x64xf16, #llm.dims<1, seq, 64>>
}
}
