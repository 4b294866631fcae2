// RUN: dlavm-opt %s --accel-plan-memory -split-input-file | FileCheck %s

// What a branch uses holds something there: %t does not lie where %u does. The
// two nests call one function.

!map = memref<2x?x32xf16, #accel.space<DDR>>
module attributes {accel.device = "edgellm-20241128", llm.max_tokens = 128 : i64} {
accel.object @n norm_weight [64] in <DDR> at 0 bytes 256 stride 0

// CHECK-LABEL: func.func private @part(
// CHECK-SAME:    %{{.*}}: index)
// CHECK:         accel.buffer "t" at [[T:[0-9]+]] bytes 16384 live [1, 2, 3, 4]
func.func private @part(%first: index) {
  %n = accel.get_object @n : !accel.object
  %t = accel.buffer "t" : !map, <2, seq, 32>
  accel.norm rms "t" ins(%t : !map) weight(%n) outs(%t : !map) [64]
  accel.norm rms "t2" ins(%t : !map) weight(%n) outs(%t : !map) [64]
  return
}

// CHECK-LABEL: func.func @model()
// CHECK-NOT:     "u" at [[T]] bytes
// CHECK:         accel.buffer "u" at {{[0-9]+}} bytes 16384 live [0, 5]
// CHECK:         scf.if %{{.*}} {
// CHECK-NEXT:      scf.for
// CHECK:         } else {
// CHECK-NEXT:      scf.for
func.func @model() {
  %c0 = arith.constant 0 : index
  %c32 = arith.constant 32 : index
  %c64 = arith.constant 64 : index
  %seq = accel.tokens seq
  %n = accel.get_object @n : !accel.object
  %x = accel.buffer "x" host input "input" channels 64 : !map, <2, seq, 32>
  %u = accel.buffer "u" : !map, <2, seq, 32>
  %y = accel.buffer "y" host output "output" channels 64 : !map, <2, seq, 32>
  accel.norm rms "u" ins(%x : !map) weight(%n) outs(%u : !map) [64]
  %isShort = arith.cmpi slt, %seq, %c64 : index
  scf.if %isShort {
    scf.for %t = %c0 to %seq step %c32 {
      func.call @part(%t) : (index) -> ()
    }
  } else {
    scf.for %t = %c0 to %seq step %c64 {
      func.call @part(%t) : (index) -> ()
    }
  }
  accel.norm rms "y" ins(%u : !map) weight(%n) outs(%y : !map) [64]
  return
}
}

// -----

// What the branches hand on lies in one place, and no result is left.

!map = memref<2x?x32xf16, #accel.space<DDR>>
module attributes {accel.device = "edgellm-20241128", llm.max_tokens = 128 : i64} {
accel.object @n norm_weight [64] in <DDR> at 0 bytes 256 stride 0

// CHECK-LABEL: func.func @model()
// CHECK:         %[[R:.*]] = accel.buffer "hidden" at [[PLACE:[0-9]+]] bytes 16384 live [2, 2]
// CHECK:         %[[I:.*]]:2 = scf.if %{{.*}} -> (index, index) {
// CHECK:           accel.buffer "a" at [[PLACE]] bytes 16384 live [0, 0]
// CHECK:           scf.yield %{{.*}}, %{{.*}} : index, index
// CHECK:         } else {
// CHECK:           accel.buffer "b" at [[PLACE]] bytes 16384 live [1, 1]
// CHECK:           scf.yield %{{.*}}, %{{.*}} : index, index
// CHECK:         }
// CHECK:         arith.addi %[[I]]#0, %[[I]]#1
// CHECK:         accel.norm rms "y" ins(%[[R]] :
func.func @model() {
  %c0 = arith.constant 0 : index
  %c64 = arith.constant 64 : index
  %seq = accel.tokens seq
  %n = accel.get_object @n : !accel.object
  %x = accel.buffer "x" host input "input" channels 64 : !map, <2, seq, 32>
  %y = accel.buffer "y" host output "output" channels 64 : !map, <2, seq, 32>
  %isShort = arith.cmpi slt, %seq, %c64 : index
  %r:3 = scf.if %isShort -> (index, !map, index) {
    %a = accel.buffer "a" : !map, <2, seq, 32>
    accel.norm rms "a" ins(%x : !map) weight(%n) outs(%a : !map) [64]
    scf.yield %c0, %a, %c64 : index, !map, index
  } else {
    %b = accel.buffer "b" : !map, <2, seq, 32>
    accel.norm layer "b" ins(%x : !map) weight(%n) outs(%b : !map) [64]
    scf.yield %c64, %b, %c0 : index, !map, index
  }
  %sum = arith.addi %r#0, %r#2 : index
  accel.norm rms "y" ins(%r#1 : !map) weight(%n) outs(%y : !map) [64]
  return
}
}

// -----

// Sizes are those of the call that needs most, which is no corner of the calls
// here: 64 pages of 65 tokens, and 127 tokens.

!pages = memref<?x?x32xf16, #accel.space<DDR>>
!some = memref<2x?x32xf16, #accel.space<DDR>>
module attributes {accel.device = "edgellm-20241128", llm.max_tokens = 128 : i64} {
// CHECK-LABEL: func.func @model()
func.func @model() {
  // CHECK: accel.buffer "pages" at {{[0-9]+}} bytes 266240 live
  %p = accel.buffer "pages" : !pages, <past + 1, seq, 32>
  // CHECK: accel.buffer "some" at {{[0-9]+}} bytes 16256 live
  %s = accel.buffer "some" : !some, <2, (seq + past - 1) mod 127 + 1, 32>
  %total = accel.tokens seq + past
  accel.softmax "pages" ins(%p : !pages) keys(%total) at(%total) outs(%p : !pages) [1]
  accel.elementwise add "some" ins(%s, %s : !some, !some) outs(%s : !some) [64]
  return
}
}
