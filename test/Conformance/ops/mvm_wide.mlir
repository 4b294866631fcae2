// A linear layer of many input channels, in short slices.
//
// REQUIRES: shared
// RUN: dlavm compile %s --device=edgellm-20241128 -o %t/driver
// RUN: %python %S/../Inputs/compare_traces.py %shared/tools/check_trace.py %shared/conformance/edgellm-20241128/ops/mvm_wide %t/driver %t/trace | FileCheck %s --match-full-lines

// CHECK:      1 after 19: OK: 1 tasks, 33 events
// CHECK-NEXT: 300 after 77: OK: 8 tasks, 264 events
// CHECK-NEXT: 2 of 2 traces agree

!input = tensor<1x?x13696xf16, #llm.dims<1, seq, 13696>>
!output = tensor<1x?x4096xf16, #llm.dims<1, seq, 4096>>

module @mvm_wide attributes {llm.max_tokens = 2048 : i64} {
  llm.parameter @weight from "weight" : tensor<4096x13696xi4>
  func.func @model(%x: !input) -> !output {
    %y = llm.linear %x, @weight : !input -> !output
    return %y : !output
  }
}
