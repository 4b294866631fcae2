// RUN: dlavm-opt %s --convert-llm-to-accel=device=edgellm-20241128 -split-input-file -verify-diagnostics

module attributes {llm.max_tokens = 2048 : i64} {
func.func @model(%x: tensor<1x?x64xf16, #llm.dims<1, seq, 64>>) -> tensor<1x?x64xf16, #llm.dims<1, seq, 64>> {
  // expected-error@+1 {{'llm.activation' op becomes a hardware task, which has no name yet; run llm-name-tasks before}}
  %0 = llm.activation silu %x : tensor<1x?x64xf16, #llm.dims<1, seq, 64>>
  return %0 : tensor<1x?x64xf16, #llm.dims<1, seq, 64>>
}
}

// -----

// Names are unique in the module, not in a function only.

module attributes {llm.max_tokens = 2048 : i64} {
func.func private @layer(%x: tensor<1x?x64xf16, #llm.dims<1, seq, 64>>) -> tensor<1x?x64xf16, #llm.dims<1, seq, 64>> {
  // expected-note@+1 {{of this op}}
  %0 = llm.activation silu %x {llm.task = "silu"} : tensor<1x?x64xf16, #llm.dims<1, seq, 64>>
  return %0 : tensor<1x?x64xf16, #llm.dims<1, seq, 64>>
}
func.func @model(%x: tensor<1x?x64xf16, #llm.dims<1, seq, 64>>) -> tensor<1x?x64xf16, #llm.dims<1, seq, 64>> {
  // expected-error@+1 {{'llm.activation' op becomes the task "silu", which there is already}}
  %0 = llm.activation silu %x {llm.task = "silu"} : tensor<1x?x64xf16, #llm.dims<1, seq, 64>>
  return %0 : tensor<1x?x64xf16, #llm.dims<1, seq, 64>>
}
}
