!heads = tensor<2x?x128xf16, #llm.dims<2, seq, 128>>

module @kcache attributes {llm.max_tokens = 2048 : i64} {
  llm.kv_cache @keys : tensor<2x?x128xf16, #llm.dims<2, seq + past, 128>>
  func.func @model(%x: !heads) {
    %t = llm.kv_append %x, @keys : !heads
    return
  }
}
