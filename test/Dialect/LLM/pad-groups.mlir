// RUN: dlavm-opt %s --llm-pad-groups=heads-per-row=4 -split-input-file | FileCheck %s
// RUN: dlavm-opt %s --llm-pad-groups=heads-per-row=4 --llm-pad-groups=heads-per-row=4 -split-input-file | FileCheck %s
// RUN: dlavm-opt %s --llm-pad-groups=heads-per-row=3 -split-input-file | FileCheck %s --check-prefix=FITS
// RUN: dlavm-opt %s --llm-pad-groups -split-input-file | FileCheck %s --check-prefix=FITS

!hidden = tensor<1x?x64xf16, #llm.dims<1, seq, 64>>
!queries = tensor<1x?x96xf16, #llm.dims<1, seq, 96>>
!heads = tensor<6x?x16xf16, #llm.dims<6, seq, 16>>
!kv_heads = tensor<2x?x16xf16, #llm.dims<2, seq, 16>>
!scores = tensor<6x?x?xf16, #llm.dims<6, seq, seq + past>>

// Three queries of each of two KV heads fill a row of four. Where the channels
// of the heads lie otherwise already, that stays. Keys and values stay.

// CHECK-LABEL: module @attention
// CHECK:      llm.parameter @query from "q{layer}" layers 2 row_heads <6 x 12, interleaved 8, padded 16, groups 2 empty 1> : tensor<128x64xi4>
// CHECK-NEXT: llm.parameter @query_scale splat 1.000000e+00 layers 2 row_heads <6 x 16, groups 2 empty 1> : tensor<128xf16>
// CHECK-NEXT: llm.parameter @query_bias from "qb{layer}" layers 2 row_heads <6 x 16, groups 2 empty 1> : tensor<128xf16>
// CHECK-NEXT: llm.parameter @key from "k{layer}" layers 2 : tensor<32x64xi4>
// CHECK-NEXT: llm.parameter @output from "o{layer}" layers 2 column_heads <6 x 16, groups 2 empty 1> : tensor<64x128xi4>
// FITS-LABEL: module @attention
// FITS-NOT: groups
// FITS-NOT: heads 6
module @attention attributes {llm.max_tokens = 64 : i64} {
llm.parameter @query from "q{layer}" layers 2 row_heads <6 x 12, interleaved 8, padded 16> : tensor<96x64xi4>
llm.parameter @query_scale splat 1.0 layers 2 : tensor<96xf16>
llm.parameter @query_bias from "qb{layer}" layers 2 : tensor<96xf16>
llm.parameter @key from "k{layer}" layers 2 : tensor<32x64xi4>
llm.parameter @output from "o{layer}" layers 2 : tensor<64x96xi4>
llm.kv_cache @keys layers 2 : tensor<2x?x16xf16, #llm.dims<2, seq + past, 16>>
llm.kv_cache @values layers 2 : tensor<2x?x16xf16, #llm.dims<2, seq + past, 16>>

// CHECK-LABEL: func.func private @layer(
// CHECK:         %[[Q:.*]] = llm.linear %{{.*}}, @query[%{{.*}}] {{.*}} -> tensor<1x?x128xf16, #llm.dims<1, seq, 128>>
// CHECK-NEXT:    %[[H:.*]] = llm.split_heads %[[Q]] : {{.*}} -> tensor<8x?x16xf16, #llm.dims<8, seq, 16>>
// CHECK-NEXT:    %[[R:.*]] = llm.rope %[[H]] {{.*}} : tensor<8x?x16xf16, #llm.dims<8, seq, 16>>
// CHECK:         %[[S:.*]] = llm.attention_scores %[[R]], @keys{{.*}} scale 2.500000e-01 heads 6 : tensor<8x?x16xf16, #llm.dims<8, seq, 16>>
// CHECK:         %[[P:.*]] = llm.softmax %[[S]] : tensor<6x?x?xf16, #llm.dims<6, seq, seq + past>>
// CHECK:         %[[O:.*]] = llm.attention_values %[[P]], {{.*}} -> tensor<8x?x16xf16, #llm.dims<8, seq, 16>>
// CHECK-NEXT:    %[[M:.*]] = llm.merge_heads %[[O]] : tensor<8x?x16xf16, #llm.dims<8, seq, 16>>
// CHECK-NEXT:    llm.linear %[[M]], @output[%{{.*}}] : tensor<1x?x128xf16, #llm.dims<1, seq, 128>> -> tensor<1x?x64xf16, #llm.dims<1, seq, 64>>
func.func private @layer(%layer: index, %x: !hidden) -> !hidden {
  %q = llm.linear %x, @query[%layer] scale @query_scale bias @query_bias : !hidden -> !queries
  %qh = llm.split_heads %q : !queries -> !heads
  %qr = llm.rope %qh interleaved theta 1.0e4 rotary 8 : !heads
  %k = llm.linear %x, @key[%layer] : !hidden -> tensor<1x?x32xf16, #llm.dims<1, seq, 32>>
  %kh = llm.split_heads %k : tensor<1x?x32xf16, #llm.dims<1, seq, 32>> -> !kv_heads
  %kt = llm.kv_append %kh, @keys[%layer] : !kv_heads
  %vt = llm.kv_append %kh, @values[%layer] : !kv_heads
  %s = llm.attention_scores %qr, @keys[%layer] after %kt scale 0.25 : !heads
  %p = llm.softmax %s : !scores
  %o = llm.attention_values %p, @values[%layer] after %vt : !scores -> !heads
  %m = llm.merge_heads %o : !heads
  %y = llm.linear %m, @output[%layer] : !queries -> !hidden
  return %y : !hidden
}
}

// -----

!hidden = tensor<1x?x64xf16, #llm.dims<1, seq, 64>>
!queries = tensor<1x?x96xf16, #llm.dims<1, seq, 96>>
!heads = tensor<6x?x16xf16, #llm.dims<6, seq, 16>>
!kv_heads = tensor<2x?x16xf16, #llm.dims<2, seq, 16>>
!scores = tensor<6x?x?xf16, #llm.dims<6, seq, seq + past>>

// Empty heads count in the mean of a norm over all heads, not in that of each.

// CHECK-LABEL: module @norms
// CHECK:      llm.parameter @query from "q" row_heads <6 x 16, groups 2 empty 1> : tensor<128x64xi4>
// CHECK-NEXT: llm.parameter @all from "n" times 0.8660254037844386 row_heads <6 x 16, groups 2 empty 1> : tensor<128xf16>
// CHECK-NEXT: llm.parameter @each from "m" : tensor<16xf16>
// FITS-LABEL: module @norms
// FITS-NOT: groups
module @norms {
llm.parameter @query from "q" : tensor<96x64xi4>
llm.parameter @all from "n" : tensor<96xf16>
llm.parameter @each from "m" : tensor<16xf16>
llm.kv_cache @keys : tensor<2x?x16xf16, #llm.dims<2, seq + past, 16>>
// CHECK-LABEL: func.func @f(
// CHECK:         %[[Q:.*]] = llm.linear {{.*}} -> tensor<1x?x128xf16, #llm.dims<1, seq, 128>>
// CHECK-NEXT:    %[[N:.*]] = llm.rms_norm %[[Q]], @all epsilon 7.500000000000001E-6 : tensor<1x?x128xf16, #llm.dims<1, seq, 128>>
// CHECK-NEXT:    %[[H:.*]] = llm.split_heads %[[N]] : {{.*}} -> tensor<8x?x16xf16, #llm.dims<8, seq, 16>>
// CHECK-NEXT:    %[[M:.*]] = llm.rms_norm %[[H]], @each epsilon 1.000000e-05 : tensor<8x?x16xf16, #llm.dims<8, seq, 16>>
// CHECK:         llm.attention_scores %[[M]], @keys {{.*}} heads 6 : tensor<8x?x16xf16, #llm.dims<8, seq, 16>>
func.func @f(%x: !hidden, %k: !kv_heads) -> !scores {
  %0 = llm.linear %x, @query : !hidden -> !queries
  %1 = llm.rms_norm %0, @all epsilon 1.0e-5 : !queries
  %2 = llm.split_heads %1 : !queries -> !heads
  %3 = llm.rms_norm %2, @each epsilon 1.0e-5 : !heads
  %t = llm.kv_append %k, @keys : !kv_heads
  %4 = llm.attention_scores %3, @keys after %t scale 0.25 : !heads
  return %4 : !scores
}
}
