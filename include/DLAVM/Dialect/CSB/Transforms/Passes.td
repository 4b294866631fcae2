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

def EliminateRedundantWrites
    : Pass<"csb-eliminate-redundant-writes", "::mlir::ModuleOp"> {
  let summary = "write no register that holds the value already";
  let description = [{
    Follows the values of the registers that keep them (`keeps_value`), from the
    functions that the host calls through loops, branches and calls, and erases
    writes of what a register holds already: the same constant, address or
    value, or the same sum or product of such. Which one it is does not matter,
    only whether it changed: the number of an iteration has, when the next one
    begins. What a register holds when the host calls a function, nobody knows.

    ```mlir
    csb.write @mvm::@Rows, %c1 : i32
    csb.write @mvm::@Width, %seq : i32
    csb.write @mvm::@Mode, %plain : i32
    csb.poll @mvm::@Status until 1
    csb.write @mvm::@Rows, %c1 : i32
    csb.write @mvm::@Width, %c1 : i32
    csb.write @mvm::@Mode, %plain : i32
    ```

    becomes

    ```mlir
    csb.write @mvm::@Rows, %c1 : i32
    csb.write @mvm::@Width, %seq : i32
    csb.write @mvm::@Mode, %plain : i32
    csb.poll @mvm::@Status until 1
    csb.write @mvm::@Width, %c1 : i32
    csb.write @mvm::@Mode, %plain : i32
    ```

    where `@Mode`, which starts the task, keeps nothing.

    What each iteration of a loop writes first to a register, and what the
    register holds again at its end, is written before the loop instead, if no
    task runs there, no start of the iteration needs the register before, and
    there is an iteration:

    ```mlir
    scf.for %layer = %c0 to %c28 step %c1 : i32 {
      func.call @run_layer(%layer, %seq) : (i32, i32) -> ()
    }
    ```

    becomes, where a layer begins and ends with the same width,

    ```mlir
    csb.write @norm::@Width, %seq : i32
    scf.for %layer = %c0 to %c28 step %c1 : i32 {
      func.call @run_layer(%layer, %seq) : (i32, i32) -> ()
    }
    ```

    So the function of a layer stays one, and no loop is peeled.
  }];
  let statistics = [
    Statistic<"numErased", "num-erased", "Writes that changed no register">,
    Statistic<"numHoisted", "num-hoisted", "Writes that stand before a loop now">
  ];
  let dependentDialects = ["::mlir::arith::ArithDialect"];
}

#endif // DLAVM_DIALECT_CSB_TRANSFORMS_PASSES_TD
