//===- Times.cpp - What --time-steps has written --------------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DLAVM/Estimate/Estimate.h"

#include "llvm/ADT/StringExtras.h"

#include <cmath>

using namespace dlavm;
using llvm::StringRef;

static constexpr StringRef columns =
    "call,seq,past,layer,task,starts,microseconds";

/// More than a task of the largest context has.
static constexpr int64_t mostStarts = 1000000000;

static std::optional<MeasuredTask> parseLine(StringRef line) {
  llvm::SmallVector<StringRef, 7> fields;
  line.split(fields, ',');
  MeasuredTask task;
  if (fields.size() != 7 || fields[0].getAsInteger(10, task.call) ||
      fields[1].getAsInteger(10, task.seq) ||
      fields[2].getAsInteger(10, task.past) ||
      fields[3].getAsInteger(10, task.layer) || fields[4].empty() ||
      fields[5].getAsInteger(10, task.starts) ||
      fields[6].getAsDouble(task.microseconds) || task.starts < 0 ||
      task.starts > mostStarts || task.microseconds < 0 ||
      !std::isfinite(task.microseconds))
    return std::nullopt;
  task.task = fields[4].str();
  return task;
}

llvm::Expected<std::vector<MeasuredTask>> dlavm::parseTimes(StringRef text) {
  std::vector<MeasuredTask> tasks;
  llvm::SmallVector<StringRef> lines;
  text.split(lines, '\n');
  for (const auto &[i, line] : llvm::enumerate(lines)) {
    const StringRef trimmed = line.trim();
    const bool isEnd = i + 1 == lines.size() && trimmed.empty();
    if (i == 0 ? trimmed == columns : isEnd)
      continue;
    std::optional<MeasuredTask> task =
        i == 0 ? std::nullopt : parseLine(trimmed);
    if (!task)
      return llvm::createStringError(
          llvm::Twine("line ") + llvm::Twine(i + 1) + " is '" +
          trimmed.take_front(80) + "', but dlavm run --time-steps writes " +
          (i == 0 ? "the columns " : "a line of ") + columns);
    tasks.push_back(std::move(*task));
  }
  if (tasks.empty())
    return llvm::createStringError("there is no time of a task in it");
  return tasks;
}
