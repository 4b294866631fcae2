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

def PrepareEmission : Pass<"csb-prepare-emission", "::mlir::ModuleOp"> {
  let summary = "decide names and expression trees of the driver source";
  let description = [{
    Gives everything that the driver source names an identifier, unique where it
    is visible: an attribute `csb.name` at symbols, functions and ops, and
    `csb.arg_names` for the arguments of functions. A value that is used once,
    in the block that computes it, or that is a constant gets no name: it is
    printed where it is used. Erases arithmetic that nothing uses. Reports, at
    its place, what the driver source cannot express: other ops, values that are
    not i32 or i64, functions without a body or that call themselves, texts that
    need escapes.

    ```mlir
    %line = arith.muli %seq, %c64 {csb.name = "line_stride"} : i32
    ```
  }];
  let statistics = [
    Statistic<"numNamed", "num-named", "Values that get a name">,
    Statistic<"numInlined", "num-inlined", "Values that are printed where they are used">
  ];
}

#endif // DLAVM_DIALECT_CSB_TRANSFORMS_PASSES_TD
