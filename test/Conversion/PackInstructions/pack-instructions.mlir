// RUN: dlavm-opt %s --csb-pack-instructions | FileCheck %s

module attributes {csb.device = "edgellm-20241128,Block_Tasks=2"} {
csb.register_table @pos_emb "rope" {
  csb.register @TableAddress = 194
  csb.register @Past = 203
  csb.register @Opcode = 209
  csb.register @Status = 193
}
csb.register_table @norm "norm" {
  csb.register @WeightAddress = 194
  csb.register @Opcode = 209
  csb.register @Status = 193
}
// CHECK:      csb.object @instructions "instructions" []
// CHECK-SAME: block_tasks = 2
// CHECK-SAME: header_words = 16
// CHECK-SAME: code = 4 : i64
// CHECK-SAME: layers = 3
// CHECK-SAME: "DDR" at 2048 bytes 576 stride 0 dma 8589934592 ports 1 port_stride 0 file "instructions.bin"
// CHECK:      csb.table @task_beats = [0, 1, 2]
// CHECK:      csb.register_table @block {{.*}} runs_blocks
csb.buffer @x "DDR" at 1024 bytes 64 live [0, 0]

// Words that stay as they are belong to the image: those of @norm, and addresses.
// CHECK-LABEL: func.func @decode(
// CHECK:         csb.check_call
// CHECK:         scf.for
// CHECK-NOT:     csb.write
// CHECK:           csb.set_instruction %{{.*}}, %arg0
// CHECK-NOT:     csb.set_instruction
// CHECK:         csb.send_instructions %{{.*}} from %c25{{.*}} words 97
// CHECK:         scf.for
// CHECK:           csb.write @block::@Address
// CHECK-NEXT:      csb.write @block::@Beats
// CHECK:           csb.write @block::@Tasks
// CHECK:           csb.write @block::@Opcode
// CHECK-NEXT:      csb.poll @block::@Status until 1
// CHECK-NOT:     csb.write
func.func @decode(%past: i32) {
  %c1 = arith.constant 1 : i32
  %c0 = arith.constant 0 : i32
  %c3 = arith.constant 3 : i32
  %c4 = arith.constant 4 : i32
  %c32 = arith.constant 32 : i32
  csb.check_call %c1, %past, 64
  scf.for %layer = %c0 to %c3 step %c1 : i32 {
    csb.task "rope"[%layer] "rope"
    %x = csb.address_of @x : i64
    csb.write @pos_emb::@TableAddress, %x : i64
    csb.write @pos_emb::@Past, %past : i32
    csb.write @pos_emb::@Opcode, %c4 : i32
    csb.poll @pos_emb::@Status until 1
    csb.task "norm"[%layer] "norm"
    csb.write @norm::@WeightAddress, %layer : i32
    csb.write @norm::@Opcode, %c32 : i32
    csb.poll @norm::@Status until 1
  } {llm.layer_loop}
  return
}
}
