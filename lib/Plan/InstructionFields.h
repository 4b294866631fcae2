//===- InstructionFields.h - What an object of instructions has -----------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The `with` of an object of plan.json, see assembleInstructions.
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_LIB_PLAN_INSTRUCTIONFIELDS_H
#define DLAVM_LIB_PLAN_INSTRUCTIONFIELDS_H

#include "PlanRange.h"

#include "llvm/ADT/SmallVector.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/JSON.h"

#include <limits>
#include <optional>
#include <string>
#include <vector>

namespace dlavm {

struct InstructionTask {
  std::string name;
  int64_t code = 0;
  llvm::SmallVector<int64_t> words;
  /// As many as words, or none where all are 0.
  llvm::SmallVector<int64_t, 2> steps;
  /// The first layer and the step to the next; empty outside the layers.
  llvm::SmallVector<int64_t, 2> layer;
};

struct InstructionRun {
  std::vector<InstructionTask> first, layer, last;
  int64_t layers = 0;
};

struct InstructionContent {
  int64_t blockTasks = 0, headerWords = 0;
  std::optional<int64_t> copies;
  std::vector<InstructionRun> runs;
};

template <typename IO> bool mapFields(IO &io, InstructionTask &task) {
  constexpr PlanRange code = {0, std::numeric_limits<uint8_t>::max()};
  constexpr PlanRange word = {0, std::numeric_limits<uint32_t>::max()};
  constexpr PlanRange any = {std::numeric_limits<int64_t>::min(), mostLong};
  return io.map("name", task.name) && io.map("code", task.code, code) &&
         io.map("words", task.words, word) &&
         io.mapOptional("steps", task.steps, any) &&
         io.mapOptional("layer", task.layer, any);
}

template <typename IO> bool mapFields(IO &io, InstructionRun &run) {
  return io.map("first", run.first) && io.map("layer", run.layer) &&
         io.map("layers", run.layers, anyInt) && io.map("last", run.last);
}

template <typename IO> bool mapFields(IO &io, InstructionContent &content) {
  return io.map("block_tasks", content.blockTasks, positiveInt) &&
         io.map("header_words", content.headerWords, positiveInt) &&
         io.mapOptional("copies", content.copies, PlanRange{1, 2}) &&
         io.map("runs", content.runs);
}

/// Fails, with a PlanError, where a key is missing or is none of these, and
/// where a value is not of its type or range. \p place is that of \p config in
/// \p file.
llvm::Expected<InstructionContent>
readInstructions(const llvm::json::Object &config, llvm::StringRef place,
                 llvm::StringRef file);

} // namespace dlavm

#endif // DLAVM_LIB_PLAN_INSTRUCTIONFIELDS_H
