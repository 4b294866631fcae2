// RUN: dlavm-opt %s --llm-name-tasks --convert-llm-to-accel=device=edgellm-20241128 -split-input-file -verify-diagnostics | FileCheck %s

module attributes {llm.max_tokens = 2048 : i64} {
llm.parameter @n from "n" : tensor<64xf16>
llm.parameter @b from "b" : tensor<64xf16>
// Gamma alone, and gamma with beta, are two objects.
// CHECK: accel.object @n_weight norm_weight [64] from [@n] in <DDR>
// CHECK: accel.object @[[BOTH:n_weight_.*]] norm_weight [64] from [@n, @b] in <DDR>
// CHECK-LABEL: func.func @model()
// CHECK: %[[X:.*]] = accel.buffer "input"
// CHECK: %[[Y:.*]] = accel.buffer "n" : memref<2x?x32xf16, #accel.space<DDR>>, <2, seq, 32>
// CHECK: %[[W:.*]] = accel.get_object @n_weight :
// CHECK: accel.norm rms "n" ins(%[[X]] : {{.*}}) weight(%[[W]]) outs(%[[Y]] : {{.*}}) [64]
// CHECK: %[[Z:.*]] = accel.buffer "n_2" host output "output" channels 64 : memref<2x?x32xf16, #accel.space<DDR>>, <2, seq, 32>
// CHECK: %[[V:.*]] = accel.get_object @[[BOTH]] :
// CHECK: accel.norm layer "n_2" ins(%[[Y]] : {{.*}}) weight(%[[V]]) outs(%[[Z]] : {{.*}}) [64]
func.func @model(%x: tensor<1x?x64xf16, #llm.dims<1, seq, 64>>) -> tensor<1x?x64xf16, #llm.dims<1, seq, 64>> {
  %0 = llm.rms_norm %x, @n epsilon 1.0e-5 : tensor<1x?x64xf16, #llm.dims<1, seq, 64>>
  %1 = llm.layer_norm %0, @n bias @b epsilon 1.0e-5 : tensor<1x?x64xf16, #llm.dims<1, seq, 64>>
  return %1 : tensor<1x?x64xf16, #llm.dims<1, seq, 64>>
}
}

// -----

// The device adds 1e-5 whatever the model says: one warning for each other value.

module attributes {llm.max_tokens = 2048 : i64} {
llm.parameter @n from "n" : tensor<64xf16>
func.func @model(%x: tensor<1x?x64xf16, #llm.dims<1, seq, 64>>) -> tensor<1x?x64xf16, #llm.dims<1, seq, 64>> {
  %0 = llm.rms_norm %x, @n epsilon 1.0e-5 : tensor<1x?x64xf16, #llm.dims<1, seq, 64>>
  // expected-warning@+1 {{the model's norms add an epsilon of 1e-06, but edgellm-20241128 adds 1e-05; results will differ a little from the model's}}
  %1 = llm.rms_norm %0, @n epsilon 1.0e-6 : tensor<1x?x64xf16, #llm.dims<1, seq, 64>>
  %2 = llm.rms_norm %1, @n epsilon 1.0e-6 : tensor<1x?x64xf16, #llm.dims<1, seq, 64>>
  // expected-warning@+1 {{the model's norms add an epsilon of 1e-12, but edgellm-20241128 adds 1e-05}}
  %3 = llm.layer_norm %2, @n bias @n epsilon 1.0e-12 : tensor<1x?x64xf16, #llm.dims<1, seq, 64>>
  return %3 : tensor<1x?x64xf16, #llm.dims<1, seq, 64>>
}
}

// -----

// A norm of each head.

module attributes {llm.max_tokens = 2048 : i64} {
llm.parameter @n from "n" : tensor<128xf16>
// CHECK: accel.object @n_weight norm_weight [128] from [@n] in <DDR>
// CHECK: accel.norm rms "n" ins(%{{.*}} : {{.*}}) weight(%{{.*}}) outs(%{{.*}} : memref<8x?x32xf16, #accel.space<DDR>>) [128] heads 2
func.func @model(%x: tensor<2x?x128xf16, #llm.dims<2, seq, 128>>) -> tensor<2x?x128xf16, #llm.dims<2, seq, 128>> {
  %0 = llm.rms_norm %x, @n epsilon 1.0e-5 : tensor<2x?x128xf16, #llm.dims<2, seq, 128>>
  return %0 : tensor<2x?x128xf16, #llm.dims<2, seq, 128>>
}
}
