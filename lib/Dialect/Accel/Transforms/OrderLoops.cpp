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

/// The most tokens that \p linear computes at once: of a slice, or of a call.
static int64_t getMostTokens(LinearOp linear, int64_t maxTokens) {
  if (std::optional<int64_t> slice = getSlice(linear))
    return *slice;
  BufferOp root = getRoot(linear.getOutput());
  std::optional<llm::TokenRange> range;
  if (root)
    range = llm::getRange(root.getDims().getDim(1), maxTokens);
  return range ? range->max : maxTokens;
}

/// The fewest tokens from which on the memory delivers no later where the
/// weight stays, or one more than there are. Each part of the tokens reads the
/// weight again where the input stays, and its input again where the weight
/// does: in whole parts the difference is linear and has one turning point.
static int64_t findFewestTokens(const TaskCosts &costs, int64_t most) {
  const int64_t step = costs.getStep(most);
  const auto parts =
      llvm::seq_inclusive<int64_t>(1, llvm::divideCeil(most, step));
  const auto first = llvm::partition_point(parts, [&](int64_t count) {
    const int64_t tokens = std::min(count * step, most);
    return costs.getMemoryTime(tokens, /*keepsWeight=*/true) >
           costs.getMemoryTime(tokens, /*keepsWeight=*/false);
  });
  return first == parts.end() ? most + 1 : (*first - 1) * step + 1;
}

namespace {

struct OrderLoops : dlavm::accel::impl::OrderLoopsBase<OrderLoops> {
  void runOnOperation() override {
    const DeviceInfo *device = getDevice(getOperation());
    FailureOr<int64_t> maxTokens = getMaxTokens(getOperation());
    if (!device || failed(maxTokens))
      return signalPassFailure();
    const TaskSupport *support = device->getTask(TaskKind::Linear);
    if (!device->getRates() || !support || !support->partition)
      return;
    Builder builder(&getContext());
    getOperation().walk([&](LinearOp linear) {
      const int64_t most = getMostTokens(linear, *maxTokens);
      if (!support->partition(linear, *device, {Word(most), Word(*maxTokens)})
               .hasTwoOrders())
        return;
      const TaskCosts costs(linear, *device, *maxTokens);
      linear->setAttr(AccelDialect::getKeepsWeightFromAttrName(),
                      builder.getI64IntegerAttr(findFewestTokens(costs, most)));
      ++numOrdered;
    });
  }
};

} // namespace
