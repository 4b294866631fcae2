// RUN: dlavm-toy-opt %s --accel-partition-tasks --canonicalize --cse | FileCheck %s
// RUN: dlavm-toy-opt %s --accel-partition-tasks --accel-partition-tasks --canonicalize --cse | FileCheck %s
// RUN: dlavm-toy-opt %s --accel-partition-tasks --accel-place-objects --accel-plan-memory --accel-outline-starts --canonicalize --cse | FileCheck %s --check-prefix=OUTLINE

// Starts share tokens and output channels. Where the call decides which order
// moves fewer bytes, there are both, and then one function that both call.

module attributes {accel.device = "toy-1", llm.max_tokens = 40 : i64} {
accel.object @w weight [56, 32] in <URAM>
accel.object @narrow_w weight [32, 32] in <URAM>

// The buffers hold 8 tokens and 32 output channels of 32 input channels.
// CHECK-LABEL: func.func @both()
// CHECK-DAG:     %[[C0:.*]] = arith.constant 0 : index
// CHECK-DAG:     %[[C1:.*]] = arith.constant 1 : index
// CHECK-DAG:     %[[C8:.*]] = arith.constant 8 : index
// CHECK-DAG:     %[[C32:.*]] = arith.constant 32 : index
// CHECK-DAG:     %[[C56:.*]] = arith.constant 56 : index
// CHECK-DAG:     %[[X:.*]] = accel.buffer "x"
// CHECK-DAG:     %[[Y:.*]] = accel.buffer "y"
// CHECK-DAG:     %[[SEQ:.*]] = accel.tokens seq
// CHECK:         %[[KEEPS_WEIGHT:.*]] = arith.cmpi slt
// CHECK-NEXT:    scf.if %[[KEEPS_WEIGHT]] {
// CHECK-NEXT:      scf.for %[[C:.*]] = %[[C0]] to %[[C56]] step %[[C32]] {
// CHECK-NEXT:        %[[REST:.*]] = arith.subi %[[C56]], %[[C]]
// CHECK-NEXT:        %[[N:.*]] = arith.minsi %[[REST]], %[[C32]]
// CHECK-NEXT:        scf.for %[[T:.*]] = %[[C0]] to %[[SEQ]] step %[[C8]] {
// CHECK-NEXT:          %[[LEFT:.*]] = arith.subi %[[SEQ]], %[[T]]
// CHECK-NEXT:          %[[W:.*]] = arith.minsi %[[LEFT]], %[[C8]]
// CHECK-NEXT:          %[[IN:.*]] = memref.subview %[[X]][0, %[[T]], 0] [2, %[[W]], 16] [1, 1, 1]
// CHECK-NEXT:          %[[OUT:.*]] = memref.subview %[[Y]][0, %[[T]], 0] [4, %[[W]], 16] [1, 1, 1]
// CHECK-NEXT:          %[[REUSES:.*]] = arith.minsi %[[T]], %[[C1]]
// CHECK-NEXT:          accel.linear "l" ins(%[[IN]] : {{.*}}) weight(%{{.*}}) outs(%[[OUT]] : {{.*}}) part(%[[C]], %[[N]], %[[REUSES]], %[[C0]]) [32, 56]
// CHECK:         } else {
// CHECK-NEXT:      scf.for %[[T:.*]] = %[[C0]] to %[[SEQ]] step %[[C8]] {
// CHECK:             %[[W:.*]] = arith.minsi %{{.*}}, %[[C8]]
// CHECK-NEXT:        scf.for %[[C:.*]] = %[[C0]] to %[[C56]] step %[[C32]] {
// CHECK:               %[[N:.*]] = arith.minsi %{{.*}}, %[[C32]]
// CHECK:               %[[IN:.*]] = memref.subview %[[X]][0, %[[T]], 0] [2, %[[W]], 16] [1, 1, 1]
// CHECK:               %[[OUT:.*]] = memref.subview %[[Y]][0, %[[T]], 0] [4, %[[W]], 16] [1, 1, 1]
// CHECK-NEXT:          %[[REUSES:.*]] = arith.minsi %[[C]], %[[C1]]
// CHECK-NEXT:          accel.linear "l" ins(%[[IN]] : {{.*}}) weight(%{{.*}}) outs(%[[OUT]] : {{.*}}) part(%[[C]], %[[N]], %[[C0]], %[[REUSES]]) [32, 56]

// Buffers and constants are the function's own; the first token, the tokens, the
// first channel, the channels and the flags are what differs.
// OUTLINE-LABEL: func.func private @both_l(
// OUTLINE-SAME:    %[[T:.*]]: index, %[[W:.*]]: index, %[[C:.*]]: index, %[[N:.*]]: index, %[[REUSES_WEIGHT:.*]]: index, %[[REUSES_INPUT:.*]]: index) {
// OUTLINE:         %[[X:.*]] = accel.buffer "x" at {{.*}} bytes 640 live
// OUTLINE:         %[[IN:.*]] = memref.subview %[[X]][0, %[[T]], 0] [2, %[[W]], 16] [1, 1, 1]
// OUTLINE:         %[[Y:.*]] = accel.buffer "y" at {{.*}} bytes 1280 live
// OUTLINE:         %[[OUT:.*]] = memref.subview %[[Y]][0, %[[T]], 0] [4, %[[W]], 16] [1, 1, 1]
// OUTLINE:         accel.linear "l" ins(%[[IN]] : {{.*}}) weight(%{{.*}}) outs(%[[OUT]] : {{.*}}) part(%[[C]], %[[N]], %[[REUSES_WEIGHT]], %[[REUSES_INPUT]]) [32, 56]
// OUTLINE-LABEL: func.func @both()
// OUTLINE:         %[[C0:.*]] = arith.constant 0 : index
// OUTLINE:         scf.if
// OUTLINE-NEXT:      scf.for %[[C:.*]] =
// OUTLINE:             scf.for %[[T:.*]] =
// OUTLINE:               %[[REUSES:.*]] = arith.minsi %[[T]], %{{.*}}
// OUTLINE-NEXT:          func.call @both_l(%[[T]], %{{.*}}, %[[C]], %{{.*}}, %[[REUSES]], %[[C0]])
// OUTLINE:         } else {
// OUTLINE-NEXT:      scf.for %[[T:.*]] =
// OUTLINE:             scf.for %[[C:.*]] =
// OUTLINE:               %[[REUSES:.*]] = arith.minsi %[[C]], %{{.*}}
// OUTLINE-NEXT:          func.call @both_l(%[[T]], %{{.*}}, %[[C]], %{{.*}}, %[[C0]], %[[REUSES]])
func.func @both() {
  %x = accel.buffer "x" : memref<2x?x16xf16, #accel.space<URAM>>, <2, seq, 16>
  %y = accel.buffer "y" : memref<4x?x16xf16, #accel.space<URAM>>, <4, seq, 16>
  %w = accel.get_object @w : !accel.object
  accel.linear "l" ins(%x : memref<2x?x16xf16, #accel.space<URAM>>) weight(%w) outs(%y : memref<4x?x16xf16, #accel.space<URAM>>) [32, 56]
  return
}

// All channels fit, so the order does not matter; each start still has a part.
// CHECK-LABEL: func.func @tokens()
// CHECK-DAG:     %[[C0:.*]] = arith.constant 0 : index
// CHECK-DAG:     %[[C32:.*]] = arith.constant 32 : index
// CHECK-NOT:     scf.if
// CHECK:         scf.for %[[T:.*]] =
// CHECK:           %[[REUSES:.*]] = arith.minsi %[[T]], %{{.*}}
// CHECK-NEXT:      accel.linear "l" {{.*}} part(%[[C0]], %[[C32]], %[[REUSES]], %[[C0]]) [32, 32]
// OUTLINE-LABEL: func.func @tokens()
// OUTLINE-NOT:     call
func.func @tokens() {
  %x = accel.buffer "x" : memref<2x?x16xf16, #accel.space<URAM>>, <2, seq, 16>
  %y = accel.buffer "y" : memref<2x?x16xf16, #accel.space<URAM>>, <2, seq, 16>
  %w = accel.get_object @narrow_w : !accel.object
  accel.linear "l" ins(%x : memref<2x?x16xf16, #accel.space<URAM>>) weight(%w) outs(%y : memref<2x?x16xf16, #accel.space<URAM>>) [32, 32]
  return
}

// One token fits as well.
// CHECK-LABEL: func.func @channels()
// CHECK-NOT:     scf.if
// CHECK:         scf.for %[[C:.*]] =
// CHECK:           accel.linear "l" {{.*}} part(%[[C]], %{{.*}}, %c0{{.*}}, %c0{{.*}}) [32, 56]
func.func @channels() {
  %x = accel.buffer "x" : memref<2x1x16xf16, #accel.space<URAM>>, <2, 1, 16>
  %y = accel.buffer "y" : memref<4x1x16xf16, #accel.space<URAM>>, <4, 1, 16>
  %w = accel.get_object @w : !accel.object
  accel.linear "l" ins(%x : memref<2x1x16xf16, #accel.space<URAM>>) weight(%w) outs(%y : memref<4x1x16xf16, #accel.space<URAM>>) [32, 56]
  return
}
}
