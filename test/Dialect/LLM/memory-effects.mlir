// RUN: dlavm-opt %s --canonicalize | FileCheck %s --check-prefix=DEAD
// RUN: dlavm-opt %s --cse | FileCheck %s --check-prefix=CSE

// What an op does to a KV cache decides what may be dropped, merged or moved.

module attributes {llm.max_tokens = 2048 : i64} {
llm.parameter @norm from "norm.weight" : tensor<64xf16>
llm.parameter @w from "w" : tensor<64x64xi4>
llm.kv_cache @keys : tensor<2x?x128xf16, #llm.dims<2, seq + past, 128>>
llm.kv_cache @values : tensor<2x?x128xf16, #llm.dims<2, seq + past, 128>>

// Nobody needs the token, but the cache has changed.
// DEAD-LABEL: func.func @unused(
// DEAD-NEXT: llm.kv_append
// DEAD-NEXT: return
func.func @unused(%x: tensor<1x?x64xf16, #llm.dims<1, seq, 64>>,
                  %k: tensor<2x?x128xf16, #llm.dims<2, seq, 128>>) {
  %t = llm.kv_append %k, @keys : tensor<2x?x128xf16, #llm.dims<2, seq, 128>>
  %s = llm.attention_scores %k, @keys after %t scale 0.125 : tensor<2x?x128xf16, #llm.dims<2, seq, 128>>
  %p = llm.softmax %s : tensor<2x?x?xf16, #llm.dims<2, seq, seq + past>>
  %o = llm.attention_values %p, @values after %t : tensor<2x?x?xf16, #llm.dims<2, seq, seq + past>> -> tensor<2x?x128xf16, #llm.dims<2, seq, 128>>
  %r = llm.rope %o half_split theta 10000.0 rotary 128 : tensor<2x?x128xf16, #llm.dims<2, seq, 128>>
  %m = llm.merge_heads %r : tensor<2x?x128xf16, #llm.dims<2, seq, 128>>
  %h = llm.split_heads %m : tensor<1x?x256xf16, #llm.dims<1, seq, 256>> -> tensor<4x?x64xf16, #llm.dims<4, seq, 64>>
  %n = llm.rms_norm %x, @norm epsilon 1.0e-5 : tensor<1x?x64xf16, #llm.dims<1, seq, 64>>
  %l = llm.layer_norm %x, @norm bias @norm epsilon 1.0e-5 : tensor<1x?x64xf16, #llm.dims<1, seq, 64>>
  %w = llm.linear %x, @w : tensor<1x?x64xf16, #llm.dims<1, seq, 64>> -> tensor<1x?x64xf16, #llm.dims<1, seq, 64>>
  %a = llm.activation silu %w : tensor<1x?x64xf16, #llm.dims<1, seq, 64>>
  %g = llm.get_parameter @norm : tensor<64xf16>
  %b = llm.add %a, %g : tensor<1x?x64xf16, #llm.dims<1, seq, 64>>, tensor<64xf16>
  %c = llm.mul %b, %b : tensor<1x?x64xf16, #llm.dims<1, seq, 64>>
  %d = llm.last_token %c : tensor<1x?x64xf16, #llm.dims<1, seq, 64>>
  %i = llm.argmax %d : tensor<1x1x64xf16> -> tensor<1xi32>
  return
}

// CSE-LABEL: func.func @two_appends(
// CSE-COUNT-2: llm.kv_append
// CSE-NOT: llm.kv_append
func.func @two_appends(%k: tensor<2x?x128xf16, #llm.dims<2, seq, 128>>) -> (!llm.token, !llm.token) {
  %t = llm.kv_append %k, @keys : tensor<2x?x128xf16, #llm.dims<2, seq, 128>>
  %u = llm.kv_append %k, @keys : tensor<2x?x128xf16, #llm.dims<2, seq, 128>>
  return %t, %u : !llm.token, !llm.token
}

// CSE-LABEL: func.func @two_reads(
// CSE-COUNT-1: llm.attention_scores
// CSE-NOT: llm.attention_scores
// CSE: return %[[S:.*]], %[[S]] :
func.func @two_reads(%q: tensor<2x?x128xf16, #llm.dims<2, seq, 128>>, %t: !llm.token)
    -> (tensor<2x?x?xf16, #llm.dims<2, seq, seq + past>>, tensor<2x?x?xf16, #llm.dims<2, seq, seq + past>>) {
  %s = llm.attention_scores %q, @keys after %t scale 0.125 : tensor<2x?x128xf16, #llm.dims<2, seq, 128>>
  %r = llm.attention_scores %q, @keys after %t scale 0.125 : tensor<2x?x128xf16, #llm.dims<2, seq, 128>>
  return %s, %r : tensor<2x?x?xf16, #llm.dims<2, seq, seq + past>>, tensor<2x?x?xf16, #llm.dims<2, seq, seq + past>>
}

// CSE-LABEL: func.func @append_between(
// CSE: llm.attention_scores
// CSE: llm.kv_append
// CSE: llm.attention_scores
func.func @append_between(%q: tensor<2x?x128xf16, #llm.dims<2, seq, 128>>, %t: !llm.token)
    -> (tensor<2x?x?xf16, #llm.dims<2, seq, seq + past>>, tensor<2x?x?xf16, #llm.dims<2, seq, seq + past>>) {
  %s = llm.attention_scores %q, @keys after %t scale 0.125 : tensor<2x?x128xf16, #llm.dims<2, seq, 128>>
  %u = llm.kv_append %q, @keys : tensor<2x?x128xf16, #llm.dims<2, seq, 128>>
  %r = llm.attention_scores %q, @keys after %t scale 0.125 : tensor<2x?x128xf16, #llm.dims<2, seq, 128>>
  return %s, %r : tensor<2x?x?xf16, #llm.dims<2, seq, seq + past>>, tensor<2x?x?xf16, #llm.dims<2, seq, seq + past>>
}

// CSE-LABEL: func.func @pure(
// CSE-COUNT-1: llm.linear
// CSE-NOT: llm.linear
// CSE: return
func.func @pure(%x: tensor<1x?x64xf16, #llm.dims<1, seq, 64>>)
    -> (tensor<1x?x64xf16, #llm.dims<1, seq, 64>>, tensor<1x?x64xf16, #llm.dims<1, seq, 64>>) {
  %a = llm.linear %x, @w : tensor<1x?x64xf16, #llm.dims<1, seq, 64>> -> tensor<1x?x64xf16, #llm.dims<1, seq, 64>>
  %b = llm.linear %x, @w : tensor<1x?x64xf16, #llm.dims<1, seq, 64>> -> tensor<1x?x64xf16, #llm.dims<1, seq, 64>>
  return %a, %b : tensor<1x?x64xf16, #llm.dims<1, seq, 64>>, tensor<1x?x64xf16, #llm.dims<1, seq, 64>>
}

}
