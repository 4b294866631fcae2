// RUN: dlavm-opt %s --convert-accel-to-csb --cse | grep -v arith.constant | FileCheck %s

// Linear layers: the register document, 4.1 and the examples of 8.2.

module attributes {accel.device = "edgellm-20241128", llm.max_tokens = 2048 : i64} {
accel.object @query weight [4096, 4096] in <HBM> at 0 bytes 270336 stride 0
accel.object @down weight [4096, 13696] layers 28 in <HBM> at 270336 bytes 905216 stride 905216
accel.object @head weight [65024, 4096] in <HBM> at 270336 bytes 4291584 stride 0
accel.object @bias scale_bias [4096] in <DDR> at 0 bytes 16384 stride 0

// CHECK-LABEL: csb.register_table @mvm "matrix-vector multiply with INT4 weights" {
// CHECK-NEXT:    csb.register @InputChannels = 2{{$}}
// CHECK-NEXT:    csb.register @InputWidth = 3{{$}}
// CHECK-NEXT:    csb.register @InputRows = 4{{$}}
// CHECK-NEXT:    csb.register @OutputWidth = 5{{$}}
// CHECK-NEXT:    csb.register @OutputRows = 6{{$}}
// CHECK-NEXT:    csb.register @SliceChannels = 7{{$}}
// CHECK-NEXT:    csb.register @LastSliceChannels = 8{{$}}
// CHECK-NEXT:    csb.register @Tokens = 9{{$}}
// CHECK-NEXT:    csb.register @InputAddress = 10{{$}}
// CHECK-NEXT:    csb.register @WeightAddress = 11{{$}}
// CHECK-NEXT:    csb.register @PackageBits = 12{{$}}
// CHECK-NEXT:    csb.register @OutputAddress = 13{{$}}
// CHECK-NEXT:    csb.register @LastSlice = 14{{$}}
// CHECK-NEXT:    csb.register @BankStep = 15{{$}}
// CHECK-NEXT:    csb.register @ElementwiseMode = 16 values {Add = 0 : i64, Multiply = 2 : i64}
// CHECK-NEXT:    csb.register @ArgmaxAddress = 17{{$}}
// CHECK-NEXT:    csb.register @OnChip = 18{{$}}
// CHECK-NEXT:    csb.register @Reserved19 = 19{{$}}
// CHECK-NEXT:    csb.register @Reserved20 = 20{{$}}
// CHECK-NEXT:    csb.register @Reserved21 = 21{{$}}
// CHECK-NEXT:    csb.register @ScaleGroup = 22 fields {Channels = array<i64: 0, 19>, Log2Channels = array<i64: 19, 13>}{{$}}
// CHECK-NEXT:    csb.register @QuantizationBlock = 23 fields {Channels = array<i64: 0, 19>, Log2Channels = array<i64: 19, 13>}{{$}}
// CHECK-NEXT:    csb.register @LastGroupChannels = 24{{$}}
// CHECK-NEXT:    csb.register @Reserved25 = 25{{$}}
// CHECK-NEXT:    csb.register @ScaleBiasAddress = 26{{$}}
// CHECK-NEXT:    csb.register @ResidualAddress = 27{{$}}
// CHECK-NEXT:    csb.register @Reserved28 = 28{{$}}
// CHECK-NEXT:    csb.register @InputSurface = 29{{$}}
// CHECK-NEXT:    csb.register @InputLine = 30{{$}}
// CHECK-NEXT:    csb.register @OutputSurface = 31{{$}}
// CHECK-NEXT:    csb.register @OutputLine = 32{{$}}
// CHECK-NEXT:    csb.register @Mode = 33 values {Plain = 287 : i64, ScaleBias = 799 : i64, ScaleBiasArgmax = 2847 : i64, ScaleBiasResidual = 1823 : i64, ScaleBiasResidualArgmax = 3871 : i64}
// CHECK-NEXT:    csb.register @Status = 1{{$}}
// CHECK-NEXT:    csb.register @Argmax = 40{{$}}
// CHECK-NEXT:  }

// Without scale and bias, 4096 channels to 4096: form 287.
// CHECK-LABEL: func.func private @run_plain(
// CHECK-SAME:    %[[SEQ:.*]]: i32, %[[PAST:.*]]: i32) {
// CHECK:         csb.task "query" "linear 4096 -> 4096" to @y
// CHECK:         %[[L:.*]] = arith.muli %c64_i32, %[[SEQ]] overflow<nsw> : i32
// CHECK:         csb.write @mvm::@InputChannels, %c4096_i32 : i32
// CHECK-NEXT:    csb.write @mvm::@InputWidth, %[[SEQ]] : i32
// CHECK-NEXT:    csb.write @mvm::@InputRows, %c1_i32 : i32
// CHECK-NEXT:    csb.write @mvm::@OutputWidth, %[[SEQ]] : i32
// CHECK-NEXT:    csb.write @mvm::@OutputRows, %c1_i32 : i32
// CHECK-NEXT:    csb.write @mvm::@SliceChannels, %c1024_i32 : i32
// CHECK-NEXT:    csb.write @mvm::@LastSliceChannels, %c1024_i32 : i32
// CHECK-NEXT:    csb.write @mvm::@Tokens, %[[SEQ]] : i32
// CHECK-NEXT:    csb.write @mvm::@InputAddress, %x : i64
// CHECK-NEXT:    csb.write @mvm::@WeightAddress, %query : i64
// CHECK-NEXT:    csb.write @mvm::@PackageBits, %c16896_i32 : i32
// CHECK-NEXT:    csb.write @mvm::@OutputAddress, %y : i64
// CHECK-NEXT:    csb.write @mvm::@LastSlice, %c3_i32 : i32
// CHECK-NEXT:    csb.write @mvm::@BankStep, %c28_i32 : i32
// CHECK-NEXT:    csb.write @mvm::@ElementwiseMode, %c0_i32 : i32
// CHECK-NEXT:    csb.write @mvm::@ArgmaxAddress, %c0_i32 : i32
// CHECK-NEXT:    csb.write @mvm::@OnChip, %c0_i32 : i32
// CHECK-NEXT:    csb.write @mvm::@Reserved19, %c0_i32 : i32
// CHECK-NEXT:    csb.write @mvm::@Reserved20, %c0_i32 : i32
// CHECK-NEXT:    csb.write @mvm::@Reserved21, %c0_i32 : i32
// CHECK-NEXT:    csb.write @mvm::@ScaleGroup, %c5769216_i32 : i32
// CHECK-NEXT:    csb.write @mvm::@QuantizationBlock, %c3670144_i32 : i32
// CHECK-NEXT:    csb.write @mvm::@LastGroupChannels, %c2048_i32 : i32
// CHECK-NEXT:    csb.write @mvm::@Reserved25, %c0_i32 : i32
// CHECK-NEXT:    csb.write @mvm::@ScaleBiasAddress, %c0_i32 : i32
// CHECK-NEXT:    csb.write @mvm::@ResidualAddress, %c0_i32 : i32
// CHECK-NEXT:    csb.write @mvm::@Reserved28, %c0_i32 : i32
// CHECK-NEXT:    csb.write @mvm::@InputSurface, %[[L]] : i32
// CHECK-NEXT:    csb.write @mvm::@InputLine, %[[L]] : i32
// CHECK-NEXT:    csb.write @mvm::@OutputSurface, %[[L]] : i32
// CHECK-NEXT:    csb.write @mvm::@OutputLine, %[[L]] : i32
// CHECK-NEXT:    csb.write @mvm::@Mode, %c287_i32 : i32
// CHECK-NEXT:    csb.poll @mvm::@Status until 1
func.func private @plain() {
  %x = accel.buffer "x" at 1048576 bytes 16777216 live [0, 0] : memref<128x?x32xf16, #accel.space<DDR>>, <128, seq, 32>
  %y = accel.buffer "y" at 17825792 bytes 16777216 live [0, 0] : memref<128x?x32xf16, #accel.space<DDR>>, <128, seq, 32>
  %w = accel.get_object @query : !accel.object
  accel.linear "query" ins(%x : memref<128x?x32xf16, #accel.space<DDR>>) weight(%w) outs(%y : memref<128x?x32xf16, #accel.space<DDR>>) [4096, 4096]
  return
}

// 13696 channels to 4096 plus a residual, in slices of 38 tokens: the three maps
// advance by 64 bytes for each token, all else stays.
// CHECK-LABEL: func.func private @run_residual(
// CHECK-SAME:    %[[LAYER:.*]]: i32, %[[SEQ:.*]]: i32, %[[PAST:.*]]: i32) {
// CHECK:         scf.for %[[T:.*]] = %c0_i32 to %[[SEQ]] step %c38_i32 : i32 {
// CHECK:           csb.task "down"[%[[LAYER]]] "linear 13696 -> 4096, scale and bias, plus residual" to @d
// CHECK-DAG:       %[[L:.*]] = arith.muli %c64_i32, %[[SEQ]] overflow<nsw> : i32
// CHECK-DAG:       %[[LEFT:.*]] = arith.subi %[[SEQ]], %[[T]] overflow<nsw> : i32
// CHECK-DAG:       %[[N:.*]] = arith.minsi %c38_i32, %[[LEFT]] : i32
// CHECK-DAG:       %[[OFFSET:.*]] = arith.muli %c64_i32, %[[T]] overflow<nsw> : i32
// CHECK-DAG:       %[[WIDE:.*]] = arith.extsi %[[OFFSET]] : i32 to i64
// CHECK-DAG:       %[[IN:.*]] = arith.addi %u, %[[WIDE]] overflow<nsw> : i64
// CHECK-DAG:       %[[OUT:.*]] = arith.addi %d, %[[WIDE]] overflow<nsw> : i64
// CHECK-DAG:       %[[RES:.*]] = arith.addi %r, %[[WIDE]] overflow<nsw> : i64
// CHECK-DAG:       %[[LW:.*]] = arith.extsi %[[LAYER]] : i32 to i64
// CHECK-DAG:       %[[LOFF:.*]] = arith.muli %[[LW]], %layer_stride_hbm overflow<nsw> : i64
// CHECK-DAG:       %[[W:.*]] = arith.addi %down, %[[LOFF]] overflow<nsw> : i64
// CHECK:           csb.write @mvm::@InputChannels, %c13696_i32 : i32
// CHECK-NEXT:      csb.write @mvm::@InputWidth, %[[N]] : i32
// CHECK-NEXT:      csb.write @mvm::@InputRows, %c1_i32 : i32
// CHECK-NEXT:      csb.write @mvm::@OutputWidth, %[[N]] : i32
// CHECK-NEXT:      csb.write @mvm::@OutputRows, %c1_i32 : i32
// CHECK-NEXT:      csb.write @mvm::@SliceChannels, %c256_i32 : i32
// CHECK-NEXT:      csb.write @mvm::@LastSliceChannels, %c256_i32 : i32
// CHECK-NEXT:      csb.write @mvm::@Tokens, %[[N]] : i32
// CHECK-NEXT:      csb.write @mvm::@InputAddress, %[[IN]] : i64
// CHECK-NEXT:      csb.write @mvm::@WeightAddress, %[[W]] : i64
// CHECK-NEXT:      csb.write @mvm::@PackageBits, %c56576_i32 : i32
// CHECK-NEXT:      csb.write @mvm::@OutputAddress, %[[OUT]] : i64
// CHECK-NEXT:      csb.write @mvm::@LastSlice, %c15_i32 : i32
// CHECK-NEXT:      csb.write @mvm::@BankStep, %c28_i32 : i32
// CHECK-NEXT:      csb.write @mvm::@ElementwiseMode, %c0_i32 : i32
// CHECK-NEXT:      csb.write @mvm::@ArgmaxAddress, %c0_i32 : i32
// CHECK-NEXT:      csb.write @mvm::@OnChip, %c0_i32 : i32
// CHECK-NEXT:      csb.write @mvm::@Reserved19, %c0_i32 : i32
// CHECK-NEXT:      csb.write @mvm::@Reserved20, %c0_i32 : i32
// CHECK-NEXT:      csb.write @mvm::@Reserved21, %c0_i32 : i32
// CHECK-NEXT:      csb.write @mvm::@ScaleGroup, %c5769216_i32 : i32
// CHECK-NEXT:      csb.write @mvm::@QuantizationBlock, %c3670144_i32 : i32
// CHECK-NEXT:      csb.write @mvm::@LastGroupChannels, %c1408_i32 : i32
// CHECK-NEXT:      csb.write @mvm::@Reserved25, %c0_i32 : i32
// CHECK-NEXT:      csb.write @mvm::@ScaleBiasAddress, %bias : i64
// CHECK-NEXT:      csb.write @mvm::@ResidualAddress, %[[RES]] : i64
// CHECK-NEXT:      csb.write @mvm::@Reserved28, %c0_i32 : i32
// CHECK-NEXT:      csb.write @mvm::@InputSurface, %[[L]] : i32
// CHECK-NEXT:      csb.write @mvm::@InputLine, %[[L]] : i32
// CHECK-NEXT:      csb.write @mvm::@OutputSurface, %[[L]] : i32
// CHECK-NEXT:      csb.write @mvm::@OutputLine, %[[L]] : i32
// CHECK-NEXT:      csb.write @mvm::@Mode, %c1823_i32 : i32
// CHECK-NEXT:      csb.poll @mvm::@Status until 1
// CHECK-NEXT:    } {csb.limit = "a buffer"}
func.func private @residual(%layer: index {accel.layer}) {
  %c0 = arith.constant 0 : index
  %c38 = arith.constant 38 : index
  %seq = accel.tokens seq
  %x = accel.buffer "u" at 1048576 bytes 56098816 live [0, 0] : memref<428x?x32xf16, #accel.space<DDR>>, <428, seq, 32>
  %y = accel.buffer "d" at 57147392 bytes 16777216 live [0, 0] : memref<128x?x32xf16, #accel.space<DDR>>, <128, seq, 32>
  %r = accel.buffer "r" at 73924608 bytes 16777216 live [0, 0] : memref<128x?x32xf16, #accel.space<DDR>>, <128, seq, 32>
  %w = accel.get_object @down[%layer] : !accel.object
  %b = accel.get_object @bias : !accel.object
  scf.for %t = %c0 to %seq step %c38 {
    %left = arith.subi %seq, %t overflow<nsw> : index
    %n = arith.minsi %c38, %left : index
    %in = memref.subview %x[0, %t, 0] [428, %n, 32] [1, 1, 1] : memref<428x?x32xf16, #accel.space<DDR>> to memref<428x?x32xf16, strided<[?, 32, 1], offset: ?>, #accel.space<DDR>>
    %out = memref.subview %y[0, %t, 0] [128, %n, 32] [1, 1, 1] : memref<128x?x32xf16, #accel.space<DDR>> to memref<128x?x32xf16, strided<[?, 32, 1], offset: ?>, #accel.space<DDR>>
    %res = memref.subview %r[0, %t, 0] [128, %n, 32] [1, 1, 1] : memref<128x?x32xf16, #accel.space<DDR>> to memref<128x?x32xf16, strided<[?, 32, 1], offset: ?>, #accel.space<DDR>>
    accel.linear "down" ins(%in : memref<428x?x32xf16, strided<[?, 32, 1], offset: ?>, #accel.space<DDR>>) weight(%w) scale_bias(%b) add(%res : memref<128x?x32xf16, strided<[?, 32, 1], offset: ?>, #accel.space<DDR>>) outs(%out : memref<128x?x32xf16, strided<[?, 32, 1], offset: ?>, #accel.space<DDR>>) [13696, 4096]
  } {accel.limit = "a buffer"}
  return
}

// 4096 channels to 13696 times a residual: mode 2, form 1823, and a channel
// slice that is not full.
// CHECK-LABEL: func.func private @run_up(
// CHECK:         csb.task "up" "linear 4096 -> 13696, scale and bias, times residual"
// CHECK:         csb.write @mvm::@SliceChannels, %c1024_i32 : i32
// CHECK-NEXT:    csb.write @mvm::@LastSliceChannels, %c384_i32 : i32
// CHECK:         csb.write @mvm::@LastSlice, %c13_i32 : i32
// CHECK-NEXT:    csb.write @mvm::@BankStep, %c28_i32 : i32
// CHECK-NEXT:    csb.write @mvm::@ElementwiseMode, %c2_i32 : i32
// CHECK:         csb.write @mvm::@ResidualAddress, %gate : i64
// CHECK:         csb.write @mvm::@Mode, %c1823_i32 : i32
func.func private @up() {
  %x = accel.buffer "x" at 1048576 bytes 16777216 live [0, 0] : memref<128x?x32xf16, #accel.space<DDR>>, <128, seq, 32>
  %y = accel.buffer "v" at 57147392 bytes 56098816 live [0, 0] : memref<428x?x32xf16, #accel.space<DDR>>, <428, seq, 32>
  %r = accel.buffer "gate" at 113246208 bytes 56098816 live [0, 0] : memref<428x?x32xf16, #accel.space<DDR>>, <428, seq, 32>
  %w = accel.get_object @query : !accel.object
  %b = accel.get_object @bias : !accel.object
  accel.linear "up" ins(%x : memref<128x?x32xf16, #accel.space<DDR>>) weight(%w) scale_bias(%b) mul(%r : memref<428x?x32xf16, #accel.space<DDR>>) outs(%y : memref<428x?x32xf16, #accel.space<DDR>>) [4096, 13696]
  return
}

// Logits of one token and the largest of them: form 2847.
// CHECK-LABEL: func.func @run(
// CHECK:         csb.task "lm_head" "linear 4096 -> 65024, scale and bias, argmax" to @logits
// CHECK:         csb.write @mvm::@InputChannels, %c4096_i32 : i32
// CHECK-NEXT:    csb.write @mvm::@InputWidth, %c1_i32 : i32
// CHECK-NEXT:    csb.write @mvm::@InputRows, %c1_i32 : i32
// CHECK-NEXT:    csb.write @mvm::@OutputWidth, %c1_i32 : i32
// CHECK-NEXT:    csb.write @mvm::@OutputRows, %c1_i32 : i32
// CHECK-NEXT:    csb.write @mvm::@SliceChannels, %c1024_i32 : i32
// CHECK-NEXT:    csb.write @mvm::@LastSliceChannels, %c512_i32 : i32
// CHECK-NEXT:    csb.write @mvm::@Tokens, %c1_i32 : i32
// CHECK-NEXT:    csb.write @mvm::@InputAddress, %last : i64
// CHECK-NEXT:    csb.write @mvm::@WeightAddress, %head : i64
// CHECK-NEXT:    csb.write @mvm::@PackageBits, %c16896_i32 : i32
// CHECK-NEXT:    csb.write @mvm::@OutputAddress, %logits : i64
// CHECK-NEXT:    csb.write @mvm::@LastSlice, %c63_i32 : i32
// CHECK-NEXT:    csb.write @mvm::@BankStep, %c28_i32 : i32
// CHECK-NEXT:    csb.write @mvm::@ElementwiseMode, %c0_i32 : i32
// CHECK-NEXT:    csb.write @mvm::@ArgmaxAddress, %t : i64
// CHECK-NEXT:    csb.write @mvm::@OnChip, %c0_i32 : i32
// CHECK-NEXT:    csb.write @mvm::@Reserved19, %c0_i32 : i32
// CHECK-NEXT:    csb.write @mvm::@Reserved20, %c0_i32 : i32
// CHECK-NEXT:    csb.write @mvm::@Reserved21, %c0_i32 : i32
// CHECK-NEXT:    csb.write @mvm::@ScaleGroup, %c5769216_i32 : i32
// CHECK-NEXT:    csb.write @mvm::@QuantizationBlock, %c3670144_i32 : i32
// CHECK-NEXT:    csb.write @mvm::@LastGroupChannels, %c2048_i32 : i32
// CHECK-NEXT:    csb.write @mvm::@Reserved25, %c0_i32 : i32
// CHECK-NEXT:    csb.write @mvm::@ScaleBiasAddress, %bias : i64
// CHECK-NEXT:    csb.write @mvm::@ResidualAddress, %c0_i32 : i32
// CHECK-NEXT:    csb.write @mvm::@Reserved28, %c0_i32 : i32
// CHECK-NEXT:    csb.write @mvm::@InputSurface, %c64_i32 : i32
// CHECK-NEXT:    csb.write @mvm::@InputLine, %c64_i32 : i32
// CHECK-NEXT:    csb.write @mvm::@OutputSurface, %c64_i32 : i32
// CHECK-NEXT:    csb.write @mvm::@OutputLine, %c64_i32 : i32
// CHECK-NEXT:    csb.write @mvm::@Mode, %c2847_i32 : i32
// CHECK-NEXT:    csb.poll @mvm::@Status until 1
func.func @model() {
  %x = accel.buffer "last" at 1048576 bytes 8192 live [0, 0] : memref<128x1x32xf16, #accel.space<DDR>>, <128, 1, 32>
  %y = accel.buffer "logits" at 1056768 bytes 130048 live [0, 0] : memref<2032x1x32xf16, #accel.space<DDR>>, <2032, 1, 32>
  %t = accel.buffer "t" at 1187840 bytes 64 live [0, 0] : memref<1xi32, #accel.space<DDR>>, <1>
  %w = accel.get_object @head : !accel.object
  %b = accel.get_object @bias : !accel.object
  accel.linear "lm_head" ins(%x : memref<128x1x32xf16, #accel.space<DDR>>) weight(%w) scale_bias(%b) outs(%y : memref<2032x1x32xf16, #accel.space<DDR>>) argmax(%t : memref<1xi32, #accel.space<DDR>>) [4096, 65024]
  return
}

// A residual and an argmax: form 3871. Channels are padded to 32 in register 2
// and to blocks of 128 in registers 12 and 24; 33 outputs make one slice of 64.
// CHECK-LABEL: func.func private @run_odd(
// CHECK:         csb.write @mvm::@InputChannels, %c2176_i32 : i32
// CHECK:         csb.write @mvm::@SliceChannels, %c64_i32 : i32
// CHECK-NEXT:    csb.write @mvm::@LastSliceChannels, %c64_i32 : i32
// CHECK:         csb.write @mvm::@PackageBits, %c9216_i32 : i32
// CHECK:         csb.write @mvm::@LastSlice, %c0_i32 : i32
// CHECK:         csb.write @mvm::@LastGroupChannels, %c128_i32 : i32
// CHECK:         csb.write @mvm::@Mode, %c3871_i32 : i32
func.func private @odd() {
  %x = accel.buffer "x" at 1048576 bytes 4352 live [0, 0] : memref<68x1x32xf16, #accel.space<DDR>>, <68, 1, 32>
  %y = accel.buffer "y" at 1056768 bytes 128 live [0, 0] : memref<2x1x32xf16, #accel.space<DDR>>, <2, 1, 32>
  %r = accel.buffer "r" at 1057792 bytes 128 live [0, 0] : memref<2x1x32xf16, #accel.space<DDR>>, <2, 1, 32>
  %t = accel.buffer "t" at 1187840 bytes 64 live [0, 0] : memref<1xi32, #accel.space<DDR>>, <1>
  %w = accel.get_object @head : !accel.object
  %b = accel.get_object @bias : !accel.object
  accel.linear "odd" ins(%x : memref<68x1x32xf16, #accel.space<DDR>>) weight(%w) scale_bias(%b) add(%r : memref<2x1x32xf16, #accel.space<DDR>>) outs(%y : memref<2x1x32xf16, #accel.space<DDR>>) argmax(%t : memref<1xi32, #accel.space<DDR>>) [2150, 33]
  return
}

}
