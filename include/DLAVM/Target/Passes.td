//===- Passes.td - Passes of Target ------------------------*- tablegen -*-===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_TARGET_PASSES_TD
#define DLAVM_TARGET_PASSES_TD

include "mlir/Pass/PassBase.td"

def PrepareEmission : Pass<"csb-prepare-emission", "::mlir::ModuleOp"> {
  let summary = "decide names and expression trees of the driver source";
  let description = [{
    Gives everything that the driver source names an identifier, unique where it
    is visible: an attribute `csb.name` at symbols, functions and ops, and
    `csb.arg_names` for the arguments of functions. Symbols and functions are
    called as in the module; a value or an argument has the name that it has
    already, or else that of its location. A value that is used once, in the
    block that computes it, or that is a constant gets no name: it is printed
    where it is used. A condition keeps its name, which says why a branch is
    taken. Erases arithmetic that nothing uses. Reports, at its place, what the
    driver source cannot express: other ops, values that are not i32 or i64,
    functions without a body or that call themselves, texts that need escapes.

    ```mlir
    // Before.
    %line = arith.muli %seq, %c64 : i32 loc("line_stride")
    // After.
    %line = arith.muli %seq, %c64 {csb.name = "line_stride"} : i32
    ```
  }];
  let statistics = [
    Statistic<"numNamed", "num-named", "Values that get a name">,
    Statistic<"numInlined", "num-inlined", "Values that are printed where they are used">
  ];
}

#endif // DLAVM_TARGET_PASSES_TD
