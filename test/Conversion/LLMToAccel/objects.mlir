// RUN: dlavm-opt %s --llm-name-tasks --convert-llm-to-accel=device=edgellm-20241128 | FileCheck %s

// What parameters become. Each object is declared once, for all layers, before
// the functions and in the order of the first use; what is named alike but made
// of other parameters is another object. Parameters stay, and so does what the
// module says of the embedding, which only the host reads.

// CHECK: module attributes {accel.device = "edgellm-20241128", llm.embedding = @embedding, llm.max_tokens = 2048 : i64}
// CHECK-NEXT: llm.parameter @embedding from "e" : tensor<1000x64xf16>
module attributes {llm.max_tokens = 2048 : i64, llm.embedding = @embedding} {
llm.parameter @embedding from "e" : tensor<1000x64xf16>
llm.parameter @w from "w{layer}" layers 4 : tensor<64x64xi4>
llm.parameter @s splat 1.0 layers 4 : tensor<64xf16>
llm.parameter @b from "b{layer}" layers 4 : tensor<64xf16>
llm.parameter @c from "c{layer}" layers 4 : tensor<64xf16>
llm.parameter @unused from "unused" : tensor<64xf16>

// CHECK:      llm.parameter @unused
// CHECK-NEXT: accel.object @w_weight weight [64, 64] from [@w] layers 4 in <HBM>
// CHECK-NEXT: accel.object @w_scale_bias scale_bias [64] from [@s, @b] layers 4 in <DDR>
// CHECK-NEXT: accel.object @[[OTHER:w_scale_bias_.*]] scale_bias [64] from [@s, @c] layers 4 in <DDR>
// CHECK-NEXT: accel.object @rope_table rope_table [] with {rotary = 128 : i64, style = "interleaved", theta = 1.000000e+04 : f64} in <DDR>
// CHECK-NEXT: accel.object @[[TABLE:rope_table_.*]] rope_table [] with {rotary = 128 : i64, style = "interleaved", theta = 1.000000e+06 : f64} in <DDR>
// CHECK-NEXT: accel.object @rope_table_{{.*}} rope_table [] with {attention_factor = 1.250000e+00 : f64, divisors = [1.000000e+00, 2.000000e+00, 4.000000e+00, 8.000000e+00], rotary = 8 : i64, style = "interleaved", theta = 1.000000e+04 : f64} in <DDR>
// CHECK-NEXT: func.func

// CHECK: %[[W1:.*]] = accel.get_object @w_weight[%{{.*}}]
// CHECK: %[[B1:.*]] = accel.get_object @w_scale_bias[%{{.*}}]
// CHECK: weight(%[[W1]]) scale_bias(%[[B1]])
// CHECK: %[[W2:.*]] = accel.get_object @w_weight[%{{.*}}]
// CHECK: %[[B2:.*]] = accel.get_object @w_scale_bias[%{{.*}}]
// CHECK: weight(%[[W2]]) scale_bias(%[[B2]])
// CHECK: accel.get_object @w_weight[%{{.*}}]
// CHECK: %[[B3:.*]] = accel.get_object @[[OTHER]][%{{.*}}]
// CHECK: scale_bias(%[[B3]])
func.func private @layer(%layer: index, %x: tensor<1x?x64xf16, #llm.dims<1, seq, 64>>) -> tensor<1x?x64xf16, #llm.dims<1, seq, 64>> {
  %0 = llm.linear %x, @w[%layer] scale @s bias @b : tensor<1x?x64xf16, #llm.dims<1, seq, 64>> -> tensor<1x?x64xf16, #llm.dims<1, seq, 64>>
  %1 = llm.linear %0, @w[%layer] scale @s bias @b : tensor<1x?x64xf16, #llm.dims<1, seq, 64>> -> tensor<1x?x64xf16, #llm.dims<1, seq, 64>>
  %2 = llm.linear %1, @w[%layer] scale @s bias @c : tensor<1x?x64xf16, #llm.dims<1, seq, 64>> -> tensor<1x?x64xf16, #llm.dims<1, seq, 64>>
  return %2 : tensor<1x?x64xf16, #llm.dims<1, seq, 64>>
}

// CHECK-LABEL: func.func @model()
// CHECK: %[[T1:.*]] = accel.get_object @rope_table :
// CHECK: accel.rope {{.*}} table(%[[T1]])
// CHECK: %[[T2:.*]] = accel.get_object @[[TABLE]] :
// CHECK: accel.rope {{.*}} table(%[[T2]])
// CHECK: %[[T3:.*]] = accel.get_object @rope_table :
// CHECK: accel.rope {{.*}} table(%[[T3]])
func.func @model(%x: tensor<2x?x128xf16, #llm.dims<2, seq, 128>>) -> tensor<2x?x128xf16, #llm.dims<2, seq, 128>> {
  %0 = llm.rope %x interleaved theta 1.0e4 rotary 128 : tensor<2x?x128xf16, #llm.dims<2, seq, 128>>
  %1 = llm.rope %0 interleaved theta 1.0e6 rotary 128 : tensor<2x?x128xf16, #llm.dims<2, seq, 128>>
  %2 = llm.rope %1 interleaved theta 1.0e4 rotary 128 : tensor<2x?x128xf16, #llm.dims<2, seq, 128>>
  %3 = llm.rope %2 interleaved theta 1.0e4 rotary 8
    divisors [1.0, 2.0, 4.0, 8.0] attention_factor 1.25
    : tensor<2x?x128xf16, #llm.dims<2, seq, 128>>
  return %3 : tensor<2x?x128xf16, #llm.dims<2, seq, 128>>
}
}
