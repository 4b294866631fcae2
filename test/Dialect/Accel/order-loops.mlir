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

// With 13696 channels, a start has 37 tokens and 256 output channels. Where one
// start has all of these, the weight stays whatever the call has.
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

// 256 tokens of 2048 channels. Two parts read 4 MB of weights once more, at 0.784 of
// the rate, or 4 KB of each token thrice more, which takes longer; three do not. The
// last part may have fewer tokens.
module attributes {accel.device = "ohbm-20250407", llm.max_tokens = 2048 : i64} {
accel.object @w weight [4096, 2048] in <HBM>

// CHECK-LABEL: func.func @many_parts()
// CHECK:         accel.linear {{.*}} {accel.keeps_weight_from = 513 : i64}
// LOOPS-LABEL: func.func @many_parts()
func.func @many_parts() {
  %x = accel.buffer "x" : memref<4x?x512xf16, #accel.space<HBM>>, <4, seq, 512>
  %y = accel.buffer "y" : memref<8x?x512xf16, #accel.space<HBM>>, <8, seq, 512>
  %w = accel.get_object @w : !accel.object
  accel.linear "l" ins(%x : memref<4x?x512xf16, #accel.space<HBM>>) weight(%w) outs(%y : memref<8x?x512xf16, #accel.space<HBM>>) [2048, 4096]
  return
}
}

// -----

module attributes {accel.device = "ohbm-20250407", llm.max_tokens = 400 : i64} {
accel.object @w weight [4096, 2048] in <HBM>

// CHECK-LABEL: func.func @small_last_part()
// CHECK:         accel.linear {{.*}} {accel.keeps_weight_from = 257 : i64}
// LOOPS-LABEL: func.func @small_last_part()
func.func @small_last_part() {
  %x = accel.buffer "x" : memref<4x?x512xf16, #accel.space<HBM>>, <4, seq, 512>
  %y = accel.buffer "y" : memref<8x?x512xf16, #accel.space<HBM>>, <8, seq, 512>
  %w = accel.get_object @w : !accel.object
  accel.linear "l" ins(%x : memref<4x?x512xf16, #accel.space<HBM>>) weight(%w) outs(%y : memref<8x?x512xf16, #accel.space<HBM>>) [2048, 4096]
  return
}
}

// -----

// 100 tokens, however long the context is, fit a start. So do slices of 64.
module attributes {accel.device = "ohbm-20250407", llm.max_tokens = 64 : i64} {
accel.object @w weight [4096, 4096] in <HBM>

// CHECK-LABEL: func.func @constant_tokens()
// CHECK:         accel.linear {{.*}} {accel.keeps_weight_from = 101 : i64}
// LOOPS-LABEL: func.func @constant_tokens()
// LOOPS-NOT:     scf.if
// LOOPS:         scf.for {{.*}} step %c1024
// LOOPS-NOT:     scf.for
// LOOPS:         return
func.func @constant_tokens() {
  %x = accel.buffer "x" : memref<8x100x512xf16, #accel.space<HBM>>, <8, 100, 512>
  %y = accel.buffer "y" : memref<8x100x512xf16, #accel.space<HBM>>, <8, 100, 512>
  %w = accel.get_object @w : !accel.object
  accel.linear "l" ins(%x : memref<8x100x512xf16, #accel.space<HBM>>) weight(%w) outs(%y : memref<8x100x512xf16, #accel.space<HBM>>) [4096, 4096]
  return
}
}

// -----

module attributes {accel.device = "ohbm-20250407", llm.max_tokens = 2048 : i64} {
accel.object @w weight [4096, 4096] in <HBM>

// CHECK-LABEL: func.func @slices()
// CHECK:         accel.linear {{.*}} {accel.keeps_weight_from = 65 : i64, accel.slice = 64 : i64}
// LOOPS-LABEL: func.func @slices()
func.func @slices() {
  %c0 = arith.constant 0 : index
  %c64 = arith.constant 64 : index
  %seq = accel.tokens seq
  %x = accel.buffer "x" : memref<8x?x512xf16, #accel.space<HBM>>, <8, seq, 512>
  %w = accel.get_object @w : !accel.object
  scf.for %token = %c0 to %seq step %c64 {
    %left = arith.subi %seq, %token overflow<nsw> : index
    %width = arith.minsi %c64, %left : index
    %y = accel.buffer "y" slice 64 : memref<8x?x512xf16, #accel.space<HBM>>, <8, seq, 512>
    %in = memref.subview %x[0, %token, 0] [8, %width, 512] [1, 1, 1] : memref<8x?x512xf16, #accel.space<HBM>> to memref<8x?x512xf16, strided<[?, 512, 1], offset: ?>, #accel.space<HBM>>
    %out = memref.subview %y[0, 0, 0] [8, %width, 512] [1, 1, 1] : memref<8x?x512xf16, #accel.space<HBM>> to memref<8x?x512xf16, strided<[?, 512, 1]>, #accel.space<HBM>>
    accel.linear "l" ins(%in : memref<8x?x512xf16, strided<[?, 512, 1], offset: ?>, #accel.space<HBM>>) weight(%w) outs(%out : memref<8x?x512xf16, strided<[?, 512, 1]>, #accel.space<HBM>>) [4096, 4096] {accel.slice = 64 : i64}
  }
  return
}
}

// -----

// How many keys there are, says the call.
module attributes {accel.device = "ohbm-20250407", llm.max_tokens = 2048 : i64} {
accel.object @k kv_cache [2] in <HBM>

// CHECK-LABEL: func.func @scores()
// CHECK-NOT:     keeps_weight_from
// CHECK:         return
// LOOPS-LABEL: func.func @scores()
// LOOPS:         arith.cmpi slt
func.func @scores() {
  %q = accel.buffer "q" : memref<8x?x512xf16, #accel.space<HBM>>, <8, seq, 512>
  %s = accel.buffer "s" : memref<?x?x512xf16, #accel.space<HBM>>, <((seq + past) ceildiv 512) * 32, seq, 512>
  %k = accel.get_object @k : !accel.object
  %total = accel.tokens seq + past
  accel.scores "s" ins(%q : memref<8x?x512xf16, #accel.space<HBM>>) cache(%k) keys(%total) scale 0.088 outs(%s : memref<?x?x512xf16, #accel.space<HBM>>) [32, 2, 128]
  return
}
}

// -----

// Starts that share tokens alone, or nothing, have no order. What says one is
// passed over.
module attributes {accel.device = "edgellm-20241128", llm.max_tokens = 2048 : i64} {
accel.object @w weight [4096, 4096] in <HBM>

// LOOPS-LABEL: func.func @one_loop()
// LOOPS-NOT:     keeps_weight_from
// LOOPS:         return
func.func @one_loop() {
  %x = accel.buffer "x" : memref<128x?x32xf16, #accel.space<DDR>>, <128, seq, 32>
  %y = accel.buffer "y" : memref<128x?x32xf16, #accel.space<DDR>>, <128, seq, 32>
  %w = accel.get_object @w : !accel.object
  accel.linear "l" ins(%x : memref<128x?x32xf16, #accel.space<DDR>>) weight(%w) outs(%y : memref<128x?x32xf16, #accel.space<DDR>>) [4096, 4096] {accel.keeps_weight_from = 129 : i64}
  accel.elementwise add "sum" ins(%y, %y : memref<128x?x32xf16, #accel.space<DDR>>, memref<128x?x32xf16, #accel.space<DDR>>) outs(%x : memref<128x?x32xf16, #accel.space<DDR>>) [4096]
  return
}
}
