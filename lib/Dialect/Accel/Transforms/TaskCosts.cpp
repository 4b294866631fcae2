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

/// The bytes that the memories deliver while the host writes the registers of a
/// start.
static constexpr double kStartBytes = 1 << 20;

TaskCosts::TaskCosts(TaskOpInterface task, const DeviceInfo &device,
                     int64_t maxTokens)
    : task(task), device(device), maxTokens(maxTokens) {
  addObjectsOf(task);
  auto destination = cast<DestinationStyleOpInterface>(task.getOperation());
  for (OpOperand &operand : task->getOpOperands())
    if (isa<MemRefType>(operand.get().getType()) &&
        operand.get() != destination.getDpsInits().front())
      rowBytes += getRowBytes(operand.get());
}

void TaskCosts::addObjectsOf(TaskOpInterface other) {
  for (Value operand : other->getOperands())
    if (auto object = operand.getDefiningOp<GetObjectOp>())
      objectBytes += getBytes(object);
}

dlavm::Partition TaskCosts::getPartition(int64_t tokens) const {
  const TaskSupport *support = device.getTask(task.getTaskKind());
  return support && support->partition
             ? support->partition(task, device, {Word(tokens), Word(maxTokens)})
             : dlavm::Partition();
}

double TaskCosts::getBytes(GetObjectOp object) const {
  auto declared = SymbolTable::lookupNearestSymbolFrom<ObjectOp>(
      object, object.getObjectAttr());
  const ObjectSupport *support =
      declared ? device.getObject(getObjectKind(declared.getKind())) : nullptr;
  if (!support)
    return 0;
  const Memory *memory = device.getMemory(support->memory);
  return static_cast<double>(support->bytes(declared.getShape(), device)) *
         static_cast<double>(memory ? memory->ports : 1);
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
