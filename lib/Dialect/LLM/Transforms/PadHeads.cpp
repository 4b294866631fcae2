//===- PadHeads.cpp - Heads of the device's size --------------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "HeadParameters.h"

#include "DLAVM/Dialect/LLM/Transforms/Passes.h"

#include "llvm/ADT/TypeSwitch.h"

namespace dlavm::llm {
#define GEN_PASS_DEF_PADHEADS
#include "DLAVM/Dialect/LLM/Transforms/Passes.h.inc"
} // namespace dlavm::llm

using namespace mlir;
using namespace dlavm::llm;

namespace {

/// Plans the padding of all heads of a module, which changes nothing, and then
/// applies it.
class HeadPadding {
public:
  HeadPadding(ModuleOp module, int64_t target)
      : module(module), target(target), parameters(module) {}

  LogicalResult plan();
  void apply();

  unsigned getNumLinear() const { return linears.size(); }
  unsigned getNumCaches() const { return caches.size(); }

private:
  LogicalResult plan(Operation *op);
  LogicalResult plan(SplitHeadsOp op);
  LogicalResult plan(MergeHeadsOp op);
  HeadsAttr pad(HeadsAttr present) const {
    dlavm::HeadLayout layout = present.getLayout();
    layout.paddedChannels = target;
    return HeadsAttr::get(present.getContext(), layout);
  }
  LogicalResult checkInput(Operation *op, Value input);
  LogicalResult checkUsers(Operation *op);
  /// Whether maps or caches of this type are to be padded; an error at \p op if
  /// they cannot be.
  FailureOr<bool> isPadded(Operation *op, RankedTensorType type);

  ModuleOp module;
  const int64_t target;
  HeadParameters parameters;
  SmallVector<KVCacheOp> caches;
  llvm::SmallSetVector<Operation *, 8> linears;
  /// Results whose last dimension changes, and how many channels it gets.
  SmallVector<std::pair<Value, int64_t>> results;
};

} // namespace

static int64_t getDim(Value value, unsigned i) {
  return cast<RankedTensorType>(value.getType()).getDimSize(i);
}

/// \p type with another last dimension.
static RankedTensorType withChannels(RankedTensorType type, int64_t channels) {
  DimsAttr dims = getDims(type);
  return getTensorType({dims.getDim(0), dims.getDim(1),
                        getAffineConstantExpr(channels, type.getContext())},
                       type.getElementType());
}

FailureOr<bool> HeadPadding::isPadded(Operation *op, RankedTensorType type) {
  const int64_t channels = type.getDimSize(2);
  // Columns of scores are no channels; what cannot work on them says so.
  if (ShapedType::isDynamic(channels) || channels == target)
    return false;
  if (type.isDynamicDim(0))
    return op->emitOpError("needs a static number of heads, found ") << type;
  if (channels > target)
    return op->emitOpError("has heads of ")
           << channels << " channels, but those of the device have " << target
           << "; larger heads cannot be computed";
  if (type.getDimSize(0) > std::numeric_limits<int64_t>::max() / target)
    return op->emitOpError("has ")
           << type.getDimSize(0)
           << " heads, whose channels cannot be counted with 64 bits";
  return true;
}

LogicalResult HeadPadding::checkInput(Operation *op, Value input) {
  Operation *source = input.getDefiningOp();
  auto norm = dyn_cast_or_null<RMSNormOp>(source);
  if (isa_and_nonnull<SplitHeadsOp, RopeOp, AttentionValuesOp>(source) ||
      (norm && isNormOfEach(norm)))
    return success();
  InFlightDiagnostic diagnostic =
      op->emitOpError("works on heads of ")
      << getDim(input, 2)
      << " channels, which can be padded only where llm.split_heads, an "
         "llm.rms_norm behind it, llm.rope or llm.attention_values makes them";
  if (source)
    diagnostic.attachNote(source->getLoc()) << "these are made here";
  return diagnostic;
}

LogicalResult HeadPadding::checkUsers(Operation *op) {
  for (Operation *user : op->getUsers()) {
    auto norm = dyn_cast<RMSNormOp>(user);
    if (isa<RopeOp, KVAppendOp, AttentionScoresOp, MergeHeadsOp>(user) ||
        (norm && isNormOfEach(norm)))
      continue;
    InFlightDiagnostic diagnostic =
        op->emitOpError("makes heads of ")
        << getDim(op->getResult(0), 2)
        << " channels, which can be padded only where llm.rope, llm.kv_append, "
           "llm.attention_scores, llm.merge_heads and, behind "
           "llm.split_heads, llm.rms_norm take them";
    diagnostic.attachNote(user->getLoc()) << "they are used here";
    return diagnostic;
  }
  results.push_back({op->getResult(0), target});
  return success();
}

LogicalResult HeadPadding::plan(SplitHeadsOp op) {
  auto norm = op.getInput().getDefiningOp<RMSNormOp>();
  Value channels = norm && norm->hasOneUse() ? norm.getInput() : op.getInput();
  auto linear = channels.getDefiningOp<LinearOp>();
  if (!linear || !linear->hasOneUse() || linear.getResidual())
    return op.emitOpError("makes heads of ")
           << getDim(op.getResult(), 2)
           << " channels, which can be padded only if they are the result of "
              "an llm.linear without a residual, or of an llm.rms_norm of "
              "that, which nothing else uses";
  linears.insert(linear);
  for (Value value : {linear.getResult(), op.getInput()})
    results.push_back({value, getDim(op.getResult(), 0) * target});
  return parameters.planRows({linear, norm, op, {}}, /*keepsSplats=*/false,
                             [&](HeadsAttr present) { return pad(present); });
}

LogicalResult HeadPadding::plan(MergeHeadsOp op) {
  const int64_t heads = getDim(op.getInput(), 0);
  results.push_back({op.getResult(), heads * target});
  for (OpOperand &use : op->getUses()) {
    auto linear = dyn_cast<LinearOp>(use.getOwner());
    if (!linear || linear.getResidual() == op.getResult()) {
      InFlightDiagnostic diagnostic =
          op.emitOpError("merges heads of ")
          << getDim(op.getInput(), 2)
          << " channels, which can be padded only if nothing but the weight of "
             "an llm.linear meets the result";
      diagnostic.attachNote(use.getOwner()->getLoc()) << "it is used here";
      return diagnostic;
    }
    linears.insert(linear);
    if (failed(parameters.planColumns(
            linear, heads, getDim(op.getInput(), 2),
            [&](HeadsAttr present) { return pad(present); })))
      return failure();
  }
  return success();
}

LogicalResult HeadPadding::plan(Operation *op) {
  if (auto cache = dyn_cast<KVCacheOp>(op)) {
    FailureOr<bool> padded =
        isPadded(op, cast<RankedTensorType>(cache.getType()));
    if (failed(padded))
      return failure();
    if (*padded)
      caches.push_back(cache);
    return success();
  }
  // Each op is asked about the map that has heads: its input where it has one.
  auto norm = dyn_cast<RMSNormOp>(op);
  const bool takesHeads =
      isa<RopeOp, KVAppendOp, AttentionScoresOp, MergeHeadsOp>(op) ||
      (norm && isNormOfEach(norm));
  if (!takesHeads && !isa<SplitHeadsOp, AttentionValuesOp>(op))
    return success();
  Value map = takesHeads ? op->getOperand(0) : op->getResult(0);
  FailureOr<bool> padded = isPadded(op, cast<RankedTensorType>(map.getType()));
  if (failed(padded) || !*padded)
    return padded;
  if (takesHeads && failed(checkInput(op, map)))
    return failure();
  if (!isa<MergeHeadsOp, KVAppendOp, AttentionScoresOp>(op) &&
      failed(checkUsers(op)))
    return failure();
  return llvm::TypeSwitch<Operation *, LogicalResult>(op)
      .Case<SplitHeadsOp, MergeHeadsOp>([&](auto op) { return plan(op); })
      .Case([&](RMSNormOp op) {
        return parameters.planRows(
            op, /*heads=*/1, getDim(op.getResult(), 2), /*keepsSplats=*/false,
            [&](HeadsAttr present) { return pad(present); });
      })
      .Default(success());
}

LogicalResult HeadPadding::plan() {
  return failure(module
                     .walk([&](Operation *op) {
                       return failed(plan(op)) ? WalkResult::interrupt()
                                               : WalkResult::advance();
                     })
                     .wasInterrupted());
}

void HeadPadding::apply() {
  for (auto [value, channels] : results)
    value.setType(
        withChannels(cast<RankedTensorType>(value.getType()), channels));
  for (KVCacheOp cache : caches)
    cache.setType(
        withChannels(cast<RankedTensorType>(cache.getType()), target));
  parameters.apply();
}

namespace {
struct PadHeads : dlavm::llm::impl::PadHeadsBase<PadHeads> {
  using PadHeadsBase::PadHeadsBase;

  void runOnOperation() override {
    if (headChannels < 1) {
      getOperation().emitError("llm-pad-heads needs the channels of the "
                               "device's heads; give it head-channels=N");
      return signalPassFailure();
    }
    if (failed(verifyFlat(getOperation())))
      return signalPassFailure();
    HeadPadding padding(getOperation(), headChannels);
    if (failed(padding.plan()))
      return signalPassFailure();
    padding.apply();
    numLinear = padding.getNumLinear();
    numCaches = padding.getNumCaches();
  }
};
} // namespace
