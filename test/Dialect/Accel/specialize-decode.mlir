// RUN: dlavm-opt %s --accel-specialize-decode -split-input-file | FileCheck %s
// RUN: dlavm-opt %s --accel-specialize-decode --accel-specialize-decode -split-input-file | FileCheck %s

// What the host calls gets a copy for one token, and so does what that calls.
// Loops over tokens are their bodies, whatever their step is; slices of one
// token that is there are the maps.

module attributes {accel.device = "edgellm-20241128", llm.max_tokens = 2048 : i64} {
accel.object @silu activation_table [] in <DDR>

// CHECK-LABEL: func.func private @layer(
// CHECK:         accel.tokens seq
// CHECK-COUNT-2: scf.for
// CHECK-LABEL: func.func @model(
// CHECK:         call @layer(
// CHECK:         host input "input" channels 64 : memref<2x?x32xf16, #accel.space<DDR>>, <2, seq, 32>

// CHECK-LABEL: func.func private @decode_layer(
// CHECK-SAME:    index {accel.layer}) attributes {accel.decode} {
// CHECK:         %[[X:.*]] = accel.buffer "x" at 0 bytes 8192 live [0, 0] : memref<2x1x32xf16, #accel.space<DDR>>, <2, 1, 32>
// CHECK:         %[[Y:.*]] = accel.buffer "y" at 8192 bytes 8192 live [0, 0] : memref<2x1x32xf16, #accel.space<DDR>>, <2, 1, 32>
// CHECK-NOT:     scf.for
// CHECK:         accel.activation "first" ins(%[[X]] : {{.*}}) table(%{{.*}}) outs(%[[Y]] : memref<2x1x32xf16, #accel.space<DDR>>) [64]
// CHECK-NOT:     scf.for
// CHECK:         accel.activation "second" ins(%[[Y]] : {{.*}}) table(%{{.*}}) outs(%[[X]] :
// CHECK:         return
// CHECK-LABEL: func.func @decode(
// CHECK-SAME:    ) attributes {accel.decode} {
// CHECK:         scf.for %[[LAYER:.*]] = %{{.*}} to %c4{{.*}} step
// CHECK:           call @decode_layer(%[[LAYER]])
// CHECK:         } {llm.layer_loop}
// CHECK:         %[[X:.*]] = accel.buffer "x" at 0 bytes 8192 live [0, 0] : memref<2x1x32xf16, #accel.space<DDR>>, <2, 1, 32>
// CHECK:         %[[LAST:.*]] = accel.buffer "last" at 16384
// CHECK-NOT:     memref.subview
// CHECK:         accel.activation "last" ins(%[[X]] : {{.*}}) table(%{{.*}}) outs(%[[LAST]] :
// CHECK-NOT:   func.func
func.func private @layer(%layer: index {accel.layer}) {
  %c0 = arith.constant 0 : index
  %c16 = arith.constant 16 : index
  %c4096 = arith.constant 4096 : index
  %seq = accel.tokens seq
  %total = accel.tokens seq + past
  %x = accel.buffer "x" at 0 bytes 8192 live [0, 0] : memref<2x?x32xf16, #accel.space<DDR>>, <2, seq, 32>
  %y = accel.buffer "y" at 8192 bytes 8192 live [0, 0] : memref<2x?x32xf16, #accel.space<DDR>>, <2, seq, 32>
  %table = accel.get_object @silu : !accel.object
  scf.for %t = %c0 to %seq step %c16 {
    %left = arith.subi %seq, %t overflow<nsw> : index
    %n = arith.minsi %left, %c16 : index
    %in = memref.subview %x[0, %t, 0] [2, %n, 32] [1, 1, 1] : memref<2x?x32xf16, #accel.space<DDR>> to memref<2x?x32xf16, strided<[?, 32, 1], offset: ?>, #accel.space<DDR>>
    %out = memref.subview %y[0, %t, 0] [2, %n, 32] [1, 1, 1] : memref<2x?x32xf16, #accel.space<DDR>> to memref<2x?x32xf16, strided<[?, 32, 1], offset: ?>, #accel.space<DDR>>
    accel.activation "first" ins(%in : memref<2x?x32xf16, strided<[?, 32, 1], offset: ?>, #accel.space<DDR>>) table(%table) outs(%out : memref<2x?x32xf16, strided<[?, 32, 1], offset: ?>, #accel.space<DDR>>) [64]
  }
  %step = arith.divsi %c4096, %total : index
  scf.for %t = %c0 to %seq step %step {
    %left = arith.subi %seq, %t overflow<nsw> : index
    %n = arith.minsi %step, %left : index
    %in = memref.subview %y[0, %t, 0] [2, %n, 32] [1, 1, 1] : memref<2x?x32xf16, #accel.space<DDR>> to memref<2x?x32xf16, strided<[?, 32, 1], offset: ?>, #accel.space<DDR>>
    %out = memref.subview %x[0, %t, 0] [2, %n, 32] [1, 1, 1] : memref<2x?x32xf16, #accel.space<DDR>> to memref<2x?x32xf16, strided<[?, 32, 1], offset: ?>, #accel.space<DDR>>
    accel.activation "second" ins(%in : memref<2x?x32xf16, strided<[?, 32, 1], offset: ?>, #accel.space<DDR>>) table(%table) outs(%out : memref<2x?x32xf16, strided<[?, 32, 1], offset: ?>, #accel.space<DDR>>) [64]
  }
  return
}

func.func @model() {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c4 = arith.constant 4 : index
  scf.for %i = %c0 to %c4 step %c1 {
    func.call @layer(%i) : (index) -> ()
  } {llm.layer_loop}
  %x = accel.buffer "x" at 0 bytes 8192 live [0, 0] host input "input" channels 64 : memref<2x?x32xf16, #accel.space<DDR>>, <2, seq, 32>
  %before = accel.tokens seq - 1
  %in = memref.subview %x[0, %before, 0] [2, 1, 32] [1, 1, 1] : memref<2x?x32xf16, #accel.space<DDR>> to memref<2x1x32xf16, strided<[?, 32, 1], offset: ?>, #accel.space<DDR>>
  %y = accel.buffer "last" at 16384 bytes 128 live [0, 0] : memref<2x1x32xf16, #accel.space<DDR>>, <2, 1, 32>
  %table = accel.get_object @silu : !accel.object
  accel.activation "last" ins(%in : memref<2x1x32xf16, strided<[?, 32, 1], offset: ?>, #accel.space<DDR>>) table(%table) outs(%y : memref<2x1x32xf16, #accel.space<DDR>>) [64]
  return
}

}

// -----

// A choice that one token decides is none, whatever past is; one that depends on
// past stays, and so do loops over channels. Sizes that are known are in the
// types of slices.

module attributes {accel.device = "ohbm-20250407", llm.max_tokens = 2048 : i64} {
accel.object @keys kv_cache [2] in <HBM>
accel.object @w weight [1024, 512] in <HBM>

// CHECK-LABEL: func.func @model(
// CHECK-COUNT-2: scf.if
// CHECK-LABEL: func.func @decode(
// CHECK:         %[[TOTAL:.*]] = accel.tokens past + 1
// CHECK-NOT:     scf.if
// CHECK:         scf.for %[[C:.*]] = %{{.*}} to %c1024{{.*}} step %c512{{.*}} {
// CHECK:           accel.linear "else" {{.*}} part(%[[C]], %c512
// CHECK:         }
// CHECK:         %[[SOME:.*]] = arith.cmpi slt, %[[TOTAL]], %c16
// CHECK-NEXT:    scf.if %[[SOME]] {
// CHECK:           accel.linear "few"
// CHECK:         } else {
// CHECK:           accel.linear "many"
// CHECK:         }
func.func @model() {
  %c0 = arith.constant 0 : index
  %c2 = arith.constant 2 : index
  %c16 = arith.constant 16 : index
  %c512 = arith.constant 512 : index
  %c1024 = arith.constant 1024 : index
  %seq = accel.tokens seq
  %total = accel.tokens seq + past
  %w = accel.get_object @w : !accel.object
  %x = accel.buffer "x" at 0 bytes 8192 live [0, 0] : memref<1x?x512xf16, #accel.space<HBM>>, <1, seq, 512>
  %y = accel.buffer "y" at 8192 bytes 8192 live [0, 0] : memref<2x?x512xf16, #accel.space<HBM>>, <2, seq, 512>
  %twice = arith.muli %seq, %c2 : index
  %more = arith.addi %total, %seq : index
  // 1 + 1 + past is never less than 2.
  %less = arith.cmpi slt, %more, %twice : index
  scf.if %less {
    accel.linear "then" ins(%x : memref<1x?x512xf16, #accel.space<HBM>>) weight(%w) outs(%y : memref<2x?x512xf16, #accel.space<HBM>>) part(%c0, %c1024, %c0, %c0) [512, 1024]
  } else {
    scf.for %c = %c0 to %c1024 step %c512 {
      accel.linear "else" ins(%x : memref<1x?x512xf16, #accel.space<HBM>>) weight(%w) outs(%y : memref<2x?x512xf16, #accel.space<HBM>>) part(%c, %c512, %c0, %c0) [512, 1024]
    }
  }
  %some = arith.cmpi slt, %total, %c16 : index
  scf.if %some {
    accel.linear "few" ins(%x : memref<1x?x512xf16, #accel.space<HBM>>) weight(%w) outs(%y : memref<2x?x512xf16, #accel.space<HBM>>) part(%c0, %c1024, %c0, %c0) [512, 1024]
  } else {
    accel.linear "many" ins(%x : memref<1x?x512xf16, #accel.space<HBM>>) weight(%w) outs(%y : memref<2x?x512xf16, #accel.space<HBM>>) part(%c0, %c1024, %c0, %c0) [512, 1024]
  }
  return
}

}

// -----

// In the map of a KV cache, the token has its place; of scores, there are as
// many surfaces as the history wants.

module attributes {accel.device = "edgellm-20240831", llm.max_tokens = 2048 : i64} {
accel.object @keys kv_cache [2] in <DDR>
accel.object @silu activation_table [] in <DDR>

// CHECK-LABEL: func.func @decode(
// CHECK-DAG:     %[[MAP:.*]] = accel.cache_map
// CHECK-DAG:     %[[PAST:.*]] = accel.tokens past{{$}}
// CHECK:         %[[NEW:.*]] = memref.subview %[[MAP]][0, %[[PAST]], 0] [8, 1, 32] [1, 1, 1] : {{.*}} to memref<8x1x32xf16, strided<[65536, 32, 1], offset: ?>, #accel.space<DDR>>
// CHECK:         outs(%[[NEW]] : memref<8x1x32xf16,
// CHECK:         %[[S:.*]] = accel.buffer "s" {{.*}} : memref<?x1x32xf16, #accel.space<DDR>>, <(past + 1) ceildiv 32 * 2, 1, 32>
// CHECK-NOT:     memref.subview
// CHECK:         accel.softmax "scores" ins(%[[S]] : {{.*}}) keys(%{{.*}}) at(%{{.*}}) outs(%[[S]] :
func.func @model() {
  %c0 = arith.constant 0 : index
  %c16 = arith.constant 16 : index
  %seq = accel.tokens seq
  %past = accel.tokens past
  %total = accel.tokens seq + past
  %k = accel.get_object @keys : !accel.object
  %table = accel.get_object @silu : !accel.object
  %map = accel.cache_map %k : memref<8x2048x32xf16, #accel.space<DDR>>
  %new = memref.subview %map[0, %past, 0] [8, %seq, 32] [1, 1, 1] : memref<8x2048x32xf16, #accel.space<DDR>> to memref<8x?x32xf16, strided<[65536, 32, 1], offset: ?>, #accel.space<DDR>>
  %x = accel.buffer "x" at 0 bytes 8192 live [0, 0] : memref<8x?x32xf16, #accel.space<DDR>>, <8, seq, 32>
  accel.activation "append" ins(%x : memref<8x?x32xf16, #accel.space<DDR>>) table(%table) outs(%new : memref<8x?x32xf16, strided<[65536, 32, 1], offset: ?>, #accel.space<DDR>>) [256]
  %s = accel.buffer "s" at 8192 bytes 8192 live [0, 0] : memref<?x?x32xf16, #accel.space<DDR>>, <(seq + past) ceildiv 32 * 2, seq, 32>
  scf.for %t = %c0 to %seq step %c16 {
    %left = arith.subi %seq, %t overflow<nsw> : index
    %n = arith.minsi %left, %c16 : index
    %surfaces = accel.tokens (seq + past) ceildiv 32 * 2
    %in = memref.subview %s[0, %t, 0] [%surfaces, %n, 32] [1, 1, 1] : memref<?x?x32xf16, #accel.space<DDR>> to memref<?x?x32xf16, strided<[?, 32, 1], offset: ?>, #accel.space<DDR>>
    accel.softmax "scores" ins(%in : memref<?x?x32xf16, strided<[?, 32, 1], offset: ?>, #accel.space<DDR>>) keys(%total) at(%past) outs(%in : memref<?x?x32xf16, strided<[?, 32, 1], offset: ?>, #accel.space<DDR>>) [2]
  }
  return
}

}

// -----

// Where no count depends on the tokens of a call, there is nothing to gain.

module attributes {accel.device = "edgellm-20241128", llm.max_tokens = 2048 : i64} {
accel.object @silu activation_table [] in <DDR>

// CHECK-LABEL: func.func @image(
// CHECK-NOT:   func.func
func.func @image() {
  %x = accel.buffer "x" at 0 bytes 8192 live [0, 0] : memref<2x9x32xf16, #accel.space<DDR>>, <2, 9, 32>
  %table = accel.get_object @silu : !accel.object
  accel.activation "silu" ins(%x : memref<2x9x32xf16, #accel.space<DDR>>) table(%table) outs(%x : memref<2x9x32xf16, #accel.space<DDR>>) [64]
  return
}

}
