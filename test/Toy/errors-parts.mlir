// RUN: dlavm-toy-opt %s --accel-place-objects --accel-plan-memory --convert-accel-to-csb -verify-diagnostics

// A start that must say which part it computes, and does not.

module attributes {accel.device = "toy-1", llm.max_tokens = 8 : i64} {
accel.object @w weight [16, 32] in <URAM>
func.func @f() {
  %x = accel.buffer "x" : memref<2x?x16xf16, #accel.space<URAM>>, <2, seq, 16>
  %y = accel.buffer "y" : memref<1x?x16xf16, #accel.space<URAM>>, <1, seq, 16>
  %w = accel.get_object @w : !accel.object
  // expected-error@+1 {{'accel.linear' op does not say which part it computes, as a start of toy-1 must; run accel-partition-tasks before}}
  accel.linear "l" ins(%x : memref<2x?x16xf16, #accel.space<URAM>>) weight(%w) outs(%y : memref<1x?x16xf16, #accel.space<URAM>>) [32, 16]
  return
}
}
