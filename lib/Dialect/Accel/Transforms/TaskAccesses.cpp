//===- TaskAccesses.cpp - What tasks read and write -----------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "TaskAccesses.h"

#include "mlir/Interfaces/ViewLikeInterface.h"

using namespace mlir;
using namespace dlavm;
using namespace dlavm::accel;

const void *accel::getResource(Value operand) {
  if (GetObjectOp cache = getCache(operand))
    return cache.getObjectAttr().getAttr().getAsOpaquePointer();
  if (auto object = operand.getDefiningOp<GetObjectOp>())
    return object.getObjectAttr().getAttr().getAsOpaquePointer();
  while (auto view = operand.getDefiningOp<ViewLikeOpInterface>())
    operand = view.getViewSource();
  return operand.getAsOpaquePointer();
}

void TaskAccesses::add(const TaskAccesses &other) {
  reads.insert_range(other.reads);
  writes.insert_range(other.writes);
}

bool TaskAccesses::conflicts(const TaskAccesses &other) const {
  auto shares = [](const auto &a, const auto &b) {
    return llvm::any_of(a, [&](const void *root) { return b.contains(root); });
  };
  return shares(writes, other.writes) || shares(writes, other.reads) ||
         shares(reads, other.writes);
}

TaskAccesses accel::getAccesses(Operation *op) {
  TaskAccesses accesses;
  auto interface = dyn_cast<MemoryEffectOpInterface>(op);
  if (!interface || !isa<TaskOpInterface>(op))
    return accesses;
  SmallVector<MemoryEffects::EffectInstance> effects;
  interface.getEffects(effects);
  for (const MemoryEffects::EffectInstance &effect : effects)
    if (Value value = effect.getValue())
      (isa<MemoryEffects::Write>(effect.getEffect()) ? accesses.writes
                                                     : accesses.reads)
          .insert(getResource(value));
  return accesses;
}

bool accel::startsNoTask(Operation *op) {
  return op->getNumRegions() == 0 &&
         (isa<BufferOp>(op) || isMemoryEffectFree(op));
}
