//===- ChooseSlice.cpp - How many tokens run through tasks together -------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A small model of what slices cost: starts of tasks, and what these read
// twice. It knows nothing of cycles.
//
//===----------------------------------------------------------------------===//

#include "StreamTasks.h"

#include "DLAVM/Encoding/Partition.h"

#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "llvm/ADT/bit.h"
#include "llvm/Support/MathExtras.h"

#include <algorithm>

using namespace mlir;
using namespace dlavm;
using namespace dlavm::accel;

/// The bytes that the memories deliver while the host writes the registers of a
/// start.
static constexpr double kStartBytes = 1 << 20;

/// What more than the cheapest slices take smaller ones may cost.
static constexpr double kTolerance = 1.0 / 16;

namespace {

/// The costs of one task.
class TaskCosts {
public:
  TaskCosts(TaskOpInterface task, const StreamOptions &options)
      : task(task), options(options) {
    for (Value operand : task->getOperands())
      if (auto object = operand.getDefiningOp<GetObjectOp>())
        objectBytes += getBytes(object);
    for (OpOperand &operand : task->getOpOperands())
      if (isa<MemRefType>(operand.get().getType()) &&
          operand.get() != getOutput(task))
        rowBytes += getRowBytes(operand.get());
  }

  /// The most tokens that a start takes, in the longest call.
  int64_t getStep(int64_t tokens) const;
  /// What starts that compute so many tokens read and take, in bytes.
  double get(int64_t tokens) const;

private:
  double getBytes(GetObjectOp object) const;
  double getRowBytes(Value map) const;
  dlavm::Partition getPartition(int64_t tokens) const {
    const TaskSupport *support = options.device.getTask(task.getTaskKind());
    return support && support->partition
               ? support->partition(task, options.device,
                                    {Word(tokens), Word(options.maxTokens)})
               : dlavm::Partition();
  }
  int64_t getSize(TaskDimension dimension, int64_t tokens) const;

  mutable TaskOpInterface task;
  const StreamOptions &options;
  double objectBytes = 0;
  /// Of what the task reads for a token.
  double rowBytes = 0;
};

} // namespace

double TaskCosts::getBytes(GetObjectOp object) const {
  auto declared = SymbolTable::lookupNearestSymbolFrom<ObjectOp>(
      object, object.getObjectAttr());
  const ObjectSupport *support =
      declared ? options.device.getObject(getObjectKind(declared.getKind()))
               : nullptr;
  if (!support)
    return 0;
  const Memory *memory = options.device.getMemory(support->memory);
  return static_cast<double>(
             support->bytes(declared.getShape(), options.device)) *
         static_cast<double>(memory ? memory->ports : 1);
}

double TaskCosts::getRowBytes(Value map) const {
  auto type = cast<MemRefType>(map.getType());
  int64_t surfaces = type.getDimSize(0);
  if (BufferOp buffer = getRoot(map); ShapedType::isDynamic(surfaces) && buffer)
    if (auto range =
            llm::getRange(buffer.getDims().getDim(0), options.maxTokens))
      surfaces = range->max;
  return static_cast<double>(surfaces) *
         static_cast<double>(options.device.getTraits().rowBytes) *
         static_cast<double>(options.device.getMapMemory().ports);
}

int64_t TaskCosts::getSize(TaskDimension dimension, int64_t tokens) const {
  if (dimension == TaskDimension::Tokens)
    return tokens;
  if (dimension == TaskDimension::Heads)
    return task.getSharedHeads().value_or(1);
  const OpFoldResult channels = task.getSharedChannels();
  // Those of scores are keys.
  return channels ? getConstantIntValue(channels).value_or(options.maxTokens)
                  : 1;
}

int64_t TaskCosts::getStep(int64_t tokens) const {
  for (const PartitionLoop &loop : getPartition(tokens).loops)
    if (loop.dimension == TaskDimension::Tokens)
      return std::clamp<int64_t>(loop.step.getMin(), 1, tokens);
  return tokens;
}

double TaskCosts::get(int64_t tokens) const {
  const dlavm::Partition partition = getPartition(tokens);
  double tokenParts = 1, channelParts = 1, otherParts = 1;
  bool sharesChannels = false;
  for (const PartitionLoop &loop : partition.loops) {
    const int64_t size = getSize(loop.dimension, tokens);
    const auto parts = static_cast<double>(
        llvm::divideCeil(size, std::max<int64_t>(loop.step.getMin(), 1)));
    if (loop.dimension == TaskDimension::Tokens)
      tokenParts = parts;
    else if (loop.dimension == TaskDimension::OutputChannels)
      channelParts = parts;
    else
      otherParts *= parts;
    sharesChannels |= loop.dimension == TaskDimension::OutputChannels;
  }
  bool isTokenInnermost =
      !partition.loops.empty() &&
      partition.loops.back().dimension == TaskDimension::Tokens;
  if (const auto &order = partition.isListedOrder)
    if (order->first.getMin() >= order->second.getMin())
      isTokenInnermost = !isTokenInnermost;
  // The innermost loop leaves on the chip what it does not cut.
  double objectReads = 1, inputReads = 1;
  if (sharesChannels && isTokenInnermost)
    inputReads = channelParts;
  else
    objectReads = tokenParts;
  double starts = tokenParts * channelParts * otherParts;
  if (partition.takesOneKVHead)
    starts *= static_cast<double>(task.getSharedHeads().value_or(1));
  return starts * kStartBytes + objectReads * objectBytes +
         inputReads * rowBytes * static_cast<double>(tokens);
}

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
    costs.emplace_back(task, options);
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
