// RUN: dlavm-opt %s --accel-write-caches -split-input-file | FileCheck %s
// RUN: dlavm-opt %s --accel-write-caches --accel-partition-tasks --canonicalize --cse -split-input-file | FileCheck %s --check-prefix=CUT

// KV caches that are maps: the tasks that compute keys and values write them,
// each where its result was appended, in front of what reads the cache.

module attributes {accel.device = "edgellm-20240831", llm.max_tokens = 512 : i64} {
accel.object @w weight [256, 4096] in <HBM>
accel.object @table rope_table [] in <DDR>
accel.object @keys kv_cache [2] layers 28 in <DDR>
accel.object @values kv_cache [2] layers 28 in <DDR>

// CHECK-LABEL: func.func @layer(
// CHECK-SAME:    %[[LAYER:.*]]: index {accel.layer})
// CHECK-NOT:     "rotated"
// CHECK-DAG:     %[[PAST:.*]] = accel.tokens past
// CHECK-DAG:     %[[KC:.*]] = accel.get_object @keys[%[[LAYER]]]
// CHECK-DAG:     %[[VC:.*]] = accel.get_object @values[%[[LAYER]]]
// CHECK:         %[[KMAP:.*]] = accel.cache_map %[[KC]] : memref<8x2048x32xf16, #accel.space<DDR>>
// CHECK-NEXT:    %[[SEQ:.*]] = accel.tokens seq
// CHECK-NEXT:    %[[K:.*]] = memref.subview %[[KMAP]][0, %[[PAST]], 0] [8, %[[SEQ]], 32] [1, 1, 1]
// CHECK-NEXT:    accel.rope "rotated" ins(%{{.*}}) table(%{{.*}}) at(%[[PAST]]) outs(%[[K]] : memref<8x?x32xf16, strided<[65536, 32, 1], offset: ?>, #accel.space<DDR>>) [2, 128]
// CHECK-NEXT:    %[[VMAP:.*]] = accel.cache_map %[[VC]]
// CHECK:         %[[V:.*]] = memref.subview %[[VMAP]][0, %[[PAST]], 0]
// CHECK-NEXT:    accel.linear "value" ins(%{{.*}}) weight(%{{.*}}) outs(%[[V]] : {{.*}}) [4096, 256]
// CHECK-NOT:     accel.kv_append

// A slice of the values goes to the positions of its tokens.
// CUT-LABEL: func.func @layer(
// CUT:         %[[MAP:.*]] = accel.cache_map
// CUT:         %[[NEW:.*]] = memref.subview %[[MAP]][0, %{{.*}}, 0] [8, %{{.*}}, 32]
// CUT:         %[[MAP:.*]] = accel.cache_map
// CUT:         %[[NEW:.*]] = memref.subview %[[MAP]][0, %{{.*}}, 0] [8, %{{.*}}, 32]
// CUT:         scf.for %[[T:.*]] = %{{.*}} to %{{.*}} step %c128 {
// CUT:           %[[IN:.*]] = memref.subview %{{.*}}[0, %[[T]], 0] [128, %[[N:.*]], 32]
// CUT:           %[[OUT:.*]] = memref.subview %[[NEW]][0, %[[T]], 0] [8, %[[N]], 32]
// CUT:           accel.linear "value" ins(%[[IN]] : {{.*}}) weight(%{{.*}}) outs(%[[OUT]] : {{.*}})
// CUT-NEXT:    } {accel.limit = "activation buffer of 524288 values"}
func.func @layer(%layer: index {accel.layer}) {
  %x = accel.buffer "x" : memref<128x?x32xf16, #accel.space<DDR>>, <128, seq, 32>
  %k = accel.buffer "k" : memref<8x?x32xf16, #accel.space<DDR>>, <8, seq, 32>
  %r = accel.buffer "rotated" : memref<8x?x32xf16, #accel.space<DDR>>, <8, seq, 32>
  %v = accel.buffer "value" : memref<8x?x32xf16, #accel.space<DDR>>, <8, seq, 32>
  %w = accel.get_object @w : !accel.object
  %t = accel.get_object @table : !accel.object
  %past = accel.tokens past
  %kc = accel.get_object @keys[%layer] : !accel.object
  %vc = accel.get_object @values[%layer] : !accel.object
  accel.linear "value" ins(%x : memref<128x?x32xf16, #accel.space<DDR>>) weight(%w) outs(%v : memref<8x?x32xf16, #accel.space<DDR>>) [4096, 256]
  accel.rope "rotated" ins(%k : memref<8x?x32xf16, #accel.space<DDR>>) table(%t) at(%past) outs(%r : memref<8x?x32xf16, #accel.space<DDR>>) [2, 128]
  accel.kv_append keys "keys_append" ins(%r : memref<8x?x32xf16, #accel.space<DDR>>) at(%past) outs(%kc) [2, 128]
  accel.kv_append values "values_append" ins(%v : memref<8x?x32xf16, #accel.space<DDR>>) at(%past) outs(%vc) [2, 128]
  return
}
}

// -----

// A device with a task that appends keeps it.
module attributes {accel.device = "edgellm-20241128", llm.max_tokens = 512 : i64} {
accel.object @table rope_table [] in <DDR>
accel.object @keys kv_cache [2] in <HBM>
// CHECK-LABEL: func.func @appended()
// CHECK:         accel.rope "rotated" ins(%{{.*}}) table(%{{.*}}) at(%{{.*}}) outs(%rotated : memref<8x?x32xf16, #accel.space<DDR>>)
// CHECK-NEXT:    accel.kv_append keys "keys_append" ins(%rotated : {{.*}})
func.func @appended() {
  %k = accel.buffer "k" : memref<8x?x32xf16, #accel.space<DDR>>, <8, seq, 32>
  %r = accel.buffer "rotated" : memref<8x?x32xf16, #accel.space<DDR>>, <8, seq, 32>
  %t = accel.get_object @table : !accel.object
  %past = accel.tokens past
  %kc = accel.get_object @keys : !accel.object
  accel.rope "rotated" ins(%k : memref<8x?x32xf16, #accel.space<DDR>>) table(%t) at(%past) outs(%r : memref<8x?x32xf16, #accel.space<DDR>>) [2, 128]
  accel.kv_append keys "keys_append" ins(%r : memref<8x?x32xf16, #accel.space<DDR>>) at(%past) outs(%kc) [2, 128]
  return
}
}
