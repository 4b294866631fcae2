// RUN: dlavm-opt %s --convert-accel-to-csb --cse | grep -v arith.constant | FileCheck %s
// RUN: sed 's/ \[32\]$/ [32] mask never/' %s | dlavm-opt --convert-accel-to-csb --cse | FileCheck %s --check-prefix=NEVER
// RUN: sed 's/ \[32\]$/ [32] mask always/' %s | dlavm-opt --convert-accel-to-csb --cse | FileCheck %s --check-prefix=ALWAYS

// NEVER:  csb.task "probabilities" "softmax of 32 heads" to @p
// NEVER:  csb.write @softmax::@Mask, %c0_i32 : i32
// ALWAYS: csb.task "probabilities" "causal softmax of 32 heads" to @p
// ALWAYS: csb.write @softmax::@Mask, %c1_i32 : i32

// Softmax: the register document, 4.7. There is no mask where one new token sees
// everything: 0 for one token, 1 for more.

module attributes {accel.device = "edgellm-20241128", llm.max_tokens = 2048 : i64} {

// CHECK-LABEL: csb.register_table @softmax "softmax over the tokens in the KV cache" {
// CHECK-NEXT:    csb.register @Mask = 194 values {AllColumns = 0 : i64, Causal = 1 : i64}
// CHECK-NEXT:    csb.register @InputAddress = 195{{$}}
// CHECK-NEXT:    csb.register @InputHead = 196{{$}}
// CHECK-NEXT:    csb.register @InputLine = 197{{$}}
// CHECK-NEXT:    csb.register @OutputAddress = 198{{$}}
// CHECK-NEXT:    csb.register @OutputHead = 199{{$}}
// CHECK-NEXT:    csb.register @OutputLine = 200{{$}}
// CHECK-NEXT:    csb.register @ColumnGroups = 201{{$}}
// CHECK-NEXT:    csb.register @Heads = 202{{$}}
// CHECK-NEXT:    csb.register @Columns = 203{{$}}
// CHECK-NEXT:    csb.register @Width = 204{{$}}
// CHECK-NEXT:    csb.register @Rows = 205{{$}}
// CHECK-NEXT:    csb.register @Past = 206{{$}}
// CHECK-NEXT:    csb.register @Reserved207 = 207{{$}}
// CHECK-NEXT:    csb.register @OnChip = 208{{$}}
// CHECK-NEXT:    csb.register @Opcode = 209 values {Start = 8 : i64}
// CHECK-NEXT:    csb.register @Status = 193{{$}}
// CHECK-NEXT:  }

// CHECK-LABEL: func.func @run(
// CHECK-SAME:    %[[SEQ:.*]]: i32, %[[PAST:.*]]: i32) {
// CHECK:         csb.task "probabilities" "causal softmax of 32 heads" to @p
// CHECK-DAG:     %[[L:.*]] = arith.muli %c64_i32, %[[SEQ]] overflow<nsw> : i32
// CHECK-DAG:     %[[TOTAL:.*]] = arith.addi %[[SEQ]], %[[PAST]] overflow<nsw> : i32
// CHECK-DAG:     %[[UP:.*]] = arith.addi %[[TOTAL]], %c31_i32 overflow<nsw> : i32
// CHECK-DAG:     %[[G:.*]] = arith.divsi %[[UP]], %c32_i32 : i32
// CHECK-DAG:     %[[SH:.*]] = arith.muli %[[L]], %[[G]] overflow<nsw> : i32
// CHECK-DAG:     %[[NEW:.*]] = arith.subi %[[SEQ]], %c1_i32 overflow<nsw> : i32
// CHECK-DAG:     %[[M:.*]] = arith.minsi %[[NEW]], %c1_i32 : i32
// CHECK:         csb.write @softmax::@Mask, %[[M]] : i32
// CHECK-NEXT:    csb.write @softmax::@InputAddress, %s : i64
// CHECK-NEXT:    csb.write @softmax::@InputHead, %[[SH]] : i32
// CHECK-NEXT:    csb.write @softmax::@InputLine, %[[L]] : i32
// CHECK-NEXT:    csb.write @softmax::@OutputAddress, %p : i64
// CHECK-NEXT:    csb.write @softmax::@OutputHead, %[[SH]] : i32
// CHECK-NEXT:    csb.write @softmax::@OutputLine, %[[L]] : i32
// CHECK-NEXT:    csb.write @softmax::@ColumnGroups, %[[G]] : i32
// CHECK-NEXT:    csb.write @softmax::@Heads, %c32_i32 : i32
// CHECK-NEXT:    csb.write @softmax::@Columns, %[[TOTAL]] : i32
// CHECK-NEXT:    csb.write @softmax::@Width, %[[SEQ]] : i32
// CHECK-NEXT:    csb.write @softmax::@Rows, %[[SEQ]] : i32
// CHECK-NEXT:    csb.write @softmax::@Past, %[[PAST]] : i32
// CHECK-NEXT:    csb.write @softmax::@Reserved207, %c0_i32 : i32
// CHECK-NEXT:    csb.write @softmax::@OnChip, %c0_i32 : i32
// CHECK-NEXT:    csb.write @softmax::@Opcode, %c8_i32 : i32
// CHECK-NEXT:    csb.poll @softmax::@Status until 1
func.func @model() {
  %total = accel.tokens seq + past
  %past = accel.tokens past
  %s = accel.buffer "s" at 0 bytes 268435456 live [0, 0] : memref<?x?x32xf16, #accel.space<DDR>>, <((seq + past) ceildiv 32) * 32, seq, 32>
  %p = accel.buffer "p" at 268435456 bytes 268435456 live [0, 0] : memref<?x?x32xf16, #accel.space<DDR>>, <((seq + past) ceildiv 32) * 32, seq, 32>
  accel.softmax "probabilities" ins(%s : memref<?x?x32xf16, #accel.space<DDR>>) keys(%total) at(%past) outs(%p : memref<?x?x32xf16, #accel.space<DDR>>) [32]
  return
}

}
