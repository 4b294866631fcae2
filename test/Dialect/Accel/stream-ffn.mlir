// RUN: dlavm-opt %s --accel-stream-ffn --cse -split-input-file | FileCheck %s
// RUN: dlavm-opt %s --accel-stream-ffn --accel-stream-ffn --cse -split-input-file | FileCheck %s
// RUN: dlavm-opt %s --accel-stream-ffn --accel-partition-tasks --cse -split-input-file | FileCheck %s --check-prefix=CUT
// RUN: dlavm-opt %s --accel-stream-ffn --accel-partition-tasks --accel-partition-tasks --cse -split-input-file | FileCheck %s --check-prefix=CUT

module attributes {accel.device = "edgellm-20241128", llm.max_tokens = 2048 : i64} {
accel.object @gate weight [13696, 4096] in <HBM>
accel.object @up weight [13696, 4096] in <HBM>
accel.object @down weight [4096, 13696] in <HBM>
accel.object @b scale_bias [13696] in <DDR>
accel.object @c scale_bias [4096] in <DDR>
accel.object @t activation_table [] in <DDR>

// Gate, its activation, up and down run over slices of 128 tokens: gate and up
// take 128 at once, down takes 38. The matrix unit hides what starts read again.
// CHECK-LABEL: func.func private @ffn(
// CHECK-SAME:    %[[X:.*]]: memref
// CHECK:         %[[Y:.*]] = accel.buffer "down" :
// CHECK-DAG:     %[[C0:.*]] = arith.constant 0 : index
// CHECK-DAG:     %[[C128:.*]] = arith.constant 128 : index
// CHECK:         scf.for %[[T:.*]] = %[[C0]] to %{{.*}} step %[[C128]] {
// CHECK:           %[[N:.*]] = arith.minsi %[[C128]], %{{.*}} : index
// CHECK-NEXT:      %[[G:.*]] = accel.buffer "gate" slice 128 :
// CHECK-NEXT:      %[[A:.*]] = accel.buffer "silu" slice 128 :
// CHECK-NEXT:      %[[U:.*]] = accel.buffer "up" slice 128 :
// CHECK-NEXT:      %[[IN:.*]] = memref.subview %norm[0, %[[T]], 0] [128, %[[N]], 32]
// CHECK-NEXT:      %[[GV:.*]] = memref.subview %[[G]][0, 0, 0] [428, %[[N]], 32]
// CHECK-NEXT:      accel.linear "gate" ins(%[[IN]] : {{.*}}outs(%[[GV]] : {{.*}}{accel.slice = 128 : i64}
// CHECK:           accel.activation "silu" ins(%[[GV]] :
// CHECK:           accel.linear "up" ins(%[[IN]] : {{.*}} mul(
// CHECK:           %[[XV:.*]] = memref.subview %[[X]][0, %[[T]], 0] [128, %[[N]], 32]
// CHECK:           %[[YV:.*]] = memref.subview %[[Y]][0, %[[T]], 0] [128, %[[N]], 32]
// CHECK:           accel.linear "down" {{.*}} add(%[[XV]] : {{.*}}outs(%[[YV]] :
// CHECK:         } {accel.limit = "memory of 10518528 bytes for a slice"}
// CHECK-NEXT:    accel.norm

// Inside a slice, down is cut as it always is: the last slice and the last cut
// have fewer tokens.
// CUT-LABEL: func.func private @ffn(
// CUT:         scf.for %[[T:.*]] = %{{.*}} to %{{.*}} step %c128 {
// CUT:           %[[N:.*]] = arith.minsi %c128, %{{.*}} : index
// CUT:           %[[IN:.*]] = memref.subview %norm[0, %[[T]], 0] [128, %[[N]], 32]
// CUT:           accel.linear "gate" ins(%[[IN]] :
// CUT:           accel.activation "silu"
// CUT:           accel.linear "up"
// CUT:           scf.for %[[C:.*]] = %{{.*}} to %[[N]] step %c38 {
// CUT-NEXT:        %[[LEFT:.*]] = arith.subi %[[N]], %[[C]] overflow<nsw> : index
// CUT-NEXT:        %[[M:.*]] = arith.minsi %c38, %[[LEFT]] : index
// CUT-NEXT:        %{{.*}} = memref.subview %{{.*}}[0, %[[C]], 0] [428, %[[M]], 32]
// CUT:             accel.linear "down"
func.func private @ffn(%x: memref<128x?x32xf16, #accel.space<DDR>>) {
  %norm = accel.buffer "norm" : memref<128x?x32xf16, #accel.space<DDR>>, <128, seq, 32>
  %gate = accel.get_object @gate : !accel.object
  %up = accel.get_object @up : !accel.object
  %down = accel.get_object @down : !accel.object
  %b = accel.get_object @b : !accel.object
  %c = accel.get_object @c : !accel.object
  %t = accel.get_object @t : !accel.object
  %g = accel.buffer "gate" : memref<428x?x32xf16, #accel.space<DDR>>, <428, seq, 32>
  accel.linear "gate" ins(%norm : memref<128x?x32xf16, #accel.space<DDR>>) weight(%gate) outs(%g : memref<428x?x32xf16, #accel.space<DDR>>) [4096, 13696]
  %a = accel.buffer "silu" : memref<428x?x32xf16, #accel.space<DDR>>, <428, seq, 32>
  accel.activation "silu" ins(%g : memref<428x?x32xf16, #accel.space<DDR>>) table(%t) outs(%a : memref<428x?x32xf16, #accel.space<DDR>>) [13696]
  %u = accel.buffer "up" : memref<428x?x32xf16, #accel.space<DDR>>, <428, seq, 32>
  accel.linear "up" ins(%norm : memref<128x?x32xf16, #accel.space<DDR>>) weight(%up) scale_bias(%b) mul(%a : memref<428x?x32xf16, #accel.space<DDR>>) outs(%u : memref<428x?x32xf16, #accel.space<DDR>>) [4096, 13696]
  %y = accel.buffer "down" : memref<128x?x32xf16, #accel.space<DDR>>, <128, seq, 32>
  accel.linear "down" ins(%u : memref<428x?x32xf16, #accel.space<DDR>>) weight(%down) scale_bias(%c) add(%x : memref<128x?x32xf16, #accel.space<DDR>>) outs(%y : memref<128x?x32xf16, #accel.space<DDR>>) [13696, 4096]
  accel.norm rms "end" ins(%y : memref<128x?x32xf16, #accel.space<DDR>>) weight(%c) outs(%norm : memref<128x?x32xf16, #accel.space<DDR>>) [4096]
  return
}

// Without a gate, and with a sum of its own behind: it stays there, because one
// register has the distance between surfaces of both of its maps.
// CHECK-LABEL: func.func @no_gate(
// CHECK:         accel.buffer "down" :
// CHECK:         scf.for
// CHECK:           accel.buffer "up" slice
// CHECK:           accel.buffer "silu" slice
// CHECK:           accel.linear "up"
// CHECK:           accel.activation "silu"
// CHECK:           accel.linear "down"
// CHECK-NOT:       accel.elementwise
// CHECK:         } {accel.limit
// CHECK:         accel.elementwise add "sum"
func.func @no_gate() {
  %norm = accel.buffer "norm" : memref<128x?x32xf16, #accel.space<DDR>>, <128, seq, 32>
  %x = accel.buffer "x" : memref<128x?x32xf16, #accel.space<DDR>>, <128, seq, 32>
  %up = accel.get_object @up : !accel.object
  %down = accel.get_object @down : !accel.object
  %t = accel.get_object @t : !accel.object
  %g = accel.buffer "up" : memref<428x?x32xf16, #accel.space<DDR>>, <428, seq, 32>
  accel.linear "up" ins(%norm : memref<128x?x32xf16, #accel.space<DDR>>) weight(%up) outs(%g : memref<428x?x32xf16, #accel.space<DDR>>) [4096, 13696]
  %a = accel.buffer "silu" : memref<428x?x32xf16, #accel.space<DDR>>, <428, seq, 32>
  accel.activation "silu" ins(%g : memref<428x?x32xf16, #accel.space<DDR>>) table(%t) outs(%a : memref<428x?x32xf16, #accel.space<DDR>>) [13696]
  %y = accel.buffer "down" : memref<128x?x32xf16, #accel.space<DDR>>, <128, seq, 32>
  accel.linear "down" ins(%a : memref<428x?x32xf16, #accel.space<DDR>>) weight(%down) outs(%y : memref<128x?x32xf16, #accel.space<DDR>>) [13696, 4096]
  %z = accel.buffer "sum" : memref<128x?x32xf16, #accel.space<DDR>>, <128, seq, 32>
  accel.elementwise add "sum" ins(%y, %x : memref<128x?x32xf16, #accel.space<DDR>>, memref<128x?x32xf16, #accel.space<DDR>>) outs(%z : memref<128x?x32xf16, #accel.space<DDR>>) [4096]
  accel.norm rms "end" ins(%z : memref<128x?x32xf16, #accel.space<DDR>>) weight(%t) outs(%norm : memref<128x?x32xf16, #accel.space<DDR>>) [4096]
  return
}

// Patches of an image, which are always as many: the buffers have the tokens of
// a slice.
// CHECK-LABEL: func.func @patches(
// CHECK:         scf.for %{{.*}} = %{{.*}} to %c1024 step %c[[N:[0-9]+]] {
// CHECK:           accel.buffer "up" slice [[N]] : memref<428x[[N]]x32xf16, #accel.space<DDR>>, <428, [[N]], 32>
// CHECK:           memref.subview %{{.*}}[0, %{{.*}}, 0] [128, %{{.*}}, 32] [1, 1, 1] : memref<128x1024x32xf16
// CHECK:           accel.linear "up"
func.func @patches() {
  %norm = accel.buffer "norm" : memref<128x1024x32xf16, #accel.space<DDR>>, <128, 1024, 32>
  %up = accel.get_object @up : !accel.object
  %down = accel.get_object @down : !accel.object
  %t = accel.get_object @t : !accel.object
  %g = accel.buffer "up" : memref<428x1024x32xf16, #accel.space<DDR>>, <428, 1024, 32>
  accel.linear "up" ins(%norm : memref<128x1024x32xf16, #accel.space<DDR>>) weight(%up) outs(%g : memref<428x1024x32xf16, #accel.space<DDR>>) [4096, 13696]
  %a = accel.buffer "silu" : memref<428x1024x32xf16, #accel.space<DDR>>, <428, 1024, 32>
  accel.activation "silu" ins(%g : memref<428x1024x32xf16, #accel.space<DDR>>) table(%t) outs(%a : memref<428x1024x32xf16, #accel.space<DDR>>) [13696]
  %y = accel.buffer "down" : memref<128x1024x32xf16, #accel.space<DDR>>, <128, 1024, 32>
  accel.linear "down" ins(%a : memref<428x1024x32xf16, #accel.space<DDR>>) weight(%down) outs(%y : memref<128x1024x32xf16, #accel.space<DDR>>) [13696, 4096]
  return
}

// Nothing to gain with one token; an argmax is that of one token, too.
// CHECK-LABEL: func.func @one_token(
// CHECK-NOT: scf.for
// CHECK: return
func.func @one_token() {
  %norm = accel.buffer "norm" : memref<128x1x32xf16, #accel.space<DDR>>, <128, 1, 32>
  %up = accel.get_object @up : !accel.object
  %down = accel.get_object @down : !accel.object
  %g = accel.buffer "up" : memref<428x1x32xf16, #accel.space<DDR>>, <428, 1, 32>
  accel.linear "up" ins(%norm : memref<128x1x32xf16, #accel.space<DDR>>) weight(%up) outs(%g : memref<428x1x32xf16, #accel.space<DDR>>) [4096, 13696]
  %y = accel.buffer "down" : memref<128x1x32xf16, #accel.space<DDR>>, <128, 1, 32>
  accel.linear "down" ins(%g : memref<428x1x32xf16, #accel.space<DDR>>) weight(%down) outs(%y : memref<128x1x32xf16, #accel.space<DDR>>) [13696, 4096]
  return
}

// Where the host or another task reads what is between, all of it is wanted.
// CHECK-LABEL: func.func @read_besides(
// CHECK-NOT: scf.for
// CHECK: return
func.func @read_besides() {
  %norm = accel.buffer "norm" : memref<128x?x32xf16, #accel.space<DDR>>, <128, seq, 32>
  %up = accel.get_object @up : !accel.object
  %down = accel.get_object @down : !accel.object
  %g = accel.buffer "up" host output "read_up" channels 13696 : memref<428x?x32xf16, #accel.space<DDR>>, <428, seq, 32>
  accel.linear "up" ins(%norm : memref<128x?x32xf16, #accel.space<DDR>>) weight(%up) outs(%g : memref<428x?x32xf16, #accel.space<DDR>>) [4096, 13696]
  %y = accel.buffer "down" : memref<128x?x32xf16, #accel.space<DDR>>, <128, seq, 32>
  accel.linear "down" ins(%g : memref<428x?x32xf16, #accel.space<DDR>>) weight(%down) outs(%y : memref<128x?x32xf16, #accel.space<DDR>>) [13696, 4096]
  return
}
}
