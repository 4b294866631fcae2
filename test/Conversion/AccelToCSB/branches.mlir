// RUN: dlavm-opt %s --convert-accel-to-csb --cse -split-input-file | grep -v arith.constant | FileCheck %s

// Two nests of loops that call one function, and the condition that chooses.

module attributes {accel.device = "edgellm-20241128", llm.max_tokens = 2000 : i64} {
func.func private @part(%first: index) {
  return
}

// CHECK-LABEL: func.func @run(
// CHECK-SAME:    %[[SEQ:.*]]: i32, %[[PAST:.*]]: i32) {
// CHECK:         %[[TOTAL:.*]] = arith.addi %[[SEQ]], %[[PAST]] overflow<nsw> : i32
// CHECK-NEXT:    %[[SHORT:.*]] = arith.cmpi sle, %[[TOTAL]], %c64_i32 : i32
// CHECK-NEXT:    scf.if %[[SHORT]] {
// CHECK-NEXT:      scf.for %[[I:.*]] = %c0_i32 to %[[SEQ]] step %c32_i32 : i32 {
// CHECK-NEXT:        func.call @run_part(%[[I]], %[[SEQ]], %[[PAST]])
// CHECK-NEXT:      }
// CHECK-NEXT:    } else {
// CHECK-NEXT:      scf.for %[[J:.*]] = %c0_i32 to %[[SEQ]] step %c64_i32 : i32 {
// CHECK-NEXT:        func.call @run_part(%[[J]], %[[SEQ]], %[[PAST]])
// CHECK-NEXT:      }
// CHECK-NEXT:    }
// CHECK-NEXT:    return
func.func @model() {
  %c0 = arith.constant 0 : index
  %c32 = arith.constant 32 : index
  %c64 = arith.constant 64 : index
  %seq = accel.tokens seq
  %total = accel.tokens seq + past
  %isShort = arith.cmpi sle, %total, %c64 : index
  scf.if %isShort {
    scf.for %t = %c0 to %seq step %c32 {
      func.call @part(%t) : (index) -> ()
    }
  } else {
    scf.for %t = %c0 to %seq step %c64 {
      func.call @part(%t) : (index) -> ()
    }
  }
  return
}
}

// -----

// Without an else; both sides get the wider type.

module attributes {accel.device = "edgellm-20241128", llm.max_tokens = 2000 : i64} {
// CHECK-LABEL: func.func @run(
// CHECK:         %[[WIDE:.*]] = arith.extsi %{{.*}} : i32 to i64
// CHECK:         %[[LONG:.*]] = arith.cmpi sgt, %[[WIDE]], %c4294967296_i64 : i64
// CHECK-NEXT:    scf.if %[[LONG]] {
// CHECK-NEXT:      csb.task "sum"
// CHECK-NOT:     else
func.func @model() {
  %large = arith.constant 4294967296 : index
  %seq = accel.tokens seq
  %x = accel.buffer "x" at 0 bytes 256000 live [0, 0] : memref<2x?x32xf16, #accel.space<DDR>>, <2, seq, 32>
  %isLong = arith.cmpi sgt, %seq, %large : index
  scf.if %isLong {
    accel.elementwise add "sum" ins(%x, %x : memref<2x?x32xf16, #accel.space<DDR>>, memref<2x?x32xf16, #accel.space<DDR>>) outs(%x : memref<2x?x32xf16, #accel.space<DDR>>) [64]
  }
  return
}
}
