// RUN: dlavm-opt %s --verify-roundtrip | FileCheck %s
// RUN: dlavm-opt %s -mlir-print-op-generic | dlavm-opt | FileCheck %s
// RUN: dlavm-opt %s --llm-name-tasks | FileCheck %s --check-prefix=NAMES

// CHECK: llm.parameter @weight from "layers.{layer}.conv" layers 2 kernel [3, 5] : tensor<16x120xi4>
llm.parameter @weight from "layers.{layer}.conv" layers 2 kernel [3, 5] : tensor<16x120xi4>
llm.parameter @scale splat 1.0 layers 2 : tensor<16xf16>
llm.parameter @bias splat 0.0 layers 2 : tensor<16xf16>
// Rows and columns come in this order already.
llm.parameter @other from "other" : tensor<16x120xi4>
llm.parameter @other_scale splat 1.0 : tensor<16xf16>
llm.parameter @other_bias splat 0.0 : tensor<16xf16>

// CHECK-LABEL: func.func private @layer
func.func private @layer(%layer: index, %x: tensor<1x80x8xf16>) -> tensor<1x24x16xf16> {
  // CHECK: llm.conv2d %{{.*}}, @weight[%{{.*}}] scale @scale bias @bias relu window <8 x 10, kernel 3 x 5, strides 2 x 1, padding 1 x 0> : tensor<1x80x8xf16> -> tensor<1x24x16xf16>
  // NAMES: llm.conv2d {{.*}} {llm.task = "weight"}
  %y = llm.conv2d %x, @weight[%layer] scale @scale bias @bias relu
    window <8 x 10, kernel 3 x 5, strides 2 x 1, padding 1 x 0> : tensor<1x80x8xf16> -> tensor<1x24x16xf16>
  return %y : tensor<1x24x16xf16>
}

// CHECK-LABEL: func.func @model
func.func @model(%x: tensor<1x80x8xf16>) -> tensor<1x36x16xf16> {
  // CHECK: llm.conv2d %{{.*}}, @other scale @other_scale bias @other_bias window <8 x 10, kernel 3 x 5, strides 1 x 1, padding 0 x 0> : tensor<1x80x8xf16> -> tensor<1x36x16xf16>
  %y = llm.conv2d %x, @other scale @other_scale bias @other_bias
    window <8 x 10, kernel 3 x 5, strides 1 x 1, padding 0 x 0> : tensor<1x80x8xf16> -> tensor<1x36x16xf16>
  return %y : tensor<1x36x16xf16>
}

// CHECK-LABEL: func.func private @patches
func.func private @patches(%x: tensor<1x24x3xf16>) -> tensor<1x4x18xf16> {
  // CHECK: llm.cut_patches %{{.*}} window <4 x 6, kernel 2 x 3, strides 2 x 3, padding 0 x 0> : tensor<1x24x3xf16> -> tensor<1x4x18xf16>
  %p = llm.cut_patches %x window <4 x 6, kernel 2 x 3, strides 2 x 3, padding 0 x 0> : tensor<1x24x3xf16> -> tensor<1x4x18xf16>
  return %p : tensor<1x4x18xf16>
}
