// RUN: dlavm-opt %s --llm-interleave-rope -split-input-file -verify-diagnostics

// What the heads come from.

module {
func.func @f(%x: tensor<2x?x16xf16, #llm.dims<2, seq, 16>>) {
  // expected-error@+1 {{'llm.rope' op pairs channels half a rotation apart and cannot be turned into one that pairs neighbours: its heads must be those of an llm.linear without a residual, split by llm.split_heads, perhaps with an llm.rms_norm before or behind that, which nothing else uses}}
  %0 = llm.rope %x half_split theta 1.0e4 rotary 16 : tensor<2x?x16xf16, #llm.dims<2, seq, 16>>
  return
}
}

// -----

module {
func.func @f(%x: tensor<1x?x32xf16, #llm.dims<1, seq, 32>>) {
  // expected-note@+1 {{see this op}}
  %h = llm.split_heads %x : tensor<1x?x32xf16, #llm.dims<1, seq, 32>> -> tensor<2x?x16xf16, #llm.dims<2, seq, 16>>
  // expected-error@+1 {{its heads must be those of an llm.linear}}
  %0 = llm.rope %h half_split theta 1.0e4 rotary 16 : tensor<2x?x16xf16, #llm.dims<2, seq, 16>>
  return
}
}

// -----

module {
llm.parameter @w from "w" : tensor<32x32xi4>
func.func @f(%x: tensor<1x?x32xf16, #llm.dims<1, seq, 32>>) {
  %y = llm.linear %x, @w add %x : tensor<1x?x32xf16, #llm.dims<1, seq, 32>> -> tensor<1x?x32xf16, #llm.dims<1, seq, 32>>
  // expected-note@+1 {{see this op}}
  %h = llm.split_heads %y : tensor<1x?x32xf16, #llm.dims<1, seq, 32>> -> tensor<2x?x16xf16, #llm.dims<2, seq, 16>>
  // expected-error@+1 {{an llm.linear without a residual}}
  %0 = llm.rope %h half_split theta 1.0e4 rotary 16 : tensor<2x?x16xf16, #llm.dims<2, seq, 16>>
  return
}
}

// -----

module {
llm.parameter @w from "w" : tensor<32x32xi4>
func.func @f(%x: tensor<1x?x32xf16, #llm.dims<1, seq, 32>>) -> tensor<1x?x32xf16, #llm.dims<1, seq, 32>> {
  %y = llm.linear %x, @w : tensor<1x?x32xf16, #llm.dims<1, seq, 32>> -> tensor<1x?x32xf16, #llm.dims<1, seq, 32>>
  // expected-note@+1 {{see this op}}
  %h = llm.split_heads %y : tensor<1x?x32xf16, #llm.dims<1, seq, 32>> -> tensor<2x?x16xf16, #llm.dims<2, seq, 16>>
  // expected-error@+1 {{which nothing else uses}}
  %0 = llm.rope %h half_split theta 1.0e4 rotary 16 : tensor<2x?x16xf16, #llm.dims<2, seq, 16>>
  return %y : tensor<1x?x32xf16, #llm.dims<1, seq, 32>>
}
}

// -----

// The same heads are the values.

module {
llm.parameter @w from "w" : tensor<32x32xi4>
llm.kv_cache @values : tensor<2x?x16xf16, #llm.dims<2, seq + past, 16>>
func.func @f(%x: tensor<1x?x32xf16, #llm.dims<1, seq, 32>>) {
  %y = llm.linear %x, @w : tensor<1x?x32xf16, #llm.dims<1, seq, 32>> -> tensor<1x?x32xf16, #llm.dims<1, seq, 32>>
  // expected-note@+1 {{see this op}}
  %h = llm.split_heads %y : tensor<1x?x32xf16, #llm.dims<1, seq, 32>> -> tensor<2x?x16xf16, #llm.dims<2, seq, 16>>
  // expected-error@+1 {{which nothing else uses}}
  %0 = llm.rope %h half_split theta 1.0e4 rotary 16 : tensor<2x?x16xf16, #llm.dims<2, seq, 16>>
  %t = llm.kv_append %h, @values : tensor<2x?x16xf16, #llm.dims<2, seq, 16>>
  return
}
}

// -----

// Who sees the result.

module {
llm.parameter @w from "w" : tensor<32x32xi4>
func.func @f(%x: tensor<1x?x32xf16, #llm.dims<1, seq, 32>>) {
  %y = llm.linear %x, @w : tensor<1x?x32xf16, #llm.dims<1, seq, 32>> -> tensor<1x?x32xf16, #llm.dims<1, seq, 32>>
  %h = llm.split_heads %y : tensor<1x?x32xf16, #llm.dims<1, seq, 32>> -> tensor<2x?x16xf16, #llm.dims<2, seq, 16>>
  // expected-error@+1 {{'llm.rope' op pairs channels half a rotation apart and cannot be turned into one that pairs neighbours: only llm.attention_scores and llm.kv_append may see the new order of the channels}}
  %0 = llm.rope %h half_split theta 1.0e4 rotary 16 : tensor<2x?x16xf16, #llm.dims<2, seq, 16>>
  // expected-note@+1 {{see this op}}
  %1 = llm.merge_heads %0 : tensor<2x?x16xf16, #llm.dims<2, seq, 16>>
  return
}
}

// -----

module {
llm.parameter @w from "w" : tensor<32x32xi4>
llm.kv_cache @keys : tensor<2x?x16xf16, #llm.dims<2, seq + past, 16>>
func.func @f(%x: tensor<1x?x32xf16, #llm.dims<1, seq, 32>>, %p: tensor<2x?x?xf16, #llm.dims<2, seq, seq + past>>) {
  %y = llm.linear %x, @w : tensor<1x?x32xf16, #llm.dims<1, seq, 32>> -> tensor<1x?x32xf16, #llm.dims<1, seq, 32>>
  %h = llm.split_heads %y : tensor<1x?x32xf16, #llm.dims<1, seq, 32>> -> tensor<2x?x16xf16, #llm.dims<2, seq, 16>>
  // expected-error@+1 {{cannot be turned into one that pairs neighbours: llm.attention_values reads @keys and would see the new order of the channels}}
  %0 = llm.rope %h half_split theta 1.0e4 rotary 16 : tensor<2x?x16xf16, #llm.dims<2, seq, 16>>
  %t = llm.kv_append %0, @keys : tensor<2x?x16xf16, #llm.dims<2, seq, 16>>
  // expected-note@+1 {{see this op}}
  %o = llm.attention_values %p, @keys after %t : tensor<2x?x?xf16, #llm.dims<2, seq, seq + past>> -> tensor<2x?x16xf16, #llm.dims<2, seq, 16>>
  return
}
}

// -----

// Queries that are not rotated.

module {
llm.parameter @w from "w" : tensor<32x32xi4>
llm.kv_cache @keys : tensor<2x?x16xf16, #llm.dims<2, seq + past, 16>>
func.func @f(%x: tensor<1x?x32xf16, #llm.dims<1, seq, 32>>, %q: tensor<2x?x16xf16, #llm.dims<2, seq, 16>>) {
  %y = llm.linear %x, @w : tensor<1x?x32xf16, #llm.dims<1, seq, 32>> -> tensor<1x?x32xf16, #llm.dims<1, seq, 32>>
  %h = llm.split_heads %y : tensor<1x?x32xf16, #llm.dims<1, seq, 32>> -> tensor<2x?x16xf16, #llm.dims<2, seq, 16>>
  // expected-error@+1 {{not all queries and keys of @keys are rotated by a half_split llm.rope with rotary 16}}
  %0 = llm.rope %h half_split theta 1.0e4 rotary 16 : tensor<2x?x16xf16, #llm.dims<2, seq, 16>>
  %t = llm.kv_append %0, @keys : tensor<2x?x16xf16, #llm.dims<2, seq, 16>>
  // expected-note@+1 {{see this op}}
  %s = llm.attention_scores %q, @keys after %t scale 0.25 : tensor<2x?x16xf16, #llm.dims<2, seq, 16>>
  return
}
}

// -----

// Keys that are rotated in another way, in another function.

module {
llm.parameter @w from "w" : tensor<32x32xi4>
llm.kv_cache @keys : tensor<2x?x16xf16, #llm.dims<2, seq + past, 16>>
func.func @f(%x: tensor<1x?x32xf16, #llm.dims<1, seq, 32>>, %t: !llm.token) {
  %y = llm.linear %x, @w : tensor<1x?x32xf16, #llm.dims<1, seq, 32>> -> tensor<1x?x32xf16, #llm.dims<1, seq, 32>>
  %h = llm.split_heads %y : tensor<1x?x32xf16, #llm.dims<1, seq, 32>> -> tensor<2x?x16xf16, #llm.dims<2, seq, 16>>
  // expected-error@+1 {{not all queries and keys of @keys are rotated by a half_split llm.rope with rotary 8}}
  %0 = llm.rope %h half_split theta 1.0e4 rotary 8 : tensor<2x?x16xf16, #llm.dims<2, seq, 16>>
  %s = llm.attention_scores %0, @keys after %t scale 0.25 : tensor<2x?x16xf16, #llm.dims<2, seq, 16>>
  return
}
func.func @g(%k: tensor<2x?x16xf16, #llm.dims<2, seq, 16>>) {
  %0 = llm.rope %k half_split theta 1.0e4 rotary 16 : tensor<2x?x16xf16, #llm.dims<2, seq, 16>>
  // expected-note@+1 {{see this op}}
  %t = llm.kv_append %0, @keys : tensor<2x?x16xf16, #llm.dims<2, seq, 16>>
  return
}
}

// -----

// Keys whose pairs are neighbours already.

module {
llm.parameter @w from "w" : tensor<32x32xi4>
llm.kv_cache @keys : tensor<2x?x16xf16, #llm.dims<2, seq + past, 16>>
func.func @f(%x: tensor<1x?x32xf16, #llm.dims<1, seq, 32>>, %k: tensor<2x?x16xf16, #llm.dims<2, seq, 16>>) {
  %y = llm.linear %x, @w : tensor<1x?x32xf16, #llm.dims<1, seq, 32>> -> tensor<1x?x32xf16, #llm.dims<1, seq, 32>>
  %h = llm.split_heads %y : tensor<1x?x32xf16, #llm.dims<1, seq, 32>> -> tensor<2x?x16xf16, #llm.dims<2, seq, 16>>
  // expected-error@+1 {{not all queries and keys of @keys are rotated by a half_split}}
  %0 = llm.rope %h half_split theta 1.0e4 rotary 16 : tensor<2x?x16xf16, #llm.dims<2, seq, 16>>
  %1 = llm.rope %k interleaved theta 1.0e4 rotary 16 : tensor<2x?x16xf16, #llm.dims<2, seq, 16>>
  // expected-note@+1 {{see this op}}
  %t = llm.kv_append %1, @keys : tensor<2x?x16xf16, #llm.dims<2, seq, 16>>
  %s = llm.attention_scores %0, @keys after %t scale 0.25 : tensor<2x?x16xf16, #llm.dims<2, seq, 16>>
  return
}
}

// -----

// Rows that are permuted already, or of which padding would be rotated.

module {
// expected-note@+1 {{declared here}}
llm.parameter @w from "w" row_heads <2 x 16, interleaved 8> : tensor<32x32xi4>
func.func @f(%x: tensor<1x?x32xf16, #llm.dims<1, seq, 32>>) {
  // expected-error@+1 {{'llm.linear' op has 2 heads of 16 channels as the rows of its weight, which lie as #llm.heads<2 x 16, interleaved 8> there and cannot be changed}}
  %y = llm.linear %x, @w : tensor<1x?x32xf16, #llm.dims<1, seq, 32>> -> tensor<1x?x32xf16, #llm.dims<1, seq, 32>>
  %h = llm.split_heads %y : tensor<1x?x32xf16, #llm.dims<1, seq, 32>> -> tensor<2x?x16xf16, #llm.dims<2, seq, 16>>
  %0 = llm.rope %h half_split theta 1.0e4 rotary 16 : tensor<2x?x16xf16, #llm.dims<2, seq, 16>>
  return
}
}

// -----

module {
// expected-note@+1 {{declared here}}
llm.parameter @w from "w" row_heads <2 x 8, padded 16> : tensor<32x32xi4>
func.func @f(%x: tensor<1x?x32xf16, #llm.dims<1, seq, 32>>) {
  // expected-error@+1 {{'llm.linear' op has 2 heads of 16 channels as the rows of its weight, which lie as #llm.heads<2 x 8, padded 16> there}}
  %y = llm.linear %x, @w : tensor<1x?x32xf16, #llm.dims<1, seq, 32>> -> tensor<1x?x32xf16, #llm.dims<1, seq, 32>>
  %h = llm.split_heads %y : tensor<1x?x32xf16, #llm.dims<1, seq, 32>> -> tensor<2x?x16xf16, #llm.dims<2, seq, 16>>
  %0 = llm.rope %h half_split theta 1.0e4 rotary 16 : tensor<2x?x16xf16, #llm.dims<2, seq, 16>>
  return
}
}
