// RUN: dlavm-opt %s --llm-interleave-rope -split-input-file | FileCheck %s
// RUN: dlavm-opt %s --llm-interleave-rope --llm-interleave-rope -split-input-file | FileCheck %s

!hidden = tensor<1x?x64xf16, #llm.dims<1, seq, 64>>
!keys = tensor<1x?x32xf16, #llm.dims<1, seq, 32>>
!heads = tensor<4x?x16xf16, #llm.dims<4, seq, 16>>
!kv_heads = tensor<2x?x16xf16, #llm.dims<2, seq, 16>>

// Rows of weights and biases are permuted; where all elements are the same,
// nothing changes. A part of the channels may be rotated, and heads may be
// padded already. The scaled frequencies stay.

// CHECK-LABEL: module @attention
// CHECK:      llm.parameter @query from "q{layer}" layers 2 row_heads <4 x 16, interleaved 8> : tensor<64x64xi4>
// CHECK-NEXT: llm.parameter @query_scale splat 1.000000e+00 layers 2 : tensor<64xf16>
// CHECK-NEXT: llm.parameter @query_bias from "qb{layer}" rows[64] layers 2 row_heads <4 x 16, interleaved 8> : tensor<64xf16>
// CHECK-NEXT: llm.parameter @key from "k{layer}" layers 2 row_heads <2 x 12, interleaved 8, padded 16> : tensor<32x64xi4>
// CHECK-NEXT: llm.parameter @value from "v{layer}" layers 2 : tensor<32x64xi4>
module @attention attributes {llm.max_tokens = 64 : i64} {
llm.parameter @query from "q{layer}" layers 2 : tensor<64x64xi4>
llm.parameter @query_scale splat 1.0 layers 2 : tensor<64xf16>
llm.parameter @query_bias from "qb{layer}" rows [64] layers 2 : tensor<64xf16>
llm.parameter @key from "k{layer}" layers 2 row_heads <2 x 12, padded 16> : tensor<32x64xi4>
llm.parameter @value from "v{layer}" layers 2 : tensor<32x64xi4>
llm.kv_cache @keys layers 2 : tensor<2x?x16xf16, #llm.dims<2, seq + past, 16>>
llm.kv_cache @values layers 2 : tensor<2x?x16xf16, #llm.dims<2, seq + past, 16>>

// CHECK-LABEL: func.func private @layer(
// CHECK:         llm.linear %{{.*}}, @query[%{{.*}}] scale @query_scale bias @query_bias :
// CHECK:         llm.rope %{{.*}} interleaved theta 1.000000e+04 rotary 8 divisors [1.000000e+00, 2.000000e+00, 4.000000e+00, 8.000000e+00] attention_factor 1.250000e+00 : tensor<4x?x16xf16, #llm.dims<4, seq, 16>>
// CHECK:         llm.rope %{{.*}} interleaved theta 1.000000e+04 rotary 8 : tensor<2x?x16xf16, #llm.dims<2, seq, 16>>
func.func private @layer(%layer: index, %x: !hidden) {
  %q = llm.linear %x, @query[%layer] scale @query_scale bias @query_bias : !hidden -> !hidden
  %qh = llm.split_heads %q : !hidden -> !heads
  %qr = llm.rope %qh half_split theta 1.0e4 rotary 8
    divisors [1.0, 2.0, 4.0, 8.0] attention_factor 1.25 : !heads
  %k = llm.linear %x, @key[%layer] : !hidden -> !keys
  %kh = llm.split_heads %k : !keys -> !kv_heads
  %kr = llm.rope %kh half_split theta 1.0e4 rotary 8 : !kv_heads
  %kt = llm.kv_append %kr, @keys[%layer] : !kv_heads
  %s = llm.attention_scores %qr, @keys[%layer] after %kt scale 0.25 : !heads
  %v = llm.linear %x, @value[%layer] : !hidden -> !keys
  %vh = llm.split_heads %v : !keys -> !kv_heads
  %vt = llm.kv_append %vh, @values[%layer] : !kv_heads
  return
}
}

// -----

!hidden = tensor<1x?x64xf16, #llm.dims<1, seq, 64>>
!heads = tensor<4x?x16xf16, #llm.dims<4, seq, 16>>

// The value's layer has the weight of the query's and keeps it; the key's has
// its bias, and is permuted alike.

// CHECK-LABEL: module @shared
// CHECK:      llm.parameter @w from "w" : tensor<64x64xi4>
// CHECK-NEXT: llm.parameter @w_heads from "w" row_heads <4 x 16, interleaved 16> : tensor<64x64xi4>
// CHECK-NEXT: llm.parameter @s splat 1.000000e+00 : tensor<64xf16>
// CHECK-NEXT: llm.parameter @b from "b" row_heads <4 x 16, interleaved 16> : tensor<64xf16>
// CHECK-NEXT: llm.parameter @k from "k" row_heads <4 x 16, interleaved 16> : tensor<64x64xi4>
module @shared attributes {llm.max_tokens = 64 : i64} {
llm.parameter @w from "w" : tensor<64x64xi4>
llm.parameter @s splat 1.0 : tensor<64xf16>
llm.parameter @b from "b" : tensor<64xf16>
llm.parameter @k from "k" : tensor<64x64xi4>
llm.kv_cache @keys : tensor<4x?x16xf16, #llm.dims<4, seq + past, 16>>
llm.kv_cache @values : tensor<4x?x16xf16, #llm.dims<4, seq + past, 16>>
// CHECK-LABEL: func.func @f(
// CHECK:         llm.linear %{{.*}}, @w_heads scale @s bias @b :
// CHECK:         llm.linear %{{.*}}, @k scale @s bias @b :
// CHECK:         llm.linear %{{.*}}, @w :
func.func @f(%x: !hidden) {
  %q = llm.linear %x, @w scale @s bias @b : !hidden -> !hidden
  %qh = llm.split_heads %q : !hidden -> !heads
  %qr = llm.rope %qh half_split theta 1.0e4 rotary 16 : !heads
  %k = llm.linear %x, @k scale @s bias @b : !hidden -> !hidden
  %kh = llm.split_heads %k : !hidden -> !heads
  %kr = llm.rope %kh half_split theta 1.0e4 rotary 16 : !heads
  %kt = llm.kv_append %kr, @keys : !heads
  %s = llm.attention_scores %qr, @keys after %kt scale 0.25 : !heads
  %v = llm.linear %x, @w : !hidden -> !hidden
  %vh = llm.split_heads %v : !hidden -> !heads
  %vt = llm.kv_append %vh, @values : !heads
  return
}
}

// -----

// Neighbouring pairs need nothing, wherever they come from.

// CHECK-LABEL: module @interleaved
// CHECK: llm.rope %{{.*}} interleaved theta 1.000000e+04 rotary 64 :
module @interleaved attributes {llm.max_tokens = 64 : i64} {
func.func @f(%x: tensor<2x?x128xf16, #llm.dims<2, seq, 128>>) -> tensor<2x?x128xf16, #llm.dims<2, seq, 128>> {
  %0 = llm.rope %x interleaved theta 1.0e4 rotary 64 : tensor<2x?x128xf16, #llm.dims<2, seq, 128>>
  return %0 : tensor<2x?x128xf16, #llm.dims<2, seq, 128>>
}
}

// -----

// The weights of norms are permuted with the rows before them: that of each
// head, or those of all heads. Layers without rotation have the same parameters
// and the same cache, so their queries and keys are permuted too, which changes
// no score.

// CHECK-LABEL: module @norms
// CHECK:      llm.parameter @q from "q{layer}" layers 4 row_heads <2 x 16, interleaved 8> : tensor<32x64xi4>
// CHECK-NEXT: llm.parameter @k from "k{layer}" layers 4 row_heads <2 x 16, interleaved 8> : tensor<32x64xi4>
// CHECK-NEXT: llm.parameter @each from "n{layer}" layers 4 row_heads <1 x 16, interleaved 8> : tensor<16xf16>
// CHECK-NEXT: llm.parameter @all from "m{layer}" layers 4 row_heads <2 x 16, interleaved 8> : tensor<32xf16>
module @norms attributes {llm.max_tokens = 64 : i64} {
llm.parameter @q from "q{layer}" layers 4 : tensor<32x64xi4>
llm.parameter @k from "k{layer}" layers 4 : tensor<32x64xi4>
llm.parameter @each from "n{layer}" layers 4 : tensor<16xf16>
llm.parameter @all from "m{layer}" layers 4 : tensor<32xf16>
llm.kv_cache @keys layers 4 : tensor<2x?x16xf16, #llm.dims<2, seq + past, 16>>
// CHECK-LABEL: func.func private @layer(
// CHECK:         llm.rope %{{.*}} interleaved theta 1.000000e+04 rotary 8
// CHECK:         llm.rope %{{.*}} interleaved theta 1.000000e+04 rotary 8
func.func private @layer(%l: index, %x: tensor<1x?x64xf16, #llm.dims<1, seq, 64>>) -> tensor<2x?x?xf16, #llm.dims<2, seq, seq + past>> {
  %0 = llm.linear %x, @q[%l] : tensor<1x?x64xf16, #llm.dims<1, seq, 64>> -> tensor<1x?x32xf16, #llm.dims<1, seq, 32>>
  %1 = llm.split_heads %0 : tensor<1x?x32xf16, #llm.dims<1, seq, 32>> -> tensor<2x?x16xf16, #llm.dims<2, seq, 16>>
  %2 = llm.rms_norm %1, @each[%l] epsilon 1.0e-5 : tensor<2x?x16xf16, #llm.dims<2, seq, 16>>
  %3 = llm.rope %2 half_split theta 1.0e4 rotary 8 : tensor<2x?x16xf16, #llm.dims<2, seq, 16>>
  %4 = llm.linear %x, @k[%l] : tensor<1x?x64xf16, #llm.dims<1, seq, 64>> -> tensor<1x?x32xf16, #llm.dims<1, seq, 32>>
  %5 = llm.rms_norm %4, @all[%l] epsilon 1.0e-5 : tensor<1x?x32xf16, #llm.dims<1, seq, 32>>
  %6 = llm.split_heads %5 : tensor<1x?x32xf16, #llm.dims<1, seq, 32>> -> tensor<2x?x16xf16, #llm.dims<2, seq, 16>>
  %7 = llm.rope %6 half_split theta 1.0e4 rotary 8 : tensor<2x?x16xf16, #llm.dims<2, seq, 16>>
  %t = llm.kv_append %7, @keys[%l] : tensor<2x?x16xf16, #llm.dims<2, seq, 16>>
  %8 = llm.attention_scores %3, @keys[%l] after %t scale 0.25 : tensor<2x?x16xf16, #llm.dims<2, seq, 16>>
  return %8 : tensor<2x?x?xf16, #llm.dims<2, seq, seq + past>>
}
// CHECK-LABEL: func.func private @layer_without_rope(
// CHECK-NOT:     llm.rope
// CHECK:         return
func.func private @layer_without_rope(%l: index, %x: tensor<1x?x64xf16, #llm.dims<1, seq, 64>>) -> tensor<2x?x?xf16, #llm.dims<2, seq, seq + past>> {
  %0 = llm.linear %x, @q[%l] : tensor<1x?x64xf16, #llm.dims<1, seq, 64>> -> tensor<1x?x32xf16, #llm.dims<1, seq, 32>>
  %1 = llm.split_heads %0 : tensor<1x?x32xf16, #llm.dims<1, seq, 32>> -> tensor<2x?x16xf16, #llm.dims<2, seq, 16>>
  %2 = llm.rms_norm %1, @each[%l] epsilon 1.0e-5 : tensor<2x?x16xf16, #llm.dims<2, seq, 16>>
  %4 = llm.linear %x, @k[%l] : tensor<1x?x64xf16, #llm.dims<1, seq, 64>> -> tensor<1x?x32xf16, #llm.dims<1, seq, 32>>
  %5 = llm.rms_norm %4, @all[%l] epsilon 1.0e-5 : tensor<1x?x32xf16, #llm.dims<1, seq, 32>>
  %6 = llm.split_heads %5 : tensor<1x?x32xf16, #llm.dims<1, seq, 32>> -> tensor<2x?x16xf16, #llm.dims<2, seq, 16>>
  %t = llm.kv_append %6, @keys[%l] : tensor<2x?x16xf16, #llm.dims<2, seq, 16>>
  %8 = llm.attention_scores %2, @keys[%l] after %t scale 0.25 : tensor<2x?x16xf16, #llm.dims<2, seq, 16>>
  return %8 : tensor<2x?x?xf16, #llm.dims<2, seq, seq + past>>
}
}
