// RUN: dlavm-opt %s --llm-pad-groups=heads-per-row=4 -split-input-file -verify-diagnostics
// RUN: not dlavm-opt %s --llm-pad-groups=heads-per-row=0 -split-input-file 2>&1 | FileCheck %s
// CHECK: error: llm-pad-groups needs a positive number of heads-per-row, found 0

!heads = tensor<6x?x16xf16, #llm.dims<6, seq, 16>>
!kv_heads = tensor<2x?x16xf16, #llm.dims<2, seq, 16>>

module attributes {llm.max_tokens = 64 : i64} {
llm.kv_cache @keys : tensor<2x?x16xf16, #llm.dims<2, seq + past, 16>>
func.func @model(%q: !heads, %k: !kv_heads) {
  %t = llm.kv_append %k, @keys : !kv_heads
  // expected-error@+1 {{'llm.attention_scores' op has 3 queries for each KV head, which become 4 on this device; that can be done only if an llm.linear without a residual, llm.split_heads and perhaps llm.rms_norm and llm.rope make them and nothing else uses them}}
  %s = llm.attention_scores %q, @keys after %t scale 0.25 : !heads
  return
}
}

// -----

!hidden = tensor<1x?x96xf16, #llm.dims<1, seq, 96>>
!heads = tensor<6x?x16xf16, #llm.dims<6, seq, 16>>
!kv_heads = tensor<2x?x16xf16, #llm.dims<2, seq, 16>>

// The heads of the queries are used as they are.

module attributes {llm.max_tokens = 64 : i64} {
llm.parameter @w from "w" : tensor<96x96xi4>
llm.kv_cache @keys : tensor<2x?x16xf16, #llm.dims<2, seq + past, 16>>
func.func @model(%x: !hidden, %k: !kv_heads) -> !hidden {
  %q = llm.linear %x, @w : !hidden -> !hidden
  %h = llm.split_heads %q : !hidden -> !heads
  %t = llm.kv_append %k, @keys : !kv_heads
  // expected-error@+1 {{'llm.attention_scores' op has 3 queries for each KV head}}
  %s = llm.attention_scores %h, @keys after %t scale 0.25 : !heads
  return %q : !hidden
}
}

// -----

!hidden = tensor<1x?x96xf16, #llm.dims<1, seq, 96>>
!heads = tensor<6x?x16xf16, #llm.dims<6, seq, 16>>
!kv_heads = tensor<2x?x16xf16, #llm.dims<2, seq, 16>>
!scores = tensor<6x?x?xf16, #llm.dims<6, seq, seq + past>>

module attributes {llm.max_tokens = 64 : i64} {
llm.kv_cache @values : tensor<2x?x16xf16, #llm.dims<2, seq + past, 16>>
func.func @model(%x: !hidden, %p: !scores, %v: !kv_heads) -> !hidden {
  %t = llm.kv_append %v, @values : !kv_heads
  // expected-error@+1 {{'llm.attention_values' op has 3 results for each KV head, which become 4 on this device; that can be done only if llm.merge_heads and then nothing but the weight of an llm.linear meets them}}
  %o = llm.attention_values %p, @values after %t : !scores -> !heads
  %m = llm.merge_heads %o : !heads
  // expected-note@+1 {{they are used here}}
  %y = llm.add %x, %m : !hidden
  return %y : !hidden
}
}

// -----

!hidden = tensor<1x?x96xf16, #llm.dims<1, seq, 96>>
!heads = tensor<6x?x16xf16, #llm.dims<6, seq, 16>>
!kv_heads = tensor<2x?x16xf16, #llm.dims<2, seq, 16>>

// Empty heads of another kind are there already.

module attributes {llm.max_tokens = 64 : i64} {
// expected-note@+1 {{declared here}}
llm.parameter @w from "w" row_heads <4 x 16, groups 2 empty 1> : tensor<96x96xi4>
llm.kv_cache @keys : tensor<2x?x16xf16, #llm.dims<2, seq + past, 16>>
func.func @model(%x: !hidden, %k: !kv_heads) {
  // expected-error@+1 {{'llm.linear' op has 6 heads of 16 channels as the rows of its weight, which lie as #llm.heads<4 x 16, groups 2 empty 1> there and cannot be changed}}
  %q = llm.linear %x, @w : !hidden -> !hidden
  %h = llm.split_heads %q : !hidden -> !heads
  %t = llm.kv_append %k, @keys : !kv_heads
  %s = llm.attention_scores %h, @keys after %t scale 0.25 : !heads
  return
}
}
