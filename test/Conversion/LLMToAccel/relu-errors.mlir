// RUN: dlavm-opt %s --llm-name-tasks --convert-llm-to-accel=device=ohbm-20250407 -verify-diagnostics

// Channels that fill up the last group would be among the largest.

!one = tensor<1x1x64xf16>
module attributes {llm.max_tokens = 64 : i64} {
llm.parameter @w from "w" : tensor<64x64xi4>
llm.parameter @s from "s" : tensor<64xf16>
llm.parameter @b from "b" : tensor<64xf16>
func.func @model(%x: !one) -> tensor<1xi32> {
  %y = llm.linear %x, @w scale @s bias @b relu : !one -> !one
  // expected-error@+1 {{'llm.argmax' op needs a linear layer without relu, which makes all negative logits equal}}
  %i = llm.argmax %y : !one -> tensor<1xi32>
  return %i : tensor<1xi32>
}
}
