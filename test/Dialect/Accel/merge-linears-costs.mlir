// RUN: dlavm-opt %s --accel-merge-linears -split-input-file | FileCheck %s
// RUN: dlavm-opt %s --accel-merge-linears=always=true -split-input-file | FileCheck %s --check-prefix=ALWAYS

// A start takes 1024 of 4096 channels on this device, so that one layer of 8192
// has as many starts as two of 4096.
module attributes {accel.device = "ohbm-20250407", llm.max_tokens = 512 : i64} {
llm.parameter @a from "a" : tensor<4096x4096xi4>
llm.parameter @b from "b" : tensor<4096x4096xi4>
llm.parameter @c from "c" : tensor<512x4096xi4>
llm.parameter @d from "d" : tensor<512x4096xi4>
accel.object @a_weight weight [4096, 4096] from [@a] in <HBM>
accel.object @b_weight weight [4096, 4096] from [@b] in <HBM>
accel.object @c_weight weight [512, 4096] from [@c] in <HBM>
accel.object @d_weight weight [512, 4096] from [@d] in <HBM>

// CHECK-LABEL:  func.func @full_starts(
// CHECK:          accel.linear "a"
// CHECK:          accel.linear "b"
// ALWAYS-LABEL: func.func @full_starts(
// ALWAYS:         accel.linear "a_b"
func.func @full_starts() {
  %n = accel.buffer "m" : memref<8x?x512xf16, #accel.space<HBM>>, <8, seq, 512>
  %a = accel.buffer "a" : memref<8x?x512xf16, #accel.space<HBM>>, <8, seq, 512>
  %wa = accel.get_object @a_weight : !accel.object
  accel.linear "a" ins(%n : memref<8x?x512xf16, #accel.space<HBM>>) weight(%wa) outs(%a : memref<8x?x512xf16, #accel.space<HBM>>) [4096, 4096]
  %b = accel.buffer "b" : memref<8x?x512xf16, #accel.space<HBM>>, <8, seq, 512>
  %wb = accel.get_object @b_weight : !accel.object
  accel.linear "b" ins(%n : memref<8x?x512xf16, #accel.space<HBM>>) weight(%wb) outs(%b : memref<8x?x512xf16, #accel.space<HBM>>) [4096, 4096]
  return
}

// Two halves of a start become one.
// CHECK-LABEL:  func.func @half_starts(
// CHECK:          accel.linear "c_d"
// ALWAYS-LABEL: func.func @half_starts(
// ALWAYS:         accel.linear "c_d"
func.func @half_starts() {
  %n = accel.buffer "n" : memref<8x?x512xf16, #accel.space<HBM>>, <8, seq, 512>
  %c = accel.buffer "c" : memref<1x?x512xf16, #accel.space<HBM>>, <1, seq, 512>
  %wc = accel.get_object @c_weight : !accel.object
  accel.linear "c" ins(%n : memref<8x?x512xf16, #accel.space<HBM>>) weight(%wc) outs(%c : memref<1x?x512xf16, #accel.space<HBM>>) [4096, 512]
  %d = accel.buffer "d" : memref<1x?x512xf16, #accel.space<HBM>>, <1, seq, 512>
  %wd = accel.get_object @d_weight : !accel.object
  accel.linear "d" ins(%n : memref<8x?x512xf16, #accel.space<HBM>>) weight(%wd) outs(%d : memref<1x?x512xf16, #accel.space<HBM>>) [4096, 512]
  return
}
}

// -----

// One start of 12 less is just enough, one of 13 too little: what the layers
// write, one layer writes as well.
module attributes {accel.device = "ohbm-v80-20250326", llm.max_tokens = 512 : i64} {
llm.parameter @e from "e" : tensor<512x4096xi4>
llm.parameter @f from "f" : tensor<10752x4096xi4>
llm.parameter @g from "g" : tensor<512x4096xi4>
llm.parameter @h from "h" : tensor<11776x4096xi4>
accel.object @e_weight weight [512, 4096] from [@e] in <HBM>
accel.object @f_weight weight [10752, 4096] from [@f] in <HBM>
accel.object @g_weight weight [512, 4096] from [@g] in <HBM>
accel.object @h_weight weight [11776, 4096] from [@h] in <HBM>

// CHECK-LABEL:  func.func @enough(
// CHECK:          accel.linear "e_f"
// ALWAYS-LABEL: func.func @enough(
// ALWAYS:         accel.linear "e_f"
func.func @enough() {
  %n = accel.buffer "enough_input" : memref<32x?x128xf16, #accel.space<HBM>>, <32, seq, 128>
  %e = accel.buffer "e" : memref<4x?x128xf16, #accel.space<HBM>>, <4, seq, 128>
  %we = accel.get_object @e_weight : !accel.object
  accel.linear "e" ins(%n : memref<32x?x128xf16, #accel.space<HBM>>) weight(%we) outs(%e : memref<4x?x128xf16, #accel.space<HBM>>) [4096, 512]
  %f = accel.buffer "f" : memref<84x?x128xf16, #accel.space<HBM>>, <84, seq, 128>
  %wf = accel.get_object @f_weight : !accel.object
  accel.linear "f" ins(%n : memref<32x?x128xf16, #accel.space<HBM>>) weight(%wf) outs(%f : memref<84x?x128xf16, #accel.space<HBM>>) [4096, 10752]
  return
}

// CHECK-LABEL:  func.func @too_little(
// CHECK:          accel.linear "g"
// CHECK:          accel.linear "h"
// ALWAYS-LABEL: func.func @too_little(
// ALWAYS:         accel.linear "g_h"
func.func @too_little() {
  %n = accel.buffer "too_little_input" : memref<32x?x128xf16, #accel.space<HBM>>, <32, seq, 128>
  %g = accel.buffer "g" : memref<4x?x128xf16, #accel.space<HBM>>, <4, seq, 128>
  %wg = accel.get_object @g_weight : !accel.object
  accel.linear "g" ins(%n : memref<32x?x128xf16, #accel.space<HBM>>) weight(%wg) outs(%g : memref<4x?x128xf16, #accel.space<HBM>>) [4096, 512]
  %h = accel.buffer "h" : memref<92x?x128xf16, #accel.space<HBM>>, <92, seq, 128>
  %wh = accel.get_object @h_weight : !accel.object
  accel.linear "h" ins(%n : memref<32x?x128xf16, #accel.space<HBM>>) weight(%wh) outs(%h : memref<92x?x128xf16, #accel.space<HBM>>) [4096, 11776]
  return
}
}
