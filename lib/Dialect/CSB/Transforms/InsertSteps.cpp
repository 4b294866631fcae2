//===- InsertSteps.cpp - Print each task as it ends ---------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DLAVM/Dialect/CSB/IR/CSB.h"
#include "DLAVM/Dialect/CSB/Transforms/Passes.h"

#include "mlir/IR/Builders.h"

namespace dlavm::csb {
#define GEN_PASS_DEF_INSERTSTEPS
#include "DLAVM/Dialect/CSB/Transforms/Passes.h.inc"
} // namespace dlavm::csb

using namespace mlir;
using namespace dlavm::csb;

namespace {

struct InsertSteps : dlavm::csb::impl::InsertStepsBase<InsertSteps> {
  void runOnOperation() override {
    getOperation().walk([&](PollOp poll) {
      // The task that the poll ends stands before it in the same block.
      for (Operation *op = poll->getPrevNode(); op; op = op->getPrevNode()) {
        auto task = dyn_cast<TaskOp>(op);
        if (!task)
          continue;
        OpBuilder builder(&getContext());
        builder.setInsertionPointAfter(poll);
        StepOp::create(builder, poll.getLoc(), task.getNameAttr(),
                       task.getLayer());
        ++numSteps;
        return;
      }
    });
  }
};

} // namespace
