// RUN: dlavm-opt %s --llm-name-tasks --convert-llm-to-accel -verify-diagnostics

// An id has as many bits as the device is known to leave in memory.

!one = tensor<1x1x64xf16>
!logits = tensor<1x1x65568xf16>

module attributes {accel.device = "edgellm-20240824", llm.max_tokens = 64 : i64} {
llm.parameter @w from "w" : tensor<65568x64xi4>
llm.parameter @s from "s" : tensor<65568xf16>
llm.parameter @b from "b" : tensor<65568xf16>
func.func @model(%x: !one) -> (!logits, tensor<1xi32>) {
  // expected-error@+1 {{finds the largest of 65568 channels, but an argmax of edgellm-20240824 has 16 bits, which can tell 65536}}
  %y = llm.linear %x, @w scale @s bias @b : !one -> !logits
  %i = llm.argmax %y : !logits -> tensor<1xi32>
  return %y, %i : !logits, tensor<1xi32>
}
}
