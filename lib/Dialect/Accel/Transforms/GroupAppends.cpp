//===- GroupAppends.cpp - Append keys and values one after the other ------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DLAVM/Dialect/Accel/IR/Accel.h"
#include "DLAVM/Dialect/Accel/Transforms/Passes.h"

#include "mlir/Interfaces/ViewLikeInterface.h"
#include "llvm/ADT/SetVector.h"

namespace dlavm::accel {
#define GEN_PASS_DEF_GROUPAPPENDS
#include "DLAVM/Dialect/Accel/Transforms/Passes.h.inc"
} // namespace dlavm::accel

using namespace mlir;
using namespace dlavm;
using namespace dlavm::accel;

namespace {

/// What a task reads and writes: maps by their buffers, objects by their
/// symbols, of all layers.
struct Accesses {
  llvm::SmallDenseSet<const void *> reads, writes;
  bool conflicts(const Accesses &other) const {
    auto shares = [](const auto &a, const auto &b) {
      return llvm::any_of(a,
                          [&](const void *root) { return b.contains(root); });
    };
    return shares(writes, other.writes) || shares(writes, other.reads) ||
           shares(reads, other.writes);
  }
};

const void *getAccessedRoot(Value value) {
  while (auto view = value.getDefiningOp<ViewLikeOpInterface>())
    value = view.getViewSource();
  if (auto object = value.getDefiningOp<GetObjectOp>())
    return object.getObjectAttr().getAsOpaquePointer();
  return value.getAsOpaquePointer();
}

Accesses getAccesses(Operation *op) {
  Accesses accesses;
  auto interface = dyn_cast<MemoryEffectOpInterface>(op);
  if (!interface || !isa<TaskOpInterface>(op))
    return accesses;
  SmallVector<MemoryEffects::EffectInstance> effects;
  interface.getEffects(effects);
  for (const MemoryEffects::EffectInstance &effect : effects)
    if (Value value = effect.getValue())
      (isa<MemoryEffects::Write>(effect.getEffect()) ? accesses.writes
                                                     : accesses.reads)
          .insert(getAccessedRoot(value));
  return accesses;
}

struct GroupAppends : dlavm::accel::impl::GroupAppendsBase<GroupAppends> {
  void runOnOperation() override {
    device = getDevice(getOperation());
    if (!device)
      return signalPassFailure();
    if (!device->getTraits().registersKeepValues)
      return;
    SmallVector<KVAppendOp> appends;
    getOperation().walk([&](KVAppendOp append) { appends.push_back(append); });
    for (size_t i = 1; i < appends.size(); ++i)
      if (appends[i - 1]->getBlock() == appends[i]->getBlock())
        moveBehind(appends[i], appends[i - 1]);
  }

  /// Whether a start of one task changes registers of the other.
  bool shareRegisters(TaskOpInterface a, TaskOpInterface b) {
    auto getTable = [&](TaskOpInterface task) {
      const TaskSupport *support = device->getTask(task.getTaskKind());
      return support ? &support->registers : nullptr;
    };
    const RegisterTable *table = getTable(a), *other = getTable(b);
    return table && other &&
           llvm::any_of(table->getRegisters(), [&](const Register &reg) {
             const Register *same = other->lookup(reg.number);
             return same && keepsValue(reg.role) && keepsValue(same->role);
           });
  }

  void moveBehind(KVAppendOp append, KVAppendOp first) {
    // What it takes, in its order.
    llvm::SetVector<Operation *> needed;
    Accesses needs = getAccesses(append);
    llvm::SmallPtrSet<Operation *, 16> producers;
    auto addOperands = [&](Operation *op) {
      for (Value operand : op->getOperands())
        if (Operation *producer = operand.getDefiningOp())
          producers.insert(producer);
    };
    addOperands(append);
    bool isGain = false;
    for (Operation *op = append->getPrevNode(); op != first;
         op = op->getPrevNode()) {
      auto task = dyn_cast<TaskOpInterface>(op);
      if (!task && !isa<BufferOp>(op) && !isMemoryEffectFree(op))
        return;
      const Accesses accesses = getAccesses(op);
      const bool writesNeeded =
          llvm::any_of(accesses.writes, [&](const void *root) {
            return needs.reads.contains(root);
          });
      if (producers.contains(op) || writesNeeded) {
        // It would stand between the two as well.
        if (task && shareRegisters(task, append))
          return;
        needed.insert(op);
        addOperands(op);
        needs.reads.insert_range(accesses.reads);
        needs.writes.insert_range(accesses.writes);
        continue;
      }
      // All that is needed and stands behind it would come before it.
      if (accesses.conflicts(needs))
        return;
      isGain |= task && shareRegisters(task, append);
    }
    if (!isGain)
      return;
    append->moveAfter(first);
    for (Operation *op : llvm::reverse(needed))
      op->moveBefore(append);
    ++numMoved;
  }

  const DeviceInfo *device = nullptr;
};

} // namespace
