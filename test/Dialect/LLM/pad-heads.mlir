// RUN: dlavm-opt %s --llm-pad-heads=head-channels=128 -split-input-file | FileCheck %s
// RUN: dlavm-opt %s --llm-pad-heads=head-channels=128 --llm-pad-heads=head-channels=128 -split-input-file | FileCheck %s

!hidden = tensor<1x?x64xf16, #llm.dims<1, seq, 64>>
!keys = tensor<1x?x32xf16, #llm.dims<1, seq, 32>>
!heads = tensor<4x?x16xf16, #llm.dims<4, seq, 16>>
!kv_heads = tensor<2x?x16xf16, #llm.dims<2, seq, 16>>
!scores = tensor<4x?x?xf16, #llm.dims<4, seq, seq + past>>

// A whole attention block. Weights, scales and biases that nothing else uses
// are padded in place.

// CHECK-LABEL: module @attention
// CHECK:      llm.parameter @query from "q{layer}" layers 2 row_heads <4 x 16, padded 128> : tensor<512x64xi4>
// CHECK-NEXT: llm.parameter @query_scale splat 1.000000e+00 layers 2 row_heads <4 x 16, padded 128> : tensor<512xf16>
// CHECK-NEXT: llm.parameter @query_bias from "qb{layer}" layers 2 row_heads <4 x 16, padded 128> : tensor<512xf16>
// CHECK-NEXT: llm.parameter @key from "k{layer}" rows[64] layers 2 row_heads <2 x 16, padded 128> : tensor<256x64xi4>
// CHECK-NEXT: llm.parameter @value from "v{layer}" layers 2 row_heads <2 x 16, padded 128> : tensor<256x64xi4>
// CHECK-NEXT: llm.parameter @output from "o{layer}" layers 2 column_heads <4 x 16, padded 128> : tensor<64x512xi4>
// CHECK-NEXT: llm.kv_cache @keys layers 2 : tensor<2x?x128xf16, #llm.dims<2, seq + past, 128>>
// CHECK-NEXT: llm.kv_cache @values layers 2 : tensor<2x?x128xf16, #llm.dims<2, seq + past, 128>>
module @attention attributes {llm.max_tokens = 64 : i64} {
llm.parameter @query from "q{layer}" layers 2 : tensor<64x64xi4>
llm.parameter @query_scale splat 1.0 layers 2 : tensor<64xf16>
llm.parameter @query_bias from "qb{layer}" layers 2 : tensor<64xf16>
llm.parameter @key from "k{layer}" rows [64] layers 2 : tensor<32x64xi4>
llm.parameter @value from "v{layer}" layers 2 : tensor<32x64xi4>
llm.parameter @output from "o{layer}" layers 2 : tensor<64x64xi4>
llm.kv_cache @keys layers 2 : tensor<2x?x16xf16, #llm.dims<2, seq + past, 16>>
llm.kv_cache @values layers 2 : tensor<2x?x16xf16, #llm.dims<2, seq + past, 16>>

// CHECK-LABEL: func.func private @layer(
// CHECK-SAME:    %[[LAYER:.*]]: index, %[[X:.*]]: tensor<1x?x64xf16, #llm.dims<1, seq, 64>>) -> tensor<1x?x64xf16, #llm.dims<1, seq, 64>>
// CHECK-NEXT:    %[[Q:.*]] = llm.linear %[[X]], @query[%[[LAYER]]] scale @query_scale bias @query_bias : {{.*}} -> tensor<1x?x512xf16, #llm.dims<1, seq, 512>>
// CHECK-NEXT:    %[[QH:.*]] = llm.split_heads %[[Q]] : tensor<1x?x512xf16, #llm.dims<1, seq, 512>> -> tensor<4x?x128xf16, #llm.dims<4, seq, 128>>
// CHECK-NEXT:    %[[QR:.*]] = llm.rope %[[QH]] half_split theta 1.000000e+04 rotary 16 : tensor<4x?x128xf16, #llm.dims<4, seq, 128>>
// CHECK-NEXT:    %[[K:.*]] = llm.linear %[[X]], @key[%[[LAYER]]] : {{.*}} -> tensor<1x?x256xf16, #llm.dims<1, seq, 256>>
// CHECK-NEXT:    %[[KH:.*]] = llm.split_heads %[[K]] : tensor<1x?x256xf16, #llm.dims<1, seq, 256>> -> tensor<2x?x128xf16, #llm.dims<2, seq, 128>>
// CHECK-NEXT:    %[[KR:.*]] = llm.rope %[[KH]] half_split theta 1.000000e+04 rotary 16 : tensor<2x?x128xf16, #llm.dims<2, seq, 128>>
// CHECK-NEXT:    %[[KT:.*]] = llm.kv_append %[[KR]], @keys[%[[LAYER]]] : tensor<2x?x128xf16, #llm.dims<2, seq, 128>>
// CHECK-NEXT:    %[[S:.*]] = llm.attention_scores %[[QR]], @keys[%[[LAYER]]] after %[[KT]] scale 2.500000e-01 : tensor<4x?x128xf16, #llm.dims<4, seq, 128>>
// CHECK-NEXT:    %[[P:.*]] = llm.softmax %[[S]] : tensor<4x?x?xf16, #llm.dims<4, seq, seq + past>>
// CHECK-NEXT:    %[[V:.*]] = llm.linear %[[X]], @value[%[[LAYER]]] : {{.*}} -> tensor<1x?x256xf16, #llm.dims<1, seq, 256>>
// CHECK-NEXT:    %[[VH:.*]] = llm.split_heads %[[V]] : {{.*}} -> tensor<2x?x128xf16, #llm.dims<2, seq, 128>>
// CHECK-NEXT:    %[[VT:.*]] = llm.kv_append %[[VH]], @values[%[[LAYER]]] : tensor<2x?x128xf16, #llm.dims<2, seq, 128>>
// CHECK-NEXT:    %[[O:.*]] = llm.attention_values %[[P]], @values[%[[LAYER]]] after %[[VT]] : {{.*}} -> tensor<4x?x128xf16, #llm.dims<4, seq, 128>>
// CHECK-NEXT:    %[[M:.*]] = llm.merge_heads %[[O]] : tensor<4x?x128xf16, #llm.dims<4, seq, 128>>
// CHECK-NEXT:    %[[Y:.*]] = llm.linear %[[M]], @output[%[[LAYER]]] add %[[X]] : tensor<1x?x512xf16, #llm.dims<1, seq, 512>> -> tensor<1x?x64xf16, #llm.dims<1, seq, 64>>
// CHECK-NEXT:    return %[[Y]]
func.func private @layer(%layer: index, %x: !hidden) -> !hidden {
  %q = llm.linear %x, @query[%layer] scale @query_scale bias @query_bias : !hidden -> !hidden
  %qh = llm.split_heads %q : !hidden -> !heads
  %qr = llm.rope %qh half_split theta 1.0e4 rotary 16 : !heads
  %k = llm.linear %x, @key[%layer] : !hidden -> !keys
  %kh = llm.split_heads %k : !keys -> !kv_heads
  %kr = llm.rope %kh half_split theta 1.0e4 rotary 16 : !kv_heads
  %kt = llm.kv_append %kr, @keys[%layer] : !kv_heads
  %s = llm.attention_scores %qr, @keys[%layer] after %kt scale 0.25 : !heads
  %p = llm.softmax %s : !scores
  %v = llm.linear %x, @value[%layer] : !hidden -> !keys
  %vh = llm.split_heads %v : !keys -> !kv_heads
  %vt = llm.kv_append %vh, @values[%layer] : !kv_heads
  %o = llm.attention_values %p, @values[%layer] after %vt : !scores -> !heads
  %m = llm.merge_heads %o : !heads
  %y = llm.linear %m, @output[%layer] add %x : !hidden -> !hidden
  return %y : !hidden
}
}

// -----

!hidden = tensor<1x?x64xf16, #llm.dims<1, seq, 64>>
!heads = tensor<4x?x16xf16, #llm.dims<4, seq, 16>>
!two_heads = tensor<2x?x32xf16, #llm.dims<2, seq, 32>>

// A parameter that something else uses as it is stays, and there is a copy for
// each way in which heads need it. One that serves only heads is the first's.

// CHECK-LABEL: module @shared
// CHECK:      llm.parameter @square from "w" : tensor<64x64xi4>
// CHECK-NEXT: llm.parameter @square_heads_0 from "w" column_heads <4 x 16, padded 128> : tensor<64x512xi4>
// CHECK-NEXT: llm.parameter @square_heads from "w" row_heads <4 x 16, padded 128> : tensor<512x64xi4>
// CHECK-NEXT: llm.parameter @ones splat 1.000000e+00 row_heads <4 x 16, padded 128> : tensor<512xf16>
// CHECK-NEXT: llm.parameter @ones_heads splat 1.000000e+00 row_heads <2 x 32, padded 128> : tensor<256xf16>
// CHECK-NEXT: llm.parameter @used splat 3.000000e+00 : tensor<64xf16>
// CHECK-NEXT: llm.parameter @used_heads splat 3.000000e+00 row_heads <2 x 32, padded 128> : tensor<256xf16>
// CHECK-NEXT: llm.parameter @w2 from "w2" row_heads <2 x 32, padded 128> : tensor<256x64xi4>
module @shared attributes {llm.max_tokens = 64 : i64} {
llm.parameter @square from "w" : tensor<64x64xi4>
llm.parameter @ones splat 1.0 : tensor<64xf16>
llm.parameter @used splat 3.0 : tensor<64xf16>
llm.parameter @w2 from "w2" : tensor<64x64xi4>
// CHECK-LABEL: func.func @f(
// CHECK:         llm.linear %{{.*}}, @square :
// CHECK:         llm.linear %{{.*}}, @square_heads scale @ones bias @ones :
// CHECK:         llm.linear %{{.*}}, @square_heads_0 :
// CHECK:         llm.linear %{{.*}}, @w2 scale @ones_heads bias @used_heads :
func.func @f(%x: !hidden) -> (!hidden, !hidden) {
  %u = llm.get_parameter @used : tensor<64xf16>
  %x1 = llm.add %x, %u : !hidden, tensor<64xf16>
  %x2 = llm.linear %x1, @square : !hidden -> !hidden
  %q = llm.linear %x2, @square scale @ones bias @ones : !hidden -> !hidden
  %h = llm.split_heads %q : !hidden -> !heads
  %m = llm.merge_heads %h : !heads
  %y = llm.linear %m, @square : !hidden -> !hidden
  %q2 = llm.linear %x2, @w2 scale @ones bias @used : !hidden -> !hidden
  %h2 = llm.split_heads %q2 : !hidden -> !two_heads
  return %y, %x2 : !hidden, !hidden
}
}

// -----

!hidden = tensor<1x?x64xf16, #llm.dims<1, seq, 64>>
!heads = tensor<4x?x16xf16, #llm.dims<4, seq, 16>>

// One layer may take heads and make some; what is padded or permuted already is
// padded further.

// CHECK-LABEL: module @between
// CHECK: llm.parameter @w from "w" row_heads <4 x 16, padded 128> column_heads <4 x 16, padded 128> : tensor<512x512xi4>
// CHECK: llm.parameter @padded from "p" row_heads <4 x 8, interleaved 4, padded 128> : tensor<512x64xi4>
module @between attributes {llm.max_tokens = 64 : i64} {
llm.parameter @w from "w" : tensor<64x64xi4>
llm.parameter @padded from "p" row_heads <4 x 8, interleaved 4, padded 16> : tensor<64x64xi4>
func.func @f(%x: !hidden) {
  %q = llm.linear %x, @padded : !hidden -> !hidden
  %h = llm.split_heads %q : !hidden -> !heads
  %m = llm.merge_heads %h : !heads
  %y = llm.linear %m, @w : !hidden -> !hidden
  %z = llm.split_heads %y : !hidden -> !heads
  return
}
}

// -----

// Heads of the device's size stay, whatever is done with them.

// CHECK-LABEL: module @same
// CHECK: func.func @f(%[[X:.*]]: tensor<2x?x128xf16, #llm.dims<2, seq, 128>>) -> tensor<1x?x256xf16, #llm.dims<1, seq, 256>>
// CHECK-NEXT: %[[M:.*]] = llm.merge_heads %[[X]] : tensor<2x?x128xf16, #llm.dims<2, seq, 128>>
// CHECK-NEXT: return %[[M]]
module @same attributes {llm.max_tokens = 64 : i64} {
func.func @f(%x: tensor<2x?x128xf16, #llm.dims<2, seq, 128>>) -> tensor<1x?x256xf16, #llm.dims<1, seq, 256>> {
  %m = llm.merge_heads %x : tensor<2x?x128xf16, #llm.dims<2, seq, 128>>
  return %m : tensor<1x?x256xf16, #llm.dims<1, seq, 256>>
}
}

// -----

// Norms: the mean over 8 times the channels is an eighth, so epsilon is, and
// the weight is divided by the square root of 8. Padded channels of the weight
// are 0, and a parameter that another op uses gets a copy.

// CHECK-LABEL: module @norms
// CHECK:      llm.parameter @each from "n" times 0.35355339059327379 row_heads <1 x 16, padded 128> : tensor<128xf16>
// CHECK-NEXT: llm.parameter @all from "m" times 1.0606601717798214 row_heads <2 x 16, padded 128> : tensor<256xf16>
// CHECK-NEXT: llm.parameter @shared splat 2.000000e+00 : tensor<16xf16>
// CHECK-NEXT: llm.parameter @shared_heads splat 0.70710678118654757 row_heads <1 x 16, padded 128> : tensor<128xf16>
module @norms {
llm.parameter @q from "q" : tensor<32x64xi4>
llm.parameter @k from "k" : tensor<32x64xi4>
llm.parameter @v from "v" : tensor<32x64xi4>
llm.parameter @each from "n" : tensor<16xf16>
llm.parameter @all from "m" times 3.0 : tensor<32xf16>
llm.parameter @shared splat 2.0 : tensor<16xf16>
llm.kv_cache @keys : tensor<2x?x16xf16, #llm.dims<2, seq + past, 16>>
// CHECK-LABEL: func.func @f(
// CHECK:         %[[Q:.*]] = llm.split_heads
// CHECK-NEXT:    %[[N:.*]] = llm.rms_norm %[[Q]], @each epsilon 1.250000e-06 : tensor<2x?x128xf16, #llm.dims<2, seq, 128>>
// CHECK-NEXT:    llm.rope %[[N]] interleaved theta 1.000000e+04 rotary 16 : tensor<2x?x128xf16, #llm.dims<2, seq, 128>>
// CHECK:         %[[K:.*]] = llm.linear {{.*}} -> tensor<1x?x256xf16, #llm.dims<1, seq, 256>>
// CHECK-NEXT:    %[[M:.*]] = llm.rms_norm %[[K]], @all epsilon 1.250000e-06 : tensor<1x?x256xf16, #llm.dims<1, seq, 256>>
// CHECK-NEXT:    llm.split_heads %[[M]] : {{.*}} -> tensor<2x?x128xf16, #llm.dims<2, seq, 128>>
// CHECK:         llm.rms_norm %{{.*}}, @shared_heads epsilon 1.250000e-06
// CHECK:         llm.rms_norm %{{.*}}, @shared epsilon 1.000000e-05 : tensor<1x?x16xf16, #llm.dims<1, seq, 16>>
func.func @f(%x: tensor<1x?x64xf16, #llm.dims<1, seq, 64>>, %y: tensor<1x?x16xf16, #llm.dims<1, seq, 16>>) -> tensor<1x?x16xf16, #llm.dims<1, seq, 16>> {
  %0 = llm.linear %x, @q : tensor<1x?x64xf16, #llm.dims<1, seq, 64>> -> tensor<1x?x32xf16, #llm.dims<1, seq, 32>>
  %1 = llm.split_heads %0 : tensor<1x?x32xf16, #llm.dims<1, seq, 32>> -> tensor<2x?x16xf16, #llm.dims<2, seq, 16>>
  %2 = llm.rms_norm %1, @each epsilon 1.0e-5 : tensor<2x?x16xf16, #llm.dims<2, seq, 16>>
  %3 = llm.rope %2 interleaved theta 1.0e4 rotary 16 : tensor<2x?x16xf16, #llm.dims<2, seq, 16>>
  %t = llm.kv_append %3, @keys : tensor<2x?x16xf16, #llm.dims<2, seq, 16>>
  %4 = llm.linear %x, @k : tensor<1x?x64xf16, #llm.dims<1, seq, 64>> -> tensor<1x?x32xf16, #llm.dims<1, seq, 32>>
  %5 = llm.rms_norm %4, @all epsilon 1.0e-5 : tensor<1x?x32xf16, #llm.dims<1, seq, 32>>
  %6 = llm.split_heads %5 : tensor<1x?x32xf16, #llm.dims<1, seq, 32>> -> tensor<2x?x16xf16, #llm.dims<2, seq, 16>>
  %7 = llm.kv_append %6, @keys : tensor<2x?x16xf16, #llm.dims<2, seq, 16>>
  %8 = llm.linear %x, @v : tensor<1x?x64xf16, #llm.dims<1, seq, 64>> -> tensor<1x?x32xf16, #llm.dims<1, seq, 32>>
  %9 = llm.split_heads %8 : tensor<1x?x32xf16, #llm.dims<1, seq, 32>> -> tensor<2x?x16xf16, #llm.dims<2, seq, 16>>
  %10 = llm.rms_norm %9, @shared epsilon 1.0e-5 : tensor<2x?x16xf16, #llm.dims<2, seq, 16>>
  %11 = llm.kv_append %10, @keys : tensor<2x?x16xf16, #llm.dims<2, seq, 16>>
  %12 = llm.rms_norm %y, @shared epsilon 1.0e-5 : tensor<1x?x16xf16, #llm.dims<1, seq, 16>>
  return %12 : tensor<1x?x16xf16, #llm.dims<1, seq, 16>>
}
}
