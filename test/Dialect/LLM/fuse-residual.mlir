// RUN: dlavm-opt %s --llm-fuse-residual | FileCheck %s

module attributes {llm.max_tokens = 2048 : i64} {
llm.parameter @w from "w" : tensor<64x64xi4>
llm.parameter @s splat 1.0 : tensor<64xf16>
llm.parameter @b splat 0.0 : tensor<64xf16>
llm.parameter @n from "n" : tensor<64xf16>
llm.parameter @wl from "w{layer}" layers 4 : tensor<64x64xi4>
llm.parameter @sl splat 1.0 layers 4 : tensor<64xf16>
llm.parameter @bl splat 0.0 layers 4 : tensor<64xf16>
llm.kv_cache @keys : tensor<1x?x64xf16, #llm.dims<1, seq + past, 64>>

// CHECK-LABEL: func.func @add(
// CHECK-SAME: %[[X:[^:]*]]: {{.*}}, %[[R:[^:]*]]: tensor
// CHECK-NEXT: %[[Y:.*]] = llm.linear %[[X]], @w scale @s bias @b add %[[R]] :
// CHECK-NEXT: return %[[Y]]
func.func @add(%x: tensor<1x5x64xf16>, %r: tensor<1x5x64xf16>) -> tensor<1x5x64xf16> {
  %y = llm.linear %x, @w scale @s bias @b : tensor<1x5x64xf16> -> tensor<1x5x64xf16>
  %z = llm.add %y, %r : tensor<1x5x64xf16>
  return %z : tensor<1x5x64xf16>
}

// CHECK-LABEL: func.func @mul(
// CHECK-SAME: %[[X:[^:]*]]: {{.*}}, %[[R:[^:]*]]: tensor
// CHECK-NEXT: %[[Y:.*]] = llm.linear %[[X]], @w scale @s bias @b mul %[[R]] :
// CHECK-NEXT: return %[[Y]]
func.func @mul(%x: tensor<1x5x64xf16>, %r: tensor<1x5x64xf16>) -> tensor<1x5x64xf16> {
  %y = llm.linear %x, @w scale @s bias @b : tensor<1x5x64xf16> -> tensor<1x5x64xf16>
  %z = llm.mul %y, %r : tensor<1x5x64xf16>
  return %z : tensor<1x5x64xf16>
}

// The layer may be either operand.
// CHECK-LABEL: func.func @second_operand(
// CHECK-SAME: %[[X:[^:]*]]: {{.*}}, %[[R:[^:]*]]: tensor
// CHECK-NEXT: llm.linear %[[X]], @w scale @s bias @b add %[[R]] :
func.func @second_operand(%x: tensor<1x5x64xf16>, %r: tensor<1x5x64xf16>) -> tensor<1x5x64xf16> {
  %y = llm.linear %x, @w scale @s bias @b : tensor<1x5x64xf16> -> tensor<1x5x64xf16>
  %z = llm.add %r, %y : tensor<1x5x64xf16>
  return %z : tensor<1x5x64xf16>
}

// The number of the layer stays.
// CHECK-LABEL: func.func @layer(
// CHECK-SAME: %[[LAYER:[^:]*]]: index
// CHECK-NEXT: llm.linear %{{.*}}, @wl[%[[LAYER]]] scale @sl bias @bl add %{{.*}} :
func.func @layer(%layer: index, %x: tensor<1x5x64xf16>) -> tensor<1x5x64xf16> {
  %y = llm.linear %x, @wl[%layer] scale @sl bias @bl : tensor<1x5x64xf16> -> tensor<1x5x64xf16>
  %z = llm.add %y, %x : tensor<1x5x64xf16>
  return %z : tensor<1x5x64xf16>
}

// The layer moves behind what computes the residual.
// CHECK-LABEL: func.func @residual_after(
// CHECK-SAME: %[[X:[^:]*]]:
// CHECK-NEXT: %[[A:.*]] = llm.activation silu %[[X]]
// CHECK-NEXT: %[[Y:.*]] = llm.linear %[[X]], @w scale @s bias @b mul %[[A]] :
// CHECK-NEXT: return %[[Y]]
func.func @residual_after(%x: tensor<1x5x64xf16>) -> tensor<1x5x64xf16> {
  %y = llm.linear %x, @w scale @s bias @b : tensor<1x5x64xf16> -> tensor<1x5x64xf16>
  %a = llm.activation silu %x : tensor<1x5x64xf16>
  %z = llm.mul %y, %a : tensor<1x5x64xf16>
  return %z : tensor<1x5x64xf16>
}

// It reads no cache, so that it may also pass ops that do.
// CHECK-LABEL: func.func @cache_between(
// CHECK-NEXT: %[[T:.*]] = llm.kv_append
// CHECK-NEXT: llm.attention_scores {{.*}} after %[[T]]
// CHECK-NEXT: llm.linear %{{.*}}, @w scale @s bias @b add %{{.*}} :
// CHECK-NEXT: return
func.func @cache_between(%x: tensor<1x?x64xf16, #llm.dims<1, seq, 64>>)
    -> (tensor<1x?x64xf16, #llm.dims<1, seq, 64>>, tensor<1x?x?xf16, #llm.dims<1, seq, seq + past>>) {
  %y = llm.linear %x, @w scale @s bias @b : tensor<1x?x64xf16, #llm.dims<1, seq, 64>> -> tensor<1x?x64xf16, #llm.dims<1, seq, 64>>
  %t = llm.kv_append %x, @keys : tensor<1x?x64xf16, #llm.dims<1, seq, 64>>
  %p = llm.attention_scores %x, @keys after %t scale 0.125 : tensor<1x?x64xf16, #llm.dims<1, seq, 64>>
  %z = llm.add %y, %x : tensor<1x?x64xf16, #llm.dims<1, seq, 64>>
  return %z, %p : tensor<1x?x64xf16, #llm.dims<1, seq, 64>>, tensor<1x?x?xf16, #llm.dims<1, seq, seq + past>>
}

// Of two layers, the first operand takes the other's result.
// CHECK-LABEL: func.func @two_layers(
// CHECK: %[[B:.*]] = llm.linear %{{.*}}, @w scale @s bias @b :
// CHECK-NEXT: llm.linear %{{.*}}, @w scale @s bias @b add %[[B]] :
// CHECK-NOT: llm.add
func.func @two_layers(%x: tensor<1x5x64xf16>, %x2: tensor<1x5x64xf16>) -> tensor<1x5x64xf16> {
  %y = llm.linear %x, @w scale @s bias @b : tensor<1x5x64xf16> -> tensor<1x5x64xf16>
  %y2 = llm.linear %x2, @w scale @s bias @b : tensor<1x5x64xf16> -> tensor<1x5x64xf16>
  %z = llm.add %y, %y2 : tensor<1x5x64xf16>
  return %z : tensor<1x5x64xf16>
}

// Somebody else needs the layer's result without the residual.
// CHECK-LABEL: func.func @two_uses(
// CHECK: llm.linear %{{.*}}, @w scale @s bias @b :
// CHECK: llm.add
func.func @two_uses(%x: tensor<1x5x64xf16>) -> (tensor<1x5x64xf16>, tensor<1x5x64xf16>) {
  %y = llm.linear %x, @w scale @s bias @b : tensor<1x5x64xf16> -> tensor<1x5x64xf16>
  %z = llm.add %y, %x : tensor<1x5x64xf16>
  return %y, %z : tensor<1x5x64xf16>, tensor<1x5x64xf16>
}

// Twice in the same sum are two uses.
// CHECK-LABEL: func.func @double(
// CHECK: llm.linear %{{.*}}, @w scale @s bias @b :
// CHECK: llm.add
func.func @double(%x: tensor<1x5x64xf16>) -> tensor<1x5x64xf16> {
  %y = llm.linear %x, @w scale @s bias @b : tensor<1x5x64xf16> -> tensor<1x5x64xf16>
  %z = llm.add %y, %y : tensor<1x5x64xf16>
  return %z : tensor<1x5x64xf16>
}

// Hardware adds a residual only where it also scales.
// CHECK-LABEL: func.func @no_scale(
// CHECK: llm.linear %{{.*}}, @w :
// CHECK: llm.add
func.func @no_scale(%x: tensor<1x5x64xf16>) -> tensor<1x5x64xf16> {
  %y = llm.linear %x, @w : tensor<1x5x64xf16> -> tensor<1x5x64xf16>
  %z = llm.add %y, %x : tensor<1x5x64xf16>
  return %z : tensor<1x5x64xf16>
}

// CHECK-LABEL: func.func @residual_already(
// CHECK-SAME: %[[X:[^:]*]]: {{.*}}, %[[R:[^:]*]]: tensor
// CHECK: %[[Y:.*]] = llm.linear %[[X]], @w scale @s bias @b mul %[[R]] :
// CHECK: llm.add %[[Y]], %[[X]]
func.func @residual_already(%x: tensor<1x5x64xf16>, %r: tensor<1x5x64xf16>) -> tensor<1x5x64xf16> {
  %y = llm.linear %x, @w scale @s bias @b mul %r : tensor<1x5x64xf16> -> tensor<1x5x64xf16>
  %z = llm.add %y, %x : tensor<1x5x64xf16>
  return %z : tensor<1x5x64xf16>
}

// The second of two sums stays.
// CHECK-LABEL: func.func @chain(
// CHECK-SAME: %[[X:[^:]*]]: {{.*}}, %[[R:[^:]*]]: tensor
// CHECK-NEXT: %[[Y:.*]] = llm.linear %[[X]], @w scale @s bias @b add %[[R]] :
// CHECK-NEXT: llm.add %[[Y]], %[[X]]
func.func @chain(%x: tensor<1x5x64xf16>, %r: tensor<1x5x64xf16>) -> tensor<1x5x64xf16> {
  %y = llm.linear %x, @w scale @s bias @b : tensor<1x5x64xf16> -> tensor<1x5x64xf16>
  %z = llm.add %y, %r : tensor<1x5x64xf16>
  %a = llm.add %z, %x : tensor<1x5x64xf16>
  return %a : tensor<1x5x64xf16>
}

// A value per channel is no residual.
// CHECK-LABEL: func.func @vector(
// CHECK: llm.linear %{{.*}}, @w scale @s bias @b :
// CHECK: llm.add
func.func @vector(%x: tensor<1x5x64xf16>) -> tensor<1x5x64xf16> {
  %y = llm.linear %x, @w scale @s bias @b : tensor<1x5x64xf16> -> tensor<1x5x64xf16>
  %n = llm.get_parameter @n : tensor<64xf16>
  %z = llm.add %y, %n : tensor<1x5x64xf16>, tensor<64xf16>
  return %z : tensor<1x5x64xf16>
}

}
