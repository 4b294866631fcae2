//===- Passes.td - Conversions between the dialects --------*- tablegen -*-===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_CONVERSION_PASSES_TD
#define DLAVM_CONVERSION_PASSES_TD

include "mlir/Pass/PassBase.td"

def ConvertLLMToAccel : Pass<"convert-llm-to-accel", "::mlir::ModuleOp"> {
  let summary = "tensors to device buffers, ops to hardware tasks";
  let description = [{
    Gives every tensor a buffer in the device's layout and turns each op into
    the hardware task that computes it. Views (heads, the last token) become
    memref views. Parameters, tables and KV caches become objects. The function
    that the host calls keeps no maps as arguments or results: its buffers say
    what the host writes and reads.

    A task is called as the op's attribute `llm.task` says, which `llm-name-tasks`
    adds. Parameters stay, for those who make the files of the objects from them.

    Refuses, at the op, what the device has no task for or what does not fit it.
    Warns when the model's norms have another epsilon than the device's.

    ```mlir
    %y = llm.rms_norm %x, @norm epsilon 1.0e-5 {llm.task = "norm"} : tensor<1x?x4096xf16, #llm.dims<1, seq, 4096>>
    ```

    becomes

    ```mlir
    accel.object @norm_weight norm_weight [4096] from [@norm] in <DDR>
    %w = accel.get_object @norm_weight : !accel.object
    %y = accel.buffer "norm" : memref<128x?x32xf16, #accel.space<DDR>>, #llm.dims<128, seq, 32>
    accel.norm rms "norm" ins(%x : memref<128x?x32xf16, #accel.space<DDR>>) weight(%w)
      outs(%y : memref<128x?x32xf16, #accel.space<DDR>>) [4096]
    ```
  }];
  let options = [
    Option<"device", "device", "std::string", /*default=*/"\"\"",
      "The device; by default the one that the module names">,
    Option<"maxTokens", "max-tokens", "int64_t", /*default=*/"0",
      "The largest context, at most the module's; 0 keeps that">
  ];
  let statistics = [
    Statistic<"numTasks", "num-tasks", "Hardware tasks">,
    Statistic<"numObjects", "num-objects", "Weights, tables and KV caches">
  ];
  let dependentDialects = ["::dlavm::accel::AccelDialect",
    "::mlir::arith::ArithDialect", "::mlir::func::FuncDialect",
    "::mlir::memref::MemRefDialect", "::mlir::scf::SCFDialect"];
}

def ConvertAccelToCSB : Pass<"convert-accel-to-csb", "::mlir::ModuleOp"> {
  let summary = "hardware tasks to register writes";
  let description = [{
    Lets the device's encoders write the registers of every task, turns `index`
    into i32 and addresses into i64, and adds the functions of the host:
    `load_parameters`, `write_input`, `read_token`, `read_logits`. Every buffer
    and object must have its address. Sums and products that may exceed 32 bits
    are done in 64.

    ```mlir
    accel.norm rms "norm" ins(%x : memref<128x?x32xf16, #accel.space<DDR>>) weight(%w)
      outs(%y : memref<128x?x32xf16, #accel.space<DDR>>) [4096]
    ```

    becomes

    ```mlir
    csb.task "norm" "RMS norm of 4096 channels"
    csb.write @norm::@WeightAddress, %norm_weight : i64
    ...
    csb.write @norm::@Opcode, %c32 : i32
    csb.poll @norm::@Status until 1
    ```
  }];
  let options = [
    Option<"weightLoading", "weight-loading", "std::string",
      /*default=*/"\"dma\"",
      "How weights get into HBM: dma, or wt2hbm (copied by the device)">
  ];
  let statistics = [
    Statistic<"numWrites", "num-writes", "Register writes in the program">
  ];
  let dependentDialects = ["::dlavm::csb::CSBDialect",
    "::mlir::arith::ArithDialect", "::mlir::func::FuncDialect",
    "::mlir::scf::SCFDialect"];
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

    Where the number of starts depends on past, each number has blocks of its
    own, and branches take those of the call:

    ```mlir
    %is_first = arith.cmpi slt, %past, %c1024 : i32
    scf.if %is_first {
      ...
      csb.send_instructions %address from 352 words 121756
      ...
    } else {
      ...
      csb.send_instructions %address from 130176 words 125404
      ...
    }
    ```

    With `double-buffer`, the memory has all blocks twice: one buffer for the
    tokens after an even number of others, one for those after an odd number.
    The words of the next token go out while the first block of this one runs,
    into the buffer that does not run. `decode` may be called with any history:
    it asks whose words its buffer has, and sends those of its call first where
    they are others.

    ```mlir
    func.func private @send_instructions(%past: i32) {
      %buffer = arith.remsi %past, %c2 : i32
      %sent = csb.sent_instructions %buffer : i32
      %is_other = arith.cmpi ne, %sent, %past : i32
      scf.if %is_other {
        ...
        csb.send_instructions %address from %first words 478
          for %past in %buffer
      }
      return
    }
    func.func @decode(%past: i32) {
      csb.check_call %c1, %past, 64
      func.call @send_instructions(%past) : (i32) -> ()
      scf.for %block = %c0 to %c3 step %c1 : i32 {
        ...
        csb.write @blocks::@Start, %c1 : i32
        %is_first = arith.cmpi eq, %block, %c0 : i32
        scf.if %is_first {
          %has_next = arith.cmpi slt, %past, %c63 : i32
          scf.if %has_next {
            %next = arith.addi %past, %c1 : i32
            func.call @send_instructions(%next) : (i32) -> ()
          }
        }
        csb.poll @blocks::@Status until 1
      }
      return
    }
    ```

    Refuses a device without instruction blocks, a program without `decode`,
    one with more than 16 numbers of starts, tasks whose number depends on more
    than past, and words that change otherwise than by a constant from layer to
    layer.
  }];
  let options = [
    Option<"doubleBuffer", "double-buffer", "bool", "false",
           "Keep the blocks twice in the memory, so that the words of the next "
           "token go out while this one runs">
  ];
  let statistics = [
    Statistic<"numTasks", "num-tasks", "Tasks in blocks">,
    Statistic<"numBlocks", "num-blocks", "Blocks">,
    Statistic<"numChanges", "num-changes",
              "Words of a layer, or outside, that depend on past">
  ];
  let dependentDialects = ["::mlir::arith::ArithDialect",
    "::mlir::scf::SCFDialect"];
}

#endif // DLAVM_CONVERSION_PASSES_TD
