// A linear layer, and a scale and a bias that are fused into it.
//
// REQUIRES: shared
// RUN: dlavm compile %s --device=edgellm-20241128 -o %t/driver
// RUN: %python %S/../Inputs/compare_traces.py %shared/tools/check_trace.py %shared/conformance/edgellm-20241128/ops/mvm_bn %t/driver %t/trace | FileCheck %s --match-full-lines

// CHECK:      1 after 19: OK: 1 tasks, 33 events
// CHECK-NEXT: 300 after 77: OK: 3 tasks, 99 events
// CHECK-NEXT: 2 of 2 traces agree

!hidden = tensor<1x?x4096xf16, #llm.dims<1, seq, 4096>>
!output = tensor<1x?x13696xf16, #llm.dims<1, seq, 13696>>

module @mvm_bn attributes {llm.max_tokens = 2048 : i64} {
  llm.parameter @weight from "weight" : tensor<13696x4096xi4>
  llm.parameter @scale from "scale" : tensor<13696xf16>
  llm.parameter @bias from "bias" : tensor<13696xf16>
  func.func @model(%x: !hidden) -> !output {
    %y = llm.linear %x, @weight : !hidden -> !output
    %scale = llm.get_parameter @scale : tensor<13696xf16>
    %bias = llm.get_parameter @bias : tensor<13696xf16>
    %scaled = llm.mul %y, %scale : !output, tensor<13696xf16>
    %result = llm.add %scaled, %bias : !output, tensor<13696xf16>
    return %result : !output
  }
}
