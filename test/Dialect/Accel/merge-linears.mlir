// RUN: dlavm-opt %s --accel-merge-linears | FileCheck %s
// RUN: dlavm-opt %s --accel-merge-linears --accel-partition-tasks | FileCheck %s --check-prefix=CUT

module attributes {accel.device = "edgellm-20241128", llm.max_tokens = 512 : i64} {
llm.parameter @q from "{layer}.q" layers 28 : tensor<4096x4096xi4>
llm.parameter @k from "{layer}.k" layers 28 : tensor<250x4096xi4>
llm.parameter @v from "{layer}.v" layers 28 : tensor<256x4096xi4>
llm.parameter @s0 from "{layer}.s0" layers 28 : tensor<512xf16>
llm.parameter @b0 from "{layer}.b0" layers 28 : tensor<512xf16>
llm.parameter @w0 from "{layer}.w0" layers 28 : tensor<512x4096xi4>
llm.parameter @s1 from "{layer}.s1" layers 28 : tensor<32xf16>
llm.parameter @b1 from "{layer}.b1" layers 28 : tensor<32xf16>
llm.parameter @w1 from "{layer}.w1" layers 28 : tensor<32x4096xi4>
llm.parameter @w2 from "{layer}.w2" layers 28 : tensor<32x4096xi4>
llm.parameter @w3 from "{layer}.w3" layers 28 : tensor<4096x4096xi4>
llm.parameter @w4 from "w4" : tensor<32x4096xi4>
llm.parameter @w5 from "{layer}.w5" layers 28 : tensor<32x4096xi4>
llm.parameter @w6 from "{layer}.w6" layers 28 : tensor<32x4096xi4>
llm.parameter @w7 from "{layer}.w7" layers 28 : tensor<32x4096xi4>
llm.parameter @s5 from "{layer}.s5" layers 28 : tensor<32xf16>
llm.parameter @b5 from "{layer}.b5" layers 28 : tensor<32xf16>
llm.parameter @s6 from "s6" : tensor<32xf16>
llm.parameter @b6 from "b6" : tensor<32xf16>
llm.parameter @s7 from "{layer}.s7" layers 27 : tensor<32xf16>
llm.parameter @b7 from "{layer}.b7" layers 27 : tensor<32xf16>

// CHECK:     accel.object @query_key_weight weight [4346, 4096] from [@q, @k] layers 28 in <HBM>
// CHECK-NOT: accel.object @query_weight
// CHECK-NOT: accel.object @key_weight
// CHECK:     accel.object @value_weight
accel.object @query_weight weight [4096, 4096] from [@q] layers 28 in <HBM>
accel.object @key_weight weight [250, 4096] from [@k] layers 28 in <HBM>
accel.object @value_weight weight [256, 4096] from [@v] layers 28 in <HBM>
// CHECK: accel.object @a_b_weight weight [544, 4096] from [@w0, @w1] layers 28 in <HBM>
// CHECK: accel.object @a_b_scale_bias scale_bias [544] from [@s0, @b0, @s1, @b1] layers 28 in <DDR>
accel.object @a_weight weight [512, 4096] from [@w0] layers 28 in <HBM>
accel.object @a_scale_bias scale_bias [512] from [@s0, @b0] layers 28 in <DDR>
accel.object @b_weight weight [32, 4096] from [@w1] layers 28 in <HBM>
accel.object @b_scale_bias scale_bias [32] from [@s1, @b1] layers 28 in <DDR>
accel.object @c_weight weight [32, 4096] from [@w2] layers 28 in <HBM>
accel.object @d_weight weight [4096, 4096] from [@w3] layers 28 in <HBM>
accel.object @e_weight weight [32, 4096] from [@w4] in <HBM>
accel.object @f_weight weight [32, 4096] from [@w5] layers 28 in <HBM>
accel.object @f_scale_bias scale_bias [32] from [@s5, @b5] layers 28 in <DDR>
accel.object @g_weight weight [32, 4096] from [@w6] layers 28 in <HBM>
accel.object @g_scale_bias scale_bias [32] from [@s6, @b6] in <DDR>
accel.object @h_weight weight [32, 4096] from [@w7] layers 28 in <HBM>
accel.object @h_scale_bias scale_bias [32] from [@s7, @b7] layers 27 in <DDR>
accel.object @table rope_table [] in <DDR>
accel.object @keys kv_cache [2] layers 28 in <HBM>

// The second result does not fill its last surface, so the third one cannot
// follow. What read the results reads views.
// CHECK-LABEL: func.func @attention(
// CHECK:         %[[N:.*]] = accel.buffer "n"
// CHECK:         %[[W:.*]] = accel.get_object @query_key_weight[%arg0]
// CHECK:         %[[ALL:.*]] = accel.buffer "query_key" : memref<136x?x32xf16, #accel.space<DDR>>, <136, seq, 32>
// CHECK:         accel.linear "query_key" ins(%[[N]] : {{.*}}) weight(%[[W]]) outs(%[[ALL]] : {{.*}}) [4096, 4346] {accel.merges = ["query", "key"]}
// CHECK:         %[[SEQ:.*]] = accel.tokens seq
// CHECK:         %[[Q:.*]] = memref.subview %[[ALL]][0, 0, 0] [128, %[[SEQ]], 32] [1, 1, 1]
// CHECK:         %[[K:.*]] = memref.subview %[[ALL]][128, 0, 0] [8, %[[SEQ]], 32] [1, 1, 1]
// CHECK:         accel.rope "query_rope" ins(%[[Q]] :
// CHECK:         accel.rope "key_rope" ins(%[[K]] :
// CHECK:         accel.linear "value"

// Views of surfaces can be cut to the chip.
// CUT-LABEL: func.func @attention(
// CUT:         scf.for %[[T:.*]] = %{{.*}} to
// CUT:           %[[IN:.*]] = memref.subview %{{.*}}[0, %[[T]], 0]
// CUT:           %[[OUT:.*]] = memref.subview %{{.*}}[0, %[[T]], 0] [136,
// CUT:           accel.linear "query_key" ins(%[[IN]] : {{.*}} outs(%[[OUT]] : {{.*}} {accel.merges = ["query", "key"]}
// CUT:         accel.rope "query_rope"
func.func @attention(%layer: index {accel.layer}) {
  %past = accel.tokens past
  %table = accel.get_object @table : !accel.object
  %n = accel.buffer "n" : memref<128x?x32xf16, #accel.space<DDR>>, <128, seq, 32>
  %q = accel.buffer "query" : memref<128x?x32xf16, #accel.space<DDR>>, <128, seq, 32>
  %wq = accel.get_object @query_weight[%layer] : !accel.object
  accel.linear "query" ins(%n : memref<128x?x32xf16, #accel.space<DDR>>) weight(%wq) outs(%q : memref<128x?x32xf16, #accel.space<DDR>>) [4096, 4096]
  %qr = accel.buffer "query_rope" : memref<128x?x32xf16, #accel.space<DDR>>, <128, seq, 32>
  accel.rope "query_rope" ins(%q : memref<128x?x32xf16, #accel.space<DDR>>) table(%table) at(%past) outs(%qr : memref<128x?x32xf16, #accel.space<DDR>>) [32, 128]
  %k = accel.buffer "key" : memref<8x?x32xf16, #accel.space<DDR>>, <8, seq, 32>
  %wk = accel.get_object @key_weight[%layer] : !accel.object
  accel.linear "key" ins(%n : memref<128x?x32xf16, #accel.space<DDR>>) weight(%wk) outs(%k : memref<8x?x32xf16, #accel.space<DDR>>) [4096, 250]
  %kr = accel.buffer "key_rope" : memref<8x?x32xf16, #accel.space<DDR>>, <8, seq, 32>
  accel.rope "key_rope" ins(%k : memref<8x?x32xf16, #accel.space<DDR>>) table(%table) at(%past) outs(%kr : memref<8x?x32xf16, #accel.space<DDR>>) [2, 128]
  %v = accel.buffer "value" : memref<8x?x32xf16, #accel.space<DDR>>, <8, seq, 32>
  %wv = accel.get_object @value_weight[%layer] : !accel.object
  accel.linear "value" ins(%n : memref<128x?x32xf16, #accel.space<DDR>>) weight(%wv) outs(%v : memref<8x?x32xf16, #accel.space<DDR>>) [4096, 256]
  return
}

// Scales and biases follow each other as the weights do.
// CHECK-LABEL: func.func @scale_bias(
// CHECK:         %[[W:.*]] = accel.get_object @a_b_weight[%arg0]
// CHECK:         %[[B:.*]] = accel.get_object @a_b_scale_bias[%arg0]
// CHECK:         accel.linear "a_b" ins(%{{.*}}) weight(%[[W]]) scale_bias(%[[B]]) outs(%{{.*}}) [4096, 544] {accel.merges = ["a", "b"]}
// Not one without scale and bias, nor one that overwrites its input, nor one
// whose weight has no layers.
// CHECK:         accel.linear "c"
// CHECK:         accel.linear "d"
// CHECK:         accel.linear "e"
func.func @scale_bias(%layer: index {accel.layer}) {
  %n = accel.buffer "m" : memref<128x?x32xf16, #accel.space<DDR>>, <128, seq, 32>
  %a = accel.buffer "a" : memref<16x?x32xf16, #accel.space<DDR>>, <16, seq, 32>
  %wa = accel.get_object @a_weight[%layer] : !accel.object
  %sa = accel.get_object @a_scale_bias[%layer] : !accel.object
  accel.linear "a" ins(%n : memref<128x?x32xf16, #accel.space<DDR>>) weight(%wa) scale_bias(%sa) outs(%a : memref<16x?x32xf16, #accel.space<DDR>>) [4096, 512]
  %b = accel.buffer "b" : memref<1x?x32xf16, #accel.space<DDR>>, <1, seq, 32>
  %wb = accel.get_object @b_weight[%layer] : !accel.object
  %sb = accel.get_object @b_scale_bias[%layer] : !accel.object
  accel.linear "b" ins(%n : memref<128x?x32xf16, #accel.space<DDR>>) weight(%wb) scale_bias(%sb) outs(%b : memref<1x?x32xf16, #accel.space<DDR>>) [4096, 32]
  %c = accel.buffer "c" : memref<1x?x32xf16, #accel.space<DDR>>, <1, seq, 32>
  %wc = accel.get_object @c_weight[%layer] : !accel.object
  accel.linear "c" ins(%n : memref<128x?x32xf16, #accel.space<DDR>>) weight(%wc) outs(%c : memref<1x?x32xf16, #accel.space<DDR>>) [4096, 32]
  %wd = accel.get_object @d_weight[%layer] : !accel.object
  accel.linear "d" ins(%n : memref<128x?x32xf16, #accel.space<DDR>>) weight(%wd) outs(%n : memref<128x?x32xf16, #accel.space<DDR>>) [4096, 4096]
  %e = accel.buffer "e" : memref<1x?x32xf16, #accel.space<DDR>>, <1, seq, 32>
  %we = accel.get_object @e_weight : !accel.object
  accel.linear "e" ins(%n : memref<128x?x32xf16, #accel.space<DDR>>) weight(%we) outs(%e : memref<1x?x32xf16, #accel.space<DDR>>) [4096, 32]
  return
}

// Scales and biases that all layers share, or of fewer layers, are of others.
// CHECK-LABEL: func.func @other_layers(
// CHECK:         accel.linear "f"
// CHECK:         accel.linear "g"
// CHECK:         accel.linear "h"
func.func @other_layers(%layer: index {accel.layer}) {
  %n = accel.buffer "o" : memref<128x?x32xf16, #accel.space<DDR>>, <128, seq, 32>
  %f = accel.buffer "f" : memref<1x?x32xf16, #accel.space<DDR>>, <1, seq, 32>
  %wf = accel.get_object @f_weight[%layer] : !accel.object
  %sf = accel.get_object @f_scale_bias[%layer] : !accel.object
  accel.linear "f" ins(%n : memref<128x?x32xf16, #accel.space<DDR>>) weight(%wf) scale_bias(%sf) outs(%f : memref<1x?x32xf16, #accel.space<DDR>>) [4096, 32]
  %g = accel.buffer "g" : memref<1x?x32xf16, #accel.space<DDR>>, <1, seq, 32>
  %wg = accel.get_object @g_weight[%layer] : !accel.object
  %sg = accel.get_object @g_scale_bias : !accel.object
  accel.linear "g" ins(%n : memref<128x?x32xf16, #accel.space<DDR>>) weight(%wg) scale_bias(%sg) outs(%g : memref<1x?x32xf16, #accel.space<DDR>>) [4096, 32]
  %h = accel.buffer "h" : memref<1x?x32xf16, #accel.space<DDR>>, <1, seq, 32>
  %wh = accel.get_object @h_weight[%layer] : !accel.object
  %sh = accel.get_object @h_scale_bias[%layer] : !accel.object
  accel.linear "h" ins(%n : memref<128x?x32xf16, #accel.space<DDR>>) weight(%wh) scale_bias(%sh) outs(%h : memref<1x?x32xf16, #accel.space<DDR>>) [4096, 32]
  return
}
}
