//===- GroupAppends.cpp - Append keys and values one after the other ------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DLAVM/Dialect/Accel/Transforms/Passes.h"
#include "TaskAccesses.h"

#include "llvm/ADT/SetVector.h"

namespace dlavm::accel {
#define GEN_PASS_DEF_GROUPAPPENDS
#include "DLAVM/Dialect/Accel/Transforms/Passes.h.inc"
} // namespace dlavm::accel

using namespace mlir;
using namespace dlavm;
using namespace dlavm::accel;

namespace {

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
    TaskAccesses needs = getAccesses(append);
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
      const TaskAccesses accesses = getAccesses(op);
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
        needs.add(accesses);
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
