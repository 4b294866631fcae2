// What a cache holds, llm tells by the op that reads it.
!heads = memref<1x?x512xf16, #accel.space<HBM>>

module @vcache attributes {accel.device = "ohbm-20250407", llm.max_tokens = 2048 : i64} {
  accel.object @values kv_cache [2] in <HBM>
  func.func @run() {
    %cache = accel.get_object @values : !accel.object
    %past = accel.tokens past
    %x = accel.buffer "input" host input "input" channels 256 : !heads, <1, seq, 512>
    accel.kv_append values "append" ins(%x : !heads) at(%past) outs(%cache) [2, 128]
    return
  }
}
