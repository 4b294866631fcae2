// An RMS norm of the last token only.
//
// REQUIRES: shared
// RUN: dlavm compile %s --device=edgellm-20241128 -o %t/driver
// RUN: %python %S/../Inputs/compare_traces.py %shared/tools/check_trace.py %shared/conformance/edgellm-20241128/ops/rms_norm_last %t/driver %t/trace | FileCheck %s --match-full-lines

// CHECK:      1 after 19: OK: 1 tasks, 17 events
// CHECK-NEXT: 300 after 77: OK: 1 tasks, 17 events
// CHECK-NEXT: 2 of 2 traces agree

!hidden = tensor<1x?x4096xf16, #llm.dims<1, seq, 4096>>
!last = tensor<1x1x4096xf16>

module @rms_norm_last attributes {llm.max_tokens = 2048 : i64} {
  llm.parameter @weight from "weight" : tensor<4096xf16>
  func.func @model(%x: !hidden) -> !last {
    %last = llm.last_token %x : !hidden
    %y = llm.rms_norm %last, @weight epsilon 1.0e-5 : !last
    return %y : !last
  }
}
