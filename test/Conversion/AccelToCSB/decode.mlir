// RUN: dlavm-opt %s --convert-accel-to-csb --cse | FileCheck %s

// Functions for one token take no seq. The host calls decode(past); what it
// calls keeps its name.

module attributes {accel.device = "edgellm-20241128", llm.max_tokens = 2000 : i64} {

// CHECK-LABEL: func.func private @run_layer(
// CHECK-SAME:    i32, %{{.*}}: i32, %{{.*}}: i32) {
func.func private @layer(%layer: index {accel.layer}) {
  return
}

// CHECK-LABEL: func.func @run(
// CHECK-SAME:    %[[SEQ:.*]]: i32, %[[PAST:.*]]: i32) {
// CHECK:         call @run_layer(%{{.*}}, %[[SEQ]], %[[PAST]])
func.func @model() {
  %c0 = arith.constant 0 : index
  func.call @layer(%c0) : (index) -> ()
  return
}

// CHECK-LABEL: func.func private @decode_layer(
// CHECK-SAME:    %{{.*}}: i32, %[[PAST:.*]]: i32) {
// CHECK-DAG:     %[[C1:.*]] = arith.constant 1 : i32
// CHECK-DAG:     %[[C31:.*]] = arith.constant 31 : i32
// CHECK-DAG:     %[[C64:.*]] = arith.constant 64 : i32
// CHECK-DAG:     %[[TOTAL:.*]] = arith.addi %[[PAST]], %[[C1]] overflow<nsw> : i32
// CHECK-DAG:     %[[SUM:.*]] = arith.addi %[[TOTAL]], %[[C31]] overflow<nsw> : i32
// CHECK-DAG:     %[[GROUPS:.*]] = arith.divsi %[[SUM]]
// CHECK-DAG:     csb.write @softmax::@ColumnGroups, %[[GROUPS]]
// CHECK-DAG:     csb.write @softmax::@InputLine, %[[C64]]
// CHECK-DAG:     csb.write @softmax::@Columns, %[[TOTAL]]
// CHECK-DAG:     csb.write @softmax::@Width, %[[C1]]
func.func private @decode_layer(%layer: index {accel.layer}) attributes {accel.decode} {
  %past = accel.tokens past
  %total = accel.tokens past + 1
  %s = accel.buffer "s" at 64 bytes 262144 live [0, 0] : memref<?x1x32xf16, #accel.space<DDR>>, <(past + 1) ceildiv 32 * 2, 1, 32>
  %p = accel.buffer "p" at 262208 bytes 262144 live [0, 0] : memref<?x1x32xf16, #accel.space<DDR>>, <(past + 1) ceildiv 32 * 2, 1, 32>
  accel.softmax "p" ins(%s : memref<?x1x32xf16, #accel.space<DDR>>) keys(%total) at(%past) outs(%p : memref<?x1x32xf16, #accel.space<DDR>>) [2]
  return
}

// CHECK-LABEL: func.func @decode(
// CHECK-SAME:    %[[PAST:.*]]: i32) {
// CHECK-DAG:     %[[C1:.*]] = arith.constant 1 : i32
// CHECK:         csb.check_call %[[C1]], %[[PAST]], 2000
// CHECK:         call @decode_layer(%{{.*}}, %[[PAST]]) : (i32, i32) -> ()
func.func @decode() attributes {accel.decode} {
  %c0 = arith.constant 0 : index
  func.call @decode_layer(%c0) : (index) -> ()
  return
}

}
