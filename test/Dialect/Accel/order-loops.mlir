// RUN: dlavm-opt %s --accel-order-loops -split-input-file | FileCheck %s
// RUN: dlavm-opt %s --accel-order-loops --accel-partition-tasks --canonicalize --cse -split-input-file | FileCheck %s --check-prefix=LOOPS

// A start has 128 tokens of 4096 channels, and 1024 of the output channels. Two
// parts of the tokens read 8 MB of weights once more, or 8 KB of each token thrice
// more, which are 6 MB. With one part, the input stays.
module attributes {accel.device = "ohbm-20250407", llm.max_tokens = 2048 : i64} {
accel.object @w weight [4096, 4096] in <HBM>

// CHECK-LABEL: func.func @square()
// CHECK:         accel.linear {{.*}} {accel.keeps_weight_from = 129 : i64}
// LOOPS-LABEL: func.func @square()
// LOOPS-DAG:     %[[SEQ:.*]] = accel.tokens seq
// LOOPS-DAG:     %[[C128:.*]] = arith.constant 128 : index
// LOOPS-DAG:     %[[C1024:.*]] = arith.constant 1024 : index
// LOOPS:         %[[KEEPS:.*]] = arith.cmpi sgt, %[[SEQ]], %[[C128]] : index
// LOOPS-NEXT:    scf.if %[[KEEPS]] {
// LOOPS-NEXT:      scf.for {{.*}} step %[[C1024]] {
// LOOPS:             scf.for {{.*}} step %[[C128]] {
// LOOPS:         } else {
// LOOPS-NEXT:      scf.for {{.*}} step %[[C128]] {
// LOOPS:             scf.for {{.*}} step %[[C1024]] {
// LOOPS-NOT:     keeps_weight_from
func.func @square() {
  %x = accel.buffer "x" : memref<8x?x512xf16, #accel.space<HBM>>, <8, seq, 512>
  %y = accel.buffer "y" : memref<8x?x512xf16, #accel.space<HBM>>, <8, seq, 512>
  %w = accel.get_object @w : !accel.object
  accel.linear "l" ins(%x : memref<8x?x512xf16, #accel.space<HBM>>) weight(%w) outs(%y : memref<8x?x512xf16, #accel.space<HBM>>) [4096, 4096]
  return
}
}

// -----

// With 13696 channels, a start has 37 tokens and 256 output channels. Where one start has all
// of these, the weight stays whatever the call has.
module attributes {accel.device = "ohbm-20250407", llm.max_tokens = 2048 : i64} {
accel.object @w weight [256, 13696] in <HBM>

// CHECK-LABEL: func.func @one_part()
// CHECK:         accel.linear {{.*}} {accel.keeps_weight_from = 1 : i64}
// LOOPS-LABEL: func.func @one_part()
// LOOPS-NOT:     scf.if
// LOOPS:         scf.for
// LOOPS-NOT:     scf.for
// LOOPS:         return
func.func @one_part() {
  %x = accel.buffer "x" : memref<27x?x512xf16, #accel.space<HBM>>, <27, seq, 512>
  %y = accel.buffer "y" : memref<1x?x512xf16, #accel.space<HBM>>, <1, seq, 512>
  %w = accel.get_object @w : !accel.object
  accel.linear "l" ins(%x : memref<27x?x512xf16, #accel.space<HBM>>) weight(%w) outs(%y : memref<1x?x512xf16, #accel.space<HBM>>) [13696, 256]
  return
}
}

// -----

// One start has all tokens of the longest call: the input stays.
module attributes {accel.device = "ohbm-20250407", llm.max_tokens = 100 : i64} {
accel.object @w weight [4096, 4096] in <HBM>

// CHECK-LABEL: func.func @input_stays()
// CHECK:         accel.linear {{.*}} {accel.keeps_weight_from = 101 : i64}
// LOOPS-LABEL: func.func @input_stays()
// LOOPS-NOT:     scf.if
// LOOPS:         scf.for {{.*}} step %c1024
// LOOPS-NOT:     scf.for
// LOOPS:         return
func.func @input_stays() {
  %x = accel.buffer "x" : memref<8x?x512xf16, #accel.space<HBM>>, <8, seq, 512>
  %y = accel.buffer "y" : memref<8x?x512xf16, #accel.space<HBM>>, <8, seq, 512>
  %w = accel.get_object @w : !accel.object
  accel.linear "l" ins(%x : memref<8x?x512xf16, #accel.space<HBM>>) weight(%w) outs(%y : memref<8x?x512xf16, #accel.space<HBM>>) [4096, 4096]
  return
}
}

// -----

// The probabilities of a token are as long as the context, and their channels no
// more than a start has.
module attributes {accel.device = "ohbm-20250407", llm.max_tokens = 2048 : i64} {
accel.object @k kv_cache [2] in <HBM>

// CHECK-LABEL: func.func @values()
// CHECK:         accel.values {{.*}} {accel.keeps_weight_from = 1 : i64}
func.func @values() {
  %p = accel.buffer "p" : memref<?x?x512xf16, #accel.space<HBM>>, <((seq + past) ceildiv 32) * 2, seq, 512>
  %o = accel.buffer "o" : memref<2x?x512xf16, #accel.space<HBM>>, <2, seq, 512>
  %k = accel.get_object @k : !accel.object
  %total = accel.tokens seq + past
  accel.values "o" ins(%p : memref<?x?x512xf16, #accel.space<HBM>>) cache(%k) keys(%total) outs(%o : memref<2x?x512xf16, #accel.space<HBM>>) [8, 2, 128]
  return
}
}

// -----

// Starts that share tokens alone, or nothing, have no order.
module attributes {accel.device = "edgellm-20241128", llm.max_tokens = 2048 : i64} {
accel.object @w weight [4096, 4096] in <HBM>

// CHECK-LABEL: func.func @one_loop()
// CHECK-NOT:     keeps_weight_from
// CHECK:         return
func.func @one_loop() {
  %x = accel.buffer "x" : memref<128x?x32xf16, #accel.space<DDR>>, <128, seq, 32>
  %y = accel.buffer "y" : memref<128x?x32xf16, #accel.space<DDR>>, <128, seq, 32>
  %w = accel.get_object @w : !accel.object
  accel.linear "l" ins(%x : memref<128x?x32xf16, #accel.space<DDR>>) weight(%w) outs(%y : memref<128x?x32xf16, #accel.space<DDR>>) [4096, 4096]
  accel.elementwise add "sum" ins(%y, %y : memref<128x?x32xf16, #accel.space<DDR>>, memref<128x?x32xf16, #accel.space<DDR>>) outs(%x : memref<128x?x32xf16, #accel.space<DDR>>) [4096]
  return
}
}
