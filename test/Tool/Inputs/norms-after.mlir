// Norms behind attention and the feed-forward network, before their residuals, none
// before them, and one over all heads of queries and of keys.

!cache = tensor<6x?x16xf16, #llm.dims<6, seq + past, 16>>
!map96 = tensor<1x?x96xf16, #llm.dims<1, seq, 96>>
!heads6 = tensor<6x?x16xf16, #llm.dims<6, seq, 16>>
!scores = tensor<6x?x?xf16, #llm.dims<6, seq, seq + past>>
!map131 = tensor<1x?x131xf16, #llm.dims<1, seq, 131>>

module @m attributes {llm.embedding = @embedding, llm.max_tokens = 64 : i64, llm.model_layers = 2 : i64} {
  llm.parameter @embedding from "embedding" : tensor<133x96xf16>
  llm.parameter @query from "layers.{layer}.query" layers 2 : tensor<96x96xi4>
  llm.parameter @query_scale splat 1.0 layers 2 : tensor<96xf16>
  llm.parameter @query_bias from "layers.{layer}.query_bias" layers 2 : tensor<96xf16>
  llm.parameter @key from "layers.{layer}.key" layers 2 : tensor<96x96xi4>
  llm.parameter @key_scale splat 1.0 layers 2 : tensor<96xf16>
  llm.parameter @key_bias from "layers.{layer}.key_bias" layers 2 : tensor<96xf16>
  llm.parameter @value from "layers.{layer}.value" layers 2 : tensor<96x96xi4>
  llm.parameter @value_scale splat 1.0 layers 2 : tensor<96xf16>
  llm.parameter @value_bias from "layers.{layer}.value_bias" layers 2 : tensor<96xf16>
  llm.parameter @attention_output from "layers.{layer}.attention_output" layers 2 : tensor<96x96xi4>
  llm.parameter @attention_output_scale splat 1.0 layers 2 : tensor<96xf16>
  llm.parameter @attention_output_bias from "layers.{layer}.attention_output_bias" layers 2 : tensor<96xf16>
  llm.parameter @gate from "layers.{layer}.gate" layers 2 : tensor<131x96xi4>
  llm.parameter @gate_scale splat 1.0 layers 2 : tensor<131xf16>
  llm.parameter @gate_bias from "layers.{layer}.gate_bias" layers 2 : tensor<131xf16>
  llm.parameter @up from "layers.{layer}.up" layers 2 : tensor<131x96xi4>
  llm.parameter @up_scale splat 1.0 layers 2 : tensor<131xf16>
  llm.parameter @up_bias from "layers.{layer}.up_bias" layers 2 : tensor<131xf16>
  llm.parameter @down from "layers.{layer}.down" layers 2 : tensor<96x131xi4>
  llm.parameter @down_scale splat 1.0 layers 2 : tensor<96xf16>
  llm.parameter @down_bias from "layers.{layer}.down_bias" layers 2 : tensor<96xf16>
  llm.parameter @lm_head from "lm_head" : tensor<133x96xi4>
  llm.parameter @lm_head_scale splat 1.0 : tensor<133xf16>
  llm.parameter @lm_head_bias from "lm_head_bias" : tensor<133xf16>
  llm.parameter @post_attention_norm from "layers.{layer}.post_attention_norm" layers 2 : tensor<96xf16>
  llm.parameter @post_ff_norm from "layers.{layer}.post_ff_norm" layers 2 : tensor<96xf16>
  llm.parameter @final_norm from "final_norm" : tensor<96xf16>
  llm.parameter @query_norm from "layers.{layer}.query_norm" layers 2 : tensor<96xf16>
  llm.parameter @key_norm from "layers.{layer}.key_norm" layers 2 : tensor<96xf16>
  llm.kv_cache @keys layers 2 : !cache
  llm.kv_cache @values layers 2 : !cache
  func.func private @layer(%l: index, %x: !map96) -> !map96 {
    %q = llm.linear %x, @query[%l] scale @query_scale bias @query_bias : !map96 -> !map96
    %qn = llm.rms_norm %q, @query_norm[%l] epsilon 1.0e-5 : !map96
    %qh = llm.split_heads %qn : !map96 -> !heads6
    %qr = llm.rope %qh half_split theta 10000.0 rotary 16 : !heads6
    %k = llm.linear %x, @key[%l] scale @key_scale bias @key_bias : !map96 -> !map96
    %kn = llm.rms_norm %k, @key_norm[%l] epsilon 1.0e-5 : !map96
    %kh = llm.split_heads %kn : !map96 -> !heads6
    %kr = llm.rope %kh half_split theta 10000.0 rotary 16 : !heads6
    %t = llm.kv_append %kr, @keys[%l] : !heads6
    %s = llm.attention_scores %qr, @keys[%l] after %t scale 0.25 : !heads6
    %p = llm.softmax %s : !scores
    %v = llm.linear %x, @value[%l] scale @value_scale bias @value_bias : !map96 -> !map96
    %vh = llm.split_heads %v : !map96 -> !heads6
    %u = llm.kv_append %vh, @values[%l] : !heads6
    %o = llm.attention_values %p, @values[%l] after %u : !scores -> !heads6
    %m = llm.merge_heads %o : !heads6
    %a = llm.linear %m, @attention_output[%l] scale @attention_output_scale bias @attention_output_bias : !map96 -> !map96
    %an = llm.rms_norm %a, @post_attention_norm[%l] epsilon 1.0e-5 : !map96
    %y = llm.add %an, %x : !map96
    %g = llm.linear %y, @gate[%l] scale @gate_scale bias @gate_bias : !map96 -> !map131
    %h = llm.activation silu %g : !map131
    %w = llm.linear %y, @up[%l] scale @up_scale bias @up_bias : !map96 -> !map131
    %z = llm.mul %h, %w : !map131
    %d = llm.linear %z, @down[%l] scale @down_scale bias @down_bias : !map131 -> !map96
    %dn = llm.rms_norm %d, @post_ff_norm[%l] epsilon 1.0e-5 : !map96
    %e = llm.add %dn, %y : !map96
    return %e : !map96
  }
  func.func @model(%x: !map96) -> (tensor<1x1x133xf16>, tensor<1xi32>) {
    %c0 = arith.constant 0 : index
    %cn = arith.constant 2 : index
    %c1 = arith.constant 1 : index
    %0 = scf.for %l = %c0 to %cn step %c1 iter_args(%y = %x) -> (!map96) {
      %z = func.call @layer(%l, %y) : (index, !map96) -> !map96
      scf.yield %z : !map96
    } {llm.layer_loop}
    %1 = llm.last_token %0 : !map96
    %2 = llm.rms_norm %1, @final_norm epsilon 1.0e-5 : tensor<1x1x96xf16>
    %3 = llm.linear %2, @lm_head scale @lm_head_scale bias @lm_head_bias : tensor<1x1x96xf16> -> tensor<1x1x133xf16>
    %4 = llm.argmax %3 : tensor<1x1x133xf16> -> tensor<1xi32>
    return %3, %4 : tensor<1x1x133xf16>, tensor<1xi32>
  }
}
