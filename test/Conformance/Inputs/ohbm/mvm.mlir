!hidden = tensor<1x?x4096xf16, #llm.dims<1, seq, 4096>>

module @mvm_op attributes {llm.max_tokens = 2048 : i64} {
  llm.parameter @weight from "weight" : tensor<4096x4096xi4>
  func.func @model(%x: !hidden) -> !hidden {
    %y = llm.linear %x, @weight : !hidden -> !hidden
    return %y : !hidden
  }
}
