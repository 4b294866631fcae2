!heads = tensor<32x?x128xf16, #llm.dims<32, seq, 128>>

module @rope_qwen attributes {llm.max_tokens = 2048 : i64} {
  func.func @model(%x: !heads) -> !heads {
    %y = llm.rope %x half_split theta 10000.0 rotary 128 : !heads
    return %y : !heads
  }
}
