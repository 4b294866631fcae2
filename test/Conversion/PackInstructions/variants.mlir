// RUN: dlavm-opt %s --csb-pack-instructions | FileCheck %s

// Scores start once for each 32 tokens: three numbers of starts, each of which has blocks of
// its own. Where the loop over slices comes to its second one, nothing is below 0.
module attributes {csb.device = "edgellm-20241128"} {
csb.register_table @trp_mvm "scores" {
  csb.register @Columns = 204
  csb.register @Opcode = 209
  csb.register @Status = 193
}
csb.register_table @norm "norm" {
  csb.register @Opcode = 209
  csb.register @Status = 193
}
// CHECK:      csb.object @instructions
// CHECK-SAME: runs = [{first = [{code = 3 : i64, name = "scores", words = array<i64: 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 2>
// CHECK-SAME: {first = [{code = 3 : i64, name = "scores", words = array<i64: 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 32, 0, 0, 0, 0, 2>}
// CHECK-SAME: {code = 3 : i64, name = "scores", words = array<i64: 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 2>}
// CHECK-SAME: bytes 768 stride

// CHECK-LABEL: func.func @decode(
// CHECK-SAME:    %[[PAST:.*]]: i32)
// CHECK:         %[[C32:.*]] = arith.constant 32
// CHECK:         %[[FIRST:.*]] = arith.cmpi slt, %[[PAST]], %[[C32]]
// CHECK:         scf.if %[[FIRST]] {
// CHECK-COUNT-1:   csb.set_instruction
// CHECK-NOT:       csb.set_instruction
// CHECK:           csb.send_instructions %{{.*}} from %c26{{.*}} words 1
// CHECK:           csb.write @block::@Tasks, %c2
// CHECK:         } else {
// CHECK:           arith.cmpi slt, %[[PAST]], %c64
// CHECK-COUNT-2:   csb.set_instruction
// CHECK-NOT:       csb.set_instruction
// CHECK:           csb.send_instructions
// CHECK:           csb.write @block::@Tasks, %c3
// CHECK:         } else {
// CHECK-NOT:       arith.cmpi
// CHECK-COUNT-3:   csb.set_instruction
// CHECK-NOT:       csb.set_instruction
// CHECK:           csb.write @block::@Tasks, %c4
// CHECK-NOT:     csb.poll @trp_mvm
func.func @decode(%past: i32) {
  %c0 = arith.constant 0 : i32
  %c1 = arith.constant 1 : i32
  %c2 = arith.constant 2 : i32
  %c32 = arith.constant 32 : i32
  csb.check_call %c1, %past, 70
  %total = arith.addi %past, %c1 : i32
  scf.for %column = %c0 to %total step %c32 : i32 {
    csb.task "scores" "scores"
    %left = arith.subi %total, %column : i32
    %columns = arith.minsi %left, %c32 : i32
    csb.write @trp_mvm::@Columns, %columns : i32
    csb.write @trp_mvm::@Opcode, %c2 : i32
    csb.poll @trp_mvm::@Status until 1
  }
  csb.task "norm" "norm"
  csb.write @norm::@Opcode, %c32 : i32
  csb.poll @norm::@Status until 1
  return
}
}
