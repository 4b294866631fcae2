// RUN: dlavm-opt %s --canonicalize | FileCheck %s
// RUN: dlavm-opt %s --cse | FileCheck %s --check-prefix=CSE

module attributes {accel.device = "edgellm-20241128", llm.max_tokens = 2048 : i64} {
accel.object @keys kv_cache [2] in <HBM>

// CHECK-LABEL: func.func @symbolic_tokens()
// CHECK-NEXT: %[[S:.*]] = accel.tokens seq
// CHECK-NEXT: return %[[S]]
func.func @symbolic_tokens() -> index {
  %0 = accel.tokens seq
  %1 = accel.tokens past
  return %0 : index
}

// Tasks stay.
// CHECK-LABEL: func.func @effects()
// CHECK:       accel.kv_append
// CHECK-NEXT:  accel.kv_append
func.func @effects() {
  %k = accel.buffer "k" : memref<8x?x32xf16, #accel.space<DDR>>, <8, seq, 32>
  %c = accel.get_object @keys : !accel.object
  %past = accel.tokens past
  accel.kv_append keys "k" ins(%k : memref<8x?x32xf16, #accel.space<DDR>>) at(%past) outs(%c) [2, 128]
  accel.kv_append keys "k" ins(%k : memref<8x?x32xf16, #accel.space<DDR>>) at(%past) outs(%c) [2, 128]
  return
}

// Counts and objects are pure; two buffers of one name are two buffers.
// CSE-LABEL: func.func @cse()
// CSE-COUNT-1: accel.tokens past
// CSE-NOT:     accel.tokens
// CSE-COUNT-1: accel.get_object
// CSE-NOT:     accel.get_object
// CSE-COUNT-2: accel.buffer
// CSE-COUNT-2: accel.kv_append
func.func @cse() {
  %past = accel.tokens past
  %past2 = accel.tokens past
  %c = accel.get_object @keys : !accel.object
  %c2 = accel.get_object @keys : !accel.object
  %k = accel.buffer "k" : memref<8x?x32xf16, #accel.space<DDR>>, <8, seq, 32>
  %k2 = accel.buffer "k" : memref<8x?x32xf16, #accel.space<DDR>>, <8, seq, 32>
  accel.kv_append keys "k" ins(%k : memref<8x?x32xf16, #accel.space<DDR>>) at(%past) outs(%c) [2, 128]
  accel.kv_append keys "k" ins(%k2 : memref<8x?x32xf16, #accel.space<DDR>>) at(%past2) outs(%c2) [2, 128]
  return
}

}
