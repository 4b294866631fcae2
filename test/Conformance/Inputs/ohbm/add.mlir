!hidden = tensor<1x?x4096xf16, #llm.dims<1, seq, 4096>>

module @add_op attributes {llm.max_tokens = 2048 : i64} {
  func.func @model(%x: !hidden, %y: !hidden) -> !hidden {
    %z = llm.add %x, %y : !hidden, !hidden
    return %z : !hidden
  }
}
