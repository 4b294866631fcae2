!columns = memref<?x?x512xf16, #accel.space<HBM>>
!heads = memref<8x?x512xf16, #accel.space<HBM>>

module @f2w_mvm attributes {accel.device = "ohbm-20250407", llm.max_tokens = 2048 : i64} {
  accel.object @values kv_cache [2] in <HBM>
  func.func @run() {
    %cache = accel.get_object @values : !accel.object
    %total = accel.tokens seq + past
    %p = accel.buffer "probabilities" : !columns, <32 * ((seq + past) ceildiv 512), seq, 512>
    %o = accel.buffer "output" host output "output" channels 4096 : !heads, <8, seq, 512>
    accel.values "attention" ins(%p : !columns) cache(%cache) keys(%total)
      outs(%o : !heads) [32, 2, 128]
    return
  }
}
