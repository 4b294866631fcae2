// RUN: dlavm-opt %s --convert-accel-to-csb --cse -split-input-file | grep -v arith.constant | FileCheck %s

// The host calls run(seq, past), which checks the call before it touches the
// device; layers become run_layer(layer, seq, past).

module attributes {accel.device = "edgellm-20241128", llm.max_tokens = 2000 : i64} {

// CHECK-LABEL: func.func private @run_layer(
// CHECK-SAME:    %{{.*}}: i32, %{{.*}}: i32, %{{.*}}: i32) {
// CHECK-NOT:     csb.check_call
// CHECK:         return
func.func private @layer(%layer: index {accel.layer}) {
  return
}

// CHECK-LABEL: func.func @run(
// CHECK-SAME:    %[[SEQ:.*]]: i32, %[[PAST:.*]]: i32) {
// CHECK-NEXT:    csb.check_call %[[SEQ]], %[[PAST]], 2000
// CHECK-NEXT:    scf.for %[[I:.*]] = %c0_i32 to %c28_i32 step %c1_i32 : i32 {
// CHECK-NEXT:      func.call @run_layer(%[[I]], %[[SEQ]], %[[PAST]]) : (i32, i32, i32) -> ()
// CHECK-NEXT:    } {llm.layer_loop}
// CHECK-NEXT:    return
func.func @model() {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c28 = arith.constant 28 : index
  scf.for %i = %c0 to %c28 step %c1 {
    func.call @layer(%i) : (index) -> ()
  } {llm.layer_loop}
  return
}

}

// -----

// Tasks in a loop over layers say which it is, those in another loop do not,
// though both take its variable.

module attributes {accel.device = "edgellm-20241128", llm.max_tokens = 2000 : i64} {
accel.object @n norm_weight [64] layers 4 in <DDR> at 0 bytes 256 stride 1024

// CHECK-LABEL: func.func @run(
// CHECK:         scf.for %[[I:.*]] = %c0_i32 to %c4_i32 step %c1_i32 : i32 {
// CHECK:           csb.task "in_layers"[%[[I]]]
// CHECK:         } {llm.layer_loop}
// CHECK:         scf.for
// CHECK:           csb.task "in_loop" "RMS norm
// CHECK-NOT:     llm.layer_loop
// CHECK:         return
func.func @model() {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c4 = arith.constant 4 : index
  %x = accel.buffer "x" at 4096 bytes 256000 live [0, 0] : memref<2x?x32xf16, #accel.space<DDR>>, <2, seq, 32>
  scf.for %i = %c0 to %c4 step %c1 {
    %n = accel.get_object @n[%i] : !accel.object
    accel.norm rms "in_layers" ins(%x : memref<2x?x32xf16, #accel.space<DDR>>) weight(%n) outs(%x : memref<2x?x32xf16, #accel.space<DDR>>) [64]
  } {llm.layer_loop}
  scf.for %i = %c0 to %c4 step %c1 {
    %n = accel.get_object @n[%i] : !accel.object
    accel.norm rms "in_loop" ins(%x : memref<2x?x32xf16, #accel.space<DDR>>) weight(%n) outs(%x : memref<2x?x32xf16, #accel.space<DDR>>) [64]
  }
  return
}

}

// -----

// Two kinds of layers, and arithmetic on the number of the layer.

module attributes {accel.device = "edgellm-20241128", llm.max_tokens = 2000 : i64} {
accel.object @n norm_weight [64] layers 4 in <DDR> at 0 bytes 256 stride 1024

// CHECK-LABEL: func.func private @run_even(
// CHECK-SAME:    %[[LAYER:.*]]: i32, %{{.*}}: i32, %{{.*}}: i32) {
// CHECK:         %[[WIDE:.*]] = arith.extsi %[[LAYER]] : i32 to i64
// CHECK-NEXT:    %[[OFFSET:.*]] = arith.muli %[[WIDE]], %layer_stride_ddr overflow<nsw> : i64
// CHECK-NEXT:    %[[A:.*]] = arith.addi %n, %[[OFFSET]] overflow<nsw> : i64
// CHECK-NEXT:    csb.write @norm::@WeightAddress, %[[A]] : i64
func.func private @even(%layer: index {accel.layer}) {
  %x = accel.buffer "x" at 4096 bytes 256000 live [0, 0] : memref<2x?x32xf16, #accel.space<DDR>>, <2, seq, 32>
  %n = accel.get_object @n[%layer] : !accel.object
  accel.norm rms "norm" ins(%x : memref<2x?x32xf16, #accel.space<DDR>>) weight(%n) outs(%x : memref<2x?x32xf16, #accel.space<DDR>>) [64]
  return
}

func.func private @odd(%layer: index {accel.layer}) {
  return
}

// CHECK-LABEL: func.func @run(
// CHECK:         scf.for %[[I:.*]] = %c0_i32 to %c4_i32 step %c2_i32 : i32 {
// CHECK-NEXT:      func.call @run_even(%[[I]],
// CHECK-NEXT:      %[[J:.*]] = arith.addi %[[I]], %c1_i32 overflow<nsw> : i32
// CHECK-NEXT:      func.call @run_odd(%[[J]],
func.func @model() {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %c4 = arith.constant 4 : index
  scf.for %i = %c0 to %c4 step %c2 {
    func.call @even(%i) : (index) -> ()
    %j = arith.addi %i, %c1 : index
    func.call @odd(%j) : (index) -> ()
  }
  return
}

}

// -----

// A layer that is known adds a known offset; that of the first is none.

module attributes {accel.device = "edgellm-20241128", llm.max_tokens = 2000 : i64} {
accel.object @n norm_weight [64] layers 4 in <DDR> at 0 bytes 256 stride 1024

// CHECK-LABEL: func.func @run(
// CHECK:         csb.write @norm::@WeightAddress, %n : i64
// CHECK:         %[[OFFSET:.*]] = arith.muli %c3_i64, %layer_stride_ddr overflow<nsw> : i64
// CHECK:         %[[A:.*]] = arith.addi %n, %[[OFFSET]] overflow<nsw> : i64
// CHECK:         csb.write @norm::@WeightAddress, %[[A]] : i64
func.func @model() {
  %c0 = arith.constant 0 : index
  %c3 = arith.constant 3 : index
  %x = accel.buffer "x" at 4096 bytes 256000 live [0, 0] : memref<2x?x32xf16, #accel.space<DDR>>, <2, seq, 32>
  %0 = accel.get_object @n[%c0] : !accel.object
  accel.norm rms "first" ins(%x : memref<2x?x32xf16, #accel.space<DDR>>) weight(%0) outs(%x : memref<2x?x32xf16, #accel.space<DDR>>) [64]
  %3 = accel.get_object @n[%c3] : !accel.object
  accel.norm rms "last" ins(%x : memref<2x?x32xf16, #accel.space<DDR>>) weight(%3) outs(%x : memref<2x?x32xf16, #accel.space<DDR>>) [64]
  return
}

}
