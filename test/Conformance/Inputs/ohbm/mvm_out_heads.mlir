!hidden = tensor<1x?x4096xf16, #llm.dims<1, seq, 4096>>
!heads = tensor<32x?x128xf16, #llm.dims<32, seq, 128>>

module @mvm_out_heads attributes {llm.max_tokens = 2048 : i64} {
  llm.parameter @weight from "weight" : tensor<4096x4096xi4>
  llm.parameter @scale from "scale" : tensor<4096xf16>
  llm.parameter @bias from "bias" : tensor<4096xf16>
  func.func @model(%x: !hidden) -> !heads {
    %y = llm.linear %x, @weight scale @scale bias @bias : !hidden -> !hidden
    %z = llm.split_heads %y : !hidden -> !heads
    return %z : !heads
  }
}
