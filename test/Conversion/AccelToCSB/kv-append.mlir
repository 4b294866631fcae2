// RUN: dlavm-opt %s --convert-accel-to-csb --cse | grep -v arith.constant | FileCheck %s

// Appending to a KV cache: the register document, 4.5. The address is that of
// the cache; register 202 says where to write. Keys are transposed.

module attributes {accel.device = "edgellm-20241128", llm.max_tokens = 2048 : i64} {
accel.object @keys kv_cache [2] layers 28 in <HBM> at 96343040 bytes 32768 stride 65536
accel.object @values kv_cache [2] layers 28 in <HBM> at 96375808 bytes 32768 stride 65536

// CHECK-LABEL: csb.register_table @dat2hbm "append tokens to a KV cache" {
// CHECK-NEXT:    csb.register @InputAddress = 195{{$}}
// CHECK-NEXT:    csb.register @InputHead = 196{{$}}
// CHECK-NEXT:    csb.register @InputLine = 197{{$}}
// CHECK-NEXT:    csb.register @CacheAddress = 198{{$}}
// CHECK-NEXT:    csb.register @CacheHead = 199{{$}}
// CHECK-NEXT:    csb.register @CacheLine = 200{{$}}
// CHECK-NEXT:    csb.register @BankStep = 201{{$}}
// CHECK-NEXT:    csb.register @Past = 202{{$}}
// CHECK-NEXT:    csb.register @Width = 203{{$}}
// CHECK-NEXT:    csb.register @Heads = 204{{$}}
// CHECK-NEXT:    csb.register @ChannelGroups = 205{{$}}
// CHECK-NEXT:    csb.register @Transpose = 206 values {Keys = 1 : i64, Values = 0 : i64}
// CHECK-NEXT:    csb.register @Reserved207 = 207{{$}}
// CHECK-NEXT:    csb.register @OnChip = 208{{$}}
// CHECK-NEXT:    csb.register @Opcode = 209 values {Start = 64 : i64}
// CHECK-NEXT:    csb.register @Status = 193{{$}}
// CHECK-NEXT:  }

// CHECK: csb.constant @cache_stride = 65536

// CHECK-LABEL: func.func private @run_layer(
// CHECK-SAME:    %[[LAYER:.*]]: i32, %[[SEQ:.*]]: i32, %[[PAST:.*]]: i32) {
// CHECK:         csb.task "keys_append"[%[[LAYER]]] "append 2 heads to the cache"{{$}}
// CHECK-DAG:     %[[L:.*]] = arith.muli %c64_i32, %[[SEQ]] overflow<nsw> : i32
// CHECK-DAG:     %[[H:.*]] = arith.muli %c4_i32, %[[L]] overflow<nsw> : i32
// CHECK-DAG:     %[[WIDE:.*]] = arith.extsi %[[LAYER]] : i32 to i64
// CHECK-DAG:     %[[OFFSET:.*]] = arith.muli %[[WIDE]], %cache_stride overflow<nsw> : i64
// CHECK-DAG:     %[[K:.*]] = arith.addi %keys, %[[OFFSET]] overflow<nsw> : i64
// CHECK:         csb.write @dat2hbm::@InputAddress, %x : i64
// CHECK-NEXT:    csb.write @dat2hbm::@InputHead, %[[H]] : i32
// CHECK-NEXT:    csb.write @dat2hbm::@InputLine, %[[L]] : i32
// CHECK-NEXT:    csb.write @dat2hbm::@CacheAddress, %[[K]] : i64
// CHECK-NEXT:    csb.write @dat2hbm::@CacheHead, %c524288_i32 : i32
// CHECK-NEXT:    csb.write @dat2hbm::@CacheLine, %c131072_i32 : i32
// CHECK-NEXT:    csb.write @dat2hbm::@BankStep, %c28_i32 : i32
// CHECK-NEXT:    csb.write @dat2hbm::@Past, %[[PAST]] : i32
// CHECK-NEXT:    csb.write @dat2hbm::@Width, %[[SEQ]] : i32
// CHECK-NEXT:    csb.write @dat2hbm::@Heads, %c2_i32 : i32
// CHECK-NEXT:    csb.write @dat2hbm::@ChannelGroups, %c4_i32 : i32
// CHECK-NEXT:    csb.write @dat2hbm::@Transpose, %c1_i32 : i32
// CHECK-NEXT:    csb.write @dat2hbm::@Reserved207, %c0_i32 : i32
// CHECK-NEXT:    csb.write @dat2hbm::@OnChip, %c0_i32 : i32
// CHECK-NEXT:    csb.write @dat2hbm::@Opcode, %c64_i32 : i32
// CHECK-NEXT:    csb.poll @dat2hbm::@Status until 1
// CHECK:         csb.task "values_append"[%[[LAYER]]] "append 2 heads to the cache"{{$}}
// CHECK:         %[[V:.*]] = arith.addi %values, %[[OFFSET]] overflow<nsw> : i64
// CHECK:         csb.write @dat2hbm::@InputAddress, %x : i64
// CHECK-NEXT:    csb.write @dat2hbm::@InputHead, %[[H]] : i32
// CHECK-NEXT:    csb.write @dat2hbm::@InputLine, %[[L]] : i32
// CHECK-NEXT:    csb.write @dat2hbm::@CacheAddress, %[[V]] : i64
// CHECK-NEXT:    csb.write @dat2hbm::@CacheHead, %c524288_i32 : i32
// CHECK-NEXT:    csb.write @dat2hbm::@CacheLine, %c131072_i32 : i32
// CHECK-NEXT:    csb.write @dat2hbm::@BankStep, %c28_i32 : i32
// CHECK-NEXT:    csb.write @dat2hbm::@Past, %[[PAST]] : i32
// CHECK-NEXT:    csb.write @dat2hbm::@Width, %[[SEQ]] : i32
// CHECK-NEXT:    csb.write @dat2hbm::@Heads, %c2_i32 : i32
// CHECK-NEXT:    csb.write @dat2hbm::@ChannelGroups, %c4_i32 : i32
// CHECK-NEXT:    csb.write @dat2hbm::@Transpose, %c0_i32 : i32
// CHECK-NEXT:    csb.write @dat2hbm::@Reserved207, %c0_i32 : i32
// CHECK-NEXT:    csb.write @dat2hbm::@OnChip, %c0_i32 : i32
// CHECK-NEXT:    csb.write @dat2hbm::@Opcode, %c64_i32 : i32
// CHECK-NEXT:    csb.poll @dat2hbm::@Status until 1
func.func private @layer(%layer: index {accel.layer}) {
  %x = accel.buffer "x" at 0 bytes 1048576 live [0, 0] : memref<8x?x32xf16, #accel.space<DDR>>, <8, seq, 32>
  %k = accel.get_object @keys[%layer] : !accel.object
  %v = accel.get_object @values[%layer] : !accel.object
  %past = accel.tokens past
  accel.kv_append keys "keys_append" ins(%x : memref<8x?x32xf16, #accel.space<DDR>>) at(%past) outs(%k) [2, 128]
  accel.kv_append values "values_append" ins(%x : memref<8x?x32xf16, #accel.space<DDR>>) at(%past) outs(%v) [2, 128]
  return
}

func.func @model() {
  return
}

}
