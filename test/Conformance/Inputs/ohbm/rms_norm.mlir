!hidden = tensor<1x?x3584xf16, #llm.dims<1, seq, 3584>>

module @rms_norm attributes {llm.max_tokens = 2048 : i64} {
  llm.parameter @weight from "weight" : tensor<3584xf16>
  func.func @model(%x: !hidden) -> !hidden {
    %y = llm.rms_norm %x, @weight epsilon 1.0e-5 : !hidden
    return %y : !hidden
  }
}
