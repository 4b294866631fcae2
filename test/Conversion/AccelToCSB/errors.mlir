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
  // expected-error@+1 {{'accel.buffer' op has no address; run accel-plan-memory before}}
  %0 = accel.buffer "x" : memref<2x?x32xf16, #accel.space<DDR>>, <2, seq, 32>
  return
}
}

// -----

module attributes {accel.device = "edgellm-20241128", llm.max_tokens = 2048 : i64} {
// expected-error@+1 {{'func.func' op takes or yields something else than numbers; run accel-plan-memory before}}
func.func private @layer(%layer: index {accel.layer}, %x: memref<2x?x32xf16, #accel.space<DDR>>) {
  return
}
func.func @model() {
  return
}
}

// -----

module attributes {accel.device = "edgellm-20241128", llm.max_tokens = 2048 : i64} {
// expected-error@+1 {{'func.func' op takes or yields something else than numbers; run accel-plan-memory before}}
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

// -----

// What the device cannot do is refused where it is encoded, too.

module attributes {accel.device = "edgellm-20241128", llm.max_tokens = 2048 : i64} {
accel.object @w weight [64, 64] in <HBM> at 0 bytes 4096 stride 0
func.func @model() {
  %c0 = arith.constant 0 : index
  %c32 = arith.constant 32 : index
  %w = accel.get_object @w : !accel.object
  %x = accel.buffer "x" at 0 bytes 64 live [0, 0] : memref<2x1x32xf16, #accel.space<DDR>>, <2, 1, 32>
  // expected-error@+1 {{'accel.linear' op computes a part of its output channels, but a start of edgellm-20241128 computes them all}}
  accel.linear "l" ins(%x : memref<2x1x32xf16, #accel.space<DDR>>) weight(%w) outs(%x : memref<2x1x32xf16, #accel.space<DDR>>) part(%c0, %c32, %c0, %c0) [64, 64]
  return
}
}

// -----

// Views that registers cannot describe.

module attributes {accel.device = "edgellm-20241128", llm.max_tokens = 2048 : i64} {
accel.object @n norm_weight [64] in <DDR> at 0 bytes 256 stride 0
func.func @model() {
  %seq = accel.tokens seq
  %n = accel.get_object @n : !accel.object
  %x = accel.buffer "x" at 0 bytes 64 live [0, 0] : memref<1x2x?x32xf16, #accel.space<DDR>>, <1, 2, seq, 32>
  // expected-error@+1 {{'memref.subview' op drops dimensions; a task takes maps with all of them}}
  %s = memref.subview %x[0, 0, 0, 0] [1, 2, %seq, 32] [1, 1, 1, 1] : memref<1x2x?x32xf16, #accel.space<DDR>> to memref<2x?x32xf16, strided<[?, 32, 1]>, #accel.space<DDR>>
  accel.norm rms "n" ins(%s : memref<2x?x32xf16, strided<[?, 32, 1]>, #accel.space<DDR>>) weight(%n) outs(%s : memref<2x?x32xf16, strided<[?, 32, 1]>, #accel.space<DDR>>) [64]
  return
}
}

// -----

module attributes {accel.device = "edgellm-20241128", llm.max_tokens = 2048 : i64} {
accel.object @n norm_weight [64] in <DDR> at 0 bytes 256 stride 0
func.func @model() {
  %n = accel.get_object @n : !accel.object
  %b = accel.buffer "x" at 0 bytes 64 live [0, 0] : memref<2x1x32xf16, #accel.space<DDR>>, <2, 1, 32>
  // expected-error@+1 {{'memref.cast' op is no view that registers can describe}}
  %c = memref.cast %b : memref<2x1x32xf16, #accel.space<DDR>> to memref<2x?x32xf16, #accel.space<DDR>>
  %x = memref.subview %c[0, 0, 0] [2, 1, 32] [1, 1, 1] : memref<2x?x32xf16, #accel.space<DDR>> to memref<2x1x32xf16, strided<[?, 32, 1]>, #accel.space<DDR>>
  accel.norm rms "n" ins(%x : memref<2x1x32xf16, strided<[?, 32, 1]>, #accel.space<DDR>>) weight(%n) outs(%x : memref<2x1x32xf16, strided<[?, 32, 1]>, #accel.space<DDR>>) [64]
  return
}
}

// -----

// What is used twice is computed twice.

module attributes {accel.device = "edgellm-20241128", llm.max_tokens = 2048 : i64} {
accel.object @n norm_weight [64] in <DDR> at 0 bytes 256 stride 0
func.func @model() {
  %seq = accel.tokens seq
  // expected-error@+1 {{'accel.tokens' op takes more than 1000 steps to compute}}
  %0 = accel.tokens seq
  %1 = arith.addi %0, %0 : index
  %2 = arith.addi %1, %1 : index
  %3 = arith.addi %2, %2 : index
  %4 = arith.addi %3, %3 : index
  %5 = arith.addi %4, %4 : index
  %6 = arith.addi %5, %5 : index
  %7 = arith.addi %6, %6 : index
  %8 = arith.addi %7, %7 : index
  %9 = arith.addi %8, %8 : index
  %10 = arith.addi %9, %9 : index
  %11 = arith.addi %10, %10 : index
  %12 = arith.addi %11, %11 : index
  %13 = arith.addi %12, %12 : index
  %14 = arith.addi %13, %13 : index
  %15 = arith.addi %14, %14 : index
  %16 = arith.addi %15, %15 : index
  %17 = arith.addi %16, %16 : index
  %18 = arith.addi %17, %17 : index
  %19 = arith.addi %18, %18 : index
  %20 = arith.addi %19, %19 : index
  %21 = arith.addi %20, %20 : index
  %22 = arith.addi %21, %21 : index
  %23 = arith.addi %22, %22 : index
  %24 = arith.addi %23, %23 : index
  %25 = arith.addi %24, %24 : index
  %26 = arith.addi %25, %25 : index
  %27 = arith.addi %26, %26 : index
  %28 = arith.addi %27, %27 : index
  %29 = arith.addi %28, %28 : index
  %30 = arith.addi %29, %29 : index
  %31 = arith.addi %30, %30 : index
  %32 = arith.addi %31, %31 : index
  %33 = arith.addi %32, %32 : index
  %34 = arith.addi %33, %33 : index
  %35 = arith.addi %34, %34 : index
  %36 = arith.addi %35, %35 : index
  %37 = arith.addi %36, %36 : index
  %38 = arith.addi %37, %37 : index
  %39 = arith.addi %38, %38 : index
  %40 = arith.addi %39, %39 : index
  %n = accel.get_object @n : !accel.object
  %b = accel.buffer "x" at 0 bytes 64 live [0, 0] : memref<2x?x32xf16, #accel.space<DDR>>, <2, seq, 32>
  %x = memref.subview %b[0, %40, 0] [2, 1, 32] [1, 1, 1] : memref<2x?x32xf16, #accel.space<DDR>> to memref<2x1x32xf16, strided<[?, 32, 1], offset: ?>, #accel.space<DDR>>
  accel.norm rms "n" ins(%x : memref<2x1x32xf16, strided<[?, 32, 1], offset: ?>, #accel.space<DDR>>) weight(%n) outs(%x : memref<2x1x32xf16, strided<[?, 32, 1], offset: ?>, #accel.space<DDR>>) [64]
  return
}
}

// -----

// The host has a row for each token of the call, or always as many.

module attributes {accel.device = "edgellm-20241128", llm.max_tokens = 2048 : i64} {
func.func @model() {
  // expected-error@+1 {{'accel.buffer' op has seq + past tokens, but the host writes those of the call, which are seq, or always as many}}
  %0 = accel.buffer "x" at 0 bytes 262144 live [0, 0] host input "input" channels 64 : memref<2x?x32xf16, #accel.space<DDR>>, <2, seq + past, 32>
  return
}
}

// -----

module attributes {accel.device = "edgellm-20241128", llm.max_tokens = 2048 : i64} {
func.func @model() {
  // expected-error@+1 {{'accel.buffer' op has seq * 3 tokens, but the host writes those of the call, which are seq, or always as many}}
  %0 = accel.buffer "x" at 0 bytes 786432 live [0, 0] host input "input1" channels 64 : memref<2x?x32xf16, #accel.space<DDR>>, <2, seq * 3, 32>
  return
}
}

// -----

// C++ rounds quotients toward zero.

module attributes {accel.device = "edgellm-20241128", llm.max_tokens = 2048 : i64} {
func.func @model() {
  // expected-error@+1 {{'accel.buffer' op divides seq - 5, which may be negative}}
  %0 = accel.buffer "x" at 0 bytes 262144 live [0, 0] : memref<2x?x32xf16, #accel.space<DDR>>, <2, (seq - 5) floordiv 3 + 2, 32>
  accel.elementwise add "sum" ins(%0, %0 : memref<2x?x32xf16, #accel.space<DDR>>, memref<2x?x32xf16, #accel.space<DDR>>) outs(%0 : memref<2x?x32xf16, #accel.space<DDR>>) [64]
  return
}
}

// -----

module attributes {accel.device = "edgellm-20241128", llm.max_tokens = 2048 : i64} {
func.func @model() {
  %0 = accel.buffer "x" at 0 bytes 262144 live [0, 0] : memref<2x?x32xf16, #accel.space<DDR>>, <2, seq, 32>
  // expected-error@+1 {{'accel.tokens' op counts seq + past * -1, which may be negative}}
  %t = accel.tokens seq - past
  %1 = memref.subview %0[0, %t, 0] [2, 1, 32] [1, 1, 1] : memref<2x?x32xf16, #accel.space<DDR>> to memref<2x1x32xf16, strided<[?, 32, 1], offset: ?>, #accel.space<DDR>>
  accel.elementwise add "sum" ins(%1, %1 : memref<2x1x32xf16, strided<[?, 32, 1], offset: ?>, #accel.space<DDR>>, memref<2x1x32xf16, strided<[?, 32, 1], offset: ?>, #accel.space<DDR>>) outs(%1 : memref<2x1x32xf16, strided<[?, 32, 1], offset: ?>, #accel.space<DDR>>) [64]
  return
}
}

// -----

// What stands in a second block would be left out.

module attributes {accel.device = "edgellm-20241128", llm.max_tokens = 2048 : i64} {
// expected-error@+1 {{'func.func' op branches between blocks; drivers have scf.for, scf.if and func.call}}
func.func @model() {
  return
^bb1:
  return
}
}

// -----

module attributes {accel.device = "edgellm-20241128", llm.max_tokens = 2048 : i64} {
func.func @model() {
  %true = arith.constant true
  // expected-error@+1 {{'scf.if' op has a condition that no driver can compute; arith.cmpi of counts is one}}
  scf.if %true {
  }
  return
}
}

// -----

module attributes {accel.device = "edgellm-20241128", llm.max_tokens = 2048 : i64} {
func.func @model() {
  %true = arith.constant true
  %c0 = arith.constant 0 : index
  // expected-error@+1 {{'scf.if' op carries values; run accel-plan-memory before}}
  %0 = scf.if %true -> index {
    scf.yield %c0 : index
  } else {
    scf.yield %c0 : index
  }
  return
}
}

// -----

module attributes {accel.device = "edgellm-20241128", llm.max_tokens = 2048 : i64} {
func.func @model() {
  // expected-error@+1 {{'scf.execute_region' op is no hardware task and nothing that one reads, so no driver can do it}}
  scf.execute_region {
    scf.yield
  }
  return
}
}

// -----

module attributes {accel.device = "edgellm-20241128", llm.max_tokens = 2048 : i64} {
accel.object @n norm_weight [64] layers 2 in <DDR> at 0 bytes 256 stride 256
func.func private @layer(%layer: index {accel.layer}) {
  %n = accel.get_object @n[%layer] : !accel.object
  return
}
func.func @model() {
  %layer = arith.constant 4294967296 : index
  // expected-error@+1 {{'func.call' op is for the layer 4294967296, but the model has 0 to 1}}
  call @layer(%layer) : (index) -> ()
  return
}
}

// -----

module attributes {accel.device = "edgellm-20241128", llm.max_tokens = 2048 : i64} {
func.func private @part(%number: index) {
  return
}
func.func @model() {
  // expected-error@+1 {{'arith.constant' op may be 4294967297 to 4294967297, but loops and calls of a driver take 0 to 2147483647}}
  %number = arith.constant 4294967297 : index
  call @part(%number) : (index) -> ()
  return
}
}

// -----

module attributes {accel.device = "edgellm-20241128", llm.max_tokens = 2048 : i64} {
func.func @model() {
  %c0 = arith.constant 0 : index
  // expected-error@+1 {{'arith.constant' op may be -9223372036854775808 to -9223372036854775808, but drivers count up to 2^40}}
  %step = arith.constant -9223372036854775808 : index
  %seq = accel.tokens seq
  scf.for %token = %c0 to %seq step %step {
  }
  return
}
}

// -----

module attributes {accel.device = "edgellm-20241128", llm.max_tokens = 2048 : i64} {
func.func @model() {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %large = arith.constant 1099511627776 : index
  %seq = accel.tokens seq
  %end0 = arith.muli %seq, %large : index
  // expected-error@-1 {{'arith.muli' op may be 1099511627776 to 2251799813685248, but drivers count up to 2^40}}
  scf.for %token = %c0 to %end0 step %c1 {
  }
  return
}
}

// -----

module attributes {accel.device = "edgellm-20241128", llm.max_tokens = 2048 : i64} {
func.func @model() {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %large = arith.constant 1099511627776 : index
  %end = arith.muli %large, %large : index
  // expected-error@-1 {{'arith.muli' op may need more than 64 bits}}
  scf.for %token = %c0 to %end step %c1 {
  }
  return
}
}

// -----

module attributes {accel.device = "edgellm-20241128", llm.max_tokens = 2048 : i64} {
accel.object @n norm_weight [64] in <DDR> at 262144 bytes 256 stride 0
func.func @model() {
  %n = accel.get_object @n : !accel.object
  %x = accel.buffer "x" at 0 bytes 262144 live [0, 1] : memref<2x?x32xf16, #accel.space<DDR>>, <2, seq, 32>
  // expected-error@+1 {{'memref.subview' op begins outside of the map that it is a part of: at 4611686018427387904 in dimension 1, which has 2048}}
  %part = memref.subview %x[0, 4611686018427387904, 0] [2, 1, 32] [1, 1, 1] : memref<2x?x32xf16, #accel.space<DDR>> to memref<2x1x32xf16, strided<[?, 32, 1]>, #accel.space<DDR>>
  accel.norm rms "x" ins(%part : memref<2x1x32xf16, strided<[?, 32, 1]>, #accel.space<DDR>>) weight(%n) outs(%part : memref<2x1x32xf16, strided<[?, 32, 1]>, #accel.space<DDR>>) [64]
  return
}
}

// -----

// What a function for one token calls would take seq from nowhere, and the other
// way round would forget it.

module attributes {accel.device = "edgellm-20241128", llm.max_tokens = 2048 : i64} {
func.func private @layer(%layer: index {accel.layer}) {
  return
}
func.func @decode() attributes {accel.decode} {
  %c0 = arith.constant 0 : index
  // expected-error@+1 {{'func.call' op calls a function without the attribute 'accel.decode' from one with it; both serve calls of one token, or none}}
  func.call @layer(%c0) : (index) -> ()
  return
}
}

// -----

module attributes {accel.device = "edgellm-20241128", llm.max_tokens = 2048 : i64} {
func.func private @layer(%layer: index {accel.layer}) attributes {accel.decode} {
  return
}
func.func @model() {
  %c0 = arith.constant 0 : index
  // expected-error@+1 {{'func.call' op calls a function with the attribute 'accel.decode' from one without it; both serve calls of one token, or none}}
  func.call @layer(%c0) : (index) -> ()
  return
}
}
