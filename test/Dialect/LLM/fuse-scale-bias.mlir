// RUN: dlavm-opt %s --llm-fuse-scale-bias --canonicalize -split-input-file | FileCheck %s

// A scale, a bias, or both in this order move into the linear layer.

module attributes {llm.max_tokens = 2048 : i64} {
// CHECK:      llm.parameter @w from "w"
// CHECK-DAG:  llm.parameter @w_ones splat 1.000000e+00 : tensor<32xf16>
// CHECK-DAG:  llm.parameter @w_zeros splat 0.000000e+00 : tensor<32xf16>
llm.parameter @w from "w" : tensor<32x64xi4>
llm.parameter @s from "s" : tensor<32xf16>
llm.parameter @b from "b" : tensor<32xf16>
llm.parameter @one splat 1.0 : tensor<32xf16>
llm.parameter @zero splat 0.0 : tensor<32xf16>

// CHECK-LABEL: func.func @bias(
// CHECK-SAME: %[[X:[^:]*]]:
// CHECK-NEXT: %[[Y:.*]] = llm.linear %[[X]], @w scale @w_ones bias @b :
// CHECK-NEXT: return %[[Y]]
func.func @bias(%x: tensor<1x5x64xf16>) -> tensor<1x5x32xf16> {
  %y = llm.linear %x, @w : tensor<1x5x64xf16> -> tensor<1x5x32xf16>
  %b = llm.get_parameter @b : tensor<32xf16>
  %z = llm.add %y, %b : tensor<1x5x32xf16>, tensor<32xf16>
  return %z : tensor<1x5x32xf16>
}

// CHECK-LABEL: func.func @scale(
// CHECK-SAME: %[[X:[^:]*]]:
// CHECK-NEXT: %[[Y:.*]] = llm.linear %[[X]], @w scale @s bias @w_zeros :
// CHECK-NEXT: return %[[Y]]
func.func @scale(%x: tensor<1x5x64xf16>) -> tensor<1x5x32xf16> {
  %y = llm.linear %x, @w : tensor<1x5x64xf16> -> tensor<1x5x32xf16>
  %s = llm.get_parameter @s : tensor<32xf16>
  %z = llm.mul %y, %s : tensor<1x5x32xf16>, tensor<32xf16>
  return %z : tensor<1x5x32xf16>
}

// CHECK-LABEL: func.func @scale_then_bias(
// CHECK-SAME: %[[X:[^:]*]]:
// CHECK-NEXT: %[[Y:.*]] = llm.linear %[[X]], @w scale @s bias @b :
// CHECK-NEXT: return %[[Y]]
func.func @scale_then_bias(%x: tensor<1x5x64xf16>) -> tensor<1x5x32xf16> {
  %y = llm.linear %x, @w : tensor<1x5x64xf16> -> tensor<1x5x32xf16>
  %s = llm.get_parameter @s : tensor<32xf16>
  %z = llm.mul %y, %s : tensor<1x5x32xf16>, tensor<32xf16>
  %b = llm.get_parameter @b : tensor<32xf16>
  %a = llm.add %z, %b : tensor<1x5x32xf16>, tensor<32xf16>
  return %a : tensor<1x5x32xf16>
}

// A product after the bias would have to scale the bias too.
// CHECK-LABEL: func.func @bias_then_scale(
// CHECK: %[[Y:.*]] = llm.linear %{{.*}}, @w scale @w_ones bias @b :
// CHECK: llm.mul %[[Y]]
func.func @bias_then_scale(%x: tensor<1x5x64xf16>) -> tensor<1x5x32xf16> {
  %y = llm.linear %x, @w : tensor<1x5x64xf16> -> tensor<1x5x32xf16>
  %b = llm.get_parameter @b : tensor<32xf16>
  %a = llm.add %y, %b : tensor<1x5x32xf16>, tensor<32xf16>
  %s = llm.get_parameter @s : tensor<32xf16>
  %z = llm.mul %a, %s : tensor<1x5x32xf16>, tensor<32xf16>
  return %z : tensor<1x5x32xf16>
}

// A second bias has no place left.
// CHECK-LABEL: func.func @bias_twice(
// CHECK: %[[Y:.*]] = llm.linear %{{.*}}, @w scale @w_ones bias @b :
// CHECK: llm.add %[[Y]]
func.func @bias_twice(%x: tensor<1x5x64xf16>) -> tensor<1x5x32xf16> {
  %y = llm.linear %x, @w : tensor<1x5x64xf16> -> tensor<1x5x32xf16>
  %b = llm.get_parameter @b : tensor<32xf16>
  %a = llm.add %y, %b : tensor<1x5x32xf16>, tensor<32xf16>
  %z = llm.add %a, %b : tensor<1x5x32xf16>, tensor<32xf16>
  return %z : tensor<1x5x32xf16>
}

// A second scale neither.
// CHECK-LABEL: func.func @scale_twice(
// CHECK: %[[Y:.*]] = llm.linear %{{.*}}, @w scale @s bias @w_zeros :
// CHECK: llm.mul %[[Y]]
func.func @scale_twice(%x: tensor<1x5x64xf16>) -> tensor<1x5x32xf16> {
  %y = llm.linear %x, @w : tensor<1x5x64xf16> -> tensor<1x5x32xf16>
  %s = llm.get_parameter @s : tensor<32xf16>
  %a = llm.mul %y, %s : tensor<1x5x32xf16>, tensor<32xf16>
  %z = llm.mul %a, %s : tensor<1x5x32xf16>, tensor<32xf16>
  return %z : tensor<1x5x32xf16>
}

// Another op needs the product without the bias.
// CHECK-LABEL: func.func @two_uses(
// CHECK: %[[Y:.*]] = llm.linear %{{.*}}, @w :
// CHECK: llm.add %[[Y]]
func.func @two_uses(%x: tensor<1x5x64xf16>) -> (tensor<1x5x32xf16>, tensor<1x5x32xf16>) {
  %y = llm.linear %x, @w : tensor<1x5x64xf16> -> tensor<1x5x32xf16>
  %b = llm.get_parameter @b : tensor<32xf16>
  %z = llm.add %y, %b : tensor<1x5x32xf16>, tensor<32xf16>
  return %y, %z : tensor<1x5x32xf16>, tensor<1x5x32xf16>
}

// The bias would be added before the residual: the same sum, but rounded
// otherwise, and the layer has no place for a scale after the residual.
// CHECK-LABEL: func.func @residual(
// CHECK: %[[Y:.*]] = llm.linear %{{.*}}, @w scale @one bias @zero add %{{.*}} :
// CHECK: llm.add %[[Y]]
func.func @residual(%x: tensor<1x5x64xf16>, %r: tensor<1x5x32xf16>) -> tensor<1x5x32xf16> {
  %y = llm.linear %x, @w scale @one bias @zero add %r : tensor<1x5x64xf16> -> tensor<1x5x32xf16>
  %b = llm.get_parameter @b : tensor<32xf16>
  %z = llm.add %y, %b : tensor<1x5x32xf16>, tensor<32xf16>
  return %z : tensor<1x5x32xf16>
}

// A neutral pair that is there already is replaced.
// CHECK-LABEL: func.func @neutral(
// CHECK: llm.linear %{{.*}}, @w scale @s bias @zero :
// CHECK-NOT: llm.mul
func.func @neutral(%x: tensor<1x5x64xf16>) -> tensor<1x5x32xf16> {
  %y = llm.linear %x, @w scale @one bias @zero : tensor<1x5x64xf16> -> tensor<1x5x32xf16>
  %s = llm.get_parameter @s : tensor<32xf16>
  %z = llm.mul %y, %s : tensor<1x5x32xf16>, tensor<32xf16>
  return %z : tensor<1x5x32xf16>
}

// A sum of two maps is no bias.
// CHECK-LABEL: func.func @map(
// CHECK: llm.linear %{{.*}}, @w :
// CHECK: llm.add
func.func @map(%x: tensor<1x5x64xf16>, %r: tensor<1x5x32xf16>) -> tensor<1x5x32xf16> {
  %y = llm.linear %x, @w : tensor<1x5x64xf16> -> tensor<1x5x32xf16>
  %z = llm.add %y, %r : tensor<1x5x32xf16>
  return %z : tensor<1x5x32xf16>
}

}

// -----

// In a layer, what is missing of the pair has the layers of the weight. The
// layer of bias and weight must be the same.

module attributes {llm.max_tokens = 2048 : i64} {
// CHECK: llm.parameter @w_ones splat 1.000000e+00 layers 4 : tensor<32xf16>
llm.parameter @w from "w{layer}" layers 4 : tensor<32x64xi4>
llm.parameter @b from "b{layer}" layers 4 : tensor<32xf16>
llm.parameter @c from "c" : tensor<32xf16>

// CHECK-LABEL: func.func @layer(
// CHECK-SAME: %[[LAYER:[^:]*]]: index
// CHECK-NEXT: llm.linear %{{.*}}, @w[%[[LAYER]]] scale @w_ones bias @b :
func.func @layer(%layer: index, %x: tensor<1x5x64xf16>) -> tensor<1x5x32xf16> {
  %y = llm.linear %x, @w[%layer] : tensor<1x5x64xf16> -> tensor<1x5x32xf16>
  %b = llm.get_parameter @b[%layer] : tensor<32xf16>
  %z = llm.add %y, %b : tensor<1x5x32xf16>, tensor<32xf16>
  return %z : tensor<1x5x32xf16>
}

// CHECK-LABEL: func.func @other_layer(
// CHECK: llm.linear %{{.*}}, @w[%{{.*}}] :
// CHECK: llm.add
func.func @other_layer(%layer: index, %other: index, %x: tensor<1x5x64xf16>) -> tensor<1x5x32xf16> {
  %y = llm.linear %x, @w[%layer] : tensor<1x5x64xf16> -> tensor<1x5x32xf16>
  %b = llm.get_parameter @b[%other] : tensor<32xf16>
  %z = llm.add %y, %b : tensor<1x5x32xf16>, tensor<32xf16>
  return %z : tensor<1x5x32xf16>
}

// CHECK-LABEL: func.func @no_layer(
// CHECK: llm.linear %{{.*}}, @w[%{{.*}}] :
// CHECK: llm.add
func.func @no_layer(%layer: index, %x: tensor<1x5x64xf16>) -> tensor<1x5x32xf16> {
  %y = llm.linear %x, @w[%layer] : tensor<1x5x64xf16> -> tensor<1x5x32xf16>
  %c = llm.get_parameter @c : tensor<32xf16>
  %z = llm.add %y, %c : tensor<1x5x32xf16>, tensor<32xf16>
  return %z : tensor<1x5x32xf16>
}
}

// -----

// One pair of neutral parameters serves all uses of a weight, and takes another
// name where the module has one of that name.

module attributes {llm.max_tokens = 2048 : i64} {
// CHECK:     llm.parameter @w from "w"
// CHECK:     llm.parameter @[[ONES:w_ones_.*]] splat 1.000000e+00 : tensor<32xf16>
// CHECK-NOT: llm.parameter {{.*}} splat 1.0
llm.parameter @w from "w" : tensor<32x64xi4>
llm.parameter @b from "b" : tensor<32xf16>
llm.parameter @w_ones from "something.else" : tensor<64xf16>

// CHECK-LABEL: func.func @two(
// CHECK: llm.linear %{{.*}}, @w scale @[[ONES]] bias @b :
// CHECK: llm.linear %{{.*}}, @w scale @[[ONES]] bias @b :
func.func @two(%x: tensor<1x5x64xf16>, %x2: tensor<1x5x64xf16>) -> (tensor<1x5x32xf16>, tensor<1x5x32xf16>) {
  %b = llm.get_parameter @b : tensor<32xf16>
  %y = llm.linear %x, @w : tensor<1x5x64xf16> -> tensor<1x5x32xf16>
  %z = llm.add %y, %b : tensor<1x5x32xf16>, tensor<32xf16>
  %y2 = llm.linear %x2, @w : tensor<1x5x64xf16> -> tensor<1x5x32xf16>
  %z2 = llm.add %y2, %b : tensor<1x5x32xf16>, tensor<32xf16>
  return %z, %z2 : tensor<1x5x32xf16>, tensor<1x5x32xf16>
}
}
