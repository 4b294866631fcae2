// A linear layer and a residual, llm.mul, that is fused into it.
//
// REQUIRES: shared
// RUN: dlavm compile %s --device=edgellm-20241128 -o %t/driver
// RUN: %python %S/../Inputs/compare_traces.py %shared/tools/check_trace.py %shared/conformance/edgellm-20241128/ops/mvm_bn_res_mul %t/driver %t/trace | FileCheck %s --match-full-lines

// CHECK:      1 after 19: OK: 1 tasks, 33 events
// CHECK-NEXT: 300 after 77: OK: 3 tasks, 99 events
// CHECK-NEXT: 2 of 2 traces agree

!hidden = tensor<1x?x4096xf16, #llm.dims<1, seq, 4096>>

module @mvm_bn_res_mul attributes {llm.max_tokens = 2048 : i64} {
  llm.parameter @weight from "weight" : tensor<4096x4096xi4>
  llm.parameter @scale from "scale" : tensor<4096xf16>
  llm.parameter @bias from "bias" : tensor<4096xf16>
  func.func @model(%x: !hidden, %residual: !hidden) -> !hidden {
    %y = llm.linear %x, @weight scale @scale bias @bias : !hidden -> !hidden
    %result = llm.mul %y, %residual : !hidden
    return %result : !hidden
  }
}
