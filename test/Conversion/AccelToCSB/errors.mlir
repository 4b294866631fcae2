// RUN: dlavm-opt %s --convert-accel-to-csb -split-input-file -verify-diagnostics

module attributes {accel.device = "edgellm-20241128", llm.max_tokens = 2048 : i64} {
// expected-error@+1 {{'accel.object' op has no address; run accel-place-objects before}}
accel.object @n norm_weight [64] in <DDR>
func.func @model() {
  return
}
}

// -----

module attributes {accel.device = "edgellm-20241128", llm.max_tokens = 2048 : i64} {
func.func @model() {
  // expected-error@+1 {{'accel.buffer' op has no address; run accel-place-buffers before}}
  %0 = accel.buffer "x" : memref<2x?x32xf16, #accel.space<DDR>>, <2, seq, 32>
  return
}
}

// -----

module attributes {accel.device = "edgellm-20241128", llm.max_tokens = 2048 : i64} {
// expected-error@+1 {{'func.func' op takes something else than a layer; run accel-place-buffers before}}
func.func private @layer(%layer: index, %x: memref<2x?x32xf16, #accel.space<DDR>>) {
  return
}
func.func @model() {
  return
}
}

// -----

module attributes {accel.device = "edgellm-20241128", llm.max_tokens = 2048 : i64} {
// expected-error@+1 {{'func.func' op takes something else than a layer; run accel-place-buffers before}}
func.func @model() -> memref<2x?x32xf16, #accel.space<DDR>> {
  %0 = accel.buffer "x" at 0 bytes 64 live [0, 0] : memref<2x?x32xf16, #accel.space<DDR>>, <2, seq, 32>
  return %0 : memref<2x?x32xf16, #accel.space<DDR>>
}
}

// -----

// expected-error@+1 {{does not state its largest context; give the module the attribute llm.max_tokens = N : i64}}
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

// -----

module attributes {accel.device = "edgellm-20241128", llm.max_tokens = 128 : i64} {
accel.object @n norm_weight [64] in <DDR> at 0 bytes 256 stride 0
func.func @model() {
  %n = accel.get_object @n : !accel.object
  %c3 = arith.constant 3 : index
  %seq = accel.tokens seq
  // expected-error@+1 {{'arith.remui' op is no arithmetic that a driver can do; addi, subi, muli, divsi and minsi are}}
  %first = arith.remui %seq, %c3 : index
  %x = accel.buffer "x" at 1024 bytes 8192 live [0, 0] : memref<2x?x32xf16, #accel.space<DDR>>, <2, seq, 32>
  %y = accel.buffer "y" at 16384 bytes 8192 live [0, 0] : memref<2x?x32xf16, #accel.space<DDR>>, <2, seq, 32>
  %v = memref.subview %x[0, %first, 0] [2, 1, 32] [1, 1, 1] : memref<2x?x32xf16, #accel.space<DDR>> to memref<2x1x32xf16, strided<[?, 32, 1], offset: ?>, #accel.space<DDR>>
  %w = memref.subview %y[0, %first, 0] [2, 1, 32] [1, 1, 1] : memref<2x?x32xf16, #accel.space<DDR>> to memref<2x1x32xf16, strided<[?, 32, 1], offset: ?>, #accel.space<DDR>>
  accel.norm rms "y" ins(%v : memref<2x1x32xf16, strided<[?, 32, 1], offset: ?>, #accel.space<DDR>>) weight(%n) outs(%w : memref<2x1x32xf16, strided<[?, 32, 1], offset: ?>, #accel.space<DDR>>) [64]
  return
}
}

// -----

module attributes {accel.device = "edgellm-20241128", llm.max_tokens = 128 : i64} {
func.func @model() {
  %x = accel.buffer "x" at 1024 bytes 8192 live [0, 0] : memref<2x?x32xf16, #accel.space<DDR>>, <2, seq, 32>
  %y = accel.buffer "y" at 16384 bytes 8192 live [0, 0] : memref<2x?x32xf16, #accel.space<DDR>>, <2, seq, 32>
  // expected-error@+1 {{'memref.copy' op is no hardware task and nothing that one reads, so no driver can do it}}
  memref.copy %x, %y : memref<2x?x32xf16, #accel.space<DDR>> to memref<2x?x32xf16, #accel.space<DDR>>
  return
}
}

// -----

module attributes {accel.device = "edgellm-20241128", llm.max_tokens = 128 : i64} {
llm.parameter @other from "other" : tensor<64xf16>
// expected-error@+1 {{'accel.object' op is made of @norm, which is no llm.parameter}}
accel.object @n norm_weight [64] from [@norm] in <DDR> at 0 bytes 256 stride 0
}

// -----

module attributes {accel.device = "edgellm-20241128", llm.max_tokens = 128 : i64} {
// expected-error@+1 {{'accel.object' op is made of @norm, which is no llm.parameter}}
accel.object @n norm_weight [64] from [@norm] in <DDR> at 0 bytes 256 stride 0
}
