// RUN: dlavm-opt %s --convert-accel-to-csb --cse | grep -v arith.constant | FileCheck %s

// Element-wise sums and products: the register document, 4.10.

module attributes {accel.device = "edgellm-20241128", llm.max_tokens = 2048 : i64} {

// CHECK-LABEL: csb.register_table @elementwise "element-wise sum and product of two maps" {
// CHECK-NEXT:    csb.register @Mode = 130 values {Add = 0 : i64, Multiply = 2 : i64}
// CHECK-NEXT:    csb.register @InputAddress = 131{{$}}
// CHECK-NEXT:    csb.register @InputSurface = 132{{$}}
// CHECK-NEXT:    csb.register @InputLine = 133{{$}}
// CHECK-NEXT:    csb.register @OutputAddress = 134{{$}}
// CHECK-NEXT:    csb.register @OutputSurface = 135{{$}}
// CHECK-NEXT:    csb.register @OutputLine = 136{{$}}
// CHECK-NEXT:    csb.register @ChannelGroups = 137{{$}}
// CHECK-NEXT:    csb.register @Rows = 138{{$}}
// CHECK-NEXT:    csb.register @Width = 139{{$}}
// CHECK-NEXT:    csb.register @OtherAddress = 140{{$}}
// CHECK-NEXT:    csb.register @OnChip = 141{{$}}
// CHECK-NEXT:    csb.register @Opcode = 142 values {Start = 1 : i64}
// CHECK-NEXT:    csb.register @Status = 129{{$}}
// CHECK-NEXT:  }

// CHECK-LABEL: func.func @run(
// CHECK-SAME:    %[[SEQ:.*]]: i32, %[[PAST:.*]]: i32) {
// CHECK:         csb.task "sum" "element-wise sum" to @y
// CHECK:         %[[L:.*]] = arith.muli %c64_i32, %[[SEQ]] overflow<nsw> : i32
// CHECK:         csb.write @elementwise::@Mode, %c0_i32 : i32
// CHECK-NEXT:    csb.write @elementwise::@InputAddress, %a : i64
// CHECK-NEXT:    csb.write @elementwise::@InputSurface, %[[L]] : i32
// CHECK-NEXT:    csb.write @elementwise::@InputLine, %[[L]] : i32
// CHECK-NEXT:    csb.write @elementwise::@OutputAddress, %y : i64
// CHECK-NEXT:    csb.write @elementwise::@OutputSurface, %[[L]] : i32
// CHECK-NEXT:    csb.write @elementwise::@OutputLine, %[[L]] : i32
// CHECK-NEXT:    csb.write @elementwise::@ChannelGroups, %c128_i32 : i32
// CHECK-NEXT:    csb.write @elementwise::@Rows, %c1_i32 : i32
// CHECK-NEXT:    csb.write @elementwise::@Width, %[[SEQ]] : i32
// CHECK-NEXT:    csb.write @elementwise::@OtherAddress, %b : i64
// CHECK-NEXT:    csb.write @elementwise::@OnChip, %c0_i32 : i32
// CHECK-NEXT:    csb.write @elementwise::@Opcode, %c1_i32 : i32
// CHECK-NEXT:    csb.poll @elementwise::@Status until 1
// CHECK-NEXT:    csb.task "product" "element-wise product"
// CHECK:         csb.write @elementwise::@Mode, %c2_i32 : i32
func.func @model() {
  %a = accel.buffer "a" at 0 bytes 16777216 live [0, 0] : memref<128x?x32xf16, #accel.space<DDR>>, <128, seq, 32>
  %b = accel.buffer "b" at 16777216 bytes 16777216 live [0, 0] : memref<128x?x32xf16, #accel.space<DDR>>, <128, seq, 32>
  %y = accel.buffer "y" at 33554432 bytes 16777216 live [0, 0] : memref<128x?x32xf16, #accel.space<DDR>>, <128, seq, 32>
  accel.elementwise add "sum" ins(%a, %b : memref<128x?x32xf16, #accel.space<DDR>>, memref<128x?x32xf16, #accel.space<DDR>>) outs(%y : memref<128x?x32xf16, #accel.space<DDR>>) [4096]
  accel.elementwise mul "product" ins(%a, %b : memref<128x?x32xf16, #accel.space<DDR>>, memref<128x?x32xf16, #accel.space<DDR>>) outs(%y : memref<128x?x32xf16, #accel.space<DDR>>) [4096]
  return
}

}
