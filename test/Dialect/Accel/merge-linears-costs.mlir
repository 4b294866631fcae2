// RUN: dlavm-opt %s --accel-merge-linears | FileCheck %s
// RUN: dlavm-opt %s --accel-merge-linears=always=true | FileCheck %s --check-prefix=ALWAYS

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
