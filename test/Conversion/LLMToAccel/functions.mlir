// RUN: dlavm-opt %s --llm-name-tasks --convert-llm-to-accel=device=edgellm-20241128 -split-input-file | FileCheck %s

// The layer stays a function that a loop calls and hands the hidden state
// around. What the host calls has neither arguments nor results.

module attributes {llm.max_tokens = 2048 : i64} {
llm.parameter @n from "n{layer}" layers 4 : tensor<64xf16>
llm.parameter @final from "final" : tensor<64xf16>

// CHECK-LABEL: func.func private @layer(
// CHECK-SAME:    %[[LAYER:.*]]: index {accel.layer}, %[[X:.*]]: memref<2x?x32xf16, #accel.space<DDR>>) -> memref<2x?x32xf16, #accel.space<DDR>> {
// CHECK:         %[[Y:.*]] = accel.buffer "n" : memref<2x?x32xf16, #accel.space<DDR>>, <2, seq, 32>
// CHECK:         %[[W:.*]] = accel.get_object @n_weight[%[[LAYER]]]
// CHECK:         accel.norm rms "n" ins(%[[X]] : {{.*}}) weight(%[[W]]) outs(%[[Y]] :
// CHECK:         return %[[Y]] : memref<2x?x32xf16, #accel.space<DDR>>
func.func private @layer(%layer: index, %x: tensor<1x?x64xf16, #llm.dims<1, seq, 64>>) -> tensor<1x?x64xf16, #llm.dims<1, seq, 64>> {
  %0 = llm.rms_norm %x, @n[%layer] epsilon 1.0e-5 : tensor<1x?x64xf16, #llm.dims<1, seq, 64>>
  return %0 : tensor<1x?x64xf16, #llm.dims<1, seq, 64>>
}

// CHECK-LABEL: func.func @model() {
// CHECK-NEXT:    %[[IN:.*]] = accel.buffer "input" host input "input" channels 64 : memref<2x?x32xf16, #accel.space<DDR>>, <2, seq, 32>
// CHECK-NEXT:    %[[C0:.*]] = arith.constant 0 : index
// CHECK-NEXT:    %[[C1:.*]] = arith.constant 1 : index
// CHECK-NEXT:    %[[C4:.*]] = arith.constant 4 : index
// CHECK-NEXT:    %[[R:.*]] = scf.for %[[I:.*]] = %[[C0]] to %[[C4]] step %[[C1]] iter_args(%[[H:.*]] = %[[IN]]) -> (memref<2x?x32xf16, #accel.space<DDR>>) {
// CHECK-NEXT:      %[[N:.*]] = func.call @layer(%[[I]], %[[H]]) : (index, memref<2x?x32xf16, #accel.space<DDR>>) -> memref<2x?x32xf16, #accel.space<DDR>>
// CHECK-NEXT:      scf.yield %[[N]]
// CHECK-NEXT:    } {llm.layer_loop}
// CHECK-NEXT:    %[[LAST:.*]] = accel.tokens seq - 1
// CHECK-NEXT:    %[[L:.*]] = memref.subview %[[R]][0, %[[LAST]], 0] [2, 1, 32]
// CHECK-NEXT:    %[[O:.*]] = accel.buffer "final" host output "output" channels 64 : memref<2x1x32xf16, #accel.space<DDR>>, <2, 1, 32>
// CHECK-NEXT:    %[[W:.*]] = accel.get_object @final_weight : !accel.object
// CHECK-NEXT:    accel.norm rms "final" ins(%[[L]] : {{.*}}) weight(%[[W]]) outs(%[[O]] :
// CHECK-NEXT:    return{{$}}
func.func @model(%x: tensor<1x?x64xf16, #llm.dims<1, seq, 64>>) -> tensor<1x1x64xf16> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c4 = arith.constant 4 : index
  %r = scf.for %i = %c0 to %c4 step %c1 iter_args(%h = %x) -> (tensor<1x?x64xf16, #llm.dims<1, seq, 64>>) {
    %n = func.call @layer(%i, %h) : (index, tensor<1x?x64xf16, #llm.dims<1, seq, 64>>) -> tensor<1x?x64xf16, #llm.dims<1, seq, 64>>
    scf.yield %n : tensor<1x?x64xf16, #llm.dims<1, seq, 64>>
  } {llm.layer_loop}
  %l = llm.last_token %r : tensor<1x?x64xf16, #llm.dims<1, seq, 64>>
  %o = llm.rms_norm %l, @final epsilon 1.0e-5 : tensor<1x1x64xf16>
  return %o : tensor<1x1x64xf16>
}
}

// -----

// Several inputs and outputs are numbered.

module attributes {llm.max_tokens = 2048 : i64} {
// CHECK-LABEL: func.func @model() {
// CHECK: accel.buffer "input0" host input "input0" channels 64
// CHECK: accel.buffer "input1" host input "input1" channels 32
// CHECK: accel.buffer "input0_silu" host output "output0" channels 64
// CHECK: accel.buffer "input1_silu" host output "output1" channels 32
func.func @model(%x: tensor<1x?x64xf16, #llm.dims<1, seq, 64>>, %y: tensor<1x?x32xf16, #llm.dims<1, seq, 32>>)
    -> (tensor<1x?x64xf16, #llm.dims<1, seq, 64>>, tensor<1x?x32xf16, #llm.dims<1, seq, 32>>) {
  %0 = llm.activation silu %x : tensor<1x?x64xf16, #llm.dims<1, seq, 64>>
  %1 = llm.activation silu %y : tensor<1x?x32xf16, #llm.dims<1, seq, 32>>
  return %0, %1 : tensor<1x?x64xf16, #llm.dims<1, seq, 64>>, tensor<1x?x32xf16, #llm.dims<1, seq, 32>>
}
}

// -----

// Layers of two kinds, and arithmetic on the number of the layer.

module attributes {llm.max_tokens = 2048 : i64} {
llm.parameter @n from "n{layer}" layers 4 : tensor<64xf16>

// CHECK-LABEL: func.func private @even(
// CHECK-LABEL: func.func private @odd(
func.func private @even(%layer: index, %x: tensor<1x?x64xf16, #llm.dims<1, seq, 64>>) -> tensor<1x?x64xf16, #llm.dims<1, seq, 64>> {
  %0 = llm.rms_norm %x, @n[%layer] epsilon 1.0e-5 : tensor<1x?x64xf16, #llm.dims<1, seq, 64>>
  return %0 : tensor<1x?x64xf16, #llm.dims<1, seq, 64>>
}
func.func private @odd(%layer: index, %x: tensor<1x?x64xf16, #llm.dims<1, seq, 64>>) -> tensor<1x?x64xf16, #llm.dims<1, seq, 64>> {
  %0 = llm.activation silu %x : tensor<1x?x64xf16, #llm.dims<1, seq, 64>>
  return %0 : tensor<1x?x64xf16, #llm.dims<1, seq, 64>>
}

// CHECK-LABEL: func.func @model() {
// CHECK:         scf.for %[[I:.*]] = {{.*}} iter_args(%[[H:.*]] = %{{.*}})
// CHECK-NEXT:      %[[E:.*]] = func.call @even(%[[I]], %[[H]])
// CHECK-NEXT:      %[[NEXT:.*]] = arith.addi %[[I]], %{{.*}} : index
// CHECK-NEXT:      %[[O:.*]] = func.call @odd(%[[NEXT]], %[[E]])
// CHECK-NEXT:      scf.yield %[[O]]
func.func @model(%x: tensor<1x?x64xf16, #llm.dims<1, seq, 64>>) -> tensor<1x?x64xf16, #llm.dims<1, seq, 64>> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %c4 = arith.constant 4 : index
  %r = scf.for %i = %c0 to %c4 step %c2 iter_args(%h = %x) -> (tensor<1x?x64xf16, #llm.dims<1, seq, 64>>) {
    %e = func.call @even(%i, %h) : (index, tensor<1x?x64xf16, #llm.dims<1, seq, 64>>) -> tensor<1x?x64xf16, #llm.dims<1, seq, 64>>
    %j = arith.addi %i, %c1 : index
    %o = func.call @odd(%j, %e) : (index, tensor<1x?x64xf16, #llm.dims<1, seq, 64>>) -> tensor<1x?x64xf16, #llm.dims<1, seq, 64>>
    scf.yield %o : tensor<1x?x64xf16, #llm.dims<1, seq, 64>>
  }
  %a = llm.activation silu %r : tensor<1x?x64xf16, #llm.dims<1, seq, 64>>
  return %a : tensor<1x?x64xf16, #llm.dims<1, seq, 64>>
}
}
