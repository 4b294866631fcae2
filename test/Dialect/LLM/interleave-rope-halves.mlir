// RUN: dlavm-opt %s --llm-interleave-rope=half-split=16 -split-input-file | FileCheck %s
// RUN: dlavm-opt %s --llm-interleave-rope="half-split=16 needs-half-split" -split-input-file -verify-diagnostics

!hidden = tensor<1x?x64xf16, #llm.dims<1, seq, 64>>
!heads = tensor<4x?x16xf16, #llm.dims<4, seq, 16>>

// What the device can pair itself stays.

// CHECK-LABEL: module @whole
// CHECK: llm.parameter @w from "w" : tensor<64x64xi4>
// CHECK: llm.rope %{{.*}} half_split theta 1.000000e+04 rotary 16 :
module @whole attributes {llm.max_tokens = 64 : i64} {
llm.parameter @w from "w" : tensor<64x64xi4>
llm.kv_cache @keys : tensor<4x?x16xf16, #llm.dims<4, seq + past, 16>>
func.func @model(%x: !hidden) {
  %q = llm.linear %x, @w : !hidden -> !hidden
  %h = llm.split_heads %q : !hidden -> !heads
  %r = llm.rope %h half_split theta 1.0e4 rotary 16 : !heads
  %t = llm.kv_append %r, @keys : !heads
  return
}
}

// -----

!hidden = tensor<1x?x64xf16, #llm.dims<1, seq, 64>>
!heads = tensor<4x?x16xf16, #llm.dims<4, seq, 16>>

// CHECK-LABEL: module @part
// CHECK: llm.parameter @w from "w" row_heads <4 x 16, interleaved 8> : tensor<64x64xi4>
// CHECK: llm.rope %{{.*}} interleaved theta 1.000000e+04 rotary 8 :
module @part attributes {llm.max_tokens = 64 : i64} {
llm.parameter @w from "w" : tensor<64x64xi4>
llm.kv_cache @keys : tensor<4x?x16xf16, #llm.dims<4, seq + past, 16>>
func.func @model(%x: !hidden) {
  %q = llm.linear %x, @w : !hidden -> !hidden
  %h = llm.split_heads %q : !hidden -> !heads
  // expected-error@+1 {{'llm.rope' op pairs halves of 8 channels, but the device pairs halves only of the 16 channels of a head; compile without --rope-pairing=halves}}
  %r = llm.rope %h half_split theta 1.0e4 rotary 8 : !heads
  %t = llm.kv_append %r, @keys : !heads
  return
}
}

// -----

!heads = tensor<4x?x16xf16, #llm.dims<4, seq, 16>>

// CHECK-LABEL: module @neighbours
module @neighbours attributes {llm.max_tokens = 64 : i64} {
llm.kv_cache @keys : tensor<4x?x16xf16, #llm.dims<4, seq + past, 16>>
func.func @model(%h: !heads) {
  // expected-error@+1 {{'llm.rope' op pairs neighbours of 16 channels}}
  %r = llm.rope %h interleaved theta 1.0e4 rotary 16 : !heads
  %t = llm.kv_append %r, @keys : !heads
  return
}
}
