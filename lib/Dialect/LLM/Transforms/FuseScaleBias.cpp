//===- FuseScaleBias.cpp - Scales and biases into linear layers ---------===//
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
#define GEN_PASS_DEF_FUSESCALEBIAS
#include "DLAVM/Dialect/LLM/Transforms/Passes.h.inc"
} // namespace dlavm::llm

using namespace mlir;
using namespace dlavm::llm;

namespace {

/// Finds or declares the parameter `splat value` for \p channels outputs, with
/// the layers of \p weight.
class SplatParameters {
public:
  explicit SplatParameters(ModuleOp module) : symbols(module) {}

  FlatSymbolRefAttr get(ParameterOp weight, int64_t channels, double value) {
    auto [it, isNew] = parameters.try_emplace({weight, value == 0.0 ? 0u : 1u});
    if (!isNew)
      return it->second;
    OpBuilder builder(weight->getContext());
    std::string name =
        (weight.getSymName() + (value == 0.0 ? "_zeros" : "_ones")).str();
    auto parameter = ParameterOp::create(
        builder, weight.getLoc(), name, StringAttr(), DenseI64ArrayAttr(),
        /*normalized=*/false, /*times=*/FloatAttr(),
        builder.getF64FloatAttr(value), weight.getLayersAttr(), HeadsAttr(),
        HeadsAttr(), DenseI64ArrayAttr(),
        RankedTensorType::get({channels}, builder.getF16Type()));
    symbols.insert(parameter, std::next(weight->getIterator()));
    return it->second = FlatSymbolRefAttr::get(parameter);
  }

  ParameterOp lookup(FlatSymbolRefAttr name) {
    return symbols.lookup<ParameterOp>(name.getAttr());
  }

private:
  SymbolTable symbols;
  llvm::DenseMap<std::pair<Operation *, unsigned>, FlatSymbolRefAttr>
      parameters;
};

/// `mul(linear, parameter)` becomes the scale, `add(linear, parameter)` the
/// bias. A scale must come first: a bias that is there already would have to be
/// scaled as well.
template <typename BinaryOp> struct FuseParameter : OpRewritePattern<BinaryOp> {
  FuseParameter(MLIRContext *context, SplatParameters &splats,
                Pass::Statistic &fused)
      : OpRewritePattern<BinaryOp>(context), splats(splats), fused(fused) {}

  LogicalResult matchAndRewrite(BinaryOp op,
                                PatternRewriter &rewriter) const override {
    auto linear = op.getLhs().template getDefiningOp<LinearOp>();
    auto parameter = op.getRhs().template getDefiningOp<GetParameterOp>();
    if (!linear || !parameter || !linear->hasOneUse() || linear.getResidual() ||
        linear.getRelu() || linear.getLayer() != parameter.getLayer())
      return failure();
    constexpr bool isScale = std::is_same_v<BinaryOp, MulOp>;
    ParameterOp bias =
        linear.getBiasAttr() ? splats.lookup(linear.getBiasAttr()) : nullptr;
    // Only a neutral bias can be replaced or scaled.
    if (bias && bias.getSplat() != APFloat(0.0))
      return failure();
    ParameterOp scale =
        linear.getScaleAttr() ? splats.lookup(linear.getScaleAttr()) : nullptr;
    if (isScale && scale && scale.getSplat() != APFloat(1.0))
      return failure();
    ParameterOp weight = splats.lookup(linear.getWeightAttr());
    const int64_t channels = op.getType().getDimSize(2);
    FlatSymbolRefAttr newScale =
        isScale ? parameter.getParameterAttr() : linear.getScaleAttr();
    FlatSymbolRefAttr newBias =
        isScale ? linear.getBiasAttr() : parameter.getParameterAttr();
    if (!newScale)
      newScale = splats.get(weight, channels, 1.0);
    if (!newBias)
      newBias = splats.get(weight, channels, 0.0);
    rewriter.replaceOpWithNewOp<LinearOp>(
        op, op.getType(), linear.getInput(), linear.getWeightAttr(),
        linear.getLayer(), newScale, newBias, Value(), ResidualKindAttr());
    rewriter.eraseOp(linear);
    ++fused;
    return success();
  }

  SplatParameters &splats;
  Pass::Statistic &fused;
};

struct FuseScaleBias : dlavm::llm::impl::FuseScaleBiasBase<FuseScaleBias> {
  void runOnOperation() override {
    if (failed(verifyFlat(getOperation())))
      return signalPassFailure();
    SplatParameters splats(getOperation());
    RewritePatternSet patterns(&getContext());
    patterns.add<FuseParameter<MulOp>>(&getContext(), splats, numScales);
    patterns.add<FuseParameter<AddOp>>(&getContext(), splats, numBiases);
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns))))
      signalPassFailure();
  }
};

} // namespace
