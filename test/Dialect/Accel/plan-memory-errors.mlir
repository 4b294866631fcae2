// RUN: dlavm-opt %s --accel-plan-memory -split-input-file -verify-diagnostics

// The last op of the layer reads the argument while it writes the result, which
// lies in the same place.

module attributes {accel.device = "edgellm-20241128", llm.max_tokens = 128 : i64} {
accel.object @n norm_weight [64] in <DDR> at 0 bytes 256 stride 0
// expected-note@+1 {{the other map}}
func.func private @layer(%x: memref<2x?x32xf16, #accel.space<DDR>>) -> memref<2x?x32xf16, #accel.space<DDR>> {
  %n = accel.get_object @n : !accel.object
  %a = accel.buffer "a" : memref<2x?x32xf16, #accel.space<DDR>>, <2, seq, 32>
  accel.norm rms "a" ins(%x : memref<2x?x32xf16, #accel.space<DDR>>) weight(%n) outs(%a : memref<2x?x32xf16, #accel.space<DDR>>) [64]
  // expected-error@+1 {{'accel.buffer' op 'b' and another map are handed around as one, so they share a place, but both are needed at the same time; a layer's result lies where its argument lies, so the last op that reads the argument must come before the one that computes the result}}
  %b = accel.buffer "b" : memref<2x?x32xf16, #accel.space<DDR>>, <2, seq, 32>
  accel.elementwise add "b" ins(%a, %x : memref<2x?x32xf16, #accel.space<DDR>>, memref<2x?x32xf16, #accel.space<DDR>>) outs(%b : memref<2x?x32xf16, #accel.space<DDR>>) [64]
  return %b : memref<2x?x32xf16, #accel.space<DDR>>
}
func.func @model() {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c4 = arith.constant 4 : index
  %x = accel.buffer "input" host input "input" channels 64 : memref<2x?x32xf16, #accel.space<DDR>>, <2, seq, 32>
  %y = scf.for %i = %c0 to %c4 step %c1 iter_args(%h = %x) -> (memref<2x?x32xf16, #accel.space<DDR>>) {
    %r = func.call @layer(%h) : (memref<2x?x32xf16, #accel.space<DDR>>) -> memref<2x?x32xf16, #accel.space<DDR>>
    scf.yield %r : memref<2x?x32xf16, #accel.space<DDR>>
  }
  return
}
}

// -----

// More than the memory has, with the largest buffers.

// expected-error@+5 {{needs 6417286144 bytes of DDR, 1024 of them for parameters, 2122318848 more than the 4294967296 of edgellm-20241128; lower the context with --max-tokens}}
// expected-note@+4 {{'a' takes 2139095040 bytes}}
// expected-note@+3 {{'b' takes 2139095040 bytes}}
// expected-note@+2 {{'c' takes 2139095040 bytes}}

module attributes {accel.device = "edgellm-20241128", llm.max_tokens = 2048 : i64} {
accel.object @n norm_weight [64] in <DDR> at 0 bytes 256 stride 0
func.func @model() {
  %a = accel.buffer "a" host input "input0" channels 32 : memref<?x?x32xf16, #accel.space<DDR>>, <((seq + past) ceildiv 32) * 255, seq, 32>
  %b = accel.buffer "b" host input "input1" channels 32 : memref<?x?x32xf16, #accel.space<DDR>>, <((seq + past) ceildiv 32) * 255, seq, 32>
  %c = accel.buffer "c" host input "input2" channels 32 : memref<?x?x32xf16, #accel.space<DDR>>, <((seq + past) ceildiv 32) * 255, seq, 32>
  return
}
}

// -----

module attributes {accel.device = "edgellm-20241128", llm.max_tokens = 2048 : i64} {
func.func private @layer()
func.func @model() {
  // expected-error@+1 {{'func.call' op calls a function without a body}}
  func.call @layer() : () -> ()
  return
}
}

// -----

// expected-error@+1 {{names no device}}
module attributes {llm.max_tokens = 2048 : i64} {}

// -----

module attributes {accel.device = "edgellm-20241128", llm.max_tokens = 2048 : i64} {
func.func private @layer() {
  // expected-error@+1 {{'func.call' op makes 'layer' call itself, which no model and no driver does}}
  func.call @layer() : () -> ()
  return
}
func.func @model() {
  func.call @layer() : () -> ()
  return
}
}

// -----

// A loop that swaps its maps would need both places for each.

module attributes {accel.device = "edgellm-20241128", llm.max_tokens = 128 : i64} {
func.func @model() {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c4 = arith.constant 4 : index
  // expected-error@+1 {{'accel.buffer' op 'input0' and another map are handed around as one}}
  %x = accel.buffer "input0" host input "input0" channels 32 : memref<1x?x32xf16, #accel.space<DDR>>, <1, seq, 32>
  // expected-note@+1 {{the other map}}
  %y = accel.buffer "input1" host input "input1" channels 32 : memref<1x?x32xf16, #accel.space<DDR>>, <1, seq, 32>
  %r:2 = scf.for %i = %c0 to %c4 step %c1 iter_args(%a = %x, %b = %y) -> (memref<1x?x32xf16, #accel.space<DDR>>, memref<1x?x32xf16, #accel.space<DDR>>) {
    scf.yield %b, %a : memref<1x?x32xf16, #accel.space<DDR>>, memref<1x?x32xf16, #accel.space<DDR>>
  }
  return
}
}

// -----

module attributes {accel.device = "edgellm-20241128", llm.max_tokens = 128 : i64} {
func.func private @layer() {
  // expected-error@+1 {{'func.call' op makes 'layer' call itself, which no model and no driver does}}
  func.call @layer() : () -> ()
  return
}
func.func @model() {
  func.call @layer() : () -> ()
  return
}
}

// -----

// expected-error@+1 {{does not state its largest context; give the module the attribute llm.max_tokens = N : i64}}
module attributes {accel.device = "edgellm-20241128"} {
}

// -----

// Tasks in regions that are no part of a run, and ops that might use a map.

!map = memref<2x?x32xf16, #accel.space<DDR>>
module attributes {accel.device = "edgellm-20241128", llm.max_tokens = 128 : i64} {
func.func @model() {
  %x = accel.buffer "x" : !map, <2, seq, 32>
  // expected-error@+1 {{'scf.execute_region' op is no part of a run that maps can be placed for; hardware tasks, scf.for, scf.if, func.call, views and integer arithmetic are}}
  scf.execute_region {
    accel.elementwise add "sum" ins(%x, %x : !map, !map) outs(%x : !map) [64]
    scf.yield
  }
  return
}
}

// -----

!map = memref<2x?x32xf16, #accel.space<DDR>>
module attributes {accel.device = "edgellm-20241128", llm.max_tokens = 128 : i64} {
func.func @model(%again: i1) {
  %x = accel.buffer "x" : !map, <2, seq, 32>
  // expected-error@+1 {{'scf.while' op is no part of a run}}
  scf.while : () -> () {
    scf.condition(%again)
  } do {
    accel.elementwise add "sum" ins(%x, %x : !map, !map) outs(%x : !map) [64]
    scf.yield
  }
  return
}
}

// -----

!map = memref<2x?x32xf16, #accel.space<DDR>>
module attributes {accel.device = "edgellm-20241128", llm.max_tokens = 128 : i64} {
func.func @model(%i: index) {
  %x = accel.buffer "x" : !map, <2, seq, 32>
  // expected-error@+1 {{'memref.load' op is no part of a run}}
  %0 = memref.load %x[%i, %i, %i] : !map
  return
}
}

// -----

module attributes {accel.device = "edgellm-20241128", llm.max_tokens = 128 : i64} {
// expected-error@+1 {{'func.func' op branches between blocks; a run goes through scf.for, scf.if and func.call}}
func.func @model() {
  return
^bb1:
  return
}
}

// -----

// The branch hands on what the other one may write over.

!map = memref<1x?x32xf16, #accel.space<DDR>>
module attributes {accel.device = "edgellm-20241128", llm.max_tokens = 128 : i64} {
func.func @model(%c: i1) {
  // expected-error@+1 {{'accel.buffer' op 'x' and another map are handed around as one}}
  %x = accel.buffer "x" host input "input" channels 32 : !map, <1, seq, 32>
  %r = scf.if %c -> !map {
    // expected-note@+1 {{the other map}}
    %a = accel.buffer "a" : !map, <1, seq, 32>
    accel.elementwise add "a" ins(%x, %x : !map, !map) outs(%a : !map) [32]
    scf.yield %a : !map
  } else {
    scf.yield %x : !map
  }
  return
}
}

// -----

// Least between the corners, at 1 token after 3.

!map = memref<1x?x32xf16, #accel.space<DDR>>
module attributes {accel.device = "edgellm-20241128", llm.max_tokens = 128 : i64} {
func.func @model() {
  // expected-error@+1 {{'accel.buffer' op has a dimension of seq + past mod 4 * -1 + 1, which in a context of 128 tokens may be -1, less than 0}}
  %x = accel.buffer "x" : !map, <1, seq + 1 - past mod 4, 32>
  accel.elementwise add "sum" ins(%x, %x : !map, !map) outs(%x : !map) [32]
  return
}
}

// -----

!map = memref<1073741824x?x1073741824xf16, #accel.space<DDR>>
module attributes {accel.device = "edgellm-20241128", llm.max_tokens = 128 : i64} {
func.func @model() {
  // expected-error@+1 {{takes more than 2^42 bytes in a context of 128 tokens, more than any memory has}}
  %x = accel.buffer "x" : !map, <1073741824, seq, 1073741824>
  accel.elementwise add "sum" ins(%x, %x : !map, !map) outs(%x : !map) [1152921504606846976]
  return
}
}

// -----

// Nothing that fewer tokens would make smaller.

!map = memref<67108865x1x32xf16, #accel.space<DDR>>
// expected-error@+2 {{needs 4294967360 bytes of DDR, 0 of them for parameters, 64 more than the 4294967296 of edgellm-20241128, and too many for a context of one token, too}}
// expected-note@+1 {{'x' takes 4294967360 bytes}}
module attributes {accel.device = "edgellm-20241128", llm.max_tokens = 128 : i64} {
func.func @model() {
  %x = accel.buffer "x" : !map, <67108865, 1, 32>
  accel.elementwise add "sum" ins(%x, %x : !map, !map) outs(%x : !map) [2147483680]
  return
}
}

// -----

// What nobody runs has no place in time.
module attributes {accel.device = "edgellm-20240831", llm.max_tokens = 512 : i64} {
  accel.object @keys kv_cache [2] in <DDR>
  // expected-error@+1 {{'func.func' op is called by nobody, so that its maps have no time; remove it, as --symbol-dce does}}
  func.func private @view(%map: memref<8x?x32xf16, #accel.space<DDR>>) {
    return
  }
}
