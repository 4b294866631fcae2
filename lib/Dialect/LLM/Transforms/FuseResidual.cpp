//===- FuseResidual.cpp - Residuals into linear layers ------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DLAVM/Dialect/LLM/IR/LLM.h"
#include "DLAVM/Dialect/LLM/Transforms/Passes.h"

#include "mlir/IR/PatternMatch.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

namespace dlavm::llm {
#define GEN_PASS_DEF_FUSERESIDUAL
#include "DLAVM/Dialect/LLM/Transforms/Passes.h.inc"
} // namespace dlavm::llm

using namespace mlir;
using namespace dlavm::llm;

namespace {

/// A linear layer that can take a residual, or null. A KV cache between the
/// layer and its user is no obstacle: the layer reads none.
static LinearOp getFusible(Value value) {
  auto linear = value.getDefiningOp<LinearOp>();
  if (linear && linear->hasOneUse() && linear.getScaleAttr() &&
      !linear.getResidual() && !linear.getRelu())
    return linear;
  return {};
}

template <typename BinaryOp> struct FuseBinary : OpRewritePattern<BinaryOp> {
  FuseBinary(MLIRContext *context, Pass::Statistic &fused)
      : OpRewritePattern<BinaryOp>(context), fused(fused) {}

  LogicalResult matchAndRewrite(BinaryOp op,
                                PatternRewriter &rewriter) const override {
    if (op.getLhs().getType() != op.getRhs().getType())
      return failure();
    Value residual = op.getRhs();
    LinearOp linear = getFusible(op.getLhs());
    if (!linear) {
      linear = getFusible(op.getRhs());
      residual = op.getLhs();
    }
    if (!linear)
      return failure();
    constexpr auto kind =
        std::is_same_v<BinaryOp, AddOp> ? ResidualKind::Add : ResidualKind::Mul;
    rewriter.replaceOpWithNewOp<LinearOp>(
        op, op.getType(), linear.getInput(), linear.getWeightAttr(),
        linear.getLayer(), linear.getScaleAttr(), linear.getBiasAttr(),
        residual, ResidualKindAttr::get(op.getContext(), kind));
    rewriter.eraseOp(linear);
    ++fused;
    return success();
  }

  Pass::Statistic &fused;
};

struct FuseResidual : dlavm::llm::impl::FuseResidualBase<FuseResidual> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    patterns.add<FuseBinary<AddOp>>(&getContext(), numSums);
    patterns.add<FuseBinary<MulOp>>(&getContext(), numProducts);
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns))))
      signalPassFailure();
  }
};

} // namespace
