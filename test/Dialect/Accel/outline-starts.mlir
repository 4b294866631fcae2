// RUN: dlavm-opt %s --accel-outline-starts -split-input-file | FileCheck %s
// RUN: dlavm-opt %s --accel-outline-starts --accel-outline-starts -split-input-file | FileCheck %s

// Both orders of loops call one function, which takes the layer and the numbers
// that differ. Constants, counts of tokens and buffers are its own.

accel.object @w weight [64, 64] layers 4 in <HBM>

// CHECK-LABEL: func.func private @layer_query(
// CHECK-SAME:    %[[LAYER:.*]]: index {accel.layer}, %[[T:.*]]: index, %[[N:.*]]: index, %[[C:.*]]: index, %[[R:.*]]: index, %[[I:.*]]: index) {
// CHECK-DAG:     %[[X:.*]] = accel.buffer "x" at 0 bytes 8192 live [0, 0]
// CHECK-DAG:     %[[Y:.*]] = accel.buffer "y" at 8192 bytes 8192 live [0, 0]
// CHECK-DAG:     %[[IN:.*]] = memref.subview %[[X]][0, %[[T]], 0] [2, %[[N]], 32] [1, 1, 1]
// CHECK-DAG:     %[[OUT:.*]] = memref.subview %[[Y]][0, %[[T]], 0] [2, %[[N]], 32] [1, 1, 1]
// CHECK-DAG:     %[[W:.*]] = accel.get_object @w[%[[LAYER]]]
// CHECK-DAG:     %[[C32:.*]] = arith.constant 32 : index
// CHECK:         accel.linear "query" ins(%[[IN]] : {{.*}}) weight(%[[W]]) outs(%[[OUT]] : {{.*}}) part(%[[C]], %[[C32]], %[[R]], %[[I]]) [64, 64]
// CHECK-NEXT:    return

// CHECK-LABEL: func.func private @layer(
// CHECK-SAME:    %[[LAYER:.*]]: index {accel.layer}) {
// CHECK:         scf.if
// CHECK:           scf.for %[[C:.*]] = %{{.*}} to %{{.*}} step %{{.*}} {
// CHECK-NEXT:        scf.for %[[T:.*]] = %{{.*}} to %{{.*}} step %{{.*}} {
// CHECK:               %[[N:.*]] = arith.minsi
// CHECK:               %[[R:.*]] = arith.minsi %[[T]], %{{.*}}
// CHECK-NOT:           accel.linear
// CHECK:               call @layer_query(%[[LAYER]], %[[T]], %[[N]], %[[C]], %[[R]], %c0
// CHECK:         } else {
// CHECK-NEXT:      scf.for %[[T:.*]] = %{{.*}} to %{{.*}} step %{{.*}} {
// CHECK:             %[[N:.*]] = arith.minsi
// CHECK:             scf.for %[[C:.*]] = %{{.*}} to %{{.*}} step %{{.*}} {
// CHECK-NEXT:          %[[I:.*]] = arith.minsi %[[C]], %{{.*}}
// CHECK-NOT:           accel.linear
// CHECK:               call @layer_query(%[[LAYER]], %[[T]], %[[N]], %[[C]], %c0{{.*}}, %[[I]])
func.func private @layer(%layer: index {accel.layer}) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c32 = arith.constant 32 : index
  %c64 = arith.constant 64 : index
  %c16 = arith.constant 16 : index
  %seq = accel.tokens seq
  %x = accel.buffer "x" at 0 bytes 8192 live [0, 0] : memref<2x?x32xf16, #accel.space<DDR>>, <2, seq, 32>
  %y = accel.buffer "y" at 8192 bytes 8192 live [0, 0] : memref<2x?x32xf16, #accel.space<DDR>>, <2, seq, 32>
  %w = accel.get_object @w[%layer] : !accel.object
  %less = arith.cmpi slt, %seq, %c16 : index
  scf.if %less {
    scf.for %c = %c0 to %c64 step %c32 {
      scf.for %t = %c0 to %seq step %c16 {
        %left = arith.subi %seq, %t : index
        %n = arith.minsi %left, %c16 : index
        %in = memref.subview %x[0, %t, 0] [2, %n, 32] [1, 1, 1] : memref<2x?x32xf16, #accel.space<DDR>> to memref<2x?x32xf16, strided<[?, 32, 1], offset: ?>, #accel.space<DDR>>
        %out = memref.subview %y[0, %t, 0] [2, %n, 32] [1, 1, 1] : memref<2x?x32xf16, #accel.space<DDR>> to memref<2x?x32xf16, strided<[?, 32, 1], offset: ?>, #accel.space<DDR>>
        %r = arith.minsi %t, %c1 : index
        accel.linear "query" ins(%in : memref<2x?x32xf16, strided<[?, 32, 1], offset: ?>, #accel.space<DDR>>) weight(%w) outs(%out : memref<2x?x32xf16, strided<[?, 32, 1], offset: ?>, #accel.space<DDR>>) part(%c, %c32, %r, %c0) [64, 64]
      }
    }
  } else {
    scf.for %t = %c0 to %seq step %c16 {
      %left = arith.subi %seq, %t : index
      %n = arith.minsi %left, %c16 : index
      scf.for %c = %c0 to %c64 step %c32 {
        %i = arith.minsi %c, %c1 : index
        %in = memref.subview %x[0, %t, 0] [2, %n, 32] [1, 1, 1] : memref<2x?x32xf16, #accel.space<DDR>> to memref<2x?x32xf16, strided<[?, 32, 1], offset: ?>, #accel.space<DDR>>
        %out = memref.subview %y[0, %t, 0] [2, %n, 32] [1, 1, 1] : memref<2x?x32xf16, #accel.space<DDR>> to memref<2x?x32xf16, strided<[?, 32, 1], offset: ?>, #accel.space<DDR>>
        accel.linear "query" ins(%in : memref<2x?x32xf16, strided<[?, 32, 1], offset: ?>, #accel.space<DDR>>) weight(%w) outs(%out : memref<2x?x32xf16, strided<[?, 32, 1], offset: ?>, #accel.space<DDR>>) part(%c, %c32, %c0, %i) [64, 64]
      }
    }
  }
  return
}

// -----

// What differs in more than numbers, and a single branch, stay as they are.

// CHECK-NOT: call
func.func @others(%n: index) {
  %c1 = arith.constant 1 : index
  %x = accel.buffer "x" at 0 bytes 8192 live [0, 0] : memref<2x?x32xf16, #accel.space<DDR>>, <2, seq, 32>
  %y = accel.buffer "y" at 8192 bytes 8192 live [0, 0] : memref<2x?x32xf16, #accel.space<DDR>>, <2, seq, 32>
  %less = arith.cmpi slt, %n, %c1 : index
  scf.if %less {
    accel.elementwise add "e" ins(%x, %x : memref<2x?x32xf16, #accel.space<DDR>>, memref<2x?x32xf16, #accel.space<DDR>>) outs(%x : memref<2x?x32xf16, #accel.space<DDR>>) [64]
  } else {
    accel.elementwise add "e" ins(%x, %x : memref<2x?x32xf16, #accel.space<DDR>>, memref<2x?x32xf16, #accel.space<DDR>>) outs(%y : memref<2x?x32xf16, #accel.space<DDR>>) [64]
  }
  scf.if %less {
    accel.elementwise add "e" ins(%x, %x : memref<2x?x32xf16, #accel.space<DDR>>, memref<2x?x32xf16, #accel.space<DDR>>) outs(%x : memref<2x?x32xf16, #accel.space<DDR>>) [64]
  } else {
    accel.elementwise mul "e" ins(%x, %x : memref<2x?x32xf16, #accel.space<DDR>>, memref<2x?x32xf16, #accel.space<DDR>>) outs(%x : memref<2x?x32xf16, #accel.space<DDR>>) [64]
  }
  scf.if %less {
    accel.elementwise add "e" ins(%x, %x : memref<2x?x32xf16, #accel.space<DDR>>, memref<2x?x32xf16, #accel.space<DDR>>) outs(%x : memref<2x?x32xf16, #accel.space<DDR>>) [64]
  }
  return
}
