// RUN: dlavm-opt %s --llm-name-tasks --convert-llm-to-accel=device=ohbm-20250407 -split-input-file -verify-diagnostics
// RUN: dlavm-opt %s --llm-name-tasks --convert-llm-to-accel=device=ohbm-20250326 -split-input-file -verify-diagnostics

// Four heads share a row, and a norm takes whole rows.

module attributes {llm.max_tokens = 2048 : i64} {
llm.parameter @n from "n" : tensor<128xf16>
func.func @model(%x: tensor<2x?x128xf16, #llm.dims<2, seq, 128>>) -> tensor<2x?x128xf16, #llm.dims<2, seq, 128>> {
  // expected-error-re@+1 {{normalizes each of 2 heads, but a norm of ohbm-{{[0-9]+}} takes whole rows, which have 4 heads; devices with one head in a row can do it, like ohbm-v80-20250326}}
  %0 = llm.rms_norm %x, @n epsilon 1.0e-5 : tensor<2x?x128xf16, #llm.dims<2, seq, 128>>
  return %0 : tensor<2x?x128xf16, #llm.dims<2, seq, 128>>
}
}
