//===- StreamFFN.cpp - Feed-forward networks over slices of tokens --------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DLAVM/Dialect/Accel/Transforms/Passes.h"
#include "StreamTasks.h"

#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "llvm/ADT/SetVector.h"

namespace dlavm::accel {
#define GEN_PASS_DEF_STREAMFFN
#include "DLAVM/Dialect/Accel/Transforms/Passes.h.inc"
} // namespace dlavm::accel

using namespace mlir;
using namespace dlavm;
using namespace dlavm::accel;

/// True for the tasks that compute a token from the same token of their maps.
static bool canStream(Operation *op) {
  if (auto linear = dyn_cast<LinearOp>(op))
    return !linear.getArgmax() && !linear.isPart();
  return isa<ActivationOp, ElementwiseOp>(op);
}

using Tasks = llvm::SmallSetVector<Operation *, 8>;

/// Adds those whose results only \p tasks use.
static void addProducers(Tasks &tasks) {
  for (bool isNew = true; isNew;) {
    isNew = false;
    for (Operation *task : llvm::to_vector(tasks))
      for (Value operand : task->getOperands()) {
        auto buffer = operand.getDefiningOp<BufferOp>();
        if (!buffer || buffer.getHost() || operand == getOutput(task))
          continue;
        TaskOpInterface writer = getWriter(buffer);
        if (writer && canStream(writer) &&
            writer->getBlock() == task->getBlock() &&
            llvm::all_of(operand.getUsers(), [&](Operation *user) {
              return user == writer || tasks.contains(user);
            }))
          isNew |= tasks.insert(writer);
      }
  }
}

/// The linear layer \p last, those before it with what stands between, and the
/// sum or the product of its result, whose other map is whole.
static Tasks getNetwork(LinearOp last, const DeviceInfo &device) {
  Tasks tasks;
  tasks.insert(last);
  addProducers(tasks);
  if (!device.getTraits().secondMapHasStrides)
    return tasks;
  Operation *end = last;
  while (BufferOp link = getLink(getOutput(end))) {
    TaskOpInterface reader = getReader(link);
    if (!isa<ElementwiseOp>(reader.getOperation()) ||
        reader->getBlock() != end->getBlock())
      break;
    tasks.insert(end = reader);
  }
  return tasks;
}

namespace {

struct StreamFFN : dlavm::accel::impl::StreamFFNBase<StreamFFN> {
  using StreamFFNBase::StreamFFNBase;

  void runOnOperation() override {
    const DeviceInfo *device = getDevice(getOperation());
    FailureOr<int64_t> maxTokens = getMaxTokens(getOperation());
    if (!device || failed(maxTokens))
      return signalPassFailure();
    const StreamOptions options = {*device, *maxTokens, sliceBytes};
    SmallVector<LinearOp> linears;
    getOperation().walk([&](LinearOp op) { linears.push_back(op); });
    // The last one of a network first.
    llvm::DenseSet<Operation *> seen;
    for (LinearOp last : llvm::reverse(linears)) {
      if (seen.contains(last) || !canStream(last) || getSlice(last))
        continue;
      const Tasks network = getNetwork(last, *device);
      seen.insert(network.begin(), network.end());
      if (llvm::count_if(network,
                         [](Operation *op) { return isa<LinearOp>(op); }) < 2)
        continue;
      SmallVector<TaskOpInterface> tasks;
      for (Operation *op : network)
        tasks.push_back(cast<TaskOpInterface>(op));
      llvm::sort(tasks, [](TaskOpInterface a, TaskOpInterface b) {
        return a->isBeforeInBlock(b);
      });
      numStreamed += streamTasks(tasks, options);
    }
  }
};

} // namespace
