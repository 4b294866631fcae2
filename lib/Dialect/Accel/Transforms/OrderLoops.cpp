//===- OrderLoops.cpp - Order the loops of starts by what they read -------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DLAVM/Dialect/Accel/IR/Accel.h"
#include "DLAVM/Dialect/Accel/Transforms/Passes.h"
#include "DLAVM/Encoding/Partition.h"
#include "TaskCosts.h"

#include "llvm/ADT/Sequence.h"
#include "llvm/Support/MathExtras.h"

namespace dlavm::accel {
#define GEN_PASS_DEF_ORDERLOOPS
#include "DLAVM/Dialect/Accel/Transforms/Passes.h.inc"
} // namespace dlavm::accel

using namespace mlir;
using namespace dlavm;
using namespace dlavm::accel;

/// Whether starts share tokens and output channels of \p task, so that two
/// loops stand around it.
static bool hasTwoLoops(TaskOpInterface task, const DeviceInfo &device,
                        int64_t maxTokens) {
  const TaskSupport *support = device.getTask(task.getTaskKind());
  if (!support || !support->partition || task.isPart() || task.getWindow())
    return false;
  const Partition partition =
      support->partition(task, device, {Word(maxTokens), Word(maxTokens)});
  auto hasLoop = [&](TaskDimension dimension) {
    return llvm::any_of(partition.loops, [&](const PartitionLoop &loop) {
      return loop.dimension == dimension;
    });
  };
  return hasLoop(TaskDimension::Tokens) &&
         hasLoop(TaskDimension::OutputChannels);
}

/// The fewest tokens from which on keeping the weight is never slower, or one
/// more than there are. With a part of the tokens more, all weights are read
/// once more, but the input grows with each token: the difference has one sign
/// up to some part, and the other from there on, if one looks at whole parts.
static int64_t findFewestTokens(const TaskCosts &costs, int64_t maxTokens) {
  const int64_t step = costs.getStep(maxTokens);
  const auto parts =
      llvm::seq_inclusive<int64_t>(1, llvm::divideCeil(maxTokens, step));
  const auto first = llvm::partition_point(parts, [&](int64_t count) {
    return costs.getMemoryTime(count * step, /*keepsWeight=*/true) >
           costs.getMemoryTime(count * step, /*keepsWeight=*/false);
  });
  return first == parts.end() ? maxTokens + 1 : (*first - 1) * step + 1;
}

namespace {

struct OrderLoops : dlavm::accel::impl::OrderLoopsBase<OrderLoops> {
  void runOnOperation() override {
    const DeviceInfo *device = getDevice(getOperation());
    FailureOr<int64_t> maxTokens = getMaxTokens(getOperation());
    if (!device || failed(maxTokens))
      return signalPassFailure();
    if (!device->getRates())
      return;
    Builder builder(&getContext());
    getOperation().walk([&](TaskOpInterface task) {
      if (!hasTwoLoops(task, *device, *maxTokens))
        return;
      const TaskCosts costs(task, *device, *maxTokens);
      task->setAttr(
          AccelDialect::getKeepsWeightFromAttrName(),
          builder.getI64IntegerAttr(findFewestTokens(costs, *maxTokens)));
      ++numOrdered;
    });
  }
};

} // namespace
