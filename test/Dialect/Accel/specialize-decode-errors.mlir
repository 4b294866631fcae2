// RUN: dlavm-opt %s --accel-specialize-decode -split-input-file -verify-diagnostics

// Before buffers are placed, functions hand maps around, whose types would be
// others.

// expected-error@+1 {{'func.func' op takes or yields a map; run accel-plan-memory before}}
func.func private @layer(%x: memref<2x?x32xf16, #accel.space<DDR>>) {
  %seq = accel.tokens seq
  return
}
func.func @model() {
  %x = accel.buffer "x" : memref<2x?x32xf16, #accel.space<DDR>>, <2, seq, 32>
  func.call @layer(%x) : (memref<2x?x32xf16, #accel.space<DDR>>) -> ()
  return
}

// -----

func.func @model() {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %x = accel.buffer "x" : memref<2x?x32xf16, #accel.space<DDR>>, <2, seq, 32>
  %y = scf.for %i = %c0 to %c1 step %c1 iter_args(%z = %x) -> (memref<2x?x32xf16, #accel.space<DDR>>) {
    // expected-error@+1 {{'scf.yield' op has a map, but is no task and no slice that keeps all dimensions; run accel-plan-memory before}}
    scf.yield %z : memref<2x?x32xf16, #accel.space<DDR>>
  }
  return
}

// -----

func.func @model() {
  %x = accel.buffer "x" : memref<2x?x32xf16, #accel.space<DDR>>, <2, seq, 32>
  // expected-error@+1 {{'memref.subview' op has a map, but is no task and no slice that keeps all dimensions; run accel-plan-memory before}}
  %y = memref.subview %x[0, 0, 0] [2, 1, 32] [1, 1, 1] : memref<2x?x32xf16, #accel.space<DDR>> to memref<2x32xf16, strided<[?, 1]>, #accel.space<DDR>>
  return
}

// -----

// expected-error@+3 {{'func.call' op makes 'model' call itself, which no model and no driver does}}
func.func @model() {
  %seq = accel.tokens seq
  func.call @model() : () -> ()
  return
}
