//===- Passes.td - Passes that run programs -----------------*- tablegen -*-===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_RUN_PASSES_TD
#define DLAVM_RUN_PASSES_TD

include "mlir/Pass/PassBase.td"

def VerifyPlacement : Pass<"csb-verify-placement", "::mlir::ModuleOp"> {
  let summary = "prove from register values that the placement is right";
  let description = [{
    Runs the program of register writes for a few calls (the corners, a slice
    boundary and its neighbours), works out from the registers of every start
    which bytes it touches, and reports what overlaps, what leaves its memory or
    its buffer, and registers that contradict each other. It knows nothing of
    how the planner works.

    ```
    error: 'scores' reads bytes of 'query_rope' that 'norm' overwrote ...
    ```
  }];
  let options = [
    ListOption<"lengths", "lengths", "int64_t",
      "Prompt lengths to run; the corners and slice boundaries by default">
  ];
  let statistics = [
    Statistic<"numRuns", "num-runs", "Calls that were run">,
    Statistic<"numStarts", "num-starts", "Starts that were checked">
  ];
}

#endif // DLAVM_RUN_PASSES_TD
