//===- EmbedPatches.cpp - Convolutions over patches that the host cuts ----===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DLAVM/Device/DeviceInfo.h"
#include "DLAVM/Dialect/LLM/IR/LLM.h"
#include "DLAVM/Dialect/LLM/Transforms/Passes.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace dlavm::llm {
#define GEN_PASS_DEF_EMBEDPATCHES
#include "DLAVM/Dialect/LLM/Transforms/Passes.h.inc"
} // namespace dlavm::llm

using namespace mlir;
using namespace dlavm::llm;

/// True if the host writes \p map for one op only.
static bool isOwnInput(Value map) {
  auto argument = dyn_cast<BlockArgument>(map);
  auto function =
      argument ? dyn_cast<func::FuncOp>(argument.getOwner()->getParentOp())
               : func::FuncOp();
  return function && function.isPublic() && argument.hasOneUse();
}

static bool canRun(const dlavm::DeviceInfo &device, Conv2DOp op) {
  if (!device.countImageRows)
    return false;
  const WindowAttr window = op.getWindow();
  const int64_t channels =
      cast<RankedTensorType>(op.getInput().getType()).getDimSize(2);
  return device.countImageRows(device, window.getColumns(), channels) >=
         std::min(window.getRows(), window.getKernelRows());
}

static void embed(Conv2DOp op) {
  OpBuilder builder(op);
  const WindowAttr window = op.getWindow();
  const int64_t channels =
      cast<RankedTensorType>(op.getInput().getType()).getDimSize(2);
  auto patches = CutPatchesOp::create(
      builder, op.getLoc(),
      RankedTensorType::get(
          {1, window.getOutputPixels(), window.getKernelPixels() * channels},
          builder.getF16Type()),
      op.getInput(), window);
  auto linear = LinearOp::create(
      builder, op.getLoc(), op.getType(), patches, op.getWeightAttr(),
      op.getLayer(), op.getScaleAttr(), op.getBiasAttr(), /*residual=*/Value(),
      /*residual_kind=*/ResidualKindAttr(), /*relu=*/UnitAttr());
  linear->setDiscardableAttrs(op->getDiscardableAttrDictionary());
  Value result = linear;
  // Where linear layers compute it, llm-fuse-relu finds it.
  if (op.getRelu())
    result = ActivationOp::create(builder, op.getLoc(), ActivationKind::ReLU,
                                  result);
  op.replaceAllUsesWith(result);
  op.erase();
}

namespace {
struct EmbedPatches : dlavm::llm::impl::EmbedPatchesBase<EmbedPatches> {
  using EmbedPatchesBase::EmbedPatchesBase;

  void runOnOperation() override {
    dlavm::DeviceRegistry &registry = dlavm::DeviceRegistry::instance();
    const dlavm::DeviceInfo *target = registry.lookup(device);
    if (!target) {
      getOperation().emitError(registry.explainMissing(device));
      return signalPassFailure();
    }
    SmallVector<Conv2DOp> convolutions;
    getOperation().walk([&](Conv2DOp op) {
      if (op.getWindow().isCut() && isOwnInput(op.getInput()) &&
          !canRun(*target, op))
        convolutions.push_back(op);
    });
    for (Conv2DOp op : convolutions)
      embed(op);
    numConvolutions = convolutions.size();
  }
};
} // namespace
