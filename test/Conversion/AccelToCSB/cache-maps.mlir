// RUN: dlavm-opt %s --convert-accel-to-csb --cse --split-input-file | grep -v arith.constant | FileCheck %s

// KV caches that are maps in DDR (the document of the versions, section 4). The
// tasks write them through the registers of their output: at the position of the
// first token, with the distances of the whole cache. Scores have a scale and no
// bank step.

module attributes {accel.device = "edgellm-20240831", llm.max_tokens = 2048 : i64} {
accel.object @rope rope_table [] in <DDR> at 0 bytes 524288 stride 0
accel.object @w weight [256, 4096] in <HBM> at 0 bytes 16896 stride 0
accel.object @keys kv_cache [2] layers 28 in <DDR> at 1048576 bytes 1048576 stride 2097152
accel.object @values kv_cache [2] layers 28 in <DDR> at 2097152 bytes 1048576 stride 2097152

// CHECK-LABEL: csb.register_table @trp_mvm
// CHECK:         csb.register @Scale = 206{{$}}

// CHECK-LABEL: func.func private @run_layer(
// CHECK-SAME:    %[[LAYER:.*]]: i32, %[[SEQ:.*]]: i32, %[[PAST:.*]]: i32) {
// CHECK:         csb.task "key_rope"[%[[LAYER]]] "rotary embedding of 2 heads" to @keys
// CHECK-DAG:     %[[WIDE:.*]] = arith.extsi %[[LAYER]] : i32 to i64
// CHECK-DAG:     %[[STRIDE:.*]] = arith.muli %[[WIDE]], %cache_stride overflow<nsw> : i64
// CHECK-DAG:     %[[K:.*]] = arith.addi %keys, %[[STRIDE]] overflow<nsw> : i64
// CHECK-DAG:     %[[OFFSET:.*]] = arith.muli %c64_i32, %[[PAST]] overflow<nsw> : i32
// CHECK-DAG:     %[[MORE:.*]] = arith.extsi %[[OFFSET]] : i32 to i64
// CHECK-DAG:     %[[AT:.*]] = arith.addi %[[K]], %[[MORE]] overflow<nsw> : i64
// CHECK:         csb.write @pos_emb::@OutputAddress, %[[AT]] : i64
// CHECK-NEXT:    csb.write @pos_emb::@OutputHead, %c524288_i32 : i32
// CHECK-NEXT:    csb.write @pos_emb::@OutputLine, %c131072_i32 : i32
// CHECK-NEXT:    csb.write @pos_emb::@ChannelGroups, %c4_i32 : i32
// CHECK-NEXT:    csb.write @pos_emb::@Width, %[[SEQ]] : i32
// CHECK:         csb.task "value"[%[[LAYER]]] "linear 4096 -> 256" to @values
// CHECK-DAG:     %[[V:.*]] = arith.addi %values, %[[STRIDE]] overflow<nsw> : i64
// CHECK-DAG:     %[[AT:.*]] = arith.addi %[[V]], %[[MORE]] overflow<nsw> : i64
// CHECK:         csb.write @mvm::@OutputAddress, %[[AT]] : i64
// CHECK:         csb.write @mvm::@ScaleGroup, %c722944_i32 : i32
// CHECK-NEXT:    csb.write @mvm::@QuantizationBlock, %c458880_i32 : i32
// CHECK:         csb.write @mvm::@OutputSurface, %c131072_i32 : i32
// CHECK-NEXT:    csb.write @mvm::@OutputLine, %c131072_i32 : i32
// CHECK:         csb.task "scores"
// CHECK:         csb.write @trp_mvm::@CacheAddress, %[[K]] : i64
// CHECK:         csb.write @trp_mvm::@Scale, %c11688_i32 : i32
func.func private @layer(%layer: index {accel.layer}) {
  %x = accel.buffer "x" at 67108864 bytes 16777216 live [0, 1] : memref<128x?x32xf16, #accel.space<DDR>>, <128, seq, 32>
  %k = accel.buffer "k" at 83886080 bytes 1048576 live [0, 0] : memref<8x?x32xf16, #accel.space<DDR>>, <8, seq, 32>
  %s = accel.buffer "s" at 134217728 bytes 268435456 live [2, 2] : memref<?x?x32xf16, #accel.space<DDR>>, <(seq + past) ceildiv 32 * 32, seq, 32>
  %t = accel.get_object @rope : !accel.object
  %w = accel.get_object @w : !accel.object
  %kc = accel.get_object @keys[%layer] : !accel.object
  %vc = accel.get_object @values[%layer] : !accel.object
  %past = accel.tokens past
  %seq = accel.tokens seq
  %total = accel.tokens seq + past
  %km = accel.cache_map %kc : memref<8x2048x32xf16, #accel.space<DDR>>
  %vm = accel.cache_map %vc : memref<8x2048x32xf16, #accel.space<DDR>>
  %kn = memref.subview %km[0, %past, 0] [8, %seq, 32] [1, 1, 1] : memref<8x2048x32xf16, #accel.space<DDR>> to memref<8x?x32xf16, strided<[65536, 32, 1], offset: ?>, #accel.space<DDR>>
  %vn = memref.subview %vm[0, %past, 0] [8, %seq, 32] [1, 1, 1] : memref<8x2048x32xf16, #accel.space<DDR>> to memref<8x?x32xf16, strided<[65536, 32, 1], offset: ?>, #accel.space<DDR>>
  accel.rope "key_rope" ins(%k : memref<8x?x32xf16, #accel.space<DDR>>) table(%t) at(%past) outs(%kn : memref<8x?x32xf16, strided<[65536, 32, 1], offset: ?>, #accel.space<DDR>>) [2, 128]
  accel.linear "value" ins(%x : memref<128x?x32xf16, #accel.space<DDR>>) weight(%w) outs(%vn : memref<8x?x32xf16, strided<[65536, 32, 1], offset: ?>, #accel.space<DDR>>) [4096, 256]
  accel.scores "scores" ins(%x : memref<128x?x32xf16, #accel.space<DDR>>) cache(%kc) keys(%total) scale 0.08838834764831845 outs(%s : memref<?x?x32xf16, #accel.space<DDR>>) [32, 2, 128]
  return
}
func.func @model() {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c28 = arith.constant 28 : index
  scf.for %layer = %c0 to %c28 step %c1 {
    func.call @layer(%layer) : (index) -> ()
  } {llm.layer_loop}
  return
}
}

// -----

// An argmax that is polled at a register of its own and left in memory, 16 bits.

module attributes {accel.device = "edgellm-20240603", llm.max_tokens = 2048 : i64} {
accel.object @w weight [256, 4096] in <HBM> at 0 bytes 16896 stride 0
accel.object @b scale_bias [256] in <DDR> at 0 bytes 1024 stride 0

// CHECK-LABEL: csb.register_table @mvm
// CHECK:         csb.register @Reserved22 = 22{{$}}
// CHECK:         csb.register @ArgmaxStatus = 40{{$}}

// CHECK-LABEL: func.func @run(
// CHECK:         csb.task "head" "linear 4096 -> 256, scale and bias, argmax" to @logits
// CHECK:         csb.write @mvm::@Reserved21, %c1_i32 : i32
// CHECK-NEXT:    csb.write @mvm::@Reserved22, %c1_i32 : i32
// CHECK-NEXT:    csb.write @mvm::@Reserved23, %c1_i32 : i32
// CHECK-NEXT:    csb.write @mvm::@Reserved24, %c1_i32 : i32
// CHECK:         csb.write @mvm::@Mode, %c2847_i32 : i32
// CHECK-NEXT:    csb.poll @mvm::@ArgmaxStatus until 1

// CHECK-LABEL: func.func @read_token() -> i32 {
// CHECK:         %[[ADDRESS:.*]] = arith.addi %ddr_base, %token overflow<nsw> : i64
// CHECK-NEXT:    %[[TOKEN:.*]] = csb.dma_read_word %[[ADDRESS]] bits 16 : i32
// CHECK-NEXT:    return %[[TOKEN]] : i32
func.func @model() {
  %x = accel.buffer "x" at 1048576 bytes 8192 live [0, 0] : memref<128x1x32xf16, #accel.space<DDR>>, <128, 1, 32>
  %y = accel.buffer "logits" at 2097152 bytes 512 live [0, 0] : memref<8x1x32xf16, #accel.space<DDR>>, <8, 1, 32>
  %i = accel.buffer "token" at 3145728 bytes 64 live [0, 0] host token "token" channels 1 : memref<1xi32, #accel.space<DDR>>, <1>
  %w = accel.get_object @w : !accel.object
  %b = accel.get_object @b : !accel.object
  accel.linear "head" ins(%x : memref<128x1x32xf16, #accel.space<DDR>>) weight(%w) scale_bias(%b) outs(%y : memref<8x1x32xf16, #accel.space<DDR>>) argmax(%i : memref<1xi32, #accel.space<DDR>>) [4096, 256]
  return
}
}
