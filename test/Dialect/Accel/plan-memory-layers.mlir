// RUN: dlavm-opt %s --accel-plan-memory -split-input-file | FileCheck %s

// What a loop over layers hands from one to the next is one place, "hidden"; the
// layer's result lies where its argument lies, and nothing is handed around any
// more.

module attributes {accel.device = "edgellm-20241128", llm.max_tokens = 128 : i64} {
accel.object @n norm_weight [64] layers 4 in <DDR> at 0 bytes 256 stride 1024

// CHECK-LABEL: func.func private @layer(
// CHECK-SAME:    %[[LAYER:.*]]: index) {
// CHECK-NEXT:    %[[X:.*]] = accel.buffer "hidden" at 4096 bytes 16384 live [0, 0] : memref<2x?x32xf16, #accel.space<DDR>>, <2, seq, 32>
// CHECK:         accel.get_object @n[%[[LAYER]]]
// CHECK:         %[[A:.*]] = accel.buffer "a" at 20480 bytes 16384 live [0, 1]
// CHECK:         accel.norm rms "a" ins(%[[X]] : {{.*}}) weight(%{{.*}}) outs(%[[A]] :
// CHECK:         %[[B:.*]] = accel.buffer "b" at 4096 bytes 16384 live [1, 1]
// CHECK:         accel.norm rms "b" ins(%[[A]] : {{.*}}) weight(%{{.*}}) outs(%[[B]] :
// CHECK-NEXT:    return{{$}}
func.func private @layer(%layer: index, %x: memref<2x?x32xf16, #accel.space<DDR>>) -> memref<2x?x32xf16, #accel.space<DDR>> {
  %n = accel.get_object @n[%layer] : !accel.object
  %a = accel.buffer "a" : memref<2x?x32xf16, #accel.space<DDR>>, <2, seq, 32>
  accel.norm rms "a" ins(%x : memref<2x?x32xf16, #accel.space<DDR>>) weight(%n) outs(%a : memref<2x?x32xf16, #accel.space<DDR>>) [64]
  %b = accel.buffer "b" : memref<2x?x32xf16, #accel.space<DDR>>, <2, seq, 32>
  accel.norm rms "b" ins(%a : memref<2x?x32xf16, #accel.space<DDR>>) weight(%n) outs(%b : memref<2x?x32xf16, #accel.space<DDR>>) [64]
  return %b : memref<2x?x32xf16, #accel.space<DDR>>
}

// CHECK-LABEL: func.func @model() {
// CHECK-DAG:     accel.buffer "input" at 4096 bytes 16384 live [0, 0] host input "input" channels 64
// CHECK-DAG:     %[[X:.*]] = accel.buffer "hidden" at 4096 bytes 16384 live [2, 2]
// CHECK:         scf.for %[[I:.*]] = %{{.*}} to %{{.*}} step %{{[^ ]*}} {
// CHECK-NEXT:      func.call @layer(%[[I]]) : (index) -> ()
// CHECK-NEXT:    } {llm.layer_loop}
// CHECK:         %[[O:.*]] = accel.buffer "o" at 20480 bytes 16384 live [2, 2] host output "output" channels 64
// CHECK:         accel.norm rms "o" ins(%[[X]] : {{.*}}) weight(%{{.*}}) outs(%[[O]] :
func.func @model() {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c4 = arith.constant 4 : index
  %x = accel.buffer "input" host input "input" channels 64 : memref<2x?x32xf16, #accel.space<DDR>>, <2, seq, 32>
  %y = scf.for %i = %c0 to %c4 step %c1 iter_args(%h = %x) -> (memref<2x?x32xf16, #accel.space<DDR>>) {
    %r = func.call @layer(%i, %h) : (index, memref<2x?x32xf16, #accel.space<DDR>>) -> memref<2x?x32xf16, #accel.space<DDR>>
    scf.yield %r : memref<2x?x32xf16, #accel.space<DDR>>
  } {llm.layer_loop}
  %n = accel.get_object @n[%c0] : !accel.object
  %o = accel.buffer "o" host output "output" channels 64 : memref<2x?x32xf16, #accel.space<DDR>>, <2, seq, 32>
  accel.norm rms "o" ins(%y : memref<2x?x32xf16, #accel.space<DDR>>) weight(%n) outs(%o : memref<2x?x32xf16, #accel.space<DDR>>) [64]
  return
}
}

// -----

// What the caller needs after the loop is there all through it: no buffer of the
// layer lies in "kept".

module attributes {accel.device = "edgellm-20241128", llm.max_tokens = 128 : i64} {
accel.object @n norm_weight [64] layers 4 in <DDR> at 0 bytes 256 stride 1024

// CHECK-LABEL: func.func private @layer(
// CHECK:         accel.buffer "hidden" at 4096 bytes 16384 live [1, 1]
// CHECK:         accel.buffer "a" at 36864 bytes 16384 live [1, 2]
// CHECK:         accel.buffer "b" at 4096 bytes 16384 live [2, 2]
func.func private @layer(%layer: index, %x: memref<2x?x32xf16, #accel.space<DDR>>) -> memref<2x?x32xf16, #accel.space<DDR>> {
  %n = accel.get_object @n[%layer] : !accel.object
  %a = accel.buffer "a" : memref<2x?x32xf16, #accel.space<DDR>>, <2, seq, 32>
  accel.norm rms "a" ins(%x : memref<2x?x32xf16, #accel.space<DDR>>) weight(%n) outs(%a : memref<2x?x32xf16, #accel.space<DDR>>) [64]
  %b = accel.buffer "b" : memref<2x?x32xf16, #accel.space<DDR>>, <2, seq, 32>
  accel.norm rms "b" ins(%a : memref<2x?x32xf16, #accel.space<DDR>>) weight(%n) outs(%b : memref<2x?x32xf16, #accel.space<DDR>>) [64]
  return %b : memref<2x?x32xf16, #accel.space<DDR>>
}

// CHECK-LABEL: func.func @model() {
// CHECK:         accel.buffer "kept" at 20480 bytes 16384 live [0, 3]
// CHECK:         accel.buffer "o" at 36864 bytes 16384 live [3, 3]
func.func @model() {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c4 = arith.constant 4 : index
  %x = accel.buffer "input" host input "input" channels 64 : memref<2x?x32xf16, #accel.space<DDR>>, <2, seq, 32>
  %k = accel.buffer "kept" : memref<2x?x32xf16, #accel.space<DDR>>, <2, seq, 32>
  %n = accel.get_object @n[%c0] : !accel.object
  accel.norm rms "k" ins(%x : memref<2x?x32xf16, #accel.space<DDR>>) weight(%n) outs(%k : memref<2x?x32xf16, #accel.space<DDR>>) [64]
  %y = scf.for %i = %c0 to %c4 step %c1 iter_args(%h = %x) -> (memref<2x?x32xf16, #accel.space<DDR>>) {
    %r = func.call @layer(%i, %h) : (index, memref<2x?x32xf16, #accel.space<DDR>>) -> memref<2x?x32xf16, #accel.space<DDR>>
    scf.yield %r : memref<2x?x32xf16, #accel.space<DDR>>
  }
  %o = accel.buffer "o" host output "output" channels 64 : memref<2x?x32xf16, #accel.space<DDR>>, <2, seq, 32>
  accel.elementwise add "o" ins(%y, %k : memref<2x?x32xf16, #accel.space<DDR>>, memref<2x?x32xf16, #accel.space<DDR>>) outs(%o : memref<2x?x32xf16, #accel.space<DDR>>) [64]
  return
}
}

// -----

// What the loop reads in every iteration must outlive the iteration: "b" does
// not lie in "kept", although no op after the sum reads it.

module attributes {accel.device = "edgellm-20241128", llm.max_tokens = 128 : i64} {
accel.object @n norm_weight [64] layers 4 in <DDR> at 0 bytes 256 stride 1024

// CHECK-LABEL: func.func @loop() {
// CHECK:         accel.buffer "kept" at 20480 bytes 16384 live [0, 3]
// CHECK:         accel.buffer "a" at 36864 bytes 16384 live [1, 2]
// CHECK:         accel.buffer "b" at 53248 bytes 16384 live [2, 3]
// CHECK:         accel.buffer "c" at 4096 bytes 16384 live [3, 3]
func.func @loop() {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c4 = arith.constant 4 : index
  %x = accel.buffer "input" host input "input" channels 64 : memref<2x?x32xf16, #accel.space<DDR>>, <2, seq, 32>
  %k = accel.buffer "kept" : memref<2x?x32xf16, #accel.space<DDR>>, <2, seq, 32>
  %n = accel.get_object @n[%c0] : !accel.object
  accel.norm rms "k" ins(%x : memref<2x?x32xf16, #accel.space<DDR>>) weight(%n) outs(%k : memref<2x?x32xf16, #accel.space<DDR>>) [64]
  %y = scf.for %i = %c0 to %c4 step %c1 iter_args(%h = %x) -> (memref<2x?x32xf16, #accel.space<DDR>>) {
    %a = accel.buffer "a" : memref<2x?x32xf16, #accel.space<DDR>>, <2, seq, 32>
    accel.elementwise add "a" ins(%h, %k : memref<2x?x32xf16, #accel.space<DDR>>, memref<2x?x32xf16, #accel.space<DDR>>) outs(%a : memref<2x?x32xf16, #accel.space<DDR>>) [64]
    %b = accel.buffer "b" : memref<2x?x32xf16, #accel.space<DDR>>, <2, seq, 32>
    accel.norm rms "b" ins(%a : memref<2x?x32xf16, #accel.space<DDR>>) weight(%n) outs(%b : memref<2x?x32xf16, #accel.space<DDR>>) [64]
    %c = accel.buffer "c" : memref<2x?x32xf16, #accel.space<DDR>>, <2, seq, 32>
    accel.norm rms "c" ins(%b : memref<2x?x32xf16, #accel.space<DDR>>) weight(%n) outs(%c : memref<2x?x32xf16, #accel.space<DDR>>) [64]
    scf.yield %c : memref<2x?x32xf16, #accel.space<DDR>>
  }
  %o = accel.buffer "o" host output "output" channels 64 : memref<2x?x32xf16, #accel.space<DDR>>, <2, seq, 32>
  accel.norm rms "o" ins(%y : memref<2x?x32xf16, #accel.space<DDR>>) weight(%n) outs(%o : memref<2x?x32xf16, #accel.space<DDR>>) [64]
  return
}
}

// -----

// A map that is written slice by slice is there from the first slice on: "x",
// which all slices read, is not overwritten by the first of them.

module attributes {accel.device = "edgellm-20241128", llm.max_tokens = 128 : i64} {
accel.object @w weight [64, 64] in <HBM> at 0 bytes 192 stride 0

// CHECK-LABEL: func.func @slices() {
// CHECK:         accel.buffer "x" at 0 bytes 16384 live [0, 0]
// CHECK:         accel.buffer "y" at 16384 bytes 16384 live [0, 0]
func.func @slices() {
  %c0 = arith.constant 0 : index
  %c64 = arith.constant 64 : index
  %seq = accel.tokens seq
  %x = accel.buffer "x" host input "input" channels 64 : memref<2x?x32xf16, #accel.space<DDR>>, <2, seq, 32>
  %y = accel.buffer "y" host output "output" channels 64 : memref<2x?x32xf16, #accel.space<DDR>>, <2, seq, 32>
  %w = accel.get_object @w : !accel.object
  scf.for %t = %c0 to %seq step %c64 {
    %in = memref.subview %x[0, %t, 0] [2, 1, 32] [1, 1, 1] : memref<2x?x32xf16, #accel.space<DDR>> to memref<2x1x32xf16, strided<[?, 32, 1], offset: ?>, #accel.space<DDR>>
    %out = memref.subview %y[0, %t, 0] [2, 1, 32] [1, 1, 1] : memref<2x?x32xf16, #accel.space<DDR>> to memref<2x1x32xf16, strided<[?, 32, 1], offset: ?>, #accel.space<DDR>>
    accel.linear "l" ins(%in : memref<2x1x32xf16, strided<[?, 32, 1], offset: ?>, #accel.space<DDR>>) weight(%w) outs(%out : memref<2x1x32xf16, strided<[?, 32, 1], offset: ?>, #accel.space<DDR>>) [64, 64]
  }
  return
}
}

// -----

// Two kinds of layers share their places.

module attributes {accel.device = "edgellm-20241128", llm.max_tokens = 128 : i64} {
accel.object @n norm_weight [64] layers 4 in <DDR> at 0 bytes 256 stride 1024

// CHECK-LABEL: func.func private @even(
// CHECK: accel.buffer "hidden" at 4096 bytes 16384 live [0, 0]
// CHECK: accel.buffer "a" at 20480 bytes 16384 live [0, 1]
// CHECK: accel.buffer "b" at 4096 bytes 16384 live [1, 1]
func.func private @even(%layer: index, %x: memref<2x?x32xf16, #accel.space<DDR>>) -> memref<2x?x32xf16, #accel.space<DDR>> {
  %n = accel.get_object @n[%layer] : !accel.object
  %a = accel.buffer "a" : memref<2x?x32xf16, #accel.space<DDR>>, <2, seq, 32>
  accel.norm rms "a" ins(%x : memref<2x?x32xf16, #accel.space<DDR>>) weight(%n) outs(%a : memref<2x?x32xf16, #accel.space<DDR>>) [64]
  %b = accel.buffer "b" : memref<2x?x32xf16, #accel.space<DDR>>, <2, seq, 32>
  accel.norm rms "b" ins(%a : memref<2x?x32xf16, #accel.space<DDR>>) weight(%n) outs(%b : memref<2x?x32xf16, #accel.space<DDR>>) [64]
  return %b : memref<2x?x32xf16, #accel.space<DDR>>
}

// CHECK-LABEL: func.func private @odd(
// CHECK: accel.buffer "hidden" at 4096 bytes 16384 live [2, 2]
// CHECK: accel.buffer "c" at 20480 bytes 16384 live [2, 3]
// CHECK: accel.buffer "d" at 4096 bytes 16384 live [3, 3]
func.func private @odd(%layer: index, %x: memref<2x?x32xf16, #accel.space<DDR>>) -> memref<2x?x32xf16, #accel.space<DDR>> {
  %n = accel.get_object @n[%layer] : !accel.object
  %c = accel.buffer "c" : memref<2x?x32xf16, #accel.space<DDR>>, <2, seq, 32>
  accel.norm layer "c" ins(%x : memref<2x?x32xf16, #accel.space<DDR>>) weight(%n) outs(%c : memref<2x?x32xf16, #accel.space<DDR>>) [64]
  %d = accel.buffer "d" : memref<2x?x32xf16, #accel.space<DDR>>, <2, seq, 32>
  accel.norm layer "d" ins(%c : memref<2x?x32xf16, #accel.space<DDR>>) weight(%n) outs(%d : memref<2x?x32xf16, #accel.space<DDR>>) [64]
  return %d : memref<2x?x32xf16, #accel.space<DDR>>
}

// CHECK-LABEL: func.func @model() {
// CHECK:         func.call @even(%{{.*}}) : (index) -> ()
// CHECK-NEXT:    func.call @odd(%{{.*}}) : (index) -> ()
func.func @model() {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %x = accel.buffer "input" host input "input" channels 64 : memref<2x?x32xf16, #accel.space<DDR>>, <2, seq, 32>
  %y = scf.for %i = %c0 to %c2 step %c1 iter_args(%h = %x) -> (memref<2x?x32xf16, #accel.space<DDR>>) {
    %r = func.call @even(%i, %h) : (index, memref<2x?x32xf16, #accel.space<DDR>>) -> memref<2x?x32xf16, #accel.space<DDR>>
    %s = func.call @odd(%i, %r) : (index, memref<2x?x32xf16, #accel.space<DDR>>) -> memref<2x?x32xf16, #accel.space<DDR>>
    scf.yield %s : memref<2x?x32xf16, #accel.space<DDR>>
  }
  %n = accel.get_object @n[%c0] : !accel.object
  %o = accel.buffer "o" host output "output" channels 64 : memref<2x?x32xf16, #accel.space<DDR>>, <2, seq, 32>
  accel.norm rms "o" ins(%y : memref<2x?x32xf16, #accel.space<DDR>>) weight(%n) outs(%o : memref<2x?x32xf16, #accel.space<DDR>>) [64]
  return
}
}

// -----

// A layer that is called twice holds its buffers in each call, not in between.
// Both calls have their argument in one place and their result in another.

module attributes {accel.device = "edgellm-20241128", llm.max_tokens = 128 : i64} {
accel.object @n norm_weight [64] layers 4 in <DDR> at 0 bytes 256 stride 1024

// CHECK-LABEL: func.func private @layer(
// CHECK: accel.buffer "hidden" at [[ARGUMENT:[0-9]+]] bytes 16384 live [0, 0, 3, 3]
// CHECK: accel.buffer "a" at [[A:[0-9]+]] bytes 16384 live [0, 1, 3, 4]
// CHECK: accel.buffer "b" at [[RESULT:[0-9]+]] bytes 16384 live [1, 1, 4, 4]
func.func private @layer(%layer: index, %x: memref<2x?x32xf16, #accel.space<DDR>>) -> memref<2x?x32xf16, #accel.space<DDR>> {
  %n = accel.get_object @n[%layer] : !accel.object
  %a = accel.buffer "a" : memref<2x?x32xf16, #accel.space<DDR>>, <2, seq, 32>
  accel.norm rms "a" ins(%x : memref<2x?x32xf16, #accel.space<DDR>>) weight(%n) outs(%a : memref<2x?x32xf16, #accel.space<DDR>>) [64]
  %b = accel.buffer "b" : memref<2x?x32xf16, #accel.space<DDR>>, <2, seq, 32>
  accel.norm rms "b" ins(%a : memref<2x?x32xf16, #accel.space<DDR>>) weight(%n) outs(%b : memref<2x?x32xf16, #accel.space<DDR>>) [64]
  return %b : memref<2x?x32xf16, #accel.space<DDR>>
}

// CHECK-LABEL: func.func @model() {
// CHECK-DAG: accel.buffer "hidden" at [[RESULT]] bytes 16384 live [2, 2]
// CHECK-DAG: accel.buffer "hidden" at [[RESULT]] bytes 16384 live [5, 5]
// CHECK-DAG: accel.buffer "input" at [[ARGUMENT]] bytes 16384 live [0, 0]
// CHECK-DAG: accel.buffer "kept" at [[ARGUMENT]] bytes 16384 live [2, 2]
// CHECK:     accel.buffer "o" at [[A]] bytes 16384 live [5, 5]
func.func @model() {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %x = accel.buffer "input" host input "input" channels 64 : memref<2x?x32xf16, #accel.space<DDR>>, <2, seq, 32>
  %n = accel.get_object @n[%c0] : !accel.object
  %y = func.call @layer(%c0, %x) : (index, memref<2x?x32xf16, #accel.space<DDR>>) -> memref<2x?x32xf16, #accel.space<DDR>>
  %k = accel.buffer "kept" : memref<2x?x32xf16, #accel.space<DDR>>, <2, seq, 32>
  accel.norm rms "k" ins(%y : memref<2x?x32xf16, #accel.space<DDR>>) weight(%n) outs(%k : memref<2x?x32xf16, #accel.space<DDR>>) [64]
  %z = func.call @layer(%c1, %k) : (index, memref<2x?x32xf16, #accel.space<DDR>>) -> memref<2x?x32xf16, #accel.space<DDR>>
  %o = accel.buffer "o" host output "output" channels 64 : memref<2x?x32xf16, #accel.space<DDR>>, <2, seq, 32>
  accel.norm rms "o" ins(%z : memref<2x?x32xf16, #accel.space<DDR>>) weight(%n) outs(%o : memref<2x?x32xf16, #accel.space<DDR>>) [64]
  return
}
}
