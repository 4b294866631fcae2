// RUN: dlavm-opt %s --llm-pad-heads=head-channels=128 -split-input-file -verify-diagnostics
// RUN: not dlavm-opt %s --llm-pad-heads 2>&1 | FileCheck %s --check-prefix=OPTION

// OPTION: error: llm-pad-heads needs the channels of the device's heads; give it head-channels=N

module {
// expected-error@+1 {{'llm.kv_cache' op has heads of 256 channels, but those of the device have 128; larger heads cannot be computed}}
llm.kv_cache @keys : tensor<2x?x256xf16, #llm.dims<2, seq + past, 256>>
}

// -----

module {
func.func @f(%x: tensor<2x?x160xf16, #llm.dims<2, seq, 160>>) {
  // expected-error@+1 {{'llm.rope' op has heads of 160 channels, but those of the device have 128}}
  %0 = llm.rope %x interleaved theta 1.0e4 rotary 64 : tensor<2x?x160xf16, #llm.dims<2, seq, 160>>
  return
}
}

// -----

module {
func.func @f(%x: tensor<2x?x16xf16, #llm.dims<2, seq, 16>>) {
  // expected-error@+1 {{'llm.rope' op works on heads of 16 channels, which can be padded only where llm.split_heads, an llm.rms_norm behind it, llm.rope or llm.attention_values makes them}}
  %0 = llm.rope %x interleaved theta 1.0e4 rotary 16 : tensor<2x?x16xf16, #llm.dims<2, seq, 16>>
  return
}
}

// -----

module {
llm.kv_cache @keys : tensor<2x?x16xf16, #llm.dims<2, seq + past, 16>>
func.func @f(%x: tensor<2x?x16xf16, #llm.dims<2, seq, 16>>) {
  // expected-note@+1 {{these are made here}}
  %0 = llm.activation silu %x : tensor<2x?x16xf16, #llm.dims<2, seq, 16>>
  // expected-error@+1 {{'llm.kv_append' op works on heads of 16 channels, which can be padded only where}}
  %t = llm.kv_append %0, @keys : tensor<2x?x16xf16, #llm.dims<2, seq, 16>>
  return
}
}

// -----

// Another use of the heads.

module {
llm.parameter @w from "w" : tensor<32x64xi4>
func.func @f(%x: tensor<1x?x64xf16, #llm.dims<1, seq, 64>>) {
  %0 = llm.linear %x, @w : tensor<1x?x64xf16, #llm.dims<1, seq, 64>> -> tensor<1x?x32xf16, #llm.dims<1, seq, 32>>
  // expected-error@+1 {{'llm.split_heads' op makes heads of 16 channels, which can be padded only where llm.rope, llm.kv_append, llm.attention_scores, llm.merge_heads and, behind llm.split_heads, llm.rms_norm take them}}
  %1 = llm.split_heads %0 : tensor<1x?x32xf16, #llm.dims<1, seq, 32>> -> tensor<2x?x16xf16, #llm.dims<2, seq, 16>>
  // expected-note@+1 {{they are used here}}
  %2 = llm.activation silu %1 : tensor<2x?x16xf16, #llm.dims<2, seq, 16>>
  return
}
}

// -----

module {
llm.kv_cache @values : tensor<2x?x16xf16, #llm.dims<2, seq + past, 16>>
func.func @f(%p: tensor<2x?x?xf16, #llm.dims<2, seq, seq + past>>, %t: !llm.token) -> tensor<2x?x16xf16, #llm.dims<2, seq, 16>> {
  // expected-error@+1 {{'llm.attention_values' op makes heads of 16 channels}}
  %0 = llm.attention_values %p, @values after %t : tensor<2x?x?xf16, #llm.dims<2, seq, seq + past>> -> tensor<2x?x16xf16, #llm.dims<2, seq, 16>>
  // expected-note@+1 {{they are used here}}
  return %0 : tensor<2x?x16xf16, #llm.dims<2, seq, 16>>
}
}

// -----

// What the heads come from.

module {
func.func @f(%x: tensor<1x?x32xf16, #llm.dims<1, seq, 32>>) {
  // expected-error@+1 {{'llm.split_heads' op makes heads of 16 channels, which can be padded only if they are the result of an llm.linear without a residual, or of an llm.rms_norm of that, which nothing else uses}}
  %1 = llm.split_heads %x : tensor<1x?x32xf16, #llm.dims<1, seq, 32>> -> tensor<2x?x16xf16, #llm.dims<2, seq, 16>>
  return
}
}

// -----

module {
llm.parameter @w from "w" : tensor<32x64xi4>
func.func @f(%x: tensor<1x?x64xf16, #llm.dims<1, seq, 64>>) -> tensor<1x?x32xf16, #llm.dims<1, seq, 32>> {
  %0 = llm.linear %x, @w : tensor<1x?x64xf16, #llm.dims<1, seq, 64>> -> tensor<1x?x32xf16, #llm.dims<1, seq, 32>>
  // expected-error@+1 {{'llm.split_heads' op makes heads of 16 channels, which can be padded only if they are the result}}
  %1 = llm.split_heads %0 : tensor<1x?x32xf16, #llm.dims<1, seq, 32>> -> tensor<2x?x16xf16, #llm.dims<2, seq, 16>>
  return %0 : tensor<1x?x32xf16, #llm.dims<1, seq, 32>>
}
}

// -----

module {
llm.parameter @w from "w" : tensor<32x32xi4>
func.func @f(%x: tensor<1x?x32xf16, #llm.dims<1, seq, 32>>) {
  %0 = llm.linear %x, @w add %x : tensor<1x?x32xf16, #llm.dims<1, seq, 32>> -> tensor<1x?x32xf16, #llm.dims<1, seq, 32>>
  // expected-error@+1 {{'llm.split_heads' op makes heads of 16 channels, which can be padded only if they are the result}}
  %1 = llm.split_heads %0 : tensor<1x?x32xf16, #llm.dims<1, seq, 32>> -> tensor<2x?x16xf16, #llm.dims<2, seq, 16>>
  return
}
}

// -----

// What the heads are merged into.

module {
llm.parameter @w from "w" : tensor<32x64xi4>
func.func @f(%x: tensor<1x?x64xf16, #llm.dims<1, seq, 64>>) -> tensor<1x?x32xf16, #llm.dims<1, seq, 32>> {
  %0 = llm.linear %x, @w : tensor<1x?x64xf16, #llm.dims<1, seq, 64>> -> tensor<1x?x32xf16, #llm.dims<1, seq, 32>>
  %1 = llm.split_heads %0 : tensor<1x?x32xf16, #llm.dims<1, seq, 32>> -> tensor<2x?x16xf16, #llm.dims<2, seq, 16>>
  // expected-error@+1 {{'llm.merge_heads' op merges heads of 16 channels, which can be padded only if nothing but the weight of an llm.linear meets the result}}
  %2 = llm.merge_heads %1 : tensor<2x?x16xf16, #llm.dims<2, seq, 16>>
  // expected-note@+1 {{it is used here}}
  return %2 : tensor<1x?x32xf16, #llm.dims<1, seq, 32>>
}
}

// -----

module {
llm.parameter @w from "w" : tensor<32x32xi4>
func.func @f(%x: tensor<1x?x32xf16, #llm.dims<1, seq, 32>>) {
  %0 = llm.linear %x, @w : tensor<1x?x32xf16, #llm.dims<1, seq, 32>> -> tensor<1x?x32xf16, #llm.dims<1, seq, 32>>
  %1 = llm.split_heads %0 : tensor<1x?x32xf16, #llm.dims<1, seq, 32>> -> tensor<2x?x16xf16, #llm.dims<2, seq, 16>>
  // expected-error@+1 {{'llm.merge_heads' op merges heads of 16 channels}}
  %2 = llm.merge_heads %1 : tensor<2x?x16xf16, #llm.dims<2, seq, 16>>
  // expected-note@+1 {{it is used here}}
  %3 = llm.linear %x, @w add %2 : tensor<1x?x32xf16, #llm.dims<1, seq, 32>> -> tensor<1x?x32xf16, #llm.dims<1, seq, 32>>
  return
}
}

// -----

// A parameter whose rows lie in another way.

module {
// expected-note@+1 {{declared here}}
llm.parameter @w from "w" row_heads <4 x 8> : tensor<32x64xi4>
func.func @f(%x: tensor<1x?x64xf16, #llm.dims<1, seq, 64>>) {
  // expected-error@+1 {{'llm.linear' op has 2 heads of 16 channels as the rows of its weight, which lie as #llm.heads<4 x 8> there and cannot be changed}}
  %0 = llm.linear %x, @w : tensor<1x?x64xf16, #llm.dims<1, seq, 64>> -> tensor<1x?x32xf16, #llm.dims<1, seq, 32>>
  %1 = llm.split_heads %0 : tensor<1x?x32xf16, #llm.dims<1, seq, 32>> -> tensor<2x?x16xf16, #llm.dims<2, seq, 16>>
  return
}
}

// -----

module {
// expected-note@+1 {{declared here}}
llm.parameter @w from "w" column_heads <4 x 8> : tensor<32x32xi4>
llm.kv_cache @values : tensor<2x?x16xf16, #llm.dims<2, seq + past, 16>>
func.func @f(%p: tensor<2x?x?xf16, #llm.dims<2, seq, seq + past>>, %t: !llm.token) {
  %0 = llm.attention_values %p, @values after %t : tensor<2x?x?xf16, #llm.dims<2, seq, seq + past>> -> tensor<2x?x16xf16, #llm.dims<2, seq, 16>>
  %1 = llm.merge_heads %0 : tensor<2x?x16xf16, #llm.dims<2, seq, 16>>
  // expected-error@+1 {{'llm.linear' op has 2 heads of 16 channels as the columns of its weight, which lie as #llm.heads<4 x 8> there}}
  %2 = llm.linear %1, @w : tensor<1x?x32xf16, #llm.dims<1, seq, 32>> -> tensor<1x?x32xf16, #llm.dims<1, seq, 32>>
  return
}
}

// -----

module {
llm.kv_cache @values : tensor<2x?x16xf16, #llm.dims<2, seq + past, 16>>
func.func @f(%p: tensor<?x?x?xf16, #llm.dims<2 * seq, seq, seq + past>>, %t: !llm.token) {
  // expected-error@+1 {{'llm.attention_values' op needs a static number of heads, found 'tensor<?x?x16xf16, #llm.dims<seq * 2, seq, 16>>'}}
  %0 = llm.attention_values %p, @values after %t : tensor<?x?x?xf16, #llm.dims<2 * seq, seq, seq + past>> -> tensor<?x?x16xf16, #llm.dims<2 * seq, seq, 16>>
  return
}
}

// -----

// A norm behind anything but llm.split_heads is no norm of heads of the model.

module {
llm.parameter @w from "w" : tensor<32x64xi4>
llm.parameter @n from "n" : tensor<16xf16>
func.func @f(%x: tensor<1x?x64xf16, #llm.dims<1, seq, 64>>) {
  %0 = llm.linear %x, @w : tensor<1x?x64xf16, #llm.dims<1, seq, 64>> -> tensor<1x?x32xf16, #llm.dims<1, seq, 32>>
  %1 = llm.split_heads %0 : tensor<1x?x32xf16, #llm.dims<1, seq, 32>> -> tensor<2x?x16xf16, #llm.dims<2, seq, 16>>
  // expected-error@+1 {{'llm.rope' op makes heads of 16 channels, which can be padded only where}}
  %2 = llm.rope %1 interleaved theta 1.0e4 rotary 16 : tensor<2x?x16xf16, #llm.dims<2, seq, 16>>
  // expected-note@+1 {{they are used here}}
  %3 = llm.rms_norm %2, @n epsilon 1.0e-5 : tensor<2x?x16xf16, #llm.dims<2, seq, 16>>
  return
}
}

// -----

// The norm over all heads has another user, who would see the padding.

module {
llm.parameter @w from "w" : tensor<32x64xi4>
llm.parameter @n from "n" : tensor<32xf16>
func.func @f(%x: tensor<1x?x64xf16, #llm.dims<1, seq, 64>>) -> tensor<1x?x32xf16, #llm.dims<1, seq, 32>> {
  %0 = llm.linear %x, @w : tensor<1x?x64xf16, #llm.dims<1, seq, 64>> -> tensor<1x?x32xf16, #llm.dims<1, seq, 32>>
  %1 = llm.rms_norm %0, @n epsilon 1.0e-5 : tensor<1x?x32xf16, #llm.dims<1, seq, 32>>
  // expected-error@+1 {{'llm.split_heads' op makes heads of 16 channels, which can be padded only if they are the result of an llm.linear without a residual, or of an llm.rms_norm of that, which nothing else uses}}
  %2 = llm.split_heads %1 : tensor<1x?x32xf16, #llm.dims<1, seq, 32>> -> tensor<2x?x16xf16, #llm.dims<2, seq, 16>>
  return %1 : tensor<1x?x32xf16, #llm.dims<1, seq, 32>>
}
}
