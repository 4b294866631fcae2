// RUN: dlavm-opt %s --convert-accel-to-csb --cse | grep -v arith.constant | FileCheck %s

// Activation functions: the register document, 4.9. Register 206 is the channels
// without padding.

module attributes {accel.device = "edgellm-20241128", llm.max_tokens = 2048 : i64} {
accel.object @silu activation_table [] in <DDR> at 0 bytes 8192 stride 0

// CHECK-LABEL: csb.register_table @activation "piecewise-linear activation function" {
// CHECK-NEXT:    csb.register @TableAddress = 194{{$}}
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
// CHECK-NEXT:    csb.register @ChannelGroups2 = 205{{$}}
// CHECK-NEXT:    csb.register @Channels = 206{{$}}
// CHECK-NEXT:    csb.register @Reserved207 = 207{{$}}
// CHECK-NEXT:    csb.register @OnChip = 208{{$}}
// CHECK-NEXT:    csb.register @Opcode = 209 values {Start = 16 : i64}
// CHECK-NEXT:    csb.register @Status = 193{{$}}
// CHECK-NEXT:  }

// CHECK-LABEL: func.func @run(
// CHECK-SAME:    %[[SEQ:.*]]: i32, %[[PAST:.*]]: i32) {
// CHECK:         csb.task "gate_silu" "activation of 13690 channels" to @y
// CHECK:         %[[L:.*]] = arith.muli %c64_i32, %[[SEQ]] overflow<nsw> : i32
// CHECK:         %silu = csb.address_of @silu : i64
// CHECK-NEXT:    csb.write @activation::@TableAddress, %silu : i64
// CHECK-NEXT:    csb.write @activation::@InputAddress, %x : i64
// CHECK-NEXT:    csb.write @activation::@InputSurface, %[[L]] : i32
// CHECK-NEXT:    csb.write @activation::@InputLine, %[[L]] : i32
// CHECK-NEXT:    csb.write @activation::@OutputAddress, %y : i64
// CHECK-NEXT:    csb.write @activation::@OutputSurface, %[[L]] : i32
// CHECK-NEXT:    csb.write @activation::@OutputLine, %[[L]] : i32
// CHECK-NEXT:    csb.write @activation::@ChannelGroups, %c428_i32 : i32
// CHECK-NEXT:    csb.write @activation::@Rows, %c1_i32 : i32
// CHECK-NEXT:    csb.write @activation::@Width, %[[SEQ]] : i32
// CHECK-NEXT:    csb.write @activation::@Pixels, %[[SEQ]] : i32
// CHECK-NEXT:    csb.write @activation::@ChannelGroups2, %c428_i32 : i32
// CHECK-NEXT:    csb.write @activation::@Channels, %c13690_i32 : i32
// CHECK-NEXT:    csb.write @activation::@Reserved207, %c0_i32 : i32
// CHECK-NEXT:    csb.write @activation::@OnChip, %c0_i32 : i32
// CHECK-NEXT:    csb.write @activation::@Opcode, %c16_i32 : i32
// CHECK-NEXT:    csb.poll @activation::@Status until 1
func.func @model() {
  %x = accel.buffer "x" at 8192 bytes 56098816 live [0, 0] : memref<428x?x32xf16, #accel.space<DDR>>, <428, seq, 32>
  %y = accel.buffer "y" at 56107008 bytes 56098816 live [0, 0] : memref<428x?x32xf16, #accel.space<DDR>>, <428, seq, 32>
  %t = accel.get_object @silu : !accel.object
  accel.activation "gate_silu" ins(%x : memref<428x?x32xf16, #accel.space<DDR>>) table(%t) outs(%y : memref<428x?x32xf16, #accel.space<DDR>>) [13690]
  return
}

}
