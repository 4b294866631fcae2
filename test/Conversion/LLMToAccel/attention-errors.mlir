// RUN: dlavm-opt %s --llm-name-tasks --convert-llm-to-accel=device=edgellm-20241128 -split-input-file -verify-diagnostics

module attributes {llm.max_tokens = 2048 : i64} {
func.func @model(%x: tensor<4x?x64xf16, #llm.dims<4, seq, 64>>) -> tensor<4x?x64xf16, #llm.dims<4, seq, 64>> {
  // expected-error@+1 {{'accel.rope' op has heads of 64 channels, but those of edgellm-20241128 have 128; pad the heads of the model to that size}}
  %0 = llm.rope %x interleaved theta 10000.0 rotary 64 : tensor<4x?x64xf16, #llm.dims<4, seq, 64>>
  return %0 : tensor<4x?x64xf16, #llm.dims<4, seq, 64>>
}
}

// -----

module attributes {llm.max_tokens = 2048 : i64} {
llm.kv_cache @keys : tensor<2x?x256xf16, #llm.dims<2, seq + past, 256>>
func.func @model(%x: tensor<2x?x256xf16, #llm.dims<2, seq, 256>>) {
  // expected-error@+1 {{'accel.kv_append' op has heads of 256 channels, but those of edgellm-20241128 have 128}}
  %t = llm.kv_append %x, @keys : tensor<2x?x256xf16, #llm.dims<2, seq, 256>>
  return
}
}

// -----

module attributes {llm.max_tokens = 2048 : i64} {
llm.kv_cache @values : tensor<2x?x64xf16, #llm.dims<2, seq + past, 64>>
func.func @model(%y: tensor<2x?x64xf16, #llm.dims<2, seq, 64>>) {
  // expected-error@+1 {{'accel.kv_append' op has heads of 64 channels}}
  %t = llm.kv_append %y, @values : tensor<2x?x64xf16, #llm.dims<2, seq, 64>>
  return
}
}

// -----

// Registers have 8 bits for the number of heads.

module attributes {llm.max_tokens = 2048 : i64} {
func.func @model(%x: tensor<256x?x128xf16, #llm.dims<256, seq, 128>>) -> tensor<256x?x128xf16, #llm.dims<256, seq, 128>> {
  // expected-error@+1 {{'accel.rope' op has 256 heads, but a task of edgellm-20241128 takes at most 255}}
  %0 = llm.rope %x interleaved theta 10000.0 rotary 64 : tensor<256x?x128xf16, #llm.dims<256, seq, 128>>
  return %0 : tensor<256x?x128xf16, #llm.dims<256, seq, 128>>
}
}

// -----

module attributes {llm.max_tokens = 2048 : i64} {
func.func @model(%x: tensor<2x?x128xf16, #llm.dims<2, seq, 128>>) -> tensor<2x1x128xf16> {
  // expected-error@+1 {{'llm.last_token' op works on maps without heads; merge the heads before with llm.merge_heads}}
  %0 = llm.last_token %x : tensor<2x?x128xf16, #llm.dims<2, seq, 128>>
  return %0 : tensor<2x1x128xf16>
}
}

// -----

module attributes {llm.max_tokens = 2048 : i64} {
func.func @model(%x: tensor<2x?x128xf16, #llm.dims<2, seq, 128>>) -> tensor<2x?x128xf16, #llm.dims<2, seq, 128>> {
  // expected-error@+1 {{'llm.rope' op pairs channels half a rotation apart, but edgellm-20241128 pairs neighbours; run llm-interleave-rope before}}
  %0 = llm.rope %x half_split theta 10000.0 rotary 128 : tensor<2x?x128xf16, #llm.dims<2, seq, 128>>
  return %0 : tensor<2x?x128xf16, #llm.dims<2, seq, 128>>
}
}

// -----

// The queries of a KV head have no gaps.

module attributes {llm.max_tokens = 2048 : i64} {
llm.kv_cache @keys : tensor<2x?x128xf16, #llm.dims<2, seq + past, 128>>
func.func @model(%q: tensor<8x?x128xf16, #llm.dims<8, seq, 128>>, %k: tensor<2x?x128xf16, #llm.dims<2, seq, 128>>) -> tensor<6x?x?xf16, #llm.dims<6, seq, seq + past>> {
  %t = llm.kv_append %k, @keys : tensor<2x?x128xf16, #llm.dims<2, seq, 128>>
  // expected-error@+1 {{'accel.scores' op has 4 slots for the 3 queries of a KV head, but edgellm-20241128 takes them without gaps}}
  %s = llm.attention_scores %q, @keys after %t scale 0.125 heads 6 : tensor<8x?x128xf16, #llm.dims<8, seq, 128>>
  return %s : tensor<6x?x?xf16, #llm.dims<6, seq, seq + past>>
}
}
