// RUN: dlavm-opt %s --convert-accel-to-csb --cse | grep -v arith.constant | FileCheck %s

// Rotary embedding: the register document, 4.4. The table advances by past
// pixels of 64 bytes; heads lie 4 channel groups apart.

module attributes {accel.device = "edgellm-20241128", llm.max_tokens = 2048 : i64} {
accel.object @rope rope_table [] in <DDR> at 0 bytes 524288 stride 0

// CHECK-LABEL: csb.register_table @pos_emb "rotary position embedding" {
// CHECK-NEXT:    csb.register @TableAddress = 194{{$}}
// CHECK-NEXT:    csb.register @InputAddress = 195{{$}}
// CHECK-NEXT:    csb.register @InputHead = 196{{$}}
// CHECK-NEXT:    csb.register @InputLine = 197{{$}}
// CHECK-NEXT:    csb.register @OutputAddress = 198{{$}}
// CHECK-NEXT:    csb.register @OutputHead = 199{{$}}
// CHECK-NEXT:    csb.register @OutputLine = 200{{$}}
// CHECK-NEXT:    csb.register @ChannelGroups = 201{{$}}
// CHECK-NEXT:    csb.register @Width = 202{{$}}
// CHECK-NEXT:    csb.register @Past = 203{{$}}
// CHECK-NEXT:    csb.register @Heads = 204{{$}}
// CHECK-NEXT:    csb.register @TableHalf = 205{{$}}
// CHECK-NEXT:    csb.register @TableLine = 206{{$}}
// CHECK-NEXT:    csb.register @Reserved207 = 207{{$}}
// CHECK-NEXT:    csb.register @OnChip = 208{{$}}
// CHECK-NEXT:    csb.register @Opcode = 209 values {Start = 4 : i64}
// CHECK-NEXT:    csb.register @Status = 193{{$}}
// CHECK-NEXT:  }

// CHECK-LABEL: func.func @run(
// CHECK-SAME:    %[[SEQ:.*]]: i32, %[[PAST:.*]]: i32) {
// CHECK:         csb.task "query_rope" "rotary embedding of 32 heads" to @y
// CHECK-DAG:     %[[L:.*]] = arith.muli %c64_i32, %[[SEQ]] overflow<nsw> : i32
// CHECK-DAG:     %[[H:.*]] = arith.muli %c4_i32, %[[L]] overflow<nsw> : i32
// CHECK-DAG:     %[[OFFSET:.*]] = arith.muli %c64_i32, %[[PAST]] overflow<nsw> : i32
// CHECK-DAG:     %[[WIDE:.*]] = arith.extsi %[[OFFSET]] : i32 to i64
// CHECK:         %[[T:.*]] = arith.addi %rope, %[[WIDE]] overflow<nsw> : i64
// CHECK-NEXT:    csb.write @pos_emb::@TableAddress, %[[T]] : i64
// CHECK-NEXT:    csb.write @pos_emb::@InputAddress, %x : i64
// CHECK-NEXT:    csb.write @pos_emb::@InputHead, %[[H]] : i32
// CHECK-NEXT:    csb.write @pos_emb::@InputLine, %[[L]] : i32
// CHECK-NEXT:    csb.write @pos_emb::@OutputAddress, %y : i64
// CHECK-NEXT:    csb.write @pos_emb::@OutputHead, %[[H]] : i32
// CHECK-NEXT:    csb.write @pos_emb::@OutputLine, %[[L]] : i32
// CHECK-NEXT:    csb.write @pos_emb::@ChannelGroups, %c4_i32 : i32
// CHECK-NEXT:    csb.write @pos_emb::@Width, %[[SEQ]] : i32
// CHECK-NEXT:    csb.write @pos_emb::@Past, %[[PAST]] : i32
// CHECK-NEXT:    csb.write @pos_emb::@Heads, %c32_i32 : i32
// CHECK-NEXT:    csb.write @pos_emb::@TableHalf, %c262144_i32 : i32
// CHECK-NEXT:    csb.write @pos_emb::@TableLine, %c131072_i32 : i32
// CHECK-NEXT:    csb.write @pos_emb::@Reserved207, %c0_i32 : i32
// CHECK-NEXT:    csb.write @pos_emb::@OnChip, %c0_i32 : i32
// CHECK-NEXT:    csb.write @pos_emb::@Opcode, %c4_i32 : i32
// CHECK-NEXT:    csb.poll @pos_emb::@Status until 1
func.func @model() {
  %x = accel.buffer "x" at 524288 bytes 16777216 live [0, 0] : memref<128x?x32xf16, #accel.space<DDR>>, <128, seq, 32>
  %y = accel.buffer "y" at 17301504 bytes 16777216 live [0, 0] : memref<128x?x32xf16, #accel.space<DDR>>, <128, seq, 32>
  %t = accel.get_object @rope : !accel.object
  %past = accel.tokens past
  accel.rope "query_rope" ins(%x : memref<128x?x32xf16, #accel.space<DDR>>) table(%t) at(%past) outs(%y : memref<128x?x32xf16, #accel.space<DDR>>) [32, 128]
  return
}

}
