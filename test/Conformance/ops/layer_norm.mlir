// A layer norm.
//
// REQUIRES: shared
// RUN: dlavm compile %s --device=edgellm-20241128 -o %t/driver
// RUN: %python %S/../Inputs/compare_traces.py %shared/tools/check_trace.py %shared/conformance/edgellm-20241128/ops/layer_norm %t/driver %t/trace | FileCheck %s --match-full-lines

// CHECK:      1 after 19: OK: 1 tasks, 17 events
// CHECK-NEXT: 300 after 77: OK: 1 tasks, 17 events
// CHECK-NEXT: 2 of 2 traces agree

!hidden = tensor<1x?x4096xf16, #llm.dims<1, seq, 4096>>

module @layer_norm attributes {llm.max_tokens = 2048 : i64} {
  llm.parameter @weight from "weight" : tensor<4096xf16>
  llm.parameter @bias from "bias" : tensor<4096xf16>
  func.func @model(%x: !hidden) -> !hidden {
    %y = llm.layer_norm %x, @weight bias @bias epsilon 1.0e-5 : !hidden
    return %y : !hidden
  }
}
