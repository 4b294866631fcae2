//===- TaskCosts.cpp - What a task costs ----------------------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "TaskCosts.h"

#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "llvm/Support/MathExtras.h"

#include <algorithm>

using namespace mlir;
using namespace dlavm;
using namespace dlavm::accel;

/// Seconds that an access to a register takes the host. No document says it.
static constexpr double kAccessTime = 150e-9;

/// Cycles of a product with FP16 numbers for one with INT4 weights of its size.
static constexpr double kHalfCycles = 4;

TaskCosts::TaskCosts(TaskOpInterface task, const DeviceInfo &device,
                     int64_t maxTokens)
    : task(task), device(device), maxTokens(maxTokens),
      rates(device.getRates()) {
  auto destination = cast<DestinationStyleOpInterface>(task.getOperation());
  for (auto [i, input] : llvm::enumerate(destination.getDpsInputs()))
    if (isa<MemRefType>(input.getType()))
      (i == 0 ? inputBytes : outputBytes) += getRowBytes(input);
  join(task);
  // And a poll.
  if (const TaskSupport *support = device.getTask(task.getTaskKind()))
    accesses +=
        llvm::count_if(support->registers.getRegisters(),
                       [](const Register &reg) { return isWritten(reg.role); });
}

void TaskCosts::join(TaskOpInterface other) {
  for (Value operand : other->getOperands())
    if (auto object = operand.getDefiningOp<GetObjectOp>())
      addObject(object);
  auto destination = cast<DestinationStyleOpInterface>(other.getOperation());
  for (Value output : destination.getDpsInits())
    if (isa<MemRefType>(output.getType()))
      outputBytes += getRowBytes(output);
}

/// Whether the inner loop is the one over tokens, in a call of known counts.
static bool isTokenInnermost(const dlavm::Partition &partition) {
  const bool isListed =
      !partition.isListedOrder || partition.isListedOrder->first.getMin() <
                                      partition.isListedOrder->second.getMin();
  return !partition.loops.empty() && (partition.loops.back().dimension ==
                                      TaskDimension::Tokens) == isListed;
}

dlavm::Partition TaskCosts::getPartition(int64_t tokens) const {
  const TaskSupport *support = device.getTask(task.getTaskKind());
  return support && support->partition
             ? support->partition(task, device, {Word(tokens), Word(maxTokens)})
             : dlavm::Partition();
}

void TaskCosts::addObject(GetObjectOp object) {
  auto declared = SymbolTable::lookupNearestSymbolFrom<ObjectOp>(
      object, object.getObjectAttr());
  if (!declared)
    return;
  const ObjectKind kind = getObjectKind(declared.getKind());
  const ObjectSupport *support = device.getObject(kind);
  const Memory *memory = support ? device.getMemory(support->memory) : nullptr;
  if (memory)
    objects.push_back(
        {memory,
         static_cast<double>(support->bytes(declared.getShape(), device)) *
             static_cast<double>(memory->ports),
         kind == ObjectKind::Weight});
}

double TaskCosts::getRowBytes(Value map) const {
  auto type = cast<MemRefType>(map.getType());
  int64_t surfaces = type.getDimSize(0);
  if (BufferOp buffer = getRoot(map); ShapedType::isDynamic(surfaces) && buffer)
    if (auto range = llm::getRange(buffer.getDims().getDim(0), maxTokens))
      surfaces = range->max;
  return static_cast<double>(surfaces) *
         static_cast<double>(device.getTraits().rowBytes) *
         static_cast<double>(device.getMapMemory().ports);
}

int64_t TaskCosts::getSize(TaskDimension dimension, int64_t tokens) const {
  if (dimension == TaskDimension::Tokens)
    return tokens;
  if (dimension == TaskDimension::Heads)
    return task.getSharedHeads().value_or(1);
  const OpFoldResult channels = task.getSharedChannels();
  // Those of scores are keys.
  return channels ? getConstantIntValue(channels).value_or(maxTokens) : 1;
}

int64_t TaskCosts::getStep(int64_t tokens) const {
  for (const PartitionLoop &loop : getPartition(tokens).loops)
    if (loop.dimension == TaskDimension::Tokens)
      return std::clamp<int64_t>(loop.step.getMin(), 1, tokens);
  return tokens;
}

TaskCosts::Parts TaskCosts::getParts(const dlavm::Partition &partition,
                                     int64_t tokens) const {
  Parts parts;
  for (const PartitionLoop &loop : partition.loops) {
    const int64_t size = getSize(loop.dimension, tokens);
    const auto count = static_cast<double>(
        llvm::divideCeil(size, std::max<int64_t>(loop.step.getMin(), 1)));
    if (loop.dimension == TaskDimension::Tokens)
      parts.tokens = count;
    else if (loop.dimension == TaskDimension::OutputChannels)
      parts.channels = count;
    else
      parts.others *= count;
    parts.sharesChannels |= loop.dimension == TaskDimension::OutputChannels;
  }
  if (partition.takesOneKVHead)
    parts.others *= static_cast<double>(task.getSharedHeads().value_or(1));
  return parts;
}

StartTime TaskCosts::getTime(const Parts &parts, int64_t tokens,
                             bool keepsWeight) const {
  // The innermost loop leaves on the chip what it does not cut.
  const bool readsInputAgain = parts.sharesChannels && keepsWeight;
  const double inputReads = readsInputAgain ? parts.channels : 1;
  SmallVector<MovedBytes> moved = objects;
  if (!readsInputAgain)
    for (MovedBytes &object : moved)
      object.bytes *= parts.tokens;
  moved.push_back(
      {&device.getMapMemory(),
       (inputReads * inputBytes + outputBytes) * static_cast<double>(tokens),
       /*isWeight=*/false});
  return getStartTime(moved, getCycles(tokens), *rates, device);
}

double TaskCosts::get(int64_t tokens) const {
  const dlavm::Partition partition = getPartition(tokens);
  const Parts parts = getParts(partition, tokens);
  const double starts = parts.tokens * parts.channels * parts.others;
  if (!rates)
    return starts;
  return starts * accesses * kAccessTime +
         getTime(parts, tokens, isTokenInnermost(partition)).get();
}

double TaskCosts::getMemoryTime(int64_t tokens, bool keepsWeight) const {
  return rates ? getTime(getParts(getPartition(tokens), tokens), tokens,
                         keepsWeight)
                     .memory
               : 0;
}

double TaskCosts::getCycles(int64_t tokens) const {
  Operation *op = task;
  auto getProduct = [&](int64_t heads, int64_t inputs, int64_t outputs) {
    return 2 * static_cast<double>(heads * tokens) *
           static_cast<double>(inputs) * static_cast<double>(outputs) /
           rates->operationsPerCycle;
  };
  if (auto linear = dyn_cast<LinearOp>(op))
    return getProduct(1, linear.getInputChannels(), linear.getOutputChannels());
  if (auto scores = dyn_cast<ScoresOp>(op))
    return kHalfCycles *
           getProduct(scores.getHeads(), scores.getHeadChannels(), maxTokens);
  if (auto values = dyn_cast<ValuesOp>(op))
    return kHalfCycles *
           getProduct(values.getHeads(), maxTokens, values.getHeadChannels());
  return 0;
}
