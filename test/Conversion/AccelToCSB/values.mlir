// RUN: dlavm-opt %s --convert-accel-to-csb --cse | grep -v arith.constant | FileCheck %s

// Attention values: the register document, 4.8, for 32 query and 2 KV heads.

module attributes {accel.device = "edgellm-20241128", llm.max_tokens = 2048 : i64} {
accel.object @k kv_cache [2] in <HBM> at 0 bytes 32768 stride 0

// CHECK-LABEL: csb.register_table @f2w_mvm "attention values, P x V" {
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
// CHECK-NEXT:    csb.register @Opcode = 209 values {Start = 1 : i64}
// CHECK-NEXT:    csb.register @Status = 193{{$}}
// CHECK-NEXT:  }

// CHECK-LABEL: func.func @run(
// CHECK-SAME:    %[[SEQ:.*]]: i32, %[[PAST:.*]]: i32) {
// CHECK:         csb.task "attention" "values of 32 heads with 2 KV heads" to @o
// CHECK-DAG:     %[[L:.*]] = arith.muli %c64_i32, %[[SEQ]] overflow<nsw> : i32
// CHECK-DAG:     %[[TOTAL:.*]] = arith.addi %[[SEQ]], %[[PAST]] overflow<nsw> : i32
// CHECK-DAG:     %[[UP:.*]] = arith.addi %[[TOTAL]], %c31_i32 overflow<nsw> : i32
// CHECK-DAG:     %[[G:.*]] = arith.divsi %[[UP]], %c32_i32 : i32
// CHECK-DAG:     %[[SH:.*]] = arith.muli %[[L]], %[[G]] overflow<nsw> : i32
// CHECK-DAG:     %[[H:.*]] = arith.muli %c4_i32, %[[L]] overflow<nsw> : i32
// CHECK:         csb.write @f2w_mvm::@CacheAddress, %k : i64
// CHECK-NEXT:    csb.write @f2w_mvm::@InputAddress, %p : i64
// CHECK-NEXT:    csb.write @f2w_mvm::@InputHead, %[[SH]] : i32
// CHECK-NEXT:    csb.write @f2w_mvm::@InputLine, %[[L]] : i32
// CHECK-NEXT:    csb.write @f2w_mvm::@OutputAddress, %o : i64
// CHECK-NEXT:    csb.write @f2w_mvm::@OutputHead, %[[H]] : i32
// CHECK-NEXT:    csb.write @f2w_mvm::@OutputLine, %[[L]] : i32
// CHECK-NEXT:    csb.write @f2w_mvm::@CacheHead, %c524288_i32 : i32
// CHECK-NEXT:    csb.write @f2w_mvm::@CacheLine, %c131072_i32 : i32
// CHECK-NEXT:    csb.write @f2w_mvm::@HeadChannels, %c128_i32 : i32
// CHECK-NEXT:    csb.write @f2w_mvm::@Columns, %[[TOTAL]] : i32
// CHECK-NEXT:    csb.write @f2w_mvm::@Width, %[[SEQ]] : i32
// CHECK-NEXT:    csb.write @f2w_mvm::@BankStepAndScale, %c29614080_i32 : i32
// CHECK-NEXT:    csb.write @f2w_mvm::@HeadConfiguration, %c991234_i32 : i32
// CHECK-NEXT:    csb.write @f2w_mvm::@OnChip, %c0_i32 : i32
// CHECK-NEXT:    csb.write @f2w_mvm::@Opcode, %c1_i32 : i32
// CHECK-NEXT:    csb.poll @f2w_mvm::@Status until 1
func.func @model() {
  %total = accel.tokens seq + past
  %k = accel.get_object @k : !accel.object
  %p = accel.buffer "p" at 16777216 bytes 268435456 live [0, 0] : memref<?x?x32xf16, #accel.space<DDR>>, <((seq + past) ceildiv 32) * 32, seq, 32>
  %o = accel.buffer "o" at 0 bytes 16777216 live [0, 0] : memref<128x?x32xf16, #accel.space<DDR>>, <128, seq, 32>
  accel.values "attention" ins(%p : memref<?x?x32xf16, #accel.space<DDR>>) cache(%k) keys(%total) outs(%o : memref<128x?x32xf16, #accel.space<DDR>>) [32, 2, 128]
  return
}

// The step of the loop over slices, 2^22 / (16 * 16 * rup(total, 32)), is
// computed by the driver. Qwen2 has 7 query heads for each KV head.
// CHECK-LABEL: func.func private @run_sliced(
// CHECK-SAME:    %[[SEQ:.*]]: i32, %[[PAST:.*]]: i32) {
// CHECK-DAG:     %[[TOTAL:.*]] = arith.addi %[[SEQ]], %[[PAST]] overflow<nsw> : i32
// CHECK-DAG:     %[[UP:.*]] = arith.addi %[[TOTAL]], %c31_i32 overflow<nsw> : i32
// CHECK-DAG:     %[[G:.*]] = arith.divsi %[[UP]], %c32_i32 : i32
// CHECK-DAG:     %[[R:.*]] = arith.muli %c32_i32, %[[G]] overflow<nsw> : i32
// CHECK-DAG:     %[[B:.*]] = arith.muli %c256_i32, %[[R]] overflow<nsw> : i32
// CHECK-DAG:     %[[STEP:.*]] = arith.divsi %c4194304_i32, %[[B]] : i32
// CHECK:         scf.for %[[T:.*]] = %c0_i32 to %[[SEQ]] step %[[STEP]] : i32 {
// CHECK:           %[[N:.*]] = arith.minsi %[[STEP]], %{{.*}} : i32
// CHECK:           csb.write @f2w_mvm::@Columns, %[[TOTAL]] : i32
// CHECK-NEXT:      csb.write @f2w_mvm::@Width, %[[N]] : i32
// CHECK-NEXT:      csb.write @f2w_mvm::@BankStepAndScale, %c29614080_i32 : i32
// CHECK-NEXT:      csb.write @f2w_mvm::@HeadConfiguration, %c400388_i32 : i32
func.func private @sliced() {
  %c0 = arith.constant 0 : index
  %c31 = arith.constant 31 : index
  %c32 = arith.constant 32 : index
  %c256 = arith.constant 256 : index
  %bits = arith.constant 4194304 : index
  %seq = accel.tokens seq
  %total = accel.tokens seq + past
  %surfaces = accel.tokens ((seq + past) ceildiv 32) * 28
  %up = arith.addi %total, %c31 : index
  %g = arith.divsi %up, %c32 : index
  %r = arith.muli %c32, %g : index
  %b = arith.muli %c256, %r : index
  %step = arith.divsi %bits, %b : index
  %k = accel.get_object @k : !accel.object
  %p = accel.buffer "p" at 16777216 bytes 234881024 live [0, 0] : memref<?x?x32xf16, #accel.space<DDR>>, <((seq + past) ceildiv 32) * 28, seq, 32>
  %o = accel.buffer "o" at 0 bytes 14680064 live [0, 0] : memref<112x?x32xf16, #accel.space<DDR>>, <112, seq, 32>
  scf.for %t = %c0 to %seq step %step {
    %left = arith.subi %seq, %t : index
    %n = arith.minsi %step, %left : index
    %in = memref.subview %p[0, %t, 0] [%surfaces, %n, 32] [1, 1, 1] : memref<?x?x32xf16, #accel.space<DDR>> to memref<?x?x32xf16, strided<[?, 32, 1], offset: ?>, #accel.space<DDR>>
    %out = memref.subview %o[0, %t, 0] [112, %n, 32] [1, 1, 1] : memref<112x?x32xf16, #accel.space<DDR>> to memref<112x?x32xf16, strided<[?, 32, 1], offset: ?>, #accel.space<DDR>>
    accel.values "attention" ins(%in : memref<?x?x32xf16, strided<[?, 32, 1], offset: ?>, #accel.space<DDR>>) cache(%k) keys(%total) outs(%out : memref<112x?x32xf16, strided<[?, 32, 1], offset: ?>, #accel.space<DDR>>) [28, 4, 128]
  }
  return
}

}
