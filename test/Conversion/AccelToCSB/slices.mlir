// RUN: dlavm-opt %s --convert-accel-to-csb --loop-invariant-code-motion --cse | FileCheck %s

// A buffer that holds slices has the rows of one: 128, or those of a shorter
// call. Softmax on a slice has the position of its first token, and a mask unless
// the slice is the last token alone.

module attributes {accel.device = "edgellm-20241128", llm.max_tokens = 2048 : i64} {
// CHECK-DAG: csb.buffer @scores "DDR" at 0 bytes 33554432 live [0, 1] slice 128
// CHECK-DAG: csb.buffer @probabilities "DDR" at 33554432 bytes 33554432 live [0, 1] slice 128
// CHECK: func.func @run(%[[SEQ:.*]]: i32, %[[PAST:.*]]: i32)
// CHECK-DAG:  %[[C1:.*]] = arith.constant 1 : i32
// CHECK-DAG:  %[[C64:.*]] = arith.constant 64 : i32
// CHECK-DAG:  %[[C128:.*]] = arith.constant 128 : i32
// CHECK-DAG:  %[[ROWS:.*]] = arith.minsi %[[SEQ]], %[[C128]] : i32
// CHECK-DAG:  %[[LINE:.*]] = arith.muli %[[C64]], %[[ROWS]]
// CHECK:      scf.for %[[T:.*]] = %{{.*}} to %[[SEQ]] step %[[C128]]
// CHECK-NEXT:   csb.task "probabilities" "causal softmax of 32 heads" to @probabilities slice 128
// CHECK-NEXT:   %[[LEFT:.*]] = arith.subi %[[SEQ]], %[[T]]
// CHECK-NEXT:   %[[N:.*]] = arith.minsi %[[C128]], %[[LEFT]]
// CHECK-NEXT:   %[[BEFORE:.*]] = arith.subi %[[N]], %[[C1]]
// CHECK-NEXT:   %[[MASK:.*]] = arith.minsi %[[BEFORE]], %[[C1]]
// CHECK-NEXT:   %[[POSITION:.*]] = arith.addi %[[PAST]], %[[T]]
// CHECK-NEXT:   csb.write @softmax::@Mask, %[[MASK]] : i32
// CHECK:        csb.write @softmax::@InputLine, %[[LINE]] : i32
// CHECK:        csb.write @softmax::@OutputLine, %[[LINE]] : i32
// CHECK:        csb.write @softmax::@Width, %[[N]] : i32
// CHECK:        csb.write @softmax::@Past, %[[POSITION]] : i32
func.func @main() {
  %c0 = arith.constant 0 : index
  %c128 = arith.constant 128 : index
  %seq = accel.tokens seq
  %past = accel.tokens past
  %total = accel.tokens seq + past
  scf.for %slice = %c0 to %seq step %c128 {
    %left = arith.subi %seq, %slice overflow<nsw> : index
    %n = arith.minsi %c128, %left : index
    %s = accel.buffer "scores" at 0 bytes 33554432 live [0, 1] slice 128 : memref<?x?x32xf16, #accel.space<DDR>>, <((seq + past) ceildiv 32) * 32, seq, 32>
    %p = accel.buffer "probabilities" at 33554432 bytes 33554432 live [0, 1] slice 128 : memref<?x?x32xf16, #accel.space<DDR>>, <((seq + past) ceildiv 32) * 32, seq, 32>
    %rows = accel.tokens ((seq + past) ceildiv 32) * 32
    %sv = memref.subview %s[0, 0, 0] [%rows, %n, 32] [1, 1, 1] : memref<?x?x32xf16, #accel.space<DDR>> to memref<?x?x32xf16, strided<[?, 32, 1]>, #accel.space<DDR>>
    %pv = memref.subview %p[0, 0, 0] [%rows, %n, 32] [1, 1, 1] : memref<?x?x32xf16, #accel.space<DDR>> to memref<?x?x32xf16, strided<[?, 32, 1]>, #accel.space<DDR>>
    %position = arith.addi %past, %slice overflow<nsw> : index
    accel.softmax "probabilities" ins(%sv : memref<?x?x32xf16, strided<[?, 32, 1]>, #accel.space<DDR>>) keys(%total) at(%position) outs(%pv : memref<?x?x32xf16, strided<[?, 32, 1]>, #accel.space<DDR>>) [32] {accel.slice = 128 : i64}
  } {accel.limit = "memory of 67108864 bytes for a slice"}
  return
}
}
