// RUN: dlavm-opt %s --convert-accel-to-csb --cse -split-input-file | grep -v arith.constant | FileCheck %s

// Norms: the register document, 4.3.

module attributes {accel.device = "edgellm-20241128", llm.max_tokens = 2048 : i64} {
accel.object @n norm_weight [4096] in <DDR> at 0 bytes 16384 stride 0

// CHECK-LABEL: csb.register_table @norm "layer norm and RMS norm" {
// CHECK-NEXT:    csb.register @WeightAddress = 194{{$}}
// CHECK-NEXT:    csb.register @InputAddress = 195{{$}}
// CHECK-NEXT:    csb.register @InputSurface = 196{{$}}
// CHECK-NEXT:    csb.register @InputLine = 197{{$}}
// CHECK-NEXT:    csb.register @OutputAddress = 198{{$}}
// CHECK-NEXT:    csb.register @OutputSurface = 199{{$}}
// CHECK-NEXT:    csb.register @OutputLine = 200{{$}}
// CHECK-NEXT:    csb.register @ChannelGroups = 201{{$}}
// CHECK-NEXT:    csb.register @Rows = 202{{$}}
// CHECK-NEXT:    csb.register @Width = 203{{$}}
// CHECK-NEXT:    csb.register @Pixels = 204{{$}}
// CHECK-NEXT:    csb.register @Reciprocal = 205{{$}}
// CHECK-NEXT:    csb.register @WeightBursts = 206{{$}}
// CHECK-NEXT:    csb.register @Kind = 207 values {LayerNorm = 1 : i64, RMSNorm = 0 : i64}
// CHECK-NEXT:    csb.register @OnChip = 208{{$}}
// CHECK-NEXT:    csb.register @Opcode = 209 values {Start = 32 : i64}
// CHECK-NEXT:    csb.register @Status = 193{{$}}
// CHECK-NEXT:  }

// CHECK-LABEL: func.func private @run_rms(
// CHECK-SAME:    %[[SEQ:.*]]: i32, %[[PAST:.*]]: i32) {
// CHECK-NEXT:    csb.task "norm" "RMS norm of 4096 channels"
// CHECK:         %[[L:.*]] = arith.muli %c64_i32, %[[SEQ]] overflow<nsw> : i32
// CHECK:         %n = csb.address_of @n : i64
// CHECK-NEXT:    csb.write @norm::@WeightAddress, %n : i64
// CHECK-NEXT:    csb.write @norm::@InputAddress, %x : i64
// CHECK-NEXT:    csb.write @norm::@InputSurface, %[[L]] : i32
// CHECK-NEXT:    csb.write @norm::@InputLine, %[[L]] : i32
// CHECK-NEXT:    csb.write @norm::@OutputAddress, %y : i64
// CHECK-NEXT:    csb.write @norm::@OutputSurface, %[[L]] : i32
// CHECK-NEXT:    csb.write @norm::@OutputLine, %[[L]] : i32
// CHECK-NEXT:    csb.write @norm::@ChannelGroups, %c128_i32 : i32
// CHECK-NEXT:    csb.write @norm::@Rows, %c1_i32 : i32
// CHECK-NEXT:    csb.write @norm::@Width, %[[SEQ]] : i32
// CHECK-NEXT:    csb.write @norm::@Pixels, %[[SEQ]] : i32
// CHECK-NEXT:    csb.write @norm::@Reciprocal, %c155648_i32 : i32
// CHECK-NEXT:    csb.write @norm::@WeightBursts, %c8_i32 : i32
// CHECK-NEXT:    csb.write @norm::@Kind, %c0_i32 : i32
// CHECK-NEXT:    csb.write @norm::@OnChip, %c0_i32 : i32
// CHECK-NEXT:    csb.write @norm::@Opcode, %c32_i32 : i32
// CHECK-NEXT:    csb.poll @norm::@Status until 1
func.func private @rms() {
  %x = accel.buffer "x" at 1048576 bytes 16777216 live [0, 0] : memref<128x?x32xf16, #accel.space<DDR>>, <128, seq, 32>
  %y = accel.buffer "y" at 17825792 bytes 16777216 live [0, 0] : memref<128x?x32xf16, #accel.space<DDR>>, <128, seq, 32>
  %n = accel.get_object @n : !accel.object
  accel.norm rms "norm" ins(%x : memref<128x?x32xf16, #accel.space<DDR>>) weight(%n) outs(%y : memref<128x?x32xf16, #accel.space<DDR>>) [4096]
  return
}

// 1 / 3584 is another code, and its weights fill 7 bursts.
// CHECK-LABEL: func.func private @run_layer_norm(
// CHECK:         csb.task "norm" "layer norm of 3584 channels"
// CHECK:         csb.write @norm::@ChannelGroups, %c112_i32 : i32
// CHECK:         csb.write @norm::@Reciprocal, %c156818_i32 : i32
// CHECK-NEXT:    csb.write @norm::@WeightBursts, %c7_i32 : i32
// CHECK-NEXT:    csb.write @norm::@Kind, %c1_i32 : i32
// CHECK-NEXT:    csb.write @norm::@OnChip, %c0_i32 : i32
// CHECK-NEXT:    csb.write @norm::@Opcode, %c32_i32 : i32
func.func private @layer_norm() {
  %x = accel.buffer "x" at 1048576 bytes 16777216 live [0, 0] : memref<112x?x32xf16, #accel.space<DDR>>, <112, seq, 32>
  %y = accel.buffer "y" at 17825792 bytes 16777216 live [0, 0] : memref<112x?x32xf16, #accel.space<DDR>>, <112, seq, 32>
  %n = accel.get_object @n : !accel.object
  accel.norm layer "norm" ins(%x : memref<112x?x32xf16, #accel.space<DDR>>) weight(%n) outs(%y : memref<112x?x32xf16, #accel.space<DDR>>) [3584]
  return
}

// 128 channels do not fill a burst.
// CHECK-LABEL: func.func private @run_small(
// CHECK:         csb.write @norm::@Reciprocal, %c196608_i32 : i32
// CHECK-NEXT:    csb.write @norm::@WeightBursts, %c0_i32 : i32
func.func private @small() {
  %x = accel.buffer "x" at 1048576 bytes 524288 live [0, 0] : memref<4x?x32xf16, #accel.space<DDR>>, <4, seq, 32>
  %y = accel.buffer "y" at 17825792 bytes 524288 live [0, 0] : memref<4x?x32xf16, #accel.space<DDR>>, <4, seq, 32>
  %n = accel.get_object @n : !accel.object
  accel.norm rms "norm" ins(%x : memref<4x?x32xf16, #accel.space<DDR>>) weight(%n) outs(%y : memref<4x?x32xf16, #accel.space<DDR>>) [128]
  return
}

// The last token: read at 64 * (seq - 1) with the strides of the whole map,
// written to a map of one token.
// CHECK-LABEL: func.func @run(
// CHECK-SAME:    %[[SEQ:.*]]: i32, %[[PAST:.*]]: i32) {
// CHECK-DAG:     %[[LAST:.*]] = arith.subi %[[SEQ]], %c1_i32 overflow<nsw> : i32
// CHECK-DAG:     %[[OFFSET:.*]] = arith.muli %c64_i32, %[[LAST]] overflow<nsw> : i32
// CHECK-DAG:     %[[WIDE:.*]] = arith.extsi %[[OFFSET]] : i32 to i64
// CHECK-DAG:     %[[IN:.*]] = arith.addi %x, %[[WIDE]] overflow<nsw> : i64
// CHECK-DAG:     %[[L:.*]] = arith.muli %c64_i32, %[[SEQ]] overflow<nsw> : i32
// CHECK:         %n = csb.address_of @n : i64
// CHECK-NEXT:    csb.write @norm::@WeightAddress, %n : i64
// CHECK-NEXT:    csb.write @norm::@InputAddress, %[[IN]] : i64
// CHECK-NEXT:    csb.write @norm::@InputSurface, %[[L]] : i32
// CHECK-NEXT:    csb.write @norm::@InputLine, %[[L]] : i32
// CHECK-NEXT:    csb.write @norm::@OutputAddress, %z : i64
// CHECK-NEXT:    csb.write @norm::@OutputSurface, %c64_i32 : i32
// CHECK-NEXT:    csb.write @norm::@OutputLine, %c64_i32 : i32
// CHECK-NEXT:    csb.write @norm::@ChannelGroups, %c128_i32 : i32
// CHECK-NEXT:    csb.write @norm::@Rows, %c1_i32 : i32
// CHECK-NEXT:    csb.write @norm::@Width, %c1_i32 : i32
// CHECK-NEXT:    csb.write @norm::@Pixels, %c1_i32 : i32
// CHECK-NEXT:    csb.write @norm::@Reciprocal, %c155648_i32 : i32
// CHECK-NEXT:    csb.write @norm::@WeightBursts, %c8_i32 : i32
// CHECK-NEXT:    csb.write @norm::@Kind, %c0_i32 : i32
// CHECK-NEXT:    csb.write @norm::@OnChip, %c0_i32 : i32
// CHECK-NEXT:    csb.write @norm::@Opcode, %c32_i32 : i32
// CHECK-NEXT:    csb.poll @norm::@Status until 1
func.func @last() {
  %x = accel.buffer "x" at 1048576 bytes 16777216 live [0, 0] : memref<128x?x32xf16, #accel.space<DDR>>, <128, seq, 32>
  %y = accel.buffer "z" at 17825792 bytes 8192 live [0, 0] : memref<128x1x32xf16, #accel.space<DDR>>, <128, 1, 32>
  %n = accel.get_object @n : !accel.object
  %last = accel.tokens seq - 1
  %v = memref.subview %x[0, %last, 0] [128, 1, 32] [1, 1, 1] : memref<128x?x32xf16, #accel.space<DDR>> to memref<128x1x32xf16, strided<[?, 32, 1], offset: ?>, #accel.space<DDR>>
  accel.norm rms "norm" ins(%v : memref<128x1x32xf16, strided<[?, 32, 1], offset: ?>, #accel.space<DDR>>) weight(%n) outs(%y : memref<128x1x32xf16, #accel.space<DDR>>) [4096]
  return
}

}

// -----

// Heads are the rows of an image: a line is a head's surfaces.

module attributes {accel.device = "edgellm-20241128", llm.max_tokens = 2048 : i64} {
accel.object @n norm_weight [128] in <DDR> at 0 bytes 512 stride 0

// CHECK-LABEL: func.func private @run_heads(
// CHECK-SAME:    %[[SEQ:.*]]: i32, %[[PAST:.*]]: i32) {
// CHECK:         csb.task "norm" "RMS norm of 32 heads of 128 channels"
// CHECK:         %[[L:.*]] = arith.muli %c64_i32, %[[SEQ]] overflow<nsw> : i32
// CHECK:         %[[H:.*]] = arith.muli %c4_i32, %[[L]] overflow<nsw> : i32
// CHECK-NEXT:    %[[PIXELS:.*]] = arith.muli %c32_i32, %[[SEQ]] overflow<nsw> : i32
// CHECK:         csb.write @norm::@InputSurface, %[[L]] : i32
// CHECK-NEXT:    csb.write @norm::@InputLine, %[[H]] : i32
// CHECK:         csb.write @norm::@OutputSurface, %[[L]] : i32
// CHECK-NEXT:    csb.write @norm::@OutputLine, %[[H]] : i32
// CHECK-NEXT:    csb.write @norm::@ChannelGroups, %c4_i32 : i32
// CHECK-NEXT:    csb.write @norm::@Rows, %c32_i32 : i32
// CHECK-NEXT:    csb.write @norm::@Width, %[[SEQ]] : i32
// CHECK-NEXT:    csb.write @norm::@Pixels, %[[PIXELS]] : i32
// CHECK-NEXT:    csb.write @norm::@Reciprocal, %c196608_i32 : i32
// CHECK-NEXT:    csb.write @norm::@WeightBursts, %c0_i32 : i32
func.func private @heads() {
  %x = accel.buffer "x" at 1048576 bytes 16777216 live [0, 0] : memref<128x?x32xf16, #accel.space<DDR>>, <128, seq, 32>
  %y = accel.buffer "y" at 17825792 bytes 16777216 live [0, 0] : memref<128x?x32xf16, #accel.space<DDR>>, <128, seq, 32>
  %n = accel.get_object @n : !accel.object
  accel.norm rms "norm" ins(%x : memref<128x?x32xf16, #accel.space<DDR>>) weight(%n) outs(%y : memref<128x?x32xf16, #accel.space<DDR>>) [128] heads 32
  return
}
func.func @model() {
  call @heads() : () -> ()
  return
}
}

// -----

// Where a head is a surface, the tokens of all heads are one map.

module attributes {accel.device = "ohbm-v80-20250326", llm.max_tokens = 64 : i64} {
accel.object @n norm_weight [128] in <HBM> at 0 bytes 128 stride 0

// CHECK-LABEL: func.func private @run_flat(
// CHECK-SAME:    %[[SEQ:.*]]: i32, %[[PAST:.*]]: i32) {
// CHECK:         csb.task "norm" "RMS norm of 32 heads of 128 channels"
// CHECK:         %[[L:.*]] = arith.muli %c64_i32, %[[SEQ]] overflow<nsw> : i32
// CHECK:         %[[ALL:.*]] = arith.muli %c32_i32, %[[L]] overflow<nsw> : i32
// CHECK-NEXT:    %[[ROWS:.*]] = arith.muli %c32_i32, %[[SEQ]] overflow<nsw> : i32
// CHECK:         csb.write @norm::@InputSurface, %[[ALL]] : i32
// CHECK-NEXT:    csb.write @norm::@InputLine, %[[ALL]] : i32
// CHECK:         csb.write @norm::@OutputSurface, %[[ALL]] : i32
// CHECK-NEXT:    csb.write @norm::@OutputLine, %[[ALL]] : i32
// CHECK-NEXT:    csb.write @norm::@Channels, %c128_i32 : i32
// CHECK-NEXT:    csb.write @norm::@Rows, %c1_i32 : i32
// CHECK-NEXT:    csb.write @norm::@Width, %[[ROWS]] : i32
func.func private @flat() {
  %x = accel.buffer "x" at 1048576 bytes 131072 live [0, 0] : memref<32x?x128xf16, #accel.space<HBM>>, <32, seq, 128>
  %y = accel.buffer "y" at 17825792 bytes 131072 live [0, 0] : memref<32x?x128xf16, #accel.space<HBM>>, <32, seq, 128>
  %n = accel.get_object @n : !accel.object
  accel.norm rms "norm" ins(%x : memref<32x?x128xf16, #accel.space<HBM>>) weight(%n) outs(%y : memref<32x?x128xf16, #accel.space<HBM>>) [128] heads 32
  return
}
func.func @model() {
  call @flat() : () -> ()
  return
}
}
