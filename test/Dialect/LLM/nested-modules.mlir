// The passes of the llm level look for parameters in the module that they run
// on.

// RUN: not dlavm-opt --llm-fuse-scale-bias %s 2>&1 | FileCheck %s
// RUN: not dlavm-opt --llm-pad-heads=head-channels=128 %s 2>&1 | FileCheck %s
// RUN: not dlavm-opt --llm-interleave-rope %s 2>&1 | FileCheck %s
// CHECK: nested-modules.mlir:[[#@LINE+3]]:1: error: 'builtin.module' op stands in a module of the llm level, which has its parameters and functions in itself

#map = #llm.dims<1, seq, 64>
module {
  llm.parameter @weight from "weight" : tensor<64x64xi4>
  llm.parameter @bias from "bias" : tensor<64xf16>
  func.func @f(%x: tensor<1x?x64xf16, #map>) -> tensor<1x?x64xf16, #map> {
    %0 = llm.linear %x, @weight : tensor<1x?x64xf16, #map> -> tensor<1x?x64xf16, #map>
    %1 = llm.get_parameter @bias : tensor<64xf16>
    %2 = llm.add %0, %1 : tensor<1x?x64xf16, #map>, tensor<64xf16>
    return %2 : tensor<1x?x64xf16, #map>
  }
}
llm.parameter @other from "other" : tensor<64xf16>
