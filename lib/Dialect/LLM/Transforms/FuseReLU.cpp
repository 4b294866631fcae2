//===- FuseReLU.cpp - relu into layers ------------------------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DLAVM/Dialect/LLM/IR/LLM.h"
#include "DLAVM/Dialect/LLM/Transforms/Passes.h"

namespace dlavm::llm {
#define GEN_PASS_DEF_FUSERELU
#include "DLAVM/Dialect/LLM/Transforms/Passes.h.inc"
} // namespace dlavm::llm

using namespace mlir;
using namespace dlavm::llm;

/// Lets the layer whose result is \p map compute relu. False if it cannot.
static bool addReLU(Value map) {
  if (!map.hasOneUse())
    return false;
  if (auto convolution = map.getDefiningOp<Conv2DOp>()) {
    convolution.setRelu(true);
    return true;
  }
  auto linear = map.getDefiningOp<LinearOp>();
  if (!linear || linear.getResidual())
    return false;
  linear.setRelu(true);
  return true;
}

namespace {
struct FuseReLU : dlavm::llm::impl::FuseReLUBase<FuseReLU> {
  void runOnOperation() override {
    getOperation().walk([&](ActivationOp op) {
      if (op.getKind() != ActivationKind::ReLU || !addReLU(op.getInput()))
        return;
      op.replaceAllUsesWith(op.getInput());
      op.erase();
      ++numFused;
    });
  }
};
} // namespace
