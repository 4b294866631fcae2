!in = tensor<1x50176x64xf16>
!out = tensor<1x12544x128xf16>

module @conv2d attributes {llm.max_tokens = 2048 : i64} {
  llm.parameter @weight from "weight" kernel [3, 3] : tensor<128x576xi4>
  llm.parameter @scale from "scale" : tensor<128xf16>
  llm.parameter @bias from "bias" : tensor<128xf16>
  func.func @model(%x: !in) -> !out {
    %y = llm.conv2d %x, @weight scale @scale bias @bias
      window <224 x 224, kernel 3 x 3, strides 2 x 2, padding 1 x 1> : !in -> !out
    return %y : !out
  }
}
