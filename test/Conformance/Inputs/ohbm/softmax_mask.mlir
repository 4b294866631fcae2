!columns = memref<?x?x512xf16, #accel.space<HBM>>

module @softmax_mask attributes {accel.device = "ohbm-20250407", llm.max_tokens = 2048 : i64} {
  func.func @run() {
    %past = accel.tokens past
    %total = accel.tokens seq + past
    %s = accel.buffer "scores" : !columns, <32 * ((seq + past) ceildiv 512), seq, 512>
    %p = accel.buffer "probabilities" : !columns, <32 * ((seq + past) ceildiv 512), seq, 512>
    accel.softmax "probabilities" ins(%s : !columns) keys(%total) at(%past) outs(%p : !columns) [32] mask always
    return
  }
}
