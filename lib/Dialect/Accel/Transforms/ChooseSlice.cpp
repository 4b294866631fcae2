//===- ChooseSlice.cpp - How many tokens run through tasks together -------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "StreamTasks.h"
#include "TaskCosts.h"

#include <limits>

using namespace mlir;
using namespace dlavm;
using namespace dlavm::accel;

/// What more than the cheapest slices take smaller ones may cost.
static constexpr double kTolerance = 1.0 / 16;

int64_t accel::getSliceBytes(ArrayRef<BufferOp> inner, int64_t slice,
                             const StreamOptions &options) {
  constexpr int64_t most = std::numeric_limits<int64_t>::max();
  int64_t bytes = 0;
  for (BufferOp buffer : inner) {
    SmallVector<AffineExpr> dims(buffer.getDims().getMap().getResults());
    dims[1] = getAffineConstantExpr(slice, buffer.getContext());
    const std::optional<int64_t> elements =
        llm::getMaxProduct(dims, options.maxTokens);
    if (!elements || *elements > most / 2 - bytes)
      return most;
    bytes += 2 * *elements / options.device.getMapMemory().ports;
    if (bytes < 0)
      return most;
  }
  return bytes;
}

int64_t accel::chooseSlice(ArrayRef<TaskOpInterface> tasks,
                           ArrayRef<BufferOp> inner, int64_t tokens,
                           const StreamOptions &options) {
  const int64_t limit = options.sliceBytes > 0
                            ? options.sliceBytes
                            : options.device.getMapMemory().capacity / 8;
  SmallVector<TaskCosts> costs;
  int64_t step = 1;
  for (TaskOpInterface task : tasks) {
    costs.emplace_back(task, options.device, options.maxTokens);
    if (const int64_t own = costs.back().getStep(tokens); own < tokens)
      step = std::max(step, own);
  }
  auto getCost = [&](int64_t slice) {
    double cost = 0;
    for (const TaskCosts &task : costs) {
      cost += static_cast<double>(tokens / slice) * task.get(slice);
      if (tokens % slice != 0)
        cost += task.get(tokens % slice);
    }
    return cost;
  };
  // What tasks are cut to anyway, or parts of it where that takes too much. Two
  // tokens at least: a single one would see all keys.
  constexpr int64_t least = 2;
  int64_t first = std::max(step, least);
  while (first / 2 >= least && getSliceBytes(inner, first, options) > limit)
    first /= 2;
  SmallVector<std::pair<int64_t, double>> candidates;
  for (int64_t slice = first; slice < tokens; slice *= 2)
    if (candidates.empty() || getSliceBytes(inner, slice, options) <= limit)
      candidates.push_back({slice, getCost(slice)});
  if (candidates.empty() || getSliceBytes(inner, tokens, options) <= limit)
    candidates.push_back({tokens, getCost(tokens)});
  const double cheapest =
      llvm::min_element(candidates, llvm::less_second())->second;
  return llvm::find_if(candidates,
                       [&](const auto &candidate) {
                         return candidate.second <= cheapest * (1 + kTolerance);
                       })
      ->first;
}
