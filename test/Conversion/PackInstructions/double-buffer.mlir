// RUN: dlavm-opt %s --csb-pack-instructions=double-buffer | FileCheck %s

module attributes {csb.device = "edgellm-20241128"} {
csb.register_table @pos_emb "rope" {
  csb.register @Past = 203
  csb.register @Opcode = 209
  csb.register @Status = 193
}
// CHECK:      csb.object @instructions
// CHECK-SAME: {block_tasks = 32 : i64, copies = 2 : i64, header_words
// CHECK-SAME: bytes 256 stride

// CHECK-LABEL: func.func private @send_instructions(
// CHECK-SAME:    %[[PAST:.*]]: i32) {
// CHECK:         %[[BUFFER:.*]] = arith.remsi %[[PAST]], %c2
// CHECK:         %[[WORDS:.*]] = arith.muli %c32{{.*}}, %[[BUFFER]]
// CHECK:         %[[SENT:.*]] = csb.sent_instructions %[[BUFFER]] : i32
// CHECK:         %[[OTHER:.*]] = arith.cmpi ne, %[[SENT]], %[[PAST]]
// CHECK:         scf.if %[[OTHER]] {
// CHECK:           %[[WORD:.*]] = arith.addi %[[WORDS]], %c25
// CHECK:           csb.set_instruction %[[WORD]], %[[PAST]]
// CHECK:           csb.send_instructions %{{.*}} from %{{.*}} words 1 for %[[PAST]] in %[[BUFFER]]

// The next words go out between start and poll.
// CHECK-LABEL: func.func @decode(
// CHECK-SAME:    %[[PAST:.*]]: i32) {
// CHECK:         csb.check_call
// CHECK:         call @send_instructions(%[[PAST]])
// CHECK:         csb.write @block::@Opcode
// CHECK:         %[[HAS_NEXT:.*]] = arith.cmpi slt, %[[PAST]], %c63
// CHECK:         scf.if %[[HAS_NEXT]] {
// CHECK:           %[[NEXT:.*]] = arith.addi %[[PAST]], %c1
// CHECK:           call @send_instructions(%[[NEXT]])
// CHECK:         }
// CHECK:         csb.poll @block::@Status until 1
func.func @decode(%past: i32) {
  %c1 = arith.constant 1 : i32
  %c4 = arith.constant 4 : i32
  csb.check_call %c1, %past, 64
  csb.task "rope" "rope"
  csb.write @pos_emb::@Past, %past : i32
  csb.write @pos_emb::@Opcode, %c4 : i32
  csb.poll @pos_emb::@Status until 1
  return
}
}
