// Two feed-forward networks of a llama checkpoint, and its output layer.
!hidden = tensor<1x?x32xf16, #llm.dims<1, seq, 32>>
!wide = tensor<1x?x56xf16, #llm.dims<1, seq, 56>>
!last = tensor<1x1x32xf16>
!logits = tensor<1x1x30xf16>
module @model attributes {llm.embedding = @embedding, llm.max_tokens = 40 : i64} {
  llm.parameter @embedding from "model.embed_tokens.weight" : tensor<30x32xf16>
  llm.parameter @gate from "model.layers.{layer}.mlp.gate_proj.weight" layers 2 : tensor<56x32xi4>
  llm.parameter @up from "model.layers.{layer}.mlp.up_proj.weight" layers 2 : tensor<56x32xi4>
  llm.parameter @up_bias splat 0.25 layers 2 : tensor<56xf16>
  llm.parameter @down from "model.layers.{layer}.mlp.down_proj.weight" layers 2 : tensor<32x56xi4>
  llm.parameter @gamma from "model.layers.{layer}.post_attention_layernorm.weight" layers 2 : tensor<32xf16>
  llm.parameter @head from "lm_head.weight" : tensor<30x32xi4>
  llm.parameter @ones splat 1.0 : tensor<30xf16>
  llm.parameter @zeros splat 0.0 : tensor<30xf16>
  func.func private @layer(%x: !hidden, %layer: index) -> !hidden {
    %g = llm.linear %x, @gate[%layer] : !hidden -> !wide
    %a = llm.activation silu %g : !wide
    %u = llm.linear %x, @up[%layer] : !hidden -> !wide
    %b = llm.get_parameter @up_bias[%layer] : tensor<56xf16>
    %ub = llm.add %u, %b : !wide, tensor<56xf16>
    %m = llm.mul %ub, %a : !wide, !wide
    %d = llm.linear %m, @down[%layer] : !wide -> !hidden
    %r = llm.add %d, %x : !hidden, !hidden
    %y = llm.rms_norm %r, @gamma[%layer] epsilon 1.0e-5 : !hidden
    return %y : !hidden
  }
  func.func @model(%x: !hidden) -> (!logits, tensor<1xi32>) {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c2 = arith.constant 2 : index
    %y = scf.for %layer = %c0 to %c2 step %c1 iter_args(%h = %x) -> !hidden {
      %z = func.call @layer(%h, %layer) : (!hidden, index) -> !hidden
      scf.yield %z : !hidden
    } {llm.layer_loop}
    %last = llm.last_token %y : !hidden
    %logits = llm.linear %last, @head scale @ones bias @zeros : !last -> !logits
    %token = llm.argmax %logits : !logits -> tensor<1xi32>
    return %logits, %token : !logits, tensor<1xi32>
  }
}
