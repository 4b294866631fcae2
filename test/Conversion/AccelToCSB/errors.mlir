// RUN: dlavm-opt %s --convert-accel-to-csb -split-input-file -verify-diagnostics

module attributes {accel.device = "edgellm-20241128", llm.max_tokens = 2048 : i64} {
// expected-error@+1 {{'accel.object' op has no address; run accel-place-objects before}}
accel.object @n norm_weight [64] in <ddr>
func.func @model() {
  return
}
}

// -----

module attributes {accel.device = "edgellm-20241128", llm.max_tokens = 2048 : i64} {
func.func @model() {
  // expected-error@+1 {{'accel.buffer' op has no address; run accel-place-buffers before}}
  %0 = accel.buffer "x" : memref<2x?x32xf16, #accel.space<ddr>>, <2, seq, 32>
  return
}
}

// -----

module attributes {accel.device = "edgellm-20241128", llm.max_tokens = 2048 : i64} {
// expected-error@+1 {{'func.func' op takes something else than a layer; run accel-place-buffers before}}
func.func private @layer(%layer: index, %x: memref<2x?x32xf16, #accel.space<ddr>>) {
  return
}
func.func @model() {
  return
}
}

// -----

module attributes {accel.device = "edgellm-20241128", llm.max_tokens = 2048 : i64} {
// expected-error@+1 {{'func.func' op takes something else than a layer; run accel-place-buffers before}}
func.func @model() -> memref<2x?x32xf16, #accel.space<ddr>> {
  %0 = accel.buffer "x" at 0 bytes 64 live [0, 0] : memref<2x?x32xf16, #accel.space<ddr>>, <2, seq, 32>
  return %0 : memref<2x?x32xf16, #accel.space<ddr>>
}
}

// -----

// expected-error@+1 {{does not state its largest context (llm.max_tokens = N : i64)}}
module attributes {accel.device = "edgellm-20241128"} {
func.func @model() {
  return
}
}

// -----

// expected-error@+1 {{names no device}}
module attributes {llm.max_tokens = 2048 : i64} {
func.func @model() {
  return
}
}
