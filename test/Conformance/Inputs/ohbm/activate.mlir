!inner = tensor<1x?x13696xf16, #llm.dims<1, seq, 13696>>

module @activate attributes {llm.max_tokens = 2048 : i64} {
  func.func @model(%x: !inner) -> !inner {
    %y = llm.activation silu %x : !inner
    return %y : !inner
  }
}
