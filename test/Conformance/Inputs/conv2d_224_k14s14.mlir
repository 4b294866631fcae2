!in = tensor<1x50176x3xf16>
!out = tensor<1x256x1792xf16>

module @conv2d attributes {llm.max_tokens = 2048 : i64} {
  llm.parameter @weight from "weight" kernel [14, 14] : tensor<1792x588xi4>
  llm.parameter @scale from "scale" : tensor<1792xf16>
  llm.parameter @bias from "bias" : tensor<1792xf16>
  func.func @model(%x: !in) -> !out {
    %y = llm.conv2d %x, @weight scale @scale bias @bias
      window <224 x 224, kernel 14 x 14, strides 14 x 14, padding 0 x 0> : !in -> !out
    return %y : !out
  }
}
