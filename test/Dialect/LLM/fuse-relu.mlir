// RUN: dlavm-opt %s --llm-fuse-relu | FileCheck %s
// RUN: dlavm-opt %s --llm-fuse-scale-bias --llm-fuse-residual --llm-fuse-relu --llm-fuse-scale-bias --llm-fuse-residual | FileCheck %s --check-prefixes=CHECK,ALL

module attributes {llm.max_tokens = 2048 : i64} {
llm.parameter @w from "w" : tensor<64x64xi4>
llm.parameter @k from "k" : tensor<64x288xi4>
llm.parameter @s from "s" : tensor<64xf16>
llm.parameter @b from "b" : tensor<64xf16>
llm.parameter @wl from "w{layer}" layers 4 : tensor<64x64xi4>

// CHECK-LABEL: func.func @scale_bias(
// CHECK-SAME: %[[X:[^:]*]]:
// CHECK-NEXT: %[[Y:.*]] = llm.linear %[[X]], @w scale @s bias @b relu :
// CHECK-NEXT: return %[[Y]]
func.func @scale_bias(%x: tensor<1x5x64xf16>) -> tensor<1x5x64xf16> {
  %y = llm.linear %x, @w scale @s bias @b : tensor<1x5x64xf16> -> tensor<1x5x64xf16>
  %z = llm.activation relu %y : tensor<1x5x64xf16>
  return %z : tensor<1x5x64xf16>
}

// CHECK-LABEL: func.func @plain(
// CHECK-SAME: %[[LAYER:[^:]*]]: index
// CHECK-NEXT: %[[Y:.*]] = llm.linear %{{.*}}, @wl[%[[LAYER]]] relu :
// CHECK-NEXT: return %[[Y]]
func.func @plain(%layer: index, %x: tensor<1x5x64xf16>) -> tensor<1x5x64xf16> {
  %y = llm.linear %x, @wl[%layer] : tensor<1x5x64xf16> -> tensor<1x5x64xf16>
  %z = llm.activation relu %y : tensor<1x5x64xf16>
  return %z : tensor<1x5x64xf16>
}

// A second relu changes nothing.
// CHECK-LABEL: func.func @twice(
// CHECK: llm.linear %{{.*}} relu :
// CHECK-NEXT: return
func.func @twice(%x: tensor<1x5x64xf16>) -> tensor<1x5x64xf16> {
  %y = llm.linear %x, @w : tensor<1x5x64xf16> -> tensor<1x5x64xf16>
  %z = llm.activation relu %y : tensor<1x5x64xf16>
  %a = llm.activation relu %z : tensor<1x5x64xf16>
  return %a : tensor<1x5x64xf16>
}

// Somebody else needs the result as it is.
// CHECK-LABEL: func.func @two_uses(
// CHECK: llm.linear %{{.*}}, @w :
// CHECK: llm.activation relu
func.func @two_uses(%x: tensor<1x5x64xf16>) -> (tensor<1x5x64xf16>, tensor<1x5x64xf16>) {
  %y = llm.linear %x, @w : tensor<1x5x64xf16> -> tensor<1x5x64xf16>
  %z = llm.activation relu %y : tensor<1x5x64xf16>
  return %y, %z : tensor<1x5x64xf16>, tensor<1x5x64xf16>
}

// A residual comes last.
// CHECK-LABEL: func.func @residual(
// CHECK: llm.linear %{{.*}} add %{{.*}} :
// CHECK: llm.activation relu
func.func @residual(%x: tensor<1x5x64xf16>) -> tensor<1x5x64xf16> {
  %y = llm.linear %x, @w scale @s bias @b add %x : tensor<1x5x64xf16> -> tensor<1x5x64xf16>
  %z = llm.activation relu %y : tensor<1x5x64xf16>
  return %z : tensor<1x5x64xf16>
}

// CHECK-LABEL: func.func @others(
// CHECK: llm.linear %{{.*}}, @w :
// CHECK: llm.activation silu
// CHECK: llm.activation relu
func.func @others(%x: tensor<1x5x64xf16>) -> tensor<1x5x64xf16> {
  %y = llm.linear %x, @w : tensor<1x5x64xf16> -> tensor<1x5x64xf16>
  %z = llm.activation silu %y : tensor<1x5x64xf16>
  %a = llm.activation relu %z : tensor<1x5x64xf16>
  return %a : tensor<1x5x64xf16>
}

// CHECK-LABEL: func.func @convolution(
// CHECK: %[[Y:.*]] = llm.conv2d %{{.*}}, @k scale @s bias @b relu window
// CHECK-NEXT: return %[[Y]]
func.func @convolution(%x: tensor<1x64x32xf16>) -> tensor<1x64x64xf16> {
  %y = llm.conv2d %x, @k scale @s bias @b window <8 x 8, kernel 3 x 3, strides 1 x 1, padding 1 x 1> : tensor<1x64x32xf16> -> tensor<1x64x64xf16>
  %z = llm.activation relu %y : tensor<1x64x64xf16>
  return %z : tensor<1x64x64xf16>
}

// What comes behind relu is not what a layer does before it.
// ALL-LABEL: func.func @behind(
// ALL: llm.linear %{{.*}}, @w scale @s bias @b relu :
// ALL-NEXT: llm.get_parameter @b
// ALL-NEXT: llm.add
// ALL-NEXT: llm.add
func.func @behind(%x: tensor<1x5x64xf16>) -> tensor<1x5x64xf16> {
  %y = llm.linear %x, @w scale @s bias @b relu : tensor<1x5x64xf16> -> tensor<1x5x64xf16>
  %b = llm.get_parameter @b : tensor<64xf16>
  %z = llm.add %y, %b : tensor<1x5x64xf16>, tensor<64xf16>
  %a = llm.add %z, %x : tensor<1x5x64xf16>
  return %a : tensor<1x5x64xf16>
}

}
