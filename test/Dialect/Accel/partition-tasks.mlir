// RUN: dlavm-opt %s --accel-partition-tasks --canonicalize --cse -split-input-file | FileCheck %s
// RUN: dlavm-opt %s --accel-partition-tasks --accel-partition-tasks --canonicalize --cse -split-input-file | FileCheck %s

// A task is cut to the tokens that fit on the chip. A second run finds nothing
// left to cut.

module attributes {accel.device = "edgellm-20241128", llm.max_tokens = 2048 : i64} {
accel.object @w weight [4096, 13696] in <HBM>
accel.object @b scale_bias [4096] in <DDR>
accel.object @k kv_cache [2] in <HBM>

// The activation buffer holds 4096 words of 128 channels: with 4096 channels,
// 128 tokens.
// CHECK-LABEL: func.func @linear()
// CHECK-DAG:   %[[C0:.*]] = arith.constant 0 : index
// CHECK-DAG:   %[[C128:.*]] = arith.constant 128 : index
// CHECK-DAG:   %[[X:.*]] = accel.buffer "x"
// CHECK-DAG:   %[[Y:.*]] = accel.buffer "y"
// CHECK-DAG:   %[[W:.*]] = accel.get_object @w
// CHECK-DAG:   %[[SEQ:.*]] = accel.tokens seq
// CHECK:       scf.for %[[T:.*]] = %[[C0]] to %[[SEQ]] step %[[C128]] {
// CHECK-NEXT:    %[[LEFT:.*]] = arith.subi %[[SEQ]], %[[T]] overflow<nsw> : index
// CHECK-NEXT:    %[[N:.*]] = arith.minsi %[[LEFT]], %[[C128]] : index
// CHECK-NEXT:    %[[IN:.*]] = memref.subview %[[X]][0, %[[T]], 0] [128, %[[N]], 32] [1, 1, 1]
// CHECK-NEXT:    %[[OUT:.*]] = memref.subview %[[Y]][0, %[[T]], 0] [8, %[[N]], 32] [1, 1, 1]
// CHECK-NEXT:    accel.linear "l" ins(%[[IN]] : {{.*}}) weight(%[[W]]) outs(%[[OUT]] : {{.*}}) [4096, 256]
// CHECK-NEXT:  } {accel.limit = "activation buffer of 524288 values"}
// CHECK-NEXT:  return
func.func @linear() {
  %x = accel.buffer "x" : memref<128x?x32xf16, #accel.space<DDR>>, <128, seq, 32>
  %y = accel.buffer "y" : memref<8x?x32xf16, #accel.space<DDR>>, <8, seq, 32>
  %w = accel.get_object @w : !accel.object
  accel.linear "l" ins(%x : memref<128x?x32xf16, #accel.space<DDR>>) weight(%w) outs(%y : memref<8x?x32xf16, #accel.space<DDR>>) [4096, 256]
  return
}

// 13696 channels are 107 blocks, of which the buffer holds 38. The residual is
// read where the output is written.
// CHECK-LABEL: func.func @residual()
// CHECK-DAG:   %[[C0:.*]] = arith.constant 0 : index
// CHECK-DAG:   %[[C38:.*]] = arith.constant 38 : index
// CHECK-DAG:   %[[X:.*]] = accel.buffer "x"
// CHECK-DAG:   %[[R:.*]] = accel.buffer "r"
// CHECK-DAG:   %[[Y:.*]] = accel.buffer "y"
// CHECK:       scf.for %[[T:.*]] = %[[C0]] to %{{.*}} step %[[C38]] {
// CHECK:         %[[N:.*]] = arith.minsi
// CHECK-DAG:     %[[IN:.*]] = memref.subview %[[X]][0, %[[T]], 0] [428, %[[N]], 32] [1, 1, 1]
// CHECK-DAG:     %[[OUT:.*]] = memref.subview %[[Y]][0, %[[T]], 0] [128, %[[N]], 32] [1, 1, 1]
// CHECK-DAG:     %[[RES:.*]] = memref.subview %[[R]][0, %[[T]], 0] [128, %[[N]], 32] [1, 1, 1]
// CHECK:         accel.linear "l" ins(%[[IN]] : {{.*}}) weight(%{{.*}}) scale_bias(%{{.*}}) add(%[[RES]] : {{.*}}) outs(%[[OUT]] : {{.*}}) [13696, 4096]
func.func @residual() {
  %x = accel.buffer "x" : memref<428x?x32xf16, #accel.space<DDR>>, <428, seq, 32>
  %r = accel.buffer "r" : memref<128x?x32xf16, #accel.space<DDR>>, <128, seq, 32>
  %y = accel.buffer "y" : memref<128x?x32xf16, #accel.space<DDR>>, <128, seq, 32>
  %w = accel.get_object @w : !accel.object
  %b = accel.get_object @b : !accel.object
  accel.linear "l" ins(%x : memref<428x?x32xf16, #accel.space<DDR>>) weight(%w) scale_bias(%b) add(%r : memref<128x?x32xf16, #accel.space<DDR>>) outs(%y : memref<128x?x32xf16, #accel.space<DDR>>) [13696, 4096]
  return
}

// 256 channels are two blocks: all 2048 tokens fit.
// CHECK-LABEL: func.func @fits()
// CHECK-NOT: scf.for
// CHECK: accel.linear "l" ins(%x :
// CHECK-NOT: scf.for
// CHECK: return
func.func @fits() {
  %x = accel.buffer "x" : memref<8x?x32xf16, #accel.space<DDR>>, <8, seq, 32>
  %y = accel.buffer "y" : memref<8x?x32xf16, #accel.space<DDR>>, <8, seq, 32>
  %w = accel.get_object @w : !accel.object
  accel.linear "l" ins(%x : memref<8x?x32xf16, #accel.space<DDR>>) weight(%w) outs(%y : memref<8x?x32xf16, #accel.space<DDR>>) [256, 256]
  return
}

// 384 channels are three blocks: 1365 tokens, so that the context does not.
// CHECK-LABEL: func.func @barely_not()
// CHECK: %[[C:.*]] = arith.constant 1365 : index
// CHECK: scf.for %{{.*}} = %{{.*}} to %{{.*}} step %[[C]]
func.func @barely_not() {
  %x = accel.buffer "x" : memref<12x?x32xf16, #accel.space<DDR>>, <12, seq, 32>
  %y = accel.buffer "y" : memref<8x?x32xf16, #accel.space<DDR>>, <8, seq, 32>
  %w = accel.get_object @w : !accel.object
  accel.linear "l" ins(%x : memref<12x?x32xf16, #accel.space<DDR>>) weight(%w) outs(%y : memref<8x?x32xf16, #accel.space<DDR>>) [384, 256]
  return
}

// One token always fits.
// CHECK-LABEL: func.func @one_token()
// CHECK-NOT: scf.for
// CHECK: accel.linear "l"
// CHECK-NOT: scf.for
// CHECK: return
func.func @one_token() {
  %x = accel.buffer "x" : memref<428x1x32xf16, #accel.space<DDR>>, <428, 1, 32>
  %y = accel.buffer "y" : memref<128x1x32xf16, #accel.space<DDR>>, <128, 1, 32>
  %w = accel.get_object @w : !accel.object
  accel.linear "l" ins(%x : memref<428x1x32xf16, #accel.space<DDR>>) weight(%w) outs(%y : memref<128x1x32xf16, #accel.space<DDR>>) [13696, 4096]
  return
}

// The last of many tokens is one token too.
// CHECK-LABEL: func.func @last_token()
// CHECK-NOT: scf.for
// CHECK: accel.linear "l"
// CHECK-NOT: scf.for
// CHECK: return
func.func @last_token() {
  %x = accel.buffer "x" : memref<428x?x32xf16, #accel.space<DDR>>, <428, seq, 32>
  %y = accel.buffer "y" : memref<128x1x32xf16, #accel.space<DDR>>, <128, 1, 32>
  %w = accel.get_object @w : !accel.object
  %last = accel.tokens seq - 1
  %l = memref.subview %x[0, %last, 0] [428, 1, 32] [1, 1, 1] : memref<428x?x32xf16, #accel.space<DDR>> to memref<428x1x32xf16, strided<[?, 32, 1], offset: ?>, #accel.space<DDR>>
  accel.linear "l" ins(%l : memref<428x1x32xf16, strided<[?, 32, 1], offset: ?>, #accel.space<DDR>>) weight(%w) outs(%y : memref<128x1x32xf16, #accel.space<DDR>>) [13696, 4096]
  return
}

// 2^22 bits hold 128 rows of 128 channels for each of 16 heads.
// CHECK-LABEL: func.func @scores()
// CHECK-DAG:   %[[C128:.*]] = arith.constant 128 : index
// CHECK-DAG:   %[[Q:.*]] = accel.buffer "q"
// CHECK-DAG:   %[[S:.*]] = accel.buffer "s"
// CHECK:       scf.for %[[T:.*]] = %{{.*}} to %{{.*}} step %[[C128]] {
// CHECK:         %[[N:.*]] = arith.minsi
// CHECK:         %[[IN:.*]] = memref.subview %[[Q]][0, %[[T]], 0] [128, %[[N]], 32] [1, 1, 1]
// CHECK:         %[[G:.*]] = accel.tokens (seq + past) ceildiv 32 * 32
// CHECK:         %[[OUT:.*]] = memref.subview %[[S]][0, %[[T]], 0] [%[[G]], %[[N]], 32] [1, 1, 1]
// CHECK:         accel.scores "s" ins(%[[IN]] : {{.*}}) cache(%{{.*}}) keys(%{{.*}}) scale 1.250000e-01 outs(%[[OUT]] : {{.*}}) [32, 2, 128]
func.func @scores() {
  %q = accel.buffer "q" : memref<128x?x32xf16, #accel.space<DDR>>, <128, seq, 32>
  %s = accel.buffer "s" : memref<?x?x32xf16, #accel.space<DDR>>, <((seq + past) ceildiv 32) * 32, seq, 32>
  %k = accel.get_object @k : !accel.object
  %total = accel.tokens seq + past
  accel.scores "s" ins(%q : memref<128x?x32xf16, #accel.space<DDR>>) cache(%k) keys(%total) scale 0.125 outs(%s : memref<?x?x32xf16, #accel.space<DDR>>) [32, 2, 128]
  return
}

// The rows of probabilities are as long as the context so far, rounded up to 32:
// the limit is 2^22 / (16 * 16 * rup(total, 32)).
// CHECK-LABEL: func.func @values()
// CHECK-DAG:   %[[C0:.*]] = arith.constant 0 : index
// CHECK-DAG:   %[[C31:.*]] = arith.constant 31 : index
// CHECK-DAG:   %[[C32:.*]] = arith.constant 32 : index
// CHECK-DAG:   %[[C8192:.*]] = arith.constant 8192 : index
// CHECK-DAG:   %[[BITS:.*]] = arith.constant 4194304 : index
// CHECK-DAG:   %[[P:.*]] = accel.buffer "p"
// CHECK-DAG:   %[[O:.*]] = accel.buffer "o"
// CHECK:       %[[TOTAL:.*]] = accel.tokens seq + past
// CHECK:       %[[SEQ:.*]] = accel.tokens seq
// CHECK:       %[[A:.*]] = arith.addi %[[TOTAL]], %[[C31]] overflow<nsw> : index
// CHECK:       %[[D:.*]] = arith.divsi %[[A]], %[[C32]] : index
// CHECK:       %[[B:.*]] = arith.muli %[[D]], %[[C8192]] overflow<nsw> : index
// CHECK:       %[[STEP:.*]] = arith.divsi %[[BITS]], %[[B]] : index
// CHECK:       scf.for %[[T:.*]] = %[[C0]] to %[[SEQ]] step %[[STEP]] {
// CHECK-NEXT:    %[[LEFT:.*]] = arith.subi %[[SEQ]], %[[T]] overflow<nsw> : index
// CHECK-NEXT:    %[[N:.*]] = arith.minsi %[[STEP]], %[[LEFT]] : index
// CHECK:         %[[IN:.*]] = memref.subview %[[P]][0, %[[T]], 0] [%{{.*}}, %[[N]], 32] [1, 1, 1]
// CHECK:         %[[OUT:.*]] = memref.subview %[[O]][0, %[[T]], 0] [128, %[[N]], 32] [1, 1, 1]
// CHECK:         accel.values "o" ins(%[[IN]] : {{.*}}) cache(%{{.*}}) keys(%{{.*}}) outs(%[[OUT]] : {{.*}}) [32, 2, 128]
func.func @values() {
  %p = accel.buffer "p" : memref<?x?x32xf16, #accel.space<DDR>>, <((seq + past) ceildiv 32) * 32, seq, 32>
  %o = accel.buffer "o" : memref<128x?x32xf16, #accel.space<DDR>>, <128, seq, 32>
  %k = accel.get_object @k : !accel.object
  %total = accel.tokens seq + past
  accel.values "o" ins(%p : memref<?x?x32xf16, #accel.space<DDR>>) cache(%k) keys(%total) outs(%o : memref<128x?x32xf16, #accel.space<DDR>>) [32, 2, 128]
  return
}

// 128 heads for one KV head: one token at the largest context, and no more.
// CHECK-LABEL: func.func @narrowest()
// CHECK: scf.for
// CHECK: accel.values
func.func @narrowest() {
  %p = accel.buffer "p" : memref<?x?x32xf16, #accel.space<DDR>>, <((seq + past) ceildiv 32) * 128, seq, 32>
  %o = accel.buffer "o" : memref<512x?x32xf16, #accel.space<DDR>>, <512, seq, 32>
  %k = accel.get_object @k : !accel.object
  %total = accel.tokens seq + past
  accel.values "o" ins(%p : memref<?x?x32xf16, #accel.space<DDR>>) cache(%k) keys(%total) outs(%o : memref<512x?x32xf16, #accel.space<DDR>>) [128, 1, 128]
  return
}

// These take all tokens at once.
// CHECK-LABEL: func.func @never_cut()
// CHECK-NOT: scf.for
// CHECK: return
func.func @never_cut() {
  %x = accel.buffer "x" : memref<592x?x32xf16, #accel.space<DDR>>, <592, seq, 32>
  %y = accel.buffer "y" : memref<592x?x32xf16, #accel.space<DDR>>, <592, seq, 32>
  %q = accel.buffer "q" : memref<512x?x32xf16, #accel.space<DDR>>, <512, seq, 32>
  %r = accel.buffer "r" : memref<512x?x32xf16, #accel.space<DDR>>, <512, seq, 32>
  %p = accel.buffer "p" : memref<?x?x32xf16, #accel.space<DDR>>, <((seq + past) ceildiv 32) * 128, seq, 32>
  %s = accel.buffer "s" : memref<?x?x32xf16, #accel.space<DDR>>, <((seq + past) ceildiv 32) * 128, seq, 32>
  %k = accel.get_object @k : !accel.object
  %b = accel.get_object @b : !accel.object
  %total = accel.tokens seq + past
  %past = accel.tokens past
  accel.norm rms "n" ins(%x : memref<592x?x32xf16, #accel.space<DDR>>) weight(%b) outs(%y : memref<592x?x32xf16, #accel.space<DDR>>) [18944]
  accel.activation "a" ins(%x : memref<592x?x32xf16, #accel.space<DDR>>) table(%b) outs(%y : memref<592x?x32xf16, #accel.space<DDR>>) [18944]
  accel.elementwise add "e" ins(%x, %x : memref<592x?x32xf16, #accel.space<DDR>>, memref<592x?x32xf16, #accel.space<DDR>>) outs(%y : memref<592x?x32xf16, #accel.space<DDR>>) [18944]
  accel.rope "r" ins(%q : memref<512x?x32xf16, #accel.space<DDR>>) table(%b) at(%past) outs(%r : memref<512x?x32xf16, #accel.space<DDR>>) [128, 128]
  accel.kv_append keys "k" ins(%q : memref<512x?x32xf16, #accel.space<DDR>>) at(%past) outs(%k) [128, 128]
  accel.softmax "s" ins(%p : memref<?x?x32xf16, #accel.space<DDR>>) keys(%total) at(%past) outs(%s : memref<?x?x32xf16, #accel.space<DDR>>) [128]
  return
}

}

// -----

// A smaller context may fit where a larger one does not: 128 tokens of 128
// columns for one head need a sixteenth of the buffer.

module attributes {accel.device = "edgellm-20241128", llm.max_tokens = 128 : i64} {
accel.object @k kv_cache [2] in <HBM>

// CHECK-LABEL: func.func @small_context()
// CHECK-NOT: scf.for
// CHECK: accel.values
// CHECK-NOT: scf.for
// CHECK: return
func.func @small_context() {
  %p = accel.buffer "p" : memref<?x?x32xf16, #accel.space<DDR>>, <((seq + past) ceildiv 32) * 2, seq, 32>
  %o = accel.buffer "o" : memref<8x?x32xf16, #accel.space<DDR>>, <8, seq, 32>
  %k = accel.get_object @k : !accel.object
  %total = accel.tokens seq + past
  accel.values "o" ins(%p : memref<?x?x32xf16, #accel.space<DDR>>) cache(%k) keys(%total) outs(%o : memref<8x?x32xf16, #accel.space<DDR>>) [2, 2, 128]
  return
}
}

// -----

// The tokens of all heads are one map where a head is a surface, and a start
// takes as many heads as make a map no wider than the largest context.

module attributes {accel.device = "ohbm-v80-20250326", llm.max_tokens = 2048 : i64} {
accel.object @n norm_weight [128] in <HBM>

// CHECK-LABEL: func.func @norm_of_heads()
// CHECK-DAG:   %[[C0:.*]] = arith.constant 0 : index
// CHECK-DAG:   %[[C32:.*]] = arith.constant 32 : index
// CHECK-DAG:   %[[SEQ:.*]] = accel.tokens seq
// CHECK:       %[[STEP:.*]] = arith.divsi %{{.*}}, %[[SEQ]] : index
// CHECK:       scf.for %[[HEAD:.*]] = %[[C0]] to %[[C32]] step %[[STEP]] {
// CHECK-NEXT:    %[[LEFT:.*]] = arith.subi %[[C32]], %[[HEAD]] overflow<nsw> : index
// CHECK-NEXT:    %[[N:.*]] = arith.minsi %[[STEP]], %[[LEFT]] : index
// CHECK-NEXT:    %[[IN:.*]] = memref.subview %{{.*}}[%[[HEAD]], 0, 0] [%[[N]], %[[SEQ]], 128] [1, 1, 1]
// CHECK-NEXT:    %[[OUT:.*]] = memref.subview %{{.*}}[%[[HEAD]], 0, 0] [%[[N]], %[[SEQ]], 128] [1, 1, 1]
// CHECK-NEXT:    accel.norm rms "n" ins(%[[IN]] : {{.*}}) weight(%{{.*}}) outs(%[[OUT]] : {{.*}}) [128] heads 32
// CHECK-NEXT:  } {accel.limit = "width of 2048 tokens"}
// CHECK-NEXT:  return
func.func @norm_of_heads() {
  %x = accel.buffer "x" : memref<32x?x128xf16, #accel.space<HBM>>, <32, seq, 128>
  %y = accel.buffer "y" : memref<32x?x128xf16, #accel.space<HBM>>, <32, seq, 128>
  %n = accel.get_object @n : !accel.object
  accel.norm rms "n" ins(%x : memref<32x?x128xf16, #accel.space<HBM>>) weight(%n) outs(%y : memref<32x?x128xf16, #accel.space<HBM>>) [128] heads 32
  return
}
}

// -----

module attributes {accel.device = "ohbm-v80-20250326", llm.max_tokens = 64 : i64} {
accel.object @n norm_weight [128] in <HBM>

// CHECK-LABEL: func.func @norm_of_heads_of_few_tokens()
// CHECK-NOT:   scf.for
// CHECK:       accel.norm rms "n" {{.*}} [128] heads 32
func.func @norm_of_heads_of_few_tokens() {
  %x = accel.buffer "x" : memref<32x?x128xf16, #accel.space<HBM>>, <32, seq, 128>
  %y = accel.buffer "y" : memref<32x?x128xf16, #accel.space<HBM>>, <32, seq, 128>
  %n = accel.get_object @n : !accel.object
  accel.norm rms "n" ins(%x : memref<32x?x128xf16, #accel.space<HBM>>) weight(%n) outs(%y : memref<32x?x128xf16, #accel.space<HBM>>) [128] heads 32
  return
}
}
