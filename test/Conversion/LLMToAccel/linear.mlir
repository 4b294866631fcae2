// RUN: dlavm-opt %s --llm-name-tasks --convert-llm-to-accel=device=edgellm-20241128 -split-input-file | FileCheck %s

// A plain linear layer. The map is blocked into groups of 32 channels.

// CHECK-LABEL: module @plain attributes {accel.device = "edgellm-20241128", llm.max_tokens = 2048 : i64}
module @plain attributes {llm.max_tokens = 2048 : i64} {
llm.parameter @w from "w" : tensor<96x64xi4>
// CHECK:      accel.object @w_weight weight [96, 64] from [@w] in <HBM>
// CHECK-LABEL: func.func @model() {
// CHECK-NEXT:   %[[X:.*]] = accel.buffer "input" host input "input" channels 64 : memref<2x?x32xf16, #accel.space<DDR>>, <2, seq, 32>
// CHECK-NEXT:   %[[Y:.*]] = accel.buffer "w" host output "output" channels 96 : memref<3x?x32xf16, #accel.space<DDR>>, <3, seq, 32>
// CHECK-NEXT:   %[[W:.*]] = accel.get_object @w_weight : !accel.object
// CHECK-NEXT:   accel.linear "w" ins(%[[X]] : memref<2x?x32xf16, #accel.space<DDR>>) weight(%[[W]]) outs(%[[Y]] : memref<3x?x32xf16, #accel.space<DDR>>) [64, 96]
// CHECK-NEXT:   return
func.func @model(%x: tensor<1x?x64xf16, #llm.dims<1, seq, 64>>) -> tensor<1x?x96xf16, #llm.dims<1, seq, 96>> {
  %y = llm.linear %x, @w : tensor<1x?x64xf16, #llm.dims<1, seq, 64>> -> tensor<1x?x96xf16, #llm.dims<1, seq, 96>>
  return %y : tensor<1x?x96xf16, #llm.dims<1, seq, 96>>
}
}

// -----

// Scale and bias are one object; a residual is a third operand.

module attributes {llm.max_tokens = 2048 : i64} {
llm.parameter @w from "w" : tensor<64x64xi4>
llm.parameter @s from "s" : tensor<64xf16>
llm.parameter @b from "b" : tensor<64xf16>
// CHECK: accel.object @w_scale_bias scale_bias [64] from [@s, @b] in <DDR>
// CHECK-LABEL: func.func @model() {
// CHECK:  %[[X:.*]] = accel.buffer "input"
// CHECK:  %[[A:.*]] = accel.buffer "w"
// CHECK:  %[[SB:.*]] = accel.get_object @w_scale_bias
// CHECK:  accel.linear "w" ins(%[[X]] : {{.*}}) weight(%{{.*}}) scale_bias(%[[SB]]) outs(%[[A]] : {{.*}}) [64, 64]
// CHECK:  %[[B:.*]] = accel.buffer "w_2"
// CHECK:  accel.linear "w_2" ins(%[[A]] : {{.*}}) weight(%{{.*}}) scale_bias(%{{.*}}) add(%[[X]] : {{.*}}) outs(%[[B]] : {{.*}}) [64, 64]
// CHECK:  %[[C:.*]] = accel.buffer "w_3" host output "output"
// CHECK:  accel.linear "w_3" ins(%[[B]] : {{.*}}) weight(%{{.*}}) scale_bias(%{{.*}}) mul(%[[A]] : {{.*}}) outs(%[[C]] : {{.*}}) [64, 64]
func.func @model(%x: tensor<1x?x64xf16, #llm.dims<1, seq, 64>>) -> tensor<1x?x64xf16, #llm.dims<1, seq, 64>> {
  %a = llm.linear %x, @w scale @s bias @b : tensor<1x?x64xf16, #llm.dims<1, seq, 64>> -> tensor<1x?x64xf16, #llm.dims<1, seq, 64>>
  %b = llm.linear %a, @w scale @s bias @b add %x : tensor<1x?x64xf16, #llm.dims<1, seq, 64>> -> tensor<1x?x64xf16, #llm.dims<1, seq, 64>>
  %c = llm.linear %b, @w scale @s bias @b mul %a : tensor<1x?x64xf16, #llm.dims<1, seq, 64>> -> tensor<1x?x64xf16, #llm.dims<1, seq, 64>>
  return %c : tensor<1x?x64xf16, #llm.dims<1, seq, 64>>
}
}

// -----

// The task of the logits also finds the largest; the last token is a view.
// Channels that fill no group of 32 take one; those that the model does not have
// get a bias with which argmax never chooses them.

module attributes {llm.max_tokens = 2048 : i64} {
llm.parameter @w from "w" : tensor<1000x64xi4>
llm.parameter @s splat 1.0 : tensor<1000xf16>
llm.parameter @b splat 0.0 : tensor<1000xf16>
// CHECK: accel.object @w_scale_bias scale_bias [1000] from [@s, @b] with {padding_bias = -6.550400e+04 : f64} in <DDR>
// CHECK-LABEL: func.func @model() {
// CHECK-NEXT:  %[[X:.*]] = accel.buffer "input" host input "input" channels 64
// CHECK-NEXT:  %[[LAST:.*]] = accel.tokens seq - 1
// CHECK-NEXT:  %[[L:.*]] = memref.subview %[[X]][0, %[[LAST]], 0] [2, 1, 32] [1, 1, 1] : memref<2x?x32xf16, #accel.space<DDR>> to memref<2x1x32xf16, strided<[?, 32, 1], offset: ?>, #accel.space<DDR>>
// CHECK-DAG:   %[[Y:.*]] = accel.buffer "w" host output "logits" channels 1000 : memref<32x1x32xf16, #accel.space<DDR>>, <32, 1, 32>
// CHECK-DAG:   %[[T:.*]] = accel.buffer "token" host token "token" channels 1 : memref<1xi32, #accel.space<DDR>>, <1>
// CHECK:       accel.linear "w" ins(%[[L]] : memref<2x1x32xf16, strided<[?, 32, 1], offset: ?>, #accel.space<DDR>>) weight(%{{.*}}) scale_bias(%{{.*}}) outs(%[[Y]] : {{.*}}) argmax(%[[T]] : memref<1xi32, #accel.space<DDR>>) [64, 1000]
// CHECK-NEXT:  return
func.func @model(%x: tensor<1x?x64xf16, #llm.dims<1, seq, 64>>) -> (tensor<1x1x1000xf16>, tensor<1xi32>) {
  %l = llm.last_token %x : tensor<1x?x64xf16, #llm.dims<1, seq, 64>>
  %y = llm.linear %l, @w scale @s bias @b : tensor<1x1x64xf16> -> tensor<1x1x1000xf16>
  %t = llm.argmax %y : tensor<1x1x1000xf16> -> tensor<1xi32>
  return %y, %t : tensor<1x1x1000xf16>, tensor<1xi32>
}
}

// -----

// The same parameters without an argmax are another object; all of 32 channels
// need no bias.

module attributes {llm.max_tokens = 2048 : i64} {
llm.parameter @w from "w" : tensor<1000x64xi4>
llm.parameter @s splat 1.0 : tensor<1000xf16>
llm.parameter @b splat 0.0 : tensor<1000xf16>
llm.parameter @even from "w" : tensor<992x64xi4>
llm.parameter @even_s splat 1.0 : tensor<992xf16>
llm.parameter @even_b splat 0.0 : tensor<992xf16>
// CHECK:      accel.object @w_weight weight [1000, 64] from [@w] in <HBM>
// CHECK-NEXT: accel.object @w_scale_bias scale_bias [1000] from [@s, @b] in <DDR>
// CHECK-NEXT: accel.object @[[ARGMAX:w_scale_bias_.*]] scale_bias [1000] from [@s, @b] with {padding_bias = -6.550400e+04 : f64} in <DDR>
// CHECK-NEXT: accel.object @even_weight
// CHECK-NEXT: accel.object @even_scale_bias scale_bias [992] from [@even_s, @even_b] in <DDR>
// CHECK-LABEL: func.func @model() {
// CHECK:       accel.get_object @w_scale_bias :
// CHECK:       accel.linear "w" ins
// CHECK:       accel.get_object @[[ARGMAX]] :
// CHECK:       accel.linear "w_2" ins
// CHECK:       accel.get_object @even_scale_bias :
// CHECK:       accel.linear "even" ins
func.func @model(%x: tensor<1x1x64xf16>) -> (tensor<1x1x1000xf16>, tensor<1xi32>) {
  %y = llm.linear %x, @w scale @s bias @b : tensor<1x1x64xf16> -> tensor<1x1x1000xf16>
  %z = llm.linear %x, @w scale @s bias @b : tensor<1x1x64xf16> -> tensor<1x1x1000xf16>
  %t = llm.argmax %z : tensor<1x1x1000xf16> -> tensor<1xi32>
  %v = llm.linear %x, @even scale @even_s bias @even_b : tensor<1x1x64xf16> -> tensor<1x1x992xf16>
  %u = llm.argmax %v : tensor<1x1x992xf16> -> tensor<1xi32>
  return %y, %t : tensor<1x1x1000xf16>, tensor<1xi32>
}
}
