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

static void collect(ModuleOp module, func::FuncOp function,
                    SmallVectorImpl<func::FuncOp> &active,
                    SmallVectorImpl<csb::TaskOp> &steps) {
  if (!function || llvm::is_contained(active, function))
    return;
  active.push_back(function);
  function.walk<WalkOrder::PreOrder>([&](Operation *op) {
    if (auto task = dyn_cast<csb::TaskOp>(op))
      steps.push_back(task);
    else if (auto call = dyn_cast<func::CallOp>(op))
      collect(module, module.lookupSymbol<func::FuncOp>(call.getCallee()),
              active, steps);
  });
  active.pop_back();
}

SmallVector<csb::TaskOp> dlavm::getSteps(ModuleOp module) {
  SmallVector<csb::TaskOp> steps;
  SmallVector<func::FuncOp> active;
  collect(module, module.lookupSymbol<func::FuncOp>("run"), active, steps);
  return steps;
}
