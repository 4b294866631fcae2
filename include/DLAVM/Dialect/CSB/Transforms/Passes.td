//===- Passes.td - Passes of the csb dialect ---------------*- tablegen -*-===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_DIALECT_CSB_TRANSFORMS_PASSES_TD
#define DLAVM_DIALECT_CSB_TRANSFORMS_PASSES_TD

include "mlir/Pass/PassBase.td"

def InsertSteps : Pass<"csb-insert-steps", "::mlir::ModuleOp"> {
  let summary = "let the driver say when a task has ended";
  let description = [{
    Puts a `csb.step` after the poll that ends a task.

    ```mlir
    csb.task "norm"[%layer] "RMS norm of 4096 channels"
    csb.write @norm::@Opcode, %c : i32
    csb.poll @norm::@Status until 1
    csb.step "norm"[%layer]
    ```
  }];
  let statistics = [Statistic<"numSteps", "num-steps", "Steps inserted">];
}

#endif // DLAVM_DIALECT_CSB_TRANSFORMS_PASSES_TD
