// RUN: dlavm-opt %s --accel-place-buffers -split-input-file | FileCheck %s

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

// Largest first, into the smallest gap that fits: when "s" is placed, there is
// a gap of 16384 bytes where "m2" was and one of 32768 where "l2" was. First
// fit would take the latter.

module attributes {accel.device = "edgellm-20241128", llm.max_tokens = 128 : i64} {
accel.object @n norm_weight [64] in <DDR> at 0 bytes 256 stride 0

// CHECK-LABEL: func.func @best_fit()
// CHECK: accel.buffer "l1" at 1024 bytes 65536
// CHECK: accel.buffer "l2" at 66560 bytes 32768
// CHECK: accel.buffer "l3" at 99328 bytes 32768
// CHECK: accel.buffer "m1" at 132096 bytes 16384
// CHECK: accel.buffer "m2" at 148480 bytes 16384
// CHECK: accel.buffer "m3" at 164864 bytes 16384
// CHECK: accel.buffer "s" at 148480 bytes 8192
func.func @best_fit() {
  %n = accel.get_object @n : !accel.object
  %l1 = accel.buffer "l1" host input "input0" channels 256 : memref<8x?x32xf16, #accel.space<DDR>>, <8, seq, 32>
  %l2 = accel.buffer "l2" host input "input1" channels 128 : memref<4x?x32xf16, #accel.space<DDR>>, <4, seq, 32>
  %l3 = accel.buffer "l3" host input "input2" channels 128 : memref<4x?x32xf16, #accel.space<DDR>>, <4, seq, 32>
  %m1 = accel.buffer "m1" host input "input3" channels 64 : memref<2x?x32xf16, #accel.space<DDR>>, <2, seq, 32>
  %m2 = accel.buffer "m2" host input "input4" channels 64 : memref<2x?x32xf16, #accel.space<DDR>>, <2, seq, 32>
  %m3 = accel.buffer "m3" host input "input5" channels 64 : memref<2x?x32xf16, #accel.space<DDR>>, <2, seq, 32>
  // From here on l1, l3, m1 and m3 still hold something.
  %s = accel.buffer "s" : memref<1x?x32xf16, #accel.space<DDR>>, <1, seq, 32>
  accel.linear "s" ins(%m1 : memref<2x?x32xf16, #accel.space<DDR>>) weight(%n) outs(%s : memref<1x?x32xf16, #accel.space<DDR>>) [64, 32]
  accel.linear "s" ins(%l1 : memref<8x?x32xf16, #accel.space<DDR>>) weight(%n) outs(%s : memref<1x?x32xf16, #accel.space<DDR>>) [256, 32]
  accel.linear "s" ins(%l3 : memref<4x?x32xf16, #accel.space<DDR>>) weight(%n) outs(%s : memref<1x?x32xf16, #accel.space<DDR>>) [128, 32]
  accel.linear "s" ins(%m3 : memref<2x?x32xf16, #accel.space<DDR>>) weight(%n) outs(%s : memref<1x?x32xf16, #accel.space<DDR>>) [64, 32]
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
