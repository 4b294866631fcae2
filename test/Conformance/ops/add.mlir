// A sum of two maps by the element-wise unit.
//
// REQUIRES: shared
// RUN: dlavm compile %s --device=edgellm-20241128 -o %t/driver
// RUN: %python %S/../Inputs/compare_traces.py %shared/tools/check_trace.py %shared/conformance/edgellm-20241128/ops/add %t/driver %t/trace | FileCheck %s --match-full-lines

// CHECK:      1 after 19: OK: 1 tasks, 14 events
// CHECK-NEXT: 300 after 77: OK: 1 tasks, 14 events
// CHECK-NEXT: 2 of 2 traces agree

!hidden = tensor<1x?x4096xf16, #llm.dims<1, seq, 4096>>

module @add attributes {llm.max_tokens = 2048 : i64} {
  func.func @model(%x: !hidden, %y: !hidden) -> !hidden {
    %z = llm.add %x, %y : !hidden
    return %z : !hidden
  }
}
