// RUN: dlavm-opt %s --llm-name-tasks --convert-llm-to-accel=device=ohbm-20250407 | FileCheck %s --check-prefix=FUSED
// RUN: sed 's/ relu : !x -> !x/ : !x -> !x/' %s | dlavm-opt --llm-name-tasks --convert-llm-to-accel=device=edgellm-20241128 | FileCheck %s --check-prefix=TABLE
// RUN: not dlavm-opt %s --llm-name-tasks --convert-llm-to-accel=device=edgellm-20241128 2>&1 | FileCheck %s --check-prefix=REFUSED

// relu is part of a linear task, or a table like all other functions.

!x = tensor<1x?x64xf16, #llm.dims<1, seq, 64>>

module attributes {llm.max_tokens = 64 : i64} {
llm.parameter @w from "w" : tensor<64x64xi4>
llm.parameter @s from "s" : tensor<64xf16>
llm.parameter @b from "b" : tensor<64xf16>

// FUSED: accel.linear "w" {{.*}} scale_bias(%w_scale_bias) relu outs({{.*}}) [64, 64]
// TABLE: accel.object @relu_table activation_table [] with {function = "relu"} in <DDR>
// TABLE: accel.activation "w_relu" {{.*}} table(%relu_table)
// REFUSED: error: 'accel.linear' op has relu, which a product of edgellm-20241128 cannot compute; use llm.activation relu
func.func @model(%x: !x) -> !x {
  %y = llm.linear %x, @w scale @s bias @b relu : !x -> !x
  %z = llm.activation relu %y : !x
  return %z : !x
}
}
