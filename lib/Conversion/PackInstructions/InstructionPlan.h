//===- InstructionPlan.h - Which task stands in which block -------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_LIB_CONVERSION_PACKINSTRUCTIONS_INSTRUCTIONPLAN_H
#define DLAVM_LIB_CONVERSION_PACKINSTRUCTIONS_INSTRUCTIONPLAN_H

#include "ProgramValues.h"

#include "DLAVM/Device/DeviceInfo.h"

#include <vector>

namespace dlavm::csb {

/// A task of a block.
struct PackedTask {
  TaskOp op;
  /// Of the layer, where the op stands in one.
  std::optional<LayerValue> number;
  TaskInstruction form;
  /// Of the tasks before it in its part of the run.
  int64_t beatsBefore = 0;
  /// As many as its beats hold.
  llvm::SmallVector<LayerValue, 32> words;
  /// The words that change with past.
  llvm::SmallVector<std::pair<int64_t, mlir::Value>, 4> changes;
};

/// Tasks one after the other, in blocks of their own: some, those of each
/// layer, some more. Task `first.size() + k * layer.size() + i` is number i of
/// layer k.
struct InstructionRun {
  llvm::SmallVector<PackedTask, 0> first, layer, last;
  mlir::scf::ForOp loop;
  int64_t layers = 0;
  /// Of its first block, from the beginning of all.
  int64_t firstWord = 0;

  int64_t getTasks() const {
    return first.size() + layers * layer.size() + last.size();
  }
};

/// What decode does, in order: a run of blocks or a start by direct writes.
struct InstructionStep {
  std::optional<InstructionRun> run;
  std::optional<TaskStart> direct;
};

/// What decode does for the histories of a flat program.
struct InstructionVariant {
  FlatProgram program;
  ProgramValues values;
  llvm::SmallVector<InstructionStep, 0> steps;
};

/// The blocks of all variants, one behind the other; all of it once, or once
/// for even and once for odd histories.
struct InstructionPlan {
  InstructionBlocks blocks;
  std::vector<InstructionVariant> variants;
  /// Of a copy.
  int64_t words = 0;
  int64_t copies = 1;

  int64_t getBeatWords() const { return blocks.beatBytes / 4; }
  int64_t getHeaderWords() const { return blocks.headerBytes / 4; }
  int64_t getBlocks(const InstructionRun &run) const {
    return llvm::divideCeil(run.getTasks(), blocks.maxTasks);
  }
};

/// The beats of all tasks.
int64_t getBeats(llvm::ArrayRef<PackedTask> tasks);

/// Emits an error at a task of a layer that has no code, at a value that no
/// block can hold, and where a program has no task with a code.
mlir::FailureOr<InstructionPlan>
planInstructions(llvm::SmallVector<FlatProgram> programs,
                 const DeviceInfo &device, mlir::SymbolTable &symbols,
                 int64_t copies);

} // namespace dlavm::csb

#endif // DLAVM_LIB_CONVERSION_PACKINSTRUCTIONS_INSTRUCTIONPLAN_H
