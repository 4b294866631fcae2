// Norms of each head, of 48 channels. Every fourth of ten layers has no rotary
// embedding.

!cache = tensor<2x?x48xf16, #llm.dims<2, seq + past, 48>>
!map96 = tensor<1x?x96xf16, #llm.dims<1, seq, 96>>
!map192 = tensor<1x?x192xf16, #llm.dims<1, seq, 192>>
!heads4 = tensor<4x?x48xf16, #llm.dims<4, seq, 48>>
!heads2 = tensor<2x?x48xf16, #llm.dims<2, seq, 48>>
!scores = tensor<4x?x?xf16, #llm.dims<4, seq, seq + past>>
!map75 = tensor<1x?x75xf16, #llm.dims<1, seq, 75>>

module @m attributes {llm.embedding = @embedding, llm.max_tokens = 64 : i64, llm.model_layers = 10 : i64} {
  llm.parameter @embedding from "embedding" : tensor<139x96xf16>
  llm.parameter @query from "layers.{layer}.query" layers 10 : tensor<192x96xi4>
  llm.parameter @query_scale splat 1.0 layers 10 : tensor<192xf16>
  llm.parameter @query_bias from "layers.{layer}.query_bias" layers 10 : tensor<192xf16>
  llm.parameter @key from "layers.{layer}.key" layers 10 : tensor<96x96xi4>
  llm.parameter @key_scale splat 1.0 layers 10 : tensor<96xf16>
  llm.parameter @key_bias from "layers.{layer}.key_bias" layers 10 : tensor<96xf16>
  llm.parameter @value from "layers.{layer}.value" layers 10 : tensor<96x96xi4>
  llm.parameter @value_scale splat 1.0 layers 10 : tensor<96xf16>
  llm.parameter @value_bias from "layers.{layer}.value_bias" layers 10 : tensor<96xf16>
  llm.parameter @attention_output from "layers.{layer}.attention_output" layers 10 : tensor<96x192xi4>
  llm.parameter @attention_output_scale splat 1.0 layers 10 : tensor<96xf16>
  llm.parameter @attention_output_bias splat 0.0 layers 10 : tensor<96xf16>
  llm.parameter @gate from "layers.{layer}.gate" layers 10 : tensor<75x96xi4>
  llm.parameter @gate_scale splat 1.0 layers 10 : tensor<75xf16>
  llm.parameter @gate_bias splat 0.0 layers 10 : tensor<75xf16>
  llm.parameter @up from "layers.{layer}.up" layers 10 : tensor<75x96xi4>
  llm.parameter @up_scale splat 1.0 layers 10 : tensor<75xf16>
  llm.parameter @up_bias splat 0.0 layers 10 : tensor<75xf16>
  llm.parameter @down from "layers.{layer}.down" layers 10 : tensor<96x75xi4>
  llm.parameter @down_scale splat 1.0 layers 10 : tensor<96xf16>
  llm.parameter @down_bias splat 0.0 layers 10 : tensor<96xf16>
  llm.parameter @lm_head from "lm_head" : tensor<139x96xi4>
  llm.parameter @lm_head_scale splat 1.0 : tensor<139xf16>
  llm.parameter @lm_head_bias splat 0.0 : tensor<139xf16>
  llm.parameter @input_norm from "layers.{layer}.input_norm" layers 10 : tensor<96xf16>
  llm.parameter @ff_norm from "layers.{layer}.ff_norm" layers 10 : tensor<96xf16>
  llm.parameter @final_norm from "final_norm" : tensor<96xf16>
  llm.parameter @query_norm from "layers.{layer}.query_norm" layers 10 : tensor<48xf16>
  llm.parameter @key_norm from "layers.{layer}.key_norm" layers 10 : tensor<48xf16>
  llm.kv_cache @keys layers 10 : !cache
  llm.kv_cache @values layers 10 : !cache
  func.func private @layer(%l: index, %x: !map96) -> !map96 {
    %n = llm.rms_norm %x, @input_norm[%l] epsilon 1.0e-5 : !map96
    %q = llm.linear %n, @query[%l] scale @query_scale bias @query_bias : !map96 -> !map192
    %qh = llm.split_heads %q : !map192 -> !heads4
    %qn = llm.rms_norm %qh, @query_norm[%l] epsilon 1.0e-5 : !heads4
    %qr = llm.rope %qn half_split theta 10000.0 rotary 48 : !heads4
    %k = llm.linear %n, @key[%l] scale @key_scale bias @key_bias : !map96 -> !map96
    %kh = llm.split_heads %k : !map96 -> !heads2
    %kn = llm.rms_norm %kh, @key_norm[%l] epsilon 1.0e-5 : !heads2
    %kr = llm.rope %kn half_split theta 10000.0 rotary 48 : !heads2
    %t = llm.kv_append %kr, @keys[%l] : !heads2
    %s = llm.attention_scores %qr, @keys[%l] after %t scale 0.125 : !heads4
    %p = llm.softmax %s : !scores
    %v = llm.linear %n, @value[%l] scale @value_scale bias @value_bias : !map96 -> !map96
    %vh = llm.split_heads %v : !map96 -> !heads2
    %u = llm.kv_append %vh, @values[%l] : !heads2
    %o = llm.attention_values %p, @values[%l] after %u : !scores -> !heads4
    %m = llm.merge_heads %o : !heads4
    %a = llm.linear %m, @attention_output[%l] scale @attention_output_scale bias @attention_output_bias : !map192 -> !map96
    %y = llm.add %a, %x : !map96
    %f = llm.rms_norm %y, @ff_norm[%l] epsilon 1.0e-5 : !map96
    %g = llm.linear %f, @gate[%l] scale @gate_scale bias @gate_bias : !map96 -> !map75
    %h = llm.activation silu %g : !map75
    %w = llm.linear %f, @up[%l] scale @up_scale bias @up_bias : !map96 -> !map75
    %z = llm.mul %h, %w : !map75
    %d = llm.linear %z, @down[%l] scale @down_scale bias @down_bias : !map75 -> !map96
    %e = llm.add %d, %y : !map96
    return %e : !map96
  }
  func.func private @layer_without_rope(%l: index, %x: !map96) -> !map96 {
    %n = llm.rms_norm %x, @input_norm[%l] epsilon 1.0e-5 : !map96
    %q = llm.linear %n, @query[%l] scale @query_scale bias @query_bias : !map96 -> !map192
    %qh = llm.split_heads %q : !map192 -> !heads4
    %qn = llm.rms_norm %qh, @query_norm[%l] epsilon 1.0e-5 : !heads4
    %k = llm.linear %n, @key[%l] scale @key_scale bias @key_bias : !map96 -> !map96
    %kh = llm.split_heads %k : !map96 -> !heads2
    %kn = llm.rms_norm %kh, @key_norm[%l] epsilon 1.0e-5 : !heads2
    %t = llm.kv_append %kn, @keys[%l] : !heads2
    %s = llm.attention_scores %qn, @keys[%l] after %t scale 0.125 : !heads4
    %p = llm.softmax %s : !scores
    %v = llm.linear %n, @value[%l] scale @value_scale bias @value_bias : !map96 -> !map96
    %vh = llm.split_heads %v : !map96 -> !heads2
    %u = llm.kv_append %vh, @values[%l] : !heads2
    %o = llm.attention_values %p, @values[%l] after %u : !scores -> !heads4
    %m = llm.merge_heads %o : !heads4
    %a = llm.linear %m, @attention_output[%l] scale @attention_output_scale bias @attention_output_bias : !map192 -> !map96
    %y = llm.add %a, %x : !map96
    %f = llm.rms_norm %y, @ff_norm[%l] epsilon 1.0e-5 : !map96
    %g = llm.linear %f, @gate[%l] scale @gate_scale bias @gate_bias : !map96 -> !map75
    %h = llm.activation silu %g : !map75
    %w = llm.linear %f, @up[%l] scale @up_scale bias @up_bias : !map96 -> !map75
    %z = llm.mul %h, %w : !map75
    %d = llm.linear %z, @down[%l] scale @down_scale bias @down_bias : !map75 -> !map96
    %e = llm.add %d, %y : !map96
    return %e : !map96
  }
  func.func @model(%x: !map96) -> (tensor<1x1x139xf16>, tensor<1xi32>) {
    %c0 = arith.constant 0 : index
    %cn = arith.constant 8 : index
    %cp = arith.constant 4 : index
    %0 = scf.for %l = %c0 to %cn step %cp iter_args(%y = %x) -> (!map96) {
      %z0 = func.call @layer(%l, %y) : (index, !map96) -> !map96
      %k1 = arith.constant 1 : index
      %l1 = arith.addi %l, %k1 : index
      %z1 = func.call @layer(%l1, %z0) : (index, !map96) -> !map96
      %k2 = arith.constant 2 : index
      %l2 = arith.addi %l, %k2 : index
      %z2 = func.call @layer(%l2, %z1) : (index, !map96) -> !map96
      %k3 = arith.constant 3 : index
      %l3 = arith.addi %l, %k3 : index
      %z3 = func.call @layer_without_rope(%l3, %z2) : (index, !map96) -> !map96
      scf.yield %z3 : !map96
    } {llm.layer_loop}
    %r8 = arith.constant 8 : index
    %q8 = func.call @layer(%r8, %0) : (index, !map96) -> !map96
    %r9 = arith.constant 9 : index
    %q9 = func.call @layer(%r9, %q8) : (index, !map96) -> !map96
    %1 = llm.last_token %q9 : !map96
    %2 = llm.rms_norm %1, @final_norm epsilon 1.0e-5 : tensor<1x1x96xf16>
    %3 = llm.linear %2, @lm_head scale @lm_head_scale bias @lm_head_bias : tensor<1x1x96xf16> -> tensor<1x1x139xf16>
    %4 = llm.argmax %3 : tensor<1x1x139xf16> -> tensor<1xi32>
    return %3, %4 : tensor<1x1x139xf16>, tensor<1xi32>
  }
}
