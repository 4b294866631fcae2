// RUN: dlavm-opt %s --llm-name-tasks --convert-llm-to-accel=device=edgellm-20241128 -split-input-file -verify-diagnostics

// The mean is taken over groups of 32 channels.

module attributes {llm.max_tokens = 2048 : i64} {
llm.parameter @n from "n" : tensor<72xf16>
func.func @model(%x: tensor<1x?x72xf16, #llm.dims<1, seq, 72>>) -> tensor<1x?x72xf16, #llm.dims<1, seq, 72>> {
  // expected-error@+1 {{'accel.norm' op has 72 channels, which must be a multiple of 32 on edgellm-20241128 (8 too many)}}
  %0 = llm.rms_norm %x, @n epsilon 1.0e-5 : tensor<1x?x72xf16, #llm.dims<1, seq, 72>>
  return %0 : tensor<1x?x72xf16, #llm.dims<1, seq, 72>>
}
}
