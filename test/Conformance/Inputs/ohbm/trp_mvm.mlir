!queries = memref<8x?x512xf16, #accel.space<HBM>>
!columns = memref<?x?x512xf16, #accel.space<HBM>>

module @trp_mvm attributes {accel.device = "ohbm-20250407", llm.max_tokens = 2048 : i64} {
  accel.object @keys kv_cache [2] in <HBM>
  func.func @run() {
    %cache = accel.get_object @keys : !accel.object
    %total = accel.tokens seq + past
    %q = accel.buffer "input" host input "input" channels 4096 : !queries, <8, seq, 512>
    %s = accel.buffer "scores" : !columns, <32 * ((seq + past) ceildiv 512), seq, 512>
    accel.scores "scores" ins(%q : !queries) cache(%cache) keys(%total) scale 0.08838834764831845
      outs(%s : !columns) [32, 2, 128]
    return
  }
}
