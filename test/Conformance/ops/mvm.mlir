// A linear layer without scale and bias.
//
// REQUIRES: shared
// RUN: dlavm compile %s --device=edgellm-20241128 -o %t/driver
// RUN: %python %S/../Inputs/compare_traces.py %shared/tools/check_trace.py %shared/conformance/edgellm-20241128/ops/mvm %t/driver %t/trace | FileCheck %s --match-full-lines

// CHECK:      1 after 19: OK: 1 tasks, 33 events
// CHECK-NEXT: 300 after 77: OK: 3 tasks, 99 events
// CHECK-NEXT: 2 of 2 traces agree

!hidden = tensor<1x?x4096xf16, #llm.dims<1, seq, 4096>>
!output = tensor<1x?x256xf16, #llm.dims<1, seq, 256>>

module @mvm_op attributes {llm.max_tokens = 2048 : i64} {
  llm.parameter @weight from "weight" : tensor<256x4096xi4>
  func.func @model(%x: !hidden) -> !output {
    %y = llm.linear %x, @weight : !hidden -> !output
    return %y : !output
  }
}
