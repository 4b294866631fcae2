// RUN: dlavm-opt %s --verify-roundtrip | FileCheck %s
// RUN: dlavm-opt %s -mlir-print-op-generic | dlavm-opt | FileCheck %s

// CHECK: module attributes {llm.embedding = @embedding, llm.max_tokens = 2048 : i64}
module attributes {llm.embedding = @embedding, llm.max_tokens = 2048 : i64} {

// CHECK: llm.parameter @embedding from "embedding.weight" : tensor<1000x64xf16>
llm.parameter @embedding from "embedding.weight" : tensor<1000x64xf16>
// CHECK: llm.parameter @heads from "w" rows[64] row_heads <8 x 16> : tensor<128x64xi4>
llm.parameter @heads from "w" rows [64] row_heads <8 x 16, interleaved 0, padded 16> : tensor<128x64xi4>
// CHECK: llm.parameter @permuted from "{layer}" layers 2 row_heads <8 x 16, interleaved 8> column_heads <2 x 32> : tensor<128x64xi4>
llm.parameter @permuted from "{layer}" layers 2 row_heads <8 x 16, interleaved 8> column_heads <2 x 32> : tensor<128x64xi4>
// CHECK: llm.parameter @padded splat 1.000000e+00 row_heads <8 x 16, padded 128> : tensor<1024xf16>
llm.parameter @padded splat 1.0 row_heads <8 x 16, padded 128> : tensor<1024xf16>
// CHECK: llm.parameter @groups from "w" row_heads <6 x 16, padded 32, groups 2 empty 1> column_heads <8 x 16, groups 4 empty 0> : tensor<256x128xi4>
llm.parameter @groups from "w" row_heads <6 x 16, padded 32, groups 2 empty 1> column_heads <8 x 16, groups 4 empty 0> : tensor<256x128xi4>
// CHECK: llm.parameter @both from "w" column_heads <8 x 16, interleaved 16, padded 128> : tensor<64x1024xi4>
llm.parameter @both from "w" column_heads <8 x 16, interleaved 16, padded 128> : tensor<64x1024xi4>

// CHECK: llm.parameter @query from "layers.{layer}.qkv.weight" rows[4096] layers 28 : tensor<256x64xi4>
llm.parameter @query from "layers.{layer}.qkv.weight" rows [4096] layers 28 : tensor<256x64xi4>
// CHECK: llm.parameter @grouped from "layers.{layer}.wqkv" rows[512, 128, 768] normalized times 1.200000e+01 layers 28 : tensor<256x64xi4>
llm.parameter @grouped from "layers.{layer}.wqkv" rows [512, 128, 768] normalized times 12.0 layers 28 : tensor<256x64xi4>
// CHECK: llm.parameter @query_scale splat 1.000000e+00 layers 28 : tensor<256xf16>
llm.parameter @query_scale splat 1.0 layers 28 : tensor<256xf16>
// CHECK: llm.parameter @query_bias from "layers.{layer}.qkv.bias" layers 28 : tensor<256xf16>
llm.parameter @query_bias from "layers.{layer}.qkv.bias" layers 28 : tensor<256xf16>
// CHECK: llm.parameter @head from "lm_head.weight" : tensor<1000x64xi4>
llm.parameter @head from "lm_head.weight" : tensor<1000x64xi4>
// CHECK: llm.parameter @norm from "norm.weight" : tensor<64xf16>
llm.parameter @norm from "norm.weight" : tensor<64xf16>
// CHECK: llm.parameter @norm_bias from "norm.bias" : tensor<64xf16>
llm.parameter @norm_bias from "norm.bias" : tensor<64xf16>
// CHECK: llm.kv_cache @keys layers 28 : tensor<1x?x128xf16, #llm.dims<1, seq + past, 128>>
llm.kv_cache @keys layers 28 : tensor<1x?x128xf16, #llm.dims<1, seq + past, 128>>
// CHECK: llm.kv_cache @values : tensor<1x?x128xf16, #llm.dims<1, seq + past, 128>>
llm.kv_cache @values : tensor<1x?x128xf16, #llm.dims<1, seq + past, 128>>

// CHECK-LABEL: func.func @linear(
// CHECK-SAME: %[[LAYER:.*]]: index, %[[X:.*]]: tensor<1x?x64xf16, #llm.dims<1, seq, 64>>, %[[R:.*]]: tensor<1x?x256xf16, #llm.dims<1, seq, 256>>)
func.func @linear(%layer: index, %x: tensor<1x?x64xf16, #llm.dims<1, seq, 64>>,
                  %r: tensor<1x?x256xf16, #llm.dims<1, seq, 256>>) {
  // CHECK: llm.linear %[[X]], @query[%[[LAYER]]] : tensor<1x?x64xf16, #llm.dims<1, seq, 64>> -> tensor<1x?x256xf16, #llm.dims<1, seq, 256>>
  %0 = llm.linear %x, @query[%layer] : tensor<1x?x64xf16, #llm.dims<1, seq, 64>> -> tensor<1x?x256xf16, #llm.dims<1, seq, 256>>
  // CHECK: llm.linear %[[X]], @query[%[[LAYER]]] scale @query_scale bias @query_bias :
  %1 = llm.linear %x, @query[%layer] scale @query_scale bias @query_bias : tensor<1x?x64xf16, #llm.dims<1, seq, 64>> -> tensor<1x?x256xf16, #llm.dims<1, seq, 256>>
  // CHECK: llm.linear %[[X]], @query[%[[LAYER]]] scale @query_scale bias @query_bias add %[[R]] :
  %2 = llm.linear %x, @query[%layer] scale @query_scale bias @query_bias add %r : tensor<1x?x64xf16, #llm.dims<1, seq, 64>> -> tensor<1x?x256xf16, #llm.dims<1, seq, 256>>
  // CHECK: llm.linear %[[X]], @query[%[[LAYER]]] mul %[[R]] :
  %3 = llm.linear %x, @query[%layer] mul %r : tensor<1x?x64xf16, #llm.dims<1, seq, 64>> -> tensor<1x?x256xf16, #llm.dims<1, seq, 256>>
  // CHECK: llm.linear %[[X]], @query[%[[LAYER]]] relu :
  %5 = llm.linear %x, @query[%layer] relu : tensor<1x?x64xf16, #llm.dims<1, seq, 64>> -> tensor<1x?x256xf16, #llm.dims<1, seq, 256>>
  // CHECK: llm.linear %[[X]], @query[%[[LAYER]]] scale @query_scale bias @query_bias relu :
  %6 = llm.linear %x, @query[%layer] scale @query_scale bias @query_bias relu : tensor<1x?x64xf16, #llm.dims<1, seq, 64>> -> tensor<1x?x256xf16, #llm.dims<1, seq, 256>>
  // CHECK: llm.linear %[[X]], @head : {{.*}} -> tensor<1x?x1000xf16, #llm.dims<1, seq, 1000>>
  %4 = llm.linear %x, @head : tensor<1x?x64xf16, #llm.dims<1, seq, 64>> -> tensor<1x?x1000xf16, #llm.dims<1, seq, 1000>>
  return
}

// CHECK-LABEL: func.func @norms(
func.func @norms(%x: tensor<1x?x64xf16, #llm.dims<1, seq, 64>>) {
  // CHECK: llm.rms_norm %{{.*}}, @norm epsilon 1.000000e-05 : tensor<1x?x64xf16, #llm.dims<1, seq, 64>>
  %0 = llm.rms_norm %x, @norm epsilon 1.0e-5 : tensor<1x?x64xf16, #llm.dims<1, seq, 64>>
  // CHECK: llm.layer_norm %{{.*}}, @norm bias @norm_bias epsilon 1.000000e-05 : tensor<1x?x64xf16, #llm.dims<1, seq, 64>>
  %1 = llm.layer_norm %x, @norm bias @norm_bias epsilon 1.0e-5 : tensor<1x?x64xf16, #llm.dims<1, seq, 64>>
  return
}

// CHECK-LABEL: func.func @attention(
// CHECK-SAME: %[[LAYER:.*]]: index, %[[Q:.*]]: tensor<1x?x256xf16, #llm.dims<1, seq, 256>>, %[[K:.*]]: tensor<1x?x128xf16, #llm.dims<1, seq, 128>>)
func.func @attention(%layer: index, %q: tensor<1x?x256xf16, #llm.dims<1, seq, 256>>,
                     %k: tensor<1x?x128xf16, #llm.dims<1, seq, 128>>)
    -> tensor<1x?x256xf16, #llm.dims<1, seq, 256>> {
  // CHECK: %[[H:.*]] = llm.split_heads %[[Q]] : tensor<1x?x256xf16, #llm.dims<1, seq, 256>> -> tensor<2x?x128xf16, #llm.dims<2, seq, 128>>
  %h = llm.split_heads %q : tensor<1x?x256xf16, #llm.dims<1, seq, 256>> -> tensor<2x?x128xf16, #llm.dims<2, seq, 128>>
  // CHECK: %[[R:.*]] = llm.rope %[[H]] half_split theta 1.000000e+04 rotary 128 : tensor<2x?x128xf16, #llm.dims<2, seq, 128>>
  %r = llm.rope %h half_split theta 10000.0 rotary 128 : tensor<2x?x128xf16, #llm.dims<2, seq, 128>>
  // CHECK: llm.rope %[[H]] interleaved theta 1.000000e+04 rotary 64 :
  %i = llm.rope %h interleaved theta 10000.0 rotary 64 : tensor<2x?x128xf16, #llm.dims<2, seq, 128>>
  // CHECK: llm.rope %[[H]] half_split theta 5.000000e+05 rotary 6 divisors [1.000000e+00, 2.1428571428571428, 8.000000e+00] attention_factor 1.190000e+00 {llm.task = "query_rope"} :
  %l = llm.rope %h half_split theta 500000.0 rotary 6
    divisors [1.0, 2.1428571428571428, 8.0] attention_factor 1.19
    {llm.task = "query_rope"} : tensor<2x?x128xf16, #llm.dims<2, seq, 128>>
  // CHECK: %[[T:.*]] = llm.kv_append %[[K]], @keys[%[[LAYER]]] : tensor<1x?x128xf16, #llm.dims<1, seq, 128>>
  %t = llm.kv_append %k, @keys[%layer] : tensor<1x?x128xf16, #llm.dims<1, seq, 128>>
  // CHECK: %[[U:.*]] = llm.kv_append %[[K]], @values : tensor<1x?x128xf16, #llm.dims<1, seq, 128>>
  %u = llm.kv_append %k, @values : tensor<1x?x128xf16, #llm.dims<1, seq, 128>>
  // CHECK: %[[S:.*]] = llm.attention_scores %[[R]], @keys[%[[LAYER]]] after %[[T]] scale 1.250000e-01 : tensor<2x?x128xf16, #llm.dims<2, seq, 128>>
  %s = llm.attention_scores %r, @keys[%layer] after %t scale 0.125 : tensor<2x?x128xf16, #llm.dims<2, seq, 128>>
  // CHECK: llm.attention_scores %[[R]], @keys[%[[LAYER]]] after %[[T]] scale 1.250000e-01 heads 1 : tensor<2x?x128xf16, #llm.dims<2, seq, 128>>
  %e = llm.attention_scores %r, @keys[%layer] after %t scale 0.125 heads 1 : tensor<2x?x128xf16, #llm.dims<2, seq, 128>>
  // CHECK: %[[P:.*]] = llm.softmax %[[S]] : tensor<2x?x?xf16, #llm.dims<2, seq, seq + past>>
  %p = llm.softmax %s : tensor<2x?x?xf16, #llm.dims<2, seq, seq + past>>
  // CHECK: llm.softmax %[[S]] unmasked : tensor<2x?x?xf16, #llm.dims<2, seq, seq + past>>
  %a = llm.softmax %s unmasked : tensor<2x?x?xf16, #llm.dims<2, seq, seq + past>>
  // CHECK: %[[O:.*]] = llm.attention_values %[[P]], @values after %[[U]] : tensor<2x?x?xf16, #llm.dims<2, seq, seq + past>> -> tensor<2x?x128xf16, #llm.dims<2, seq, 128>>
  %o = llm.attention_values %p, @values after %u : tensor<2x?x?xf16, #llm.dims<2, seq, seq + past>> -> tensor<2x?x128xf16, #llm.dims<2, seq, 128>>
  // CHECK: llm.merge_heads %[[O]] : tensor<2x?x128xf16, #llm.dims<2, seq, 128>>
  %m = llm.merge_heads %o : tensor<2x?x128xf16, #llm.dims<2, seq, 128>>
  return %m : tensor<1x?x256xf16, #llm.dims<1, seq, 256>>
}

// CHECK-LABEL: func.func @elementwise(
// CHECK-SAME: %[[X:.*]]: tensor<1x?x64xf16, #llm.dims<1, seq, 64>>)
func.func @elementwise(%x: tensor<1x?x64xf16, #llm.dims<1, seq, 64>>) {
  // CHECK: llm.activation silu %[[X]] : tensor<1x?x64xf16, #llm.dims<1, seq, 64>>
  %0 = llm.activation silu %x : tensor<1x?x64xf16, #llm.dims<1, seq, 64>>
  // CHECK: llm.activation gelu %[[X]] :
  %1 = llm.activation gelu %x : tensor<1x?x64xf16, #llm.dims<1, seq, 64>>
  // CHECK: llm.activation tanh %[[X]] :
  %2 = llm.activation tanh %x : tensor<1x?x64xf16, #llm.dims<1, seq, 64>>
  // CHECK: llm.activation sigmoid %[[X]] :
  %3 = llm.activation sigmoid %x : tensor<1x?x64xf16, #llm.dims<1, seq, 64>>
  // CHECK: llm.activation relu %[[X]] :
  %8 = llm.activation relu %x : tensor<1x?x64xf16, #llm.dims<1, seq, 64>>
  // CHECK: %[[B:.*]] = llm.get_parameter @norm_bias : tensor<64xf16>
  %b = llm.get_parameter @norm_bias : tensor<64xf16>
  // CHECK: llm.add %[[X]], %[[X]] : tensor<1x?x64xf16, #llm.dims<1, seq, 64>>{{ *$}}
  %4 = llm.add %x, %x : tensor<1x?x64xf16, #llm.dims<1, seq, 64>>
  // CHECK: llm.add %[[X]], %[[B]] : tensor<1x?x64xf16, #llm.dims<1, seq, 64>>{{ ?}}, tensor<64xf16>
  %5 = llm.add %x, %b : tensor<1x?x64xf16, #llm.dims<1, seq, 64>>, tensor<64xf16>
  // CHECK: llm.sub %[[X]], %[[X]] : tensor<1x?x64xf16, #llm.dims<1, seq, 64>>{{ *$}}
  %7 = llm.sub %x, %x : tensor<1x?x64xf16, #llm.dims<1, seq, 64>>
  // CHECK: llm.mul %[[X]], %[[B]] : tensor<1x?x64xf16, #llm.dims<1, seq, 64>>{{ ?}}, tensor<64xf16>
  %6 = llm.mul %x, %b : tensor<1x?x64xf16, #llm.dims<1, seq, 64>>, tensor<64xf16>
  return
}

// CHECK-LABEL: func.func @layer_parameter(
func.func @layer_parameter(%layer: index) {
  // CHECK: llm.get_parameter @query_bias[%{{.*}}] : tensor<256xf16>
  %0 = llm.get_parameter @query_bias[%layer] : tensor<256xf16>
  return
}

// CHECK-LABEL: func.func @selection(
func.func @selection(%x: tensor<1x?x64xf16, #llm.dims<1, seq, 64>>) {
  // CHECK: %[[L:.*]] = llm.last_token %{{.*}} : tensor<1x?x64xf16, #llm.dims<1, seq, 64>>
  %l = llm.last_token %x : tensor<1x?x64xf16, #llm.dims<1, seq, 64>>
  // CHECK: llm.argmax %[[L]] : tensor<1x1x64xf16> -> tensor<1xi32>
  %i = llm.argmax %l : tensor<1x1x64xf16> -> tensor<1xi32>
  return
}

// The expressions of a dimension are printed with as few parentheses as can be.
// CHECK-LABEL: func.func private @expressions(
// CHECK-SAME: #llm.dims<1, seq - 1, past * 2 + 3>
// CHECK-SAME: #llm.dims<1, (seq + past) * 4, (seq + past) ceildiv 32>
// CHECK-SAME: #llm.dims<1, seq ceildiv 4 * 3, (seq + 3) mod 128 floordiv 2>
func.func private @expressions(
  tensor<1x?x?xf16, #llm.dims<1, seq - 1, past * 2 + 3>>,
  tensor<1x?x?xf16, #llm.dims<1, (seq + past) * 4, (seq + past) ceildiv 32>>,
  tensor<1x?x?xf16, #llm.dims<1, seq ceildiv 4 * 3, (seq + 3) mod 128 floordiv 2>>)

// An encoding is optional where all dimensions are static.
// CHECK-LABEL: func.func private @static(
// CHECK-SAME: tensor<1x5x64xf16, #llm.dims<1, 5, 64>>
func.func private @static(tensor<1x5x64xf16, #llm.dims<1, 5, 64>>, !llm.token)

}
