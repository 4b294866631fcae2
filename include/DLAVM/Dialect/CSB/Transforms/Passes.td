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

def PackInstructions : Pass<"csb-pack-instructions", "::mlir::ModuleOp"> {
  let summary = "decode from instruction blocks in the memory of the device";
  let description = [{
    The tasks of `decode` stand in blocks that the device reads by itself, as
    many in each as it takes; a block goes on from one layer to the next. What
    is in the blocks becomes an object, whose file `dlavm pack` writes and
    `load_parameters` loads. For each token the driver changes the words that
    depend on past in its copy, sends them in one transfer, and starts the
    blocks one after the other. Tasks that have no code in blocks are started by
    direct writes, as before.

    ```mlir
    func.func @decode(%past: i32) {
      csb.check_call %c1, %past, 64
      scf.for %layer = %c0 to %c28 step %c1 : i32 {
        csb.task "query_rope"[%layer] "rotary embedding of 32 heads" to @rope
        csb.write @pos_emb::@InputAddress, %query : i64
        csb.write @pos_emb::@Past, %past : i32
        csb.write @pos_emb::@Opcode, %c4 : i32
        csb.poll @pos_emb::@Status until 1
      } {llm.layer_loop}
      return
    }
    ```

    becomes, with blocks of 12 tasks,

    ```mlir
    func.func @decode(%past: i32) {
      csb.check_call %c1, %past, 64
      scf.for %layer = %c0 to %c28 step %c1 : i32 {
        %headers = arith.divsi %layer, %c12 : i32
        ...
        csb.set_instruction %word, %past : i32
      } {llm.layer_loop}
      csb.send_instructions %address from 16 words 478
      scf.for %block = %c0 to %c3 step %c1 : i32 {
        ...
        csb.write @blocks::@Address, %block_address : i64
        csb.write @blocks::@Beats, %beats : i32
        csb.write @blocks::@Tasks, %tasks : i32
        csb.write @blocks::@Start, %c1 : i32
        csb.poll @blocks::@Status until 1
      }
      return
    }
    ```

    Neither the driver nor the module grows with the layers: the beats before a
    task are those of the whole layers before it and a number of the table
    `@task_beats`.

    Refuses a device without instruction blocks, a program without `decode`,
    tasks whose number depends on past, and words that change otherwise than by
    a constant from layer to layer.
  }];
  let statistics = [
    Statistic<"numTasks", "num-tasks", "Tasks in blocks">,
    Statistic<"numBlocks", "num-blocks", "Blocks">,
    Statistic<"numChanges", "num-changes",
              "Words of a layer, or outside, that depend on past">
  ];
  let dependentDialects = ["::mlir::arith::ArithDialect"];
}

#endif // DLAVM_DIALECT_CSB_TRANSFORMS_PASSES_TD
