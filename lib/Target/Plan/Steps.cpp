//===- Steps.cpp - The steps of a csb program ---------------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Steps.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

using namespace mlir;
using namespace dlavm;

namespace {

/// More than any model has.
constexpr size_t kMaxSteps = 1 << 16;

struct StepCollector {
  LogicalResult collect(func::FuncOp function) {
    if (!function || llvm::is_contained(active, function))
      return success();
    active.push_back(function);
    WalkResult result =
        function.walk<WalkOrder::PreOrder>([&](Operation *op) -> WalkResult {
          if (auto call = dyn_cast<func::CallOp>(op)) {
            if (++numCalls > kMaxSteps)
              return refuse(op);
            return collect(module.lookupSymbol<func::FuncOp>(call.getCallee()));
          }
          if (auto task = dyn_cast<csb::TaskOp>(op))
            steps.push_back(task);
          return steps.size() > kMaxSteps ? refuse(op) : success();
        });
    active.pop_back();
    return failure(result.wasInterrupted());
  }

  LogicalResult refuse(Operation *op) {
    return op->emitOpError("makes the program longer than the ")
           << kMaxSteps << " tasks and calls that one may have";
  }

  ModuleOp module;
  SmallVector<func::FuncOp> active;
  SmallVector<csb::TaskOp> steps;
  size_t numCalls = 0;
};

} // namespace

FailureOr<SmallVector<csb::TaskOp>> dlavm::getSteps(ModuleOp module,
                                                    StringRef entry) {
  StepCollector collector{module, {}, {}};
  if (failed(collector.collect(module.lookupSymbol<func::FuncOp>(entry))))
    return failure();
  return std::move(collector.steps);
}
