// RUN: dlavm-opt %s --verify-roundtrip | FileCheck %s
// RUN: dlavm-opt %s -mlir-print-op-generic | dlavm-opt | FileCheck %s

// CHECK: module attributes {accel.device = "edgellm-20241128", llm.max_tokens = 2048 : i64}
module attributes {accel.device = "edgellm-20241128", llm.max_tokens = 2048 : i64} {

// CHECK: accel.object @query weight [256, 64] from [@q] layers 28 in <HBM>
accel.object @query weight [256, 64] from [@q] layers 28 in <HBM>
// CHECK: accel.object @query_bn scale_bias [256] from [@qs, @qb] layers 28 in <DDR> at 4096 bytes 1024 stride 2048
accel.object @query_bn scale_bias [256] from [@qs, @qb] layers 28 in <DDR> at 4096 bytes 1024 stride 2048
// CHECK: accel.object @norm norm_weight [64] from [@n] in <DDR> at 0 bytes 256 stride 0
accel.object @norm norm_weight [64] from [@n] in <DDR> at 0 bytes 256 stride 0
// CHECK: accel.object @rope rope_table [] with {rotary = 64 : i64, style = "half_split", theta = 1.000000e+04 : f64} in <DDR>
accel.object @rope rope_table [] with {rotary = 64 : i64, style = "half_split", theta = 1.0e4 : f64} in <DDR>
// CHECK: accel.object @silu activation_table [] with {function = "silu"} in <DDR>
accel.object @silu activation_table [] with {function = "silu"} in <DDR>
// CHECK: accel.object @keys kv_cache [2] layers 28 in <HBM>
accel.object @keys kv_cache [2] layers 28 in <HBM>

// CHECK-LABEL: func.func @tokens()
func.func @tokens() {
  // CHECK: %seq = accel.tokens seq
  %0 = accel.tokens seq
  // CHECK: %past = accel.tokens past
  %1 = accel.tokens past
  // CHECK: %total = accel.tokens seq + past
  %2 = accel.tokens seq + past
  // CHECK: accel.tokens seq - 1
  %3 = accel.tokens seq - 1
  // CHECK: accel.tokens (seq + past) ceildiv 32
  %4 = accel.tokens (seq + past) ceildiv 32
  // CHECK: accel.tokens 64
  %5 = accel.tokens 64
  return
}

// CHECK-LABEL: func.func @buffers()
func.func @buffers() {
  // CHECK: %norm = accel.buffer "norm" : memref<2x?x32xf16, #accel.space<DDR>>, <2, seq, 32>
  %0 = accel.buffer "norm" : memref<2x?x32xf16, #accel.space<DDR>>, <2, seq, 32>
  // CHECK: %placed = accel.buffer "placed" at 16384 bytes 262144 live [0, 3] : memref<2x?x32xf16, #accel.space<DDR>>, <2, seq, 32>
  %1 = accel.buffer "placed" at 16384 bytes 262144 live [0, 3] : memref<2x?x32xf16, #accel.space<DDR>>, <2, seq, 32>
  // CHECK: %slice = accel.buffer "slice" at 0 bytes 16384 live [0, 3] slice 128 : memref<2x?x32xf16, #accel.space<DDR>>, <2, seq, 32>
  %slice = accel.buffer "slice" at 0 bytes 16384 live [0, 3] slice 128 : memref<2x?x32xf16, #accel.space<DDR>>, <2, seq, 32>
  // CHECK: %in = accel.buffer "in" host input "input" channels 64 : memref<2x?x32xf16, #accel.space<DDR>>, <2, seq, 32>
  %2 = accel.buffer "in" host input "input" channels 64 : memref<2x?x32xf16, #accel.space<DDR>>, <2, seq, 32>
  // CHECK: %out = accel.buffer "out" at 0 bytes 64 live [7, 7] host token "token" channels 1 : memref<1xi32, #accel.space<DDR>>, <1>
  %3 = accel.buffer "out" at 0 bytes 64 live [7, 7] host token "token" channels 1 : memref<1xi32, #accel.space<DDR>>, <1>
  return
}

// CHECK-LABEL: func.func @caches(
func.func @caches(%layer: index {accel.layer}) {
  // CHECK: %[[K:.*]] = accel.get_object @keys
  %0 = accel.get_object @keys[%layer] : !accel.object
  // CHECK: accel.cache_map %[[K]] : memref<8x2048x32xf16, #accel.space<DDR>>
  %1 = accel.cache_map %0 : memref<8x2048x32xf16, #accel.space<DDR>>
  return
}

// CHECK-LABEL: func.func @tasks(
// CHECK-SAME: %[[LAYER:.*]]: index {accel.layer}, %[[X:.*]]: memref<2x?x32xf16, #accel.space<DDR>>, %[[Y:.*]]: memref<8x?x32xf16, #accel.space<DDR>>, %[[Q:.*]]: memref<8x?x32xf16, #accel.space<DDR>>, %[[S:.*]]: memref<?x?x32xf16, #accel.space<DDR>>, %[[L:.*]]: memref<8x1x32xf16, #accel.space<DDR>>, %[[T:.*]]: memref<1xi32, #accel.space<DDR>>)
func.func @tasks(%layer: index {accel.layer}, %x: memref<2x?x32xf16, #accel.space<DDR>>, %y: memref<8x?x32xf16, #accel.space<DDR>>,
                 %q: memref<8x?x32xf16, #accel.space<DDR>>, %s: memref<?x?x32xf16, #accel.space<DDR>>,
                 %l: memref<8x1x32xf16, #accel.space<DDR>>, %t: memref<1xi32, #accel.space<DDR>>) {
  // CHECK: %past = accel.tokens past
  %past = accel.tokens past
  // CHECK: %total = accel.tokens seq + past
  %total = accel.tokens seq + past
  // CHECK: %query = accel.get_object @query[%[[LAYER]]] : !accel.object
  %w = accel.get_object @query[%layer] : !accel.object
  // CHECK: %query_bn = accel.get_object @query_bn[%[[LAYER]]] : !accel.object
  %b = accel.get_object @query_bn[%layer] : !accel.object
  // CHECK: %norm = accel.get_object @norm : !accel.object
  %n = accel.get_object @norm : !accel.object
  // CHECK: %keys = accel.get_object @keys[%[[LAYER]]] : !accel.object
  %k = accel.get_object @keys[%layer] : !accel.object

  // CHECK: accel.linear "plain" ins(%[[X]] : memref<2x?x32xf16, #accel.space<DDR>>) weight(%query) outs(%[[Y]] : memref<8x?x32xf16, #accel.space<DDR>>) [64, 256]
  accel.linear "plain" ins(%x : memref<2x?x32xf16, #accel.space<DDR>>) weight(%w) outs(%y : memref<8x?x32xf16, #accel.space<DDR>>) [64, 256]
  // CHECK: accel.linear "bias" ins(%[[X]] : {{.*}}) weight(%query) scale_bias(%query_bn) outs(%[[Y]] : {{.*}}) [64, 256]
  accel.linear "bias" ins(%x : memref<2x?x32xf16, #accel.space<DDR>>) weight(%w) scale_bias(%b) outs(%y : memref<8x?x32xf16, #accel.space<DDR>>) [64, 256]
  // CHECK: accel.linear "sum" ins(%[[X]] : {{.*}}) weight(%query) scale_bias(%query_bn) add(%[[Y]] : {{.*}}) outs(%[[Y]] : {{.*}}) [64, 256]
  accel.linear "sum" ins(%x : memref<2x?x32xf16, #accel.space<DDR>>) weight(%w) scale_bias(%b) add(%y : memref<8x?x32xf16, #accel.space<DDR>>) outs(%y : memref<8x?x32xf16, #accel.space<DDR>>) [64, 256]
  // CHECK: accel.linear "product" ins(%[[X]] : {{.*}}) weight(%query) scale_bias(%query_bn) mul(%[[Y]] : {{.*}}) outs(%[[Y]] : {{.*}}) [64, 256]
  accel.linear "product" ins(%x : memref<2x?x32xf16, #accel.space<DDR>>) weight(%w) scale_bias(%b) mul(%y : memref<8x?x32xf16, #accel.space<DDR>>) outs(%y : memref<8x?x32xf16, #accel.space<DDR>>) [64, 256]
  // CHECK: accel.linear "relu" ins(%[[X]] : {{.*}}) weight(%query) scale_bias(%query_bn) relu outs(%[[Y]] : {{.*}}) [64, 256]
  accel.linear "relu" ins(%x : memref<2x?x32xf16, #accel.space<DDR>>) weight(%w) scale_bias(%b) relu outs(%y : memref<8x?x32xf16, #accel.space<DDR>>) [64, 256]
  // CHECK: accel.linear "plain_relu" ins(%[[X]] : {{.*}}) weight(%query) relu outs(%[[Y]] : {{.*}}) [64, 256]
  accel.linear "plain_relu" ins(%x : memref<2x?x32xf16, #accel.space<DDR>>) weight(%w) relu outs(%y : memref<8x?x32xf16, #accel.space<DDR>>) [64, 256]
  // CHECK: %[[ID:.*]] = accel.buffer "id" host token "token" channels 1 : memref<1xi32>, <1>
  %id = accel.buffer "id" host token "token" channels 1 : memref<1xi32>, <1>
  // CHECK: accel.linear "several" ins(%[[X]] : {{.*}}) weight(%query) scale_bias(%query_bn) outs(%[[Y]] : {{.*}}) argmax(%[[ID]] : memref<1xi32>) [64, 256]
  accel.linear "several" ins(%x : memref<2x?x32xf16, #accel.space<DDR>>) weight(%w) scale_bias(%b) outs(%y : memref<8x?x32xf16, #accel.space<DDR>>) argmax(%id : memref<1xi32>) [64, 256]
  // CHECK: accel.linear "largest" ins(%[[L]] : {{.*}}) weight(%query) scale_bias(%query_bn) outs(%[[L]] : {{.*}}) argmax(%[[T]] : memref<1xi32, #accel.space<DDR>>) [256, 256]
  accel.linear "largest" ins(%l : memref<8x1x32xf16, #accel.space<DDR>>) weight(%w) scale_bias(%b) outs(%l : memref<8x1x32xf16, #accel.space<DDR>>) argmax(%t : memref<1xi32, #accel.space<DDR>>) [256, 256]
  // CHECK: accel.linear "part" ins(%[[X]] : {{.*}}) weight(%query) outs(%[[Y]] : {{.*}}) part(%past, %total, %past, %past) [64, 256]
  accel.linear "part" ins(%x : memref<2x?x32xf16, #accel.space<DDR>>) weight(%w) outs(%y : memref<8x?x32xf16, #accel.space<DDR>>) part(%past, %total, %past, %past) [64, 256]
  // CHECK: accel.norm rms "rms" ins(%[[X]] : {{.*}}) weight(%norm) outs(%[[X]] : {{.*}}) [64]
  accel.norm rms "rms" ins(%x : memref<2x?x32xf16, #accel.space<DDR>>) weight(%n) outs(%x : memref<2x?x32xf16, #accel.space<DDR>>) [64]
  // CHECK: accel.norm layer "layer" ins(%[[X]] : {{.*}}) weight(%norm) outs(%[[X]] : {{.*}}) [64]
  accel.norm layer "layer" ins(%x : memref<2x?x32xf16, #accel.space<DDR>>) weight(%n) outs(%x : memref<2x?x32xf16, #accel.space<DDR>>) [64]
  // CHECK: accel.activation "silu" ins(%[[X]] : {{.*}}) table(%norm) outs(%[[X]] : {{.*}}) [64]
  accel.activation "silu" ins(%x : memref<2x?x32xf16, #accel.space<DDR>>) table(%n) outs(%x : memref<2x?x32xf16, #accel.space<DDR>>) [64]
  // CHECK: accel.norm rms "norm" ins(%[[Q]] : memref<8x?x32xf16, #accel.space<DDR>>) weight(%norm) outs(%[[Q]] : {{.*}}) [128] heads 2
  accel.norm rms "norm" ins(%q : memref<8x?x32xf16, #accel.space<DDR>>) weight(%n) outs(%q : memref<8x?x32xf16, #accel.space<DDR>>) [128] heads 2
  // CHECK: accel.rope "rope" ins(%[[Q]] : memref<8x?x32xf16, #accel.space<DDR>>) table(%norm) at(%past) outs(%[[Q]] : {{.*}}) [2, 128]
  accel.rope "rope" ins(%q : memref<8x?x32xf16, #accel.space<DDR>>) table(%n) at(%past) outs(%q : memref<8x?x32xf16, #accel.space<DDR>>) [2, 128]
  // CHECK: accel.rope "rope" ins(%[[Q]] : {{.*}}) table(%norm) at(%past) outs(%[[Q]] : {{.*}}) [2, 128] halves
  accel.rope "rope" ins(%q : memref<8x?x32xf16, #accel.space<DDR>>) table(%n) at(%past) outs(%q : memref<8x?x32xf16, #accel.space<DDR>>) [2, 128] halves
  // CHECK: accel.kv_append keys "append" ins(%[[Q]] : {{.*}}) at(%past) outs(%keys) [2, 128]
  accel.kv_append keys "append" ins(%q : memref<8x?x32xf16, #accel.space<DDR>>) at(%past) outs(%k) [2, 128]
  // CHECK: accel.kv_append values "append" ins(%[[Q]] : {{.*}}) at(%past) outs(%keys) [2, 128]
  accel.kv_append values "append" ins(%q : memref<8x?x32xf16, #accel.space<DDR>>) at(%past) outs(%k) [2, 128]
  // CHECK: accel.scores "scores" ins(%[[Q]] : {{.*}}) cache(%keys) keys(%total) scale 1.250000e-01 outs(%[[S]] : memref<?x?x32xf16, #accel.space<DDR>>) [2, 2, 128]
  accel.scores "scores" ins(%q : memref<8x?x32xf16, #accel.space<DDR>>) cache(%k) keys(%total) scale 0.125 outs(%s : memref<?x?x32xf16, #accel.space<DDR>>) [2, 2, 128]
  // CHECK: accel.scores "part" ins(%[[Q]] : {{.*}}) cache(%keys) keys(%total) scale 1.250000e-01 outs(%[[S]] : {{.*}}) part(%past, %past, %total, %past, %past) [1, 1, 128] slots 2
  accel.scores "part" ins(%q : memref<8x?x32xf16, #accel.space<DDR>>) cache(%k) keys(%total) scale 0.125 outs(%s : memref<?x?x32xf16, #accel.space<DDR>>) part(%past, %past, %total, %past, %past) [1, 1, 128] slots 2
  // CHECK: accel.softmax "softmax" ins(%[[S]] : {{.*}}) keys(%total) at(%past) outs(%[[S]] : {{.*}}) [2]
  accel.softmax "softmax" ins(%s : memref<?x?x32xf16, #accel.space<DDR>>) keys(%total) at(%past) outs(%s : memref<?x?x32xf16, #accel.space<DDR>>) [2]
  // CHECK: accel.softmax "masked" ins(%[[S]] : {{.*}}) keys(%total) at(%past) outs(%[[S]] : {{.*}}) [2] mask always
  accel.softmax "masked" ins(%s : memref<?x?x32xf16, #accel.space<DDR>>) keys(%total) at(%past) outs(%s : memref<?x?x32xf16, #accel.space<DDR>>) [2] mask always
  // CHECK: accel.softmax "unmasked" ins(%[[S]] : {{.*}}) keys(%total) at(%past) outs(%[[S]] : {{.*}}) [2] mask never
  accel.softmax "unmasked" ins(%s : memref<?x?x32xf16, #accel.space<DDR>>) keys(%total) at(%past) outs(%s : memref<?x?x32xf16, #accel.space<DDR>>) [2] mask never
  // CHECK: accel.values "values" ins(%[[S]] : {{.*}}) cache(%keys) keys(%total) outs(%[[Q]] : {{.*}}) [2, 2, 128]
  accel.values "values" ins(%s : memref<?x?x32xf16, #accel.space<DDR>>) cache(%k) keys(%total) outs(%q : memref<8x?x32xf16, #accel.space<DDR>>) [2, 2, 128]
  // CHECK: accel.values "part" ins(%[[S]] : {{.*}}) cache(%keys) keys(%total) outs(%[[Q]] : {{.*}}) part(%past, %past, %total, %past, %past) [1, 1, 128] slots 2
  accel.values "part" ins(%s : memref<?x?x32xf16, #accel.space<DDR>>) cache(%k) keys(%total) outs(%q : memref<8x?x32xf16, #accel.space<DDR>>) part(%past, %past, %total, %past, %past) [1, 1, 128] slots 2
  // CHECK: accel.elementwise add "sum" ins(%[[X]], %[[X]] : {{.*}}, {{.*}}) outs(%[[X]] : {{.*}}) [64]
  accel.elementwise add "sum" ins(%x, %x : memref<2x?x32xf16, #accel.space<DDR>>, memref<2x?x32xf16, #accel.space<DDR>>) outs(%x : memref<2x?x32xf16, #accel.space<DDR>>) [64]
  // CHECK: accel.elementwise mul "product" ins(%[[X]], %[[X]] : {{.*}}, {{.*}}) outs(%[[X]] : {{.*}})
  accel.elementwise mul "product" ins(%x, %x : memref<2x?x32xf16, #accel.space<DDR>>, memref<2x?x32xf16, #accel.space<DDR>>) outs(%x : memref<2x?x32xf16, #accel.space<DDR>>) [64]
  // CHECK: accel.elementwise sub "difference" ins(%[[X]], %[[X]] : {{.*}}, {{.*}}) outs(%[[X]] : {{.*}})
  accel.elementwise sub "difference" ins(%x, %x : memref<2x?x32xf16, #accel.space<DDR>>, memref<2x?x32xf16, #accel.space<DDR>>) outs(%x : memref<2x?x32xf16, #accel.space<DDR>>) [64]
  return
}

// Tasks also take the strided maps that subviews are.
// CHECK-LABEL: func.func @slice(
func.func @slice(%x: memref<2x?x32xf16, strided<[?, 32, 1], offset: ?>, #accel.space<DDR>>) {
  %n = accel.get_object @norm : !accel.object
  // CHECK: accel.norm rms "rms" ins(%{{.*}} : memref<2x?x32xf16, strided<[?, 32, 1], offset: ?>, #accel.space<DDR>>)
  accel.norm rms "rms" ins(%x : memref<2x?x32xf16, strided<[?, 32, 1], offset: ?>, #accel.space<DDR>>) weight(%n) outs(%x : memref<2x?x32xf16, strided<[?, 32, 1], offset: ?>, #accel.space<DDR>>) [64]
  return
}

}
