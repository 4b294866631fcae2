// RUN: dlavm-opt %s --convert-accel-to-csb --cse | grep -v arith.constant | FileCheck %s

// Attention scores: the register document, 4.6, for 32 query and 2 KV heads. In
// a slice, only the two addresses and the width change. Heads of scores lie
// cdiv(total, 32) column groups apart.

module attributes {accel.device = "edgellm-20241128", llm.max_tokens = 2048 : i64} {
accel.object @k kv_cache [2] in <HBM> at 0 bytes 32768 stride 0

// CHECK-LABEL: csb.register_table @trp_mvm "attention scores, Q x K^T" {
// CHECK-NEXT:    csb.register @CacheAddress = 194{{$}}
// CHECK-NEXT:    csb.register @InputAddress = 195{{$}}
// CHECK-NEXT:    csb.register @InputHead = 196{{$}}
// CHECK-NEXT:    csb.register @InputLine = 197{{$}}
// CHECK-NEXT:    csb.register @OutputAddress = 198{{$}}
// CHECK-NEXT:    csb.register @OutputHead = 199{{$}}
// CHECK-NEXT:    csb.register @OutputLine = 200{{$}}
// CHECK-NEXT:    csb.register @CacheHead = 201{{$}}
// CHECK-NEXT:    csb.register @CacheLine = 202{{$}}
// CHECK-NEXT:    csb.register @HeadChannels = 203{{$}}
// CHECK-NEXT:    csb.register @Columns = 204{{$}}
// CHECK-NEXT:    csb.register @Width = 205{{$}}
// CHECK-NEXT:    csb.register @BankStepAndScale = 206 fields {BankStep = array<i64: 20, 12>, Scale = array<i64: 0, 20>}{{$}}
// CHECK-NEXT:    csb.register @HeadConfiguration = 207 fields {GroupHeadsMinus1 = array<i64: 16, 16>, Heads = array<i64: 8, 8>, KVHeads = array<i64: 0, 8>}{{$}}
// CHECK-NEXT:    csb.register @OnChip = 208{{$}}
// CHECK-NEXT:    csb.register @Opcode = 209 values {Start = 2 : i64}
// CHECK-NEXT:    csb.register @Status = 193{{$}}
// CHECK-NEXT:  }

// CHECK-LABEL: func.func @run(
// CHECK-SAME:    %[[SEQ:.*]]: i32, %[[PAST:.*]]: i32) {
// CHECK:         scf.for %[[T:.*]] = %c0_i32 to %[[SEQ]] step %c128_i32 : i32 {
// CHECK:           csb.task "scores" "scores of 32 heads with 2 KV heads" to @s
// CHECK-DAG:       %[[L:.*]] = arith.muli %c64_i32, %[[SEQ]] overflow<nsw> : i32
// CHECK-DAG:       %[[TOTAL:.*]] = arith.addi %[[SEQ]], %[[PAST]] overflow<nsw> : i32
// CHECK-DAG:       %[[UP:.*]] = arith.addi %[[TOTAL]], %c31_i32 overflow<nsw> : i32
// CHECK-DAG:       %[[G:.*]] = arith.divsi %[[UP]], %c32_i32 : i32
// CHECK-DAG:       %[[SH:.*]] = arith.muli %[[L]], %[[G]] overflow<nsw> : i32
// CHECK-DAG:       %[[H:.*]] = arith.muli %c4_i32, %[[L]] overflow<nsw> : i32
// CHECK-DAG:       %[[LEFT:.*]] = arith.subi %[[SEQ]], %[[T]] overflow<nsw> : i32
// CHECK-DAG:       %[[N:.*]] = arith.minsi %c128_i32, %[[LEFT]] : i32
// CHECK-DAG:       %[[OFFSET:.*]] = arith.muli %c64_i32, %[[T]] overflow<nsw> : i32
// CHECK-DAG:       %[[WIDE:.*]] = arith.extsi %[[OFFSET]] : i32 to i64
// CHECK-DAG:       %[[IN:.*]] = arith.addi %q, %[[WIDE]] overflow<nsw> : i64
// CHECK-DAG:       %[[OUT:.*]] = arith.addi %s, %[[WIDE]] overflow<nsw> : i64
// CHECK:           csb.write @trp_mvm::@CacheAddress, %k : i64
// CHECK-NEXT:      csb.write @trp_mvm::@InputAddress, %[[IN]] : i64
// CHECK-NEXT:      csb.write @trp_mvm::@InputHead, %[[H]] : i32
// CHECK-NEXT:      csb.write @trp_mvm::@InputLine, %[[L]] : i32
// CHECK-NEXT:      csb.write @trp_mvm::@OutputAddress, %[[OUT]] : i64
// CHECK-NEXT:      csb.write @trp_mvm::@OutputHead, %[[SH]] : i32
// CHECK-NEXT:      csb.write @trp_mvm::@OutputLine, %[[L]] : i32
// CHECK-NEXT:      csb.write @trp_mvm::@CacheHead, %c524288_i32 : i32
// CHECK-NEXT:      csb.write @trp_mvm::@CacheLine, %c131072_i32 : i32
// CHECK-NEXT:      csb.write @trp_mvm::@HeadChannels, %c128_i32 : i32
// CHECK-NEXT:      csb.write @trp_mvm::@Columns, %[[TOTAL]] : i32
// CHECK-NEXT:      csb.write @trp_mvm::@Width, %[[N]] : i32
// CHECK-NEXT:      csb.write @trp_mvm::@BankStepAndScale, %c29584705_i32 : i32
// CHECK-NEXT:      csb.write @trp_mvm::@HeadConfiguration, %c991234_i32 : i32
// CHECK-NEXT:      csb.write @trp_mvm::@OnChip, %c0_i32 : i32
// CHECK-NEXT:      csb.write @trp_mvm::@Opcode, %c2_i32 : i32
// CHECK-NEXT:      csb.poll @trp_mvm::@Status until 1
// CHECK-NEXT:    }
func.func @model() {
  %c0 = arith.constant 0 : index
  %c128 = arith.constant 128 : index
  %seq = accel.tokens seq
  %total = accel.tokens seq + past
  %surfaces = accel.tokens ((seq + past) ceildiv 32) * 32
  %k = accel.get_object @k : !accel.object
  %q = accel.buffer "q" at 0 bytes 16777216 live [0, 0] : memref<128x?x32xf16, #accel.space<DDR>>, <128, seq, 32>
  %s = accel.buffer "s" at 16777216 bytes 268435456 live [0, 0] : memref<?x?x32xf16, #accel.space<DDR>>, <((seq + past) ceildiv 32) * 32, seq, 32>
  scf.for %t = %c0 to %seq step %c128 {
    %left = arith.subi %seq, %t overflow<nsw> : index
    %n = arith.minsi %c128, %left : index
    %in = memref.subview %q[0, %t, 0] [128, %n, 32] [1, 1, 1] : memref<128x?x32xf16, #accel.space<DDR>> to memref<128x?x32xf16, strided<[?, 32, 1], offset: ?>, #accel.space<DDR>>
    %out = memref.subview %s[0, %t, 0] [%surfaces, %n, 32] [1, 1, 1] : memref<?x?x32xf16, #accel.space<DDR>> to memref<?x?x32xf16, strided<[?, 32, 1], offset: ?>, #accel.space<DDR>>
    accel.scores "scores" ins(%in : memref<128x?x32xf16, strided<[?, 32, 1], offset: ?>, #accel.space<DDR>>) cache(%k) keys(%total) scale 0.088388347648318433 outs(%out : memref<?x?x32xf16, strided<[?, 32, 1], offset: ?>, #accel.space<DDR>>) [32, 2, 128]
  }
  return
}

// The scale is that of the op, and heads need not be grouped: 32 KV heads.
// CHECK-LABEL: func.func private @run_other(
// CHECK: csb.write @trp_mvm::@BankStepAndScale, %c29605888_i32 : i32
// CHECK: csb.write @trp_mvm::@HeadConfiguration, %c8224_i32 : i32
func.func private @other() {
  %total = accel.tokens seq + past
  %k = accel.get_object @k : !accel.object
  %q = accel.buffer "q" at 0 bytes 16777216 live [0, 0] : memref<128x?x32xf16, #accel.space<DDR>>, <128, seq, 32>
  %s = accel.buffer "s" at 16777216 bytes 268435456 live [0, 0] : memref<?x?x32xf16, #accel.space<DDR>>, <((seq + past) ceildiv 32) * 32, seq, 32>
  accel.scores "scores" ins(%q : memref<128x?x32xf16, #accel.space<DDR>>) cache(%k) keys(%total) scale 0.5 outs(%s : memref<?x?x32xf16, #accel.space<DDR>>) [32, 32, 128]
  return
}

}
