// Ops that no importer makes: differences, relu alone, behind a linear layer and
// behind one with scale and bias, and attention without a mask.

!x = tensor<1x?x256xf16, #llm.dims<1, seq, 256>>
!kv = tensor<1x?x128xf16, #llm.dims<1, seq, 128>>
!heads = tensor<2x?x128xf16, #llm.dims<2, seq, 128>>
!scores = tensor<2x?x?xf16, #llm.dims<2, seq, seq + past>>

module @ops attributes {llm.max_tokens = 96 : i64} {
  llm.parameter @norm from "norm" : tensor<256xf16>
  llm.parameter @query from "query" : tensor<256x256xi4>
  llm.parameter @key from "key" : tensor<128x256xi4>
  llm.parameter @value from "value" : tensor<128x256xi4>
  llm.parameter @output from "output" : tensor<256x256xi4>
  llm.parameter @up from "up" : tensor<256x256xi4>
  llm.parameter @up_scale from "up_scale" : tensor<256xf16>
  llm.parameter @up_bias from "up_bias" : tensor<256xf16>
  llm.parameter @gate from "gate" : tensor<256x256xi4>
  llm.kv_cache @keys : tensor<1x?x128xf16, #llm.dims<1, seq + past, 128>>
  llm.kv_cache @values : tensor<1x?x128xf16, #llm.dims<1, seq + past, 128>>

  func.func @model(%x: !x) -> !x {
    %n = llm.rms_norm %x, @norm epsilon 1.0e-5 : !x
    %query = llm.linear %n, @query : !x -> !x
    %q = llm.split_heads %query : !x -> !heads
    %k = llm.linear %n, @key : !x -> !kv
    %v = llm.linear %n, @value : !x -> !kv
    %tk = llm.kv_append %k, @keys : !kv
    %tv = llm.kv_append %v, @values : !kv
    %s = llm.attention_scores %q, @keys after %tk scale 0.08838834764831845 : !heads
    %p = llm.softmax %s unmasked : !scores
    %o = llm.attention_values %p, @values after %tv : !scores -> !heads
    %a = llm.merge_heads %o : !heads
    %output = llm.linear %a, @output : !x -> !x
    %d = llm.sub %output, %n : !x
    %r = llm.activation relu %d : !x
    %up = llm.linear %r, @up scale @up_scale bias @up_bias : !x -> !x
    %u = llm.activation relu %up : !x
    %gate = llm.linear %r, @gate : !x -> !x
    %g = llm.activation relu %gate : !x
    %y = llm.sub %u, %g : !x
    return %y : !x
  }
}
