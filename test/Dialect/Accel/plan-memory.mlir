// RUN: dlavm-opt %s --accel-plan-memory -split-input-file | FileCheck %s

// A chain: when the third map is written, nobody needs the first any more. With
// 64 channels and 128 tokens each has 16384 bytes.

module attributes {accel.device = "edgellm-20241128", llm.max_tokens = 128 : i64} {
accel.object @n norm_weight [64] in <DDR> at 0 bytes 256 stride 0

// CHECK-LABEL: func.func @chain()
// CHECK: accel.buffer "a" at 1024 bytes 16384 live [0, 0] host input "input" channels 64 :
// CHECK: accel.buffer "b" at 17408 bytes 16384 live [0, 1] :
// CHECK: accel.buffer "c" at 1024 bytes 16384 live [1, 2] :
// CHECK: accel.buffer "d" at 17408 bytes 16384 live [2, 2] host output "output" channels 64 :
func.func @chain() {
  %a = accel.buffer "a" host input "input" channels 64 : memref<2x?x32xf16, #accel.space<DDR>>, <2, seq, 32>
  %n = accel.get_object @n : !accel.object
  %b = accel.buffer "b" : memref<2x?x32xf16, #accel.space<DDR>>, <2, seq, 32>
  accel.norm rms "b" ins(%a : memref<2x?x32xf16, #accel.space<DDR>>) weight(%n) outs(%b : memref<2x?x32xf16, #accel.space<DDR>>) [64]
  %c = accel.buffer "c" : memref<2x?x32xf16, #accel.space<DDR>>, <2, seq, 32>
  accel.norm rms "c" ins(%b : memref<2x?x32xf16, #accel.space<DDR>>) weight(%n) outs(%c : memref<2x?x32xf16, #accel.space<DDR>>) [64]
  %d = accel.buffer "d" host output "output" channels 64 : memref<2x?x32xf16, #accel.space<DDR>>, <2, seq, 32>
  accel.norm rms "d" ins(%c : memref<2x?x32xf16, #accel.space<DDR>>) weight(%n) outs(%d : memref<2x?x32xf16, #accel.space<DDR>>) [64]
  return
}
}

// -----

// The host reads "first" after the run: nothing may lie there later.

module attributes {accel.device = "edgellm-20241128", llm.max_tokens = 128 : i64} {
accel.object @n norm_weight [64] in <DDR> at 0 bytes 256 stride 0

// CHECK-LABEL: func.func @two_outputs()
// CHECK: accel.buffer "a" at 1024 bytes 16384 live [0, 1]
// CHECK: accel.buffer "first" at 17408 bytes 16384 live [0, 2] host output "output0"
// CHECK: accel.buffer "b" at 33792 bytes 16384 live [1, 2]
// CHECK: accel.buffer "second" at 1024 bytes 16384 live [2, 2] host output "output1"
func.func @two_outputs() {
  %a = accel.buffer "a" host input "input" channels 64 : memref<2x?x32xf16, #accel.space<DDR>>, <2, seq, 32>
  %n = accel.get_object @n : !accel.object
  %b = accel.buffer "first" host output "output0" channels 64 : memref<2x?x32xf16, #accel.space<DDR>>, <2, seq, 32>
  accel.norm rms "b" ins(%a : memref<2x?x32xf16, #accel.space<DDR>>) weight(%n) outs(%b : memref<2x?x32xf16, #accel.space<DDR>>) [64]
  %c = accel.buffer "b" : memref<2x?x32xf16, #accel.space<DDR>>, <2, seq, 32>
  accel.norm rms "c" ins(%a : memref<2x?x32xf16, #accel.space<DDR>>) weight(%n) outs(%c : memref<2x?x32xf16, #accel.space<DDR>>) [64]
  %d = accel.buffer "second" host output "output1" channels 64 : memref<2x?x32xf16, #accel.space<DDR>>, <2, seq, 32>
  accel.norm rms "d" ins(%c : memref<2x?x32xf16, #accel.space<DDR>>) weight(%n) outs(%d : memref<2x?x32xf16, #accel.space<DDR>>) [64]
  return
}
}

// -----

// Two that follow each other take at most 73728 bytes together, and so do all. The
// largest first, each at the lowest place, would take 106496: "a" and "d" at the
// bottom, "b" above them and "c" above "b".

module attributes {accel.device = "edgellm-20241128", llm.max_tokens = 128 : i64} {
accel.object @n norm_weight [64] in <DDR> at 0 bytes 256 stride 0

// CHECK-LABEL: func.func @least()
// CHECK: accel.buffer "a" at 1024 bytes 40960
// CHECK: accel.buffer "b" at 41984 bytes 32768
// CHECK: accel.buffer "c" at 1024 bytes 32768
// CHECK: accel.buffer "d" at 33792 bytes 40960
func.func @least() {
  %n = accel.get_object @n : !accel.object
  %a = accel.buffer "a" host input "input" channels 160 : memref<5x?x32xf16, #accel.space<DDR>>, <5, seq, 32>
  %b = accel.buffer "b" : memref<4x?x32xf16, #accel.space<DDR>>, <4, seq, 32>
  accel.linear "b" ins(%a : memref<5x?x32xf16, #accel.space<DDR>>) weight(%n) outs(%b : memref<4x?x32xf16, #accel.space<DDR>>) [160, 128]
  %c = accel.buffer "c" : memref<4x?x32xf16, #accel.space<DDR>>, <4, seq, 32>
  accel.linear "c" ins(%b : memref<4x?x32xf16, #accel.space<DDR>>) weight(%n) outs(%c : memref<4x?x32xf16, #accel.space<DDR>>) [128, 128]
  %d = accel.buffer "d" host output "output" channels 160 : memref<5x?x32xf16, #accel.space<DDR>>, <5, seq, 32>
  accel.linear "d" ins(%c : memref<4x?x32xf16, #accel.space<DDR>>) weight(%n) outs(%d : memref<5x?x32xf16, #accel.space<DDR>>) [128, 160]
  return
}
}

// -----

// The arena starts behind the last layer of the last object in DDR.

module attributes {accel.device = "edgellm-20241128", llm.max_tokens = 128 : i64} {
accel.object @n norm_weight [64] layers 3 in <DDR> at 4096 bytes 256 stride 1024
accel.object @w weight [64, 64] in <HBM> at 99999744 bytes 192 stride 0

// CHECK-LABEL: func.func @behind_objects()
// CHECK: accel.buffer "a" at 7168 bytes 16384
func.func @behind_objects() {
  %a = accel.buffer "a" host input "input" channels 64 : memref<2x?x32xf16, #accel.space<DDR>>, <2, seq, 32>
  return
}
}

// -----

// A buffer is as large as any call makes it: never with seq and past both at
// their largest.

module attributes {accel.device = "edgellm-20241128", llm.max_tokens = 2048 : i64} {

// CHECK-LABEL: func.func @sizes()
// CHECK: accel.buffer "scores" at {{[0-9]+}} bytes 268435456 live
// CHECK: accel.buffer "hidden" at {{[0-9]+}} bytes 16777216 live
// CHECK: accel.buffer "last" at {{[0-9]+}} bytes 8192 live
// CHECK: accel.buffer "earlier" at {{[0-9]+}} bytes 131008 live
// CHECK: accel.buffer "token" at {{[0-9]+}} bytes 64 live
func.func @sizes() {
  %0 = accel.buffer "scores" host input "input0" channels 32 : memref<?x?x32xf16, #accel.space<DDR>>, <((seq + past) ceildiv 32) * 32, seq, 32>
  %1 = accel.buffer "hidden" host input "input1" channels 32 : memref<128x?x32xf16, #accel.space<DDR>>, <128, seq, 32>
  %2 = accel.buffer "last" host input "input2" channels 32 : memref<128x1x32xf16, #accel.space<DDR>>, <128, 1, 32>
  %3 = accel.buffer "earlier" host input "input3" channels 32 : memref<1x?x32xf16, #accel.space<DDR>>, <1, past, 32>
  %4 = accel.buffer "token" host token "token" channels 1 : memref<1xi32, #accel.space<DDR>>, <1>
  return
}
}

// -----

// A smaller context takes less.

module attributes {accel.device = "edgellm-20241128", llm.max_tokens = 100 : i64} {

// CHECK-LABEL: func.func @small_context()
// CHECK: accel.buffer "scores" at {{[0-9]+}} bytes 819200 live
// CHECK: accel.buffer "hidden" at {{[0-9]+}} bytes 819200 live
// CHECK: accel.buffer "last" at {{[0-9]+}} bytes 8192 live
// CHECK: accel.buffer "earlier" at {{[0-9]+}} bytes 6336 live
func.func @small_context() {
  %0 = accel.buffer "scores" host input "input0" channels 32 : memref<?x?x32xf16, #accel.space<DDR>>, <((seq + past) ceildiv 32) * 32, seq, 32>
  %1 = accel.buffer "hidden" host input "input1" channels 32 : memref<128x?x32xf16, #accel.space<DDR>>, <128, seq, 32>
  %2 = accel.buffer "last" host input "input2" channels 32 : memref<128x1x32xf16, #accel.space<DDR>>, <128, 1, 32>
  %3 = accel.buffer "earlier" host input "input3" channels 32 : memref<1x?x32xf16, #accel.space<DDR>>, <1, past, 32>
  return
}
}
