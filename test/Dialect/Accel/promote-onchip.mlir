// RUN: dlavm-opt %s --accel-promote-onchip -split-input-file | FileCheck %s

// A norm, a network with a gate and its residual, for one token. What the host
// writes and what goes from layer to layer stays; "hidden" is a residual, but
// not of a task whose input lies on the chip. Nothing changes for several tokens.

module attributes {accel.device = "edgellm-20240923", llm.max_tokens = 64 : i64} {
accel.object @norm norm_weight [64] in <DDR>
accel.object @silu activation_table [] in <DDR>
accel.object @gate weight [64, 64] in <HBM>
accel.object @bias scale_bias [64] in <DDR>

// CHECK-LABEL: func.func private @layer(
// CHECK-NOT:   CHIP
// CHECK-LABEL: func.func private @decode_layer(
// CHECK:         %[[X:.*]] = accel.buffer "hidden" at 0 bytes 8192 live [0, 5] : memref<2x1x32xf16, #accel.space<DDR>>
// CHECK:         %[[N:.*]] = accel.buffer "norm" at [[AT:[0-9]+]] bytes 128 live [0, 3] : memref<2x1x32xf16, #accel.space<CHIP>>, <2, 1, 32>
// CHECK:         %[[G:.*]] = accel.buffer "gate" at {{[0-9]+}} bytes 128 live [1, 2] : memref<2x1x32xf16, #accel.space<CHIP>>, <2, 1, 32>
// CHECK:         %[[A:.*]] = accel.buffer "silu" at {{[0-9]+}} bytes 128 live [2, 3] : memref<2x1x32xf16, #accel.space<CHIP>>, <2, 1, 32>
// CHECK:         %[[U:.*]] = accel.buffer "up" at 32768 bytes 8192 live [3, 4] : memref<2x1x32xf16, #accel.space<DDR>>, <2, 1, 32>
// CHECK:         %[[Y:.*]] = accel.buffer "hidden" at 0 {{.*}}#accel.space<DDR>
// CHECK:         accel.norm rms "norm" ins(%[[X]] : {{.*}}<DDR>>) {{.*}} outs(%[[N]] : memref<2x1x32xf16, #accel.space<CHIP>>)
// CHECK:         accel.linear "gate" ins(%[[N]] : {{.*}}<CHIP>>) {{.*}} outs(%[[G]] : {{.*}}<CHIP>>)
// CHECK:         accel.activation "silu" ins(%[[G]] : {{.*}}) {{.*}} outs(%[[A]] :
// CHECK:         accel.linear "up" ins(%[[N]] : {{.*}}<CHIP>>) {{.*}} mul(%[[A]] : {{.*}}<CHIP>>) outs(%[[U]] : {{.*}}<DDR>>)
// CHECK:         accel.linear "down" ins(%[[U]] : {{.*}}<DDR>>) {{.*}} add(%[[X]] : {{.*}}<DDR>>)
// CHECK-LABEL: func.func @decode(
// CHECK-NOT:     CHIP
func.func private @layer(%layer: index {accel.layer}) {
  %x = accel.buffer "hidden" at 0 bytes 8192 live [0, 5] : memref<2x?x32xf16, #accel.space<DDR>>, <2, seq, 32>
  %n = accel.buffer "norm" at 8192 bytes 8192 live [0, 3] : memref<2x?x32xf16, #accel.space<DDR>>, <2, seq, 32>
  %w = accel.get_object @norm : !accel.object
  accel.norm rms "norm" ins(%x : memref<2x?x32xf16, #accel.space<DDR>>) weight(%w) outs(%n : memref<2x?x32xf16, #accel.space<DDR>>) [64]
  return
}
func.func @model() {
  %c0 = arith.constant 0 : index
  func.call @layer(%c0) : (index) -> ()
  return
}
func.func private @decode_layer(%layer: index {accel.layer}) attributes {accel.decode} {
  %x = accel.buffer "hidden" at 0 bytes 8192 live [0, 5] : memref<2x1x32xf16, #accel.space<DDR>>, <2, 1, 32>
  %n = accel.buffer "norm" at 8192 bytes 8192 live [0, 3] : memref<2x1x32xf16, #accel.space<DDR>>, <2, 1, 32>
  %g = accel.buffer "gate" at 16384 bytes 8192 live [1, 2] : memref<2x1x32xf16, #accel.space<DDR>>, <2, 1, 32>
  %a = accel.buffer "silu" at 24576 bytes 8192 live [2, 3] : memref<2x1x32xf16, #accel.space<DDR>>, <2, 1, 32>
  %u = accel.buffer "up" at 32768 bytes 8192 live [3, 4] : memref<2x1x32xf16, #accel.space<DDR>>, <2, 1, 32>
  %y = accel.buffer "hidden" at 0 bytes 8192 live [0, 5] : memref<2x1x32xf16, #accel.space<DDR>>, <2, 1, 32>
  %w = accel.get_object @norm : !accel.object
  %t = accel.get_object @silu : !accel.object
  %m = accel.get_object @gate : !accel.object
  %b = accel.get_object @bias : !accel.object
  accel.norm rms "norm" ins(%x : memref<2x1x32xf16, #accel.space<DDR>>) weight(%w) outs(%n : memref<2x1x32xf16, #accel.space<DDR>>) [64]
  accel.linear "gate" ins(%n : memref<2x1x32xf16, #accel.space<DDR>>) weight(%m) outs(%g : memref<2x1x32xf16, #accel.space<DDR>>) [64, 64]
  accel.activation "silu" ins(%g : memref<2x1x32xf16, #accel.space<DDR>>) table(%t) outs(%a : memref<2x1x32xf16, #accel.space<DDR>>) [64]
  accel.linear "up" ins(%n : memref<2x1x32xf16, #accel.space<DDR>>) weight(%m) scale_bias(%b) mul(%a : memref<2x1x32xf16, #accel.space<DDR>>) outs(%u : memref<2x1x32xf16, #accel.space<DDR>>) [64, 64]
  accel.linear "down" ins(%u : memref<2x1x32xf16, #accel.space<DDR>>) weight(%m) scale_bias(%b) add(%x : memref<2x1x32xf16, #accel.space<DDR>>) outs(%y : memref<2x1x32xf16, #accel.space<DDR>>) [64, 64]
  return
}
func.func @decode() attributes {accel.decode} {
  %c0 = arith.constant 0 : index
  func.call @decode_layer(%c0) : (index) -> ()
  return
}
}

// -----

// The same residual with the flag of the output: "up", whose result "down" takes
// beside "hidden", moves with "silu".

module attributes {accel.device = "edgellm-20240923,On_Chip_Residual=1", llm.max_tokens = 64 : i64} {
accel.object @gate weight [64, 64] in <HBM>
accel.object @bias scale_bias [64] in <DDR>
accel.object @silu activation_table [] in <DDR>

// CHECK-LABEL: func.func @decode(
// CHECK:         accel.buffer "silu" {{.*}}<CHIP>
// CHECK:         accel.buffer "up" {{.*}}<CHIP>
// CHECK:         accel.buffer "logits" {{.*}}<DDR>
func.func @model() {
  %l = accel.buffer "logits" at 40960 bytes 8192 live [3, 4] host output "logits" channels 64 : memref<2x?x32xf16, #accel.space<DDR>>, <2, seq, 32>
  return
}
func.func @decode() attributes {accel.decode} {
  %x = accel.buffer "input" at 0 bytes 8192 live [0, 3] : memref<2x1x32xf16, #accel.space<DDR>>, <2, 1, 32>
  %a = accel.buffer "silu" at 24576 bytes 8192 live [0, 1] : memref<2x1x32xf16, #accel.space<DDR>>, <2, 1, 32>
  %u = accel.buffer "up" at 32768 bytes 8192 live [1, 2] : memref<2x1x32xf16, #accel.space<DDR>>, <2, 1, 32>
  %l = accel.buffer "logits" at 40960 bytes 8192 live [2, 4] : memref<2x1x32xf16, #accel.space<DDR>>, <2, 1, 32>
  %y = accel.buffer "again" at 49152 bytes 8192 live [3, 4] : memref<2x1x32xf16, #accel.space<DDR>>, <2, 1, 32>
  %t = accel.get_object @silu : !accel.object
  %m = accel.get_object @gate : !accel.object
  %b = accel.get_object @bias : !accel.object
  accel.activation "silu" ins(%x : memref<2x1x32xf16, #accel.space<DDR>>) table(%t) outs(%a : memref<2x1x32xf16, #accel.space<DDR>>) [64]
  accel.linear "up" ins(%x : memref<2x1x32xf16, #accel.space<DDR>>) weight(%m) scale_bias(%b) mul(%a : memref<2x1x32xf16, #accel.space<DDR>>) outs(%u : memref<2x1x32xf16, #accel.space<DDR>>) [64, 64]
  accel.linear "down" ins(%u : memref<2x1x32xf16, #accel.space<DDR>>) weight(%m) scale_bias(%b) add(%x : memref<2x1x32xf16, #accel.space<DDR>>) outs(%l : memref<2x1x32xf16, #accel.space<DDR>>) [64, 64]
  accel.activation "again" ins(%l : memref<2x1x32xf16, #accel.space<DDR>>) table(%t) outs(%y : memref<2x1x32xf16, #accel.space<DDR>>) [64]
  return
}
}

// -----

// 71168 bytes are there. Scores have the size of the largest context, here 131072
// bytes; softmax takes them from the chip, but leaves nothing there, and values take
// nothing. Of two maps that do not fit together, the one that is moved more stays.

module attributes {accel.device = "edgellm-20240831", llm.max_tokens = 2048 : i64} {
accel.object @keys kv_cache [2] in <DDR>
accel.object @silu activation_table [] in <DDR>

// CHECK-LABEL: func.func @decode(
// CHECK:         accel.buffer "query" {{.*}}<CHIP>
// CHECK:         accel.buffer "scores" {{.*}}<DDR>
// CHECK:         accel.buffer "large" {{.*}}<DDR>
// CHECK:         accel.buffer "more" at {{.*}} bytes 64000 {{.*}}<CHIP>
func.func @decode() attributes {accel.decode} {
  %past = accel.tokens past
  %total = accel.tokens past + 1
  %x = accel.buffer "input" at 0 bytes 8192 live [0, 9] : memref<128x1x32xf16, #accel.space<DDR>>, <128, 1, 32>
  %q = accel.buffer "query" at 8192 bytes 8192 live [0, 1] : memref<128x1x32xf16, #accel.space<DDR>>, <128, 1, 32>
  %s = accel.buffer "scores" at 16384 bytes 8192 live [1, 3] : memref<?x1x32xf16, #accel.space<DDR>>, <(past + 1) ceildiv 32 * 32, 1, 32>
  %p = accel.buffer "probabilities" at 24576 bytes 8192 live [2, 4] : memref<?x1x32xf16, #accel.space<DDR>>, <(past + 1) ceildiv 32 * 32, 1, 32>
  %l = accel.buffer "large" at 40960 bytes 64000 live [4, 7] : memref<1000x1x32xf16, #accel.space<DDR>>, <1000, 1, 32>
  %m = accel.buffer "more" at 104960 bytes 64000 live [5, 8] : memref<1000x1x32xf16, #accel.space<DDR>>, <1000, 1, 32>
  %o = accel.buffer "output" at 168960 bytes 64000 live [6, 9] : memref<1000x1x32xf16, #accel.space<DDR>>, <1000, 1, 32>
  %k = accel.get_object @keys : !accel.object
  %t = accel.get_object @silu : !accel.object
  accel.activation "query" ins(%x : memref<128x1x32xf16, #accel.space<DDR>>) table(%t) outs(%q : memref<128x1x32xf16, #accel.space<DDR>>) [4096]
  accel.scores "scores" ins(%q : memref<128x1x32xf16, #accel.space<DDR>>) cache(%k) keys(%total) scale 0.088 outs(%s : memref<?x1x32xf16, #accel.space<DDR>>) [32, 2, 128]
  accel.softmax "probabilities" ins(%s : memref<?x1x32xf16, #accel.space<DDR>>) keys(%total) at(%past) outs(%p : memref<?x1x32xf16, #accel.space<DDR>>) [32]
  accel.activation "large" ins(%o : memref<1000x1x32xf16, #accel.space<DDR>>) table(%t) outs(%l : memref<1000x1x32xf16, #accel.space<DDR>>) [32000]
  accel.activation "more" ins(%l : memref<1000x1x32xf16, #accel.space<DDR>>) table(%t) outs(%m : memref<1000x1x32xf16, #accel.space<DDR>>) [32000]
  accel.elementwise add "twice" ins(%m, %m : memref<1000x1x32xf16, #accel.space<DDR>>, memref<1000x1x32xf16, #accel.space<DDR>>) outs(%o : memref<1000x1x32xf16, #accel.space<DDR>>) [32000]
  return
}
}

// -----

// "sum" is read in its function, but by the next layer, too, as "hidden", which has its
// address. "first" shares that address as well, before "sum" is written, and moves.

module attributes {accel.device = "edgellm-20240923", llm.max_tokens = 64 : i64} {
accel.object @silu activation_table [] in <DDR>

// CHECK-LABEL: func.func private @decode_layer(
// CHECK:         accel.buffer "hidden" {{.*}}<DDR>
// CHECK:         accel.buffer "first" {{.*}}<CHIP>
// CHECK:         accel.buffer "second" {{.*}}<CHIP>
// CHECK:         accel.buffer "sum" {{.*}}<DDR>
func.func private @decode_layer(%layer: index {accel.layer}) attributes {accel.decode} {
  %x = accel.buffer "hidden" at 0 bytes 8192 live [0, 0] : memref<2x1x32xf16, #accel.space<DDR>>, <2, 1, 32>
  %w = accel.buffer "whole" at 8192 bytes 8192 live [0, 1] : memref<2x1x32xf16, #accel.space<DDR>>, <2, 1, 32>
  %f = accel.buffer "first" at 0 bytes 8192 live [1, 2] : memref<2x1x32xf16, #accel.space<DDR>>, <2, 1, 32>
  %s = accel.buffer "second" at 16384 bytes 8192 live [2, 3] : memref<2x1x32xf16, #accel.space<DDR>>, <2, 1, 32>
  %y = accel.buffer "sum" at 0 bytes 8192 live [3, 4] : memref<2x1x32xf16, #accel.space<DDR>>, <2, 1, 32>
  %z = accel.buffer "unused" at 24576 bytes 8192 live [4, 4] : memref<2x1x32xf16, #accel.space<DDR>>, <2, 1, 32>
  %t = accel.get_object @silu : !accel.object
  accel.activation "whole" ins(%x : memref<2x1x32xf16, #accel.space<DDR>>) table(%t) outs(%w : memref<2x1x32xf16, #accel.space<DDR>>) [64]
  accel.activation "first" ins(%w : memref<2x1x32xf16, #accel.space<DDR>>) table(%t) outs(%f : memref<2x1x32xf16, #accel.space<DDR>>) [64]
  accel.activation "second" ins(%f : memref<2x1x32xf16, #accel.space<DDR>>) table(%t) outs(%s : memref<2x1x32xf16, #accel.space<DDR>>) [64]
  accel.activation "sum" ins(%s : memref<2x1x32xf16, #accel.space<DDR>>) table(%t) outs(%y : memref<2x1x32xf16, #accel.space<DDR>>) [64]
  accel.activation "unused" ins(%y : memref<2x1x32xf16, #accel.space<DDR>>) table(%t) outs(%z : memref<2x1x32xf16, #accel.space<DDR>>) [64]
  return
}
func.func @decode() attributes {accel.decode} {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c4 = arith.constant 4 : index
  scf.for %i = %c0 to %c4 step %c1 {
    func.call @decode_layer(%i) : (index) -> ()
  } {llm.layer_loop}
  return
}
}

// -----

// The other function reads "hidden" at its address, through a buffer of its caller.

module attributes {accel.device = "edgellm-20240923", llm.max_tokens = 64 : i64} {
accel.object @silu activation_table [] in <DDR>
func.func private @start(%in: memref<2x1x32xf16, #accel.space<DDR>>, %out: memref<2x1x32xf16, #accel.space<DDR>>) attributes {accel.decode} {
  %t = accel.get_object @silu : !accel.object
  accel.activation "second" ins(%in : memref<2x1x32xf16, #accel.space<DDR>>) table(%t) outs(%out : memref<2x1x32xf16, #accel.space<DDR>>) [64]
  return
}
// CHECK-LABEL: func.func @decode()
// CHECK-NOT:   CHIP
// CHECK:         return
func.func @decode() attributes {accel.decode} {
  %x = accel.buffer "input" at 8192 bytes 8192 live [0, 0] : memref<2x1x32xf16, #accel.space<DDR>>, <2, 1, 32>
  %a = accel.buffer "hidden" at 0 bytes 8192 live [0, 2] : memref<2x1x32xf16, #accel.space<DDR>>, <2, 1, 32>
  %r = accel.buffer "hidden" at 0 bytes 8192 live [0, 2] : memref<2x1x32xf16, #accel.space<DDR>>, <2, 1, 32>
  %s = accel.buffer "s" at 16384 bytes 8192 live [1, 3] : memref<2x1x32xf16, #accel.space<DDR>>, <2, 1, 32>
  %u = accel.buffer "u" at 24576 bytes 8192 live [1, 3] : memref<2x1x32xf16, #accel.space<DDR>>, <2, 1, 32>
  %t = accel.get_object @silu : !accel.object
  accel.activation "first" ins(%x : memref<2x1x32xf16, #accel.space<DDR>>) table(%t) outs(%a : memref<2x1x32xf16, #accel.space<DDR>>) [64]
  accel.activation "reads" ins(%a : memref<2x1x32xf16, #accel.space<DDR>>) table(%t) outs(%u : memref<2x1x32xf16, #accel.space<DDR>>) [64]
  func.call @start(%r, %s) : (memref<2x1x32xf16, #accel.space<DDR>>, memref<2x1x32xf16, #accel.space<DDR>>) -> ()
  return
}
}

// -----

// Where the branch is not taken, "last" reads what "first" wrote.

module attributes {accel.device = "edgellm-20240923", llm.max_tokens = 64 : i64} {
accel.object @silu activation_table [] in <DDR>
// CHECK-LABEL: func.func @decode()
// CHECK-NOT:   CHIP
// CHECK:         return
func.func @decode() attributes {accel.decode} {
  %x = accel.buffer "input" at 8192 bytes 8192 live [0, 0] : memref<2x1x32xf16, #accel.space<DDR>>, <2, 1, 32>
  %a = accel.buffer "hidden" at 0 bytes 8192 live [0, 4] : memref<2x1x32xf16, #accel.space<DDR>>, <2, 1, 32>
  %r = accel.buffer "hidden" at 0 bytes 8192 live [0, 4] : memref<2x1x32xf16, #accel.space<DDR>>, <2, 1, 32>
  %q = accel.buffer "hidden" at 0 bytes 8192 live [0, 4] : memref<2x1x32xf16, #accel.space<DDR>>, <2, 1, 32>
  %s = accel.buffer "s" at 16384 bytes 8192 live [1, 4] : memref<2x1x32xf16, #accel.space<DDR>>, <2, 1, 32>
  %u = accel.buffer "u" at 24576 bytes 8192 live [1, 4] : memref<2x1x32xf16, #accel.space<DDR>>, <2, 1, 32>
  %t = accel.get_object @silu : !accel.object
  %past = accel.tokens past
  %c9 = arith.constant 9 : index
  accel.activation "first" ins(%x : memref<2x1x32xf16, #accel.space<DDR>>) table(%t) outs(%a : memref<2x1x32xf16, #accel.space<DDR>>) [64]
  accel.activation "reads" ins(%a : memref<2x1x32xf16, #accel.space<DDR>>) table(%t) outs(%u : memref<2x1x32xf16, #accel.space<DDR>>) [64]
  %c = arith.cmpi slt, %past, %c9 : index
  scf.if %c {
    accel.activation "other" ins(%x : memref<2x1x32xf16, #accel.space<DDR>>) table(%t) outs(%q : memref<2x1x32xf16, #accel.space<DDR>>) [64]
  }
  accel.activation "last" ins(%r : memref<2x1x32xf16, #accel.space<DDR>>) table(%t) outs(%s : memref<2x1x32xf16, #accel.space<DDR>>) [64]
  return
}
}
