// RUN: dlavm-opt %s --llm-name-tasks --convert-llm-to-accel=device=edgellm-20241128 | FileCheck %s

// Splitting and merging heads are views. Attention reads and writes caches that
// the device addresses as a whole; what a cache holds is known from its reader.

module attributes {llm.max_tokens = 2048 : i64} {
llm.kv_cache @keys layers 28 : tensor<2x?x128xf16, #llm.dims<2, seq + past, 128>>
llm.kv_cache @values layers 28 : tensor<2x?x128xf16, #llm.dims<2, seq + past, 128>>
// CHECK-NOT: llm.kv_cache
// CHECK: accel.object @rope_table rope_table [] with {rotary = 64 : i64, style = "interleaved", theta = 1.000000e+04 : f64} in <DDR>
// CHECK: accel.object @keys_cache kv_cache [2] layers 28 in <HBM>
// CHECK: accel.object @values_cache kv_cache [2] layers 28 in <HBM>

// CHECK-LABEL: func.func private @layer(
// CHECK-SAME:    %[[LAYER:.*]]: index {accel.layer}, %[[Q:.*]]: memref<16x?x32xf16, #accel.space<DDR>>, %[[K:.*]]: memref<8x?x32xf16, #accel.space<DDR>>) -> memref<16x?x32xf16, #accel.space<DDR>>
// CHECK:         %[[R:.*]] = accel.buffer "hidden0_rope" : memref<16x?x32xf16, #accel.space<DDR>>, <16, seq, 32>
// CHECK:         %[[TABLE:.*]] = accel.get_object @rope_table : !accel.object
// CHECK:         %[[PAST:.*]] = accel.tokens past
// CHECK:         accel.rope "hidden0_rope" ins(%[[Q]] : {{.*}}) table(%[[TABLE]]) at(%[[PAST]]) outs(%[[R]] : {{.*}}) [4, 128]
// CHECK:         %[[KC:.*]] = accel.get_object @keys_cache[%[[LAYER]]] : !accel.object
// CHECK:         accel.kv_append keys "keys_append" ins(%[[K]] : {{.*}}) at(%{{.*}}) outs(%[[KC]]) [2, 128]
// CHECK:         %[[VC:.*]] = accel.get_object @values_cache[%[[LAYER]]] : !accel.object
// CHECK:         accel.kv_append values "values_append" ins(%[[K]] : {{.*}}) at(%{{.*}}) outs(%[[VC]]) [2, 128]
// CHECK:         %[[S:.*]] = accel.buffer "scores" : memref<?x?x32xf16, #accel.space<DDR>>, <(seq + past) ceildiv 32 * 4, seq, 32>
// CHECK:         %[[TOTAL:.*]] = accel.tokens seq + past
// CHECK:         accel.scores "scores" ins(%[[R]] : {{.*}}) cache(%{{.*}}) keys(%[[TOTAL]]) scale 1.250000e-01 outs(%[[S]] : {{.*}}) [4, 2, 128]
// CHECK:         %[[P:.*]] = accel.buffer "probabilities" : memref<?x?x32xf16, #accel.space<DDR>>, <(seq + past) ceildiv 32 * 4, seq, 32>
// CHECK:         accel.softmax "probabilities" ins(%[[S]] : {{.*}}) keys(%{{.*}}) at(%{{.*}}) outs(%[[P]] : {{.*}}) [4]
// CHECK:         %[[O:.*]] = accel.buffer "attention" : memref<16x?x32xf16, #accel.space<DDR>>, <16, seq, 32>
// CHECK:         accel.values "attention" ins(%[[P]] : {{.*}}) cache(%{{.*}}) keys(%{{.*}}) outs(%[[O]] : {{.*}}) [4, 2, 128]
// CHECK:         return %[[O]]
func.func private @layer(%layer: index, %q: tensor<1x?x512xf16, #llm.dims<1, seq, 512>>,
                         %k: tensor<1x?x256xf16, #llm.dims<1, seq, 256>>)
    -> tensor<1x?x512xf16, #llm.dims<1, seq, 512>> {
  %qh = llm.split_heads %q : tensor<1x?x512xf16, #llm.dims<1, seq, 512>> -> tensor<4x?x128xf16, #llm.dims<4, seq, 128>>
  %kh = llm.split_heads %k : tensor<1x?x256xf16, #llm.dims<1, seq, 256>> -> tensor<2x?x128xf16, #llm.dims<2, seq, 128>>
  %r = llm.rope %qh interleaved theta 10000.0 rotary 64 : tensor<4x?x128xf16, #llm.dims<4, seq, 128>>
  %t = llm.kv_append %kh, @keys[%layer] : tensor<2x?x128xf16, #llm.dims<2, seq, 128>>
  %u = llm.kv_append %kh, @values[%layer] : tensor<2x?x128xf16, #llm.dims<2, seq, 128>>
  %s = llm.attention_scores %r, @keys[%layer] after %t scale 0.125 : tensor<4x?x128xf16, #llm.dims<4, seq, 128>>
  %p = llm.softmax %s : tensor<4x?x?xf16, #llm.dims<4, seq, seq + past>>
  %o = llm.attention_values %p, @values[%layer] after %u : tensor<4x?x?xf16, #llm.dims<4, seq, seq + past>> -> tensor<4x?x128xf16, #llm.dims<4, seq, 128>>
  %m = llm.merge_heads %o : tensor<4x?x128xf16, #llm.dims<4, seq, 128>>
  return %m : tensor<1x?x512xf16, #llm.dims<1, seq, 512>>
}

// The heads of a part of a map are a part of the map.
// CHECK-LABEL: func.func private @last(
// CHECK:         %[[LAST:.*]] = memref.subview %{{.*}}[0, %{{.*}}, 0] [16, 1, 32] [1, 1, 1]
// CHECK:         accel.rope "hidden_rope" ins(%[[LAST]] : {{.*}}) table(%{{.*}}) at(%{{.*}}) outs(%{{.*}} : {{.*}}) [4, 128]
func.func private @last(%q: tensor<1x?x512xf16, #llm.dims<1, seq, 512>>) -> tensor<1x1x512xf16> {
  %l = llm.last_token %q : tensor<1x?x512xf16, #llm.dims<1, seq, 512>>
  %h = llm.split_heads %l : tensor<1x1x512xf16> -> tensor<4x1x128xf16>
  %r = llm.rope %h interleaved theta 10000.0 rotary 64 : tensor<4x1x128xf16>
  %m = llm.merge_heads %r : tensor<4x1x128xf16>
  return %m : tensor<1x1x512xf16>
}

func.func @model() {
  return
}
}
