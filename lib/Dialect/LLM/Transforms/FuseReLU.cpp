//===- FuseReLU.cpp - relu into linear layers -----------------------------===//
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

namespace {
struct FuseReLU : dlavm::llm::impl::FuseReLUBase<FuseReLU> {
  void runOnOperation() override {
    getOperation().walk([&](ActivationOp op) {
      auto linear = op.getInput().getDefiningOp<LinearOp>();
      if (op.getKind() != ActivationKind::ReLU || !linear ||
          !linear->hasOneUse() || linear.getResidual())
        return;
      linear.setRelu(true);
      op.replaceAllUsesWith(linear.getResult());
      op.erase();
      ++numFused;
    });
  }
};
} // namespace
