!hidden = tensor<1x?x4096xf16, #llm.dims<1, seq, 4096>>

module @layer_norm attributes {llm.max_tokens = 2048 : i64} {
  llm.parameter @weight from "weight" : tensor<4096xf16>
  llm.parameter @bias from "bias" : tensor<4096xf16>
  func.func @model(%x: !hidden) -> !hidden {
    %y = llm.layer_norm %x, @weight bias @bias epsilon 1.0e-5 : !hidden
    return %y : !hidden
  }
}
