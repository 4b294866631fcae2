!hidden = memref<8x?x512xf16, #accel.space<HBM>>
!logits = memref<127x?x512xf16, #accel.space<HBM>>
!token = memref<1xi32>

module @mvm_bn_argmax attributes {accel.device = "ohbm-20250407", llm.max_tokens = 2048 : i64} {
  llm.parameter @w from "weight" : tensor<65024x4096xi4>
  llm.parameter @s from "scale" : tensor<65024xf16>
  llm.parameter @b from "bias" : tensor<65024xf16>
  accel.object @weight weight [65024, 4096] from [@w] in <HBM>
  accel.object @scale_bias scale_bias [65024] from [@s, @b] in <HBM>
  func.func @run() {
    %weight = accel.get_object @weight : !accel.object
    %scale_bias = accel.get_object @scale_bias : !accel.object
    %x = accel.buffer "input" host input "input" channels 4096 : !hidden, <8, seq, 512>
    %y = accel.buffer "logits" host output "logits" channels 65024 : !logits, <127, seq, 512>
    %id = accel.buffer "token" host token "token" channels 1 : !token, <1>
    accel.linear "logits" ins(%x : !hidden) weight(%weight) scale_bias(%scale_bias)
      outs(%y : !logits) argmax(%id : !token) [4096, 65024]
    return
  }
}
