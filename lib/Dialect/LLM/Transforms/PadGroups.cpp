//===- PadGroups.cpp - Queries of a KV head in whole rows -----------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "HeadParameters.h"

#include "DLAVM/Dialect/LLM/Transforms/Passes.h"

#include "llvm/ADT/SetVector.h"
#include "llvm/Support/MathExtras.h"

namespace dlavm::llm {
#define GEN_PASS_DEF_PADGROUPS
#include "DLAVM/Dialect/LLM/Transforms/Passes.h.inc"
} // namespace dlavm::llm

using namespace mlir;
using namespace dlavm::llm;

namespace {

/// Plans the empty heads of a module, which changes nothing, and then adds
/// them.
class GroupPadding {
public:
  GroupPadding(ModuleOp module, int64_t headsPerRow)
      : module(module), symbols(module), headsPerRow(headsPerRow),
        parameters(module) {}

  LogicalResult plan();
  void apply();

  unsigned getNumLinear() const { return linears.size(); }

private:
  /// The query heads of a KV head, and what the device makes of them.
  struct Group {
    int64_t kvHeads, queries, slots;
    HeadsAttr pad(HeadsAttr present) const;
    bool isPadded() const { return slots != queries; }
  };

  Group getGroup(StringRef cache, int64_t heads);
  LogicalResult plan(AttentionScoresOp op);
  LogicalResult plan(AttentionValuesOp op);
  /// A map of \p heads gets the slots of \p group.
  void setHeads(Value map, const Group &group);
  void setChannels(Value map, const Group &group, int64_t channels);

  ModuleOp module;
  SymbolTable symbols;
  const int64_t headsPerRow;
  HeadParameters parameters;
  llvm::SmallSetVector<Operation *, 8> linears;
  SmallVector<std::pair<Value, RankedTensorType>> types;
  SmallVector<std::pair<AttentionScoresOp, int64_t>> scores;
};

} // namespace

/// Null where empty heads are there already.
HeadsAttr GroupPadding::Group::pad(HeadsAttr present) const {
  dlavm::HeadLayout layout = present.getLayout();
  if (layout.groups != 1 || layout.emptyHeads != 0)
    return {};
  layout.groups = kvHeads;
  layout.emptyHeads = slots - queries;
  return HeadsAttr::get(present.getContext(), layout);
}

GroupPadding::Group GroupPadding::getGroup(StringRef cache, int64_t heads) {
  auto op = symbols.lookup<KVCacheOp>(cache);
  const int64_t kvHeads = cast<RankedTensorType>(op.getType()).getDimSize(0);
  const int64_t queries = heads / kvHeads;
  return {kvHeads, queries,
          static_cast<int64_t>(llvm::alignTo(queries, headsPerRow))};
}

void GroupPadding::setHeads(Value map, const Group &group) {
  auto type = cast<RankedTensorType>(map.getType());
  DimsAttr dims = getDims(type);
  types.push_back(
      {map, getTensorType({getAffineConstantExpr(group.kvHeads * group.slots,
                                                 type.getContext()),
                           dims.getDim(1), dims.getDim(2)},
                          type.getElementType())});
}

void GroupPadding::setChannels(Value map, const Group &group,
                               int64_t channels) {
  auto type = cast<RankedTensorType>(map.getType());
  DimsAttr dims = getDims(type);
  types.push_back(
      {map, getTensorType(
                {dims.getDim(0), dims.getDim(1),
                 getAffineConstantExpr(group.kvHeads * group.slots * channels,
                                       type.getContext())},
                type.getElementType())});
}

LogicalResult GroupPadding::plan(AttentionScoresOp op) {
  const int64_t heads = op.getType().getDimSize(0);
  const Group group = getGroup(op.getCache(), heads);
  Value queries = op.getInput();
  auto type = cast<RankedTensorType>(queries.getType());
  if (!group.isPadded() || type.getDimSize(0) == group.kvHeads * group.slots)
    return success();
  auto rope = queries.hasOneUse() ? queries.getDefiningOp<RopeOp>() : RopeOp();
  std::optional<HeadSource> source =
      getHeadSource(rope ? rope.getInput() : queries);
  if (!source)
    return op.emitOpError("has ")
           << group.queries << " queries for each KV head, which become "
           << group.slots
           << " on this device; that can be done only if an llm.linear without "
              "a residual, llm.split_heads and perhaps llm.rms_norm and "
              "llm.rope make them and nothing else uses them";
  setChannels(source->linear.getResult(), group, type.getDimSize(2));
  if (source->normOfAll)
    setChannels(source->normOfAll.getResult(), group, type.getDimSize(2));
  setHeads(source->split.getResult(), group);
  if (source->normOfEach)
    setHeads(source->normOfEach.getResult(), group);
  if (rope)
    setHeads(rope.getResult(), group);
  scores.push_back({op, heads});
  linears.insert(source->linear);
  return parameters.planRows(
      *source, /*keepsSplats=*/false,
      [&](HeadsAttr present) { return group.pad(present); });
}

LogicalResult GroupPadding::plan(AttentionValuesOp op) {
  const int64_t heads =
      cast<RankedTensorType>(op.getInput().getType()).getDimSize(0);
  const Group group = getGroup(op.getCache(), heads);
  const int64_t channels = op.getType().getDimSize(2);
  if (!group.isPadded() ||
      op.getType().getDimSize(0) == group.kvHeads * group.slots)
    return success();
  setHeads(op.getResult(), group);
  for (Operation *user : op->getUsers()) {
    auto merge = dyn_cast<MergeHeadsOp>(user);
    SmallVector<LinearOp> layers;
    if (merge)
      for (Operation *layer : merge->getUsers()) {
        auto linear = dyn_cast<LinearOp>(layer);
        if (!linear || linear.getResidual() == merge.getResult()) {
          merge = {};
          user = layer;
          break;
        }
        layers.push_back(linear);
      }
    if (!merge) {
      InFlightDiagnostic diagnostic =
          op.emitOpError("has ")
          << group.queries << " results for each KV head, which become "
          << group.slots
          << " on this device; that can be done only if llm.merge_heads and "
             "then nothing but the weight of an llm.linear meets them";
      diagnostic.attachNote(user->getLoc()) << "they are used here";
      return diagnostic;
    }
    setChannels(merge.getResult(), group, channels);
    for (LinearOp linear : layers) {
      linears.insert(linear);
      if (failed(parameters.planColumns(
              linear, heads, channels,
              [&](HeadsAttr present) { return group.pad(present); })))
        return failure();
    }
  }
  return success();
}

LogicalResult GroupPadding::plan() {
  WalkResult result = module.walk([&](Operation *op) -> WalkResult {
    if (auto scoresOp = dyn_cast<AttentionScoresOp>(op))
      return plan(scoresOp);
    if (auto values = dyn_cast<AttentionValuesOp>(op))
      return plan(values);
    return success();
  });
  return failure(result.wasInterrupted());
}

void GroupPadding::apply() {
  for (auto [value, type] : types)
    value.setType(type);
  for (auto [op, heads] : scores)
    op.setHeads(heads);
  parameters.apply();
}

namespace {
struct PadGroups : dlavm::llm::impl::PadGroupsBase<PadGroups> {
  using PadGroupsBase::PadGroupsBase;

  void runOnOperation() override {
    if (headsPerRow < 1) {
      getOperation().emitError("llm-pad-groups needs a positive number of "
                               "heads-per-row, found ")
          << headsPerRow.getValue();
      return signalPassFailure();
    }
    if (failed(verifyFlat(getOperation())))
      return signalPassFailure();
    GroupPadding padding(getOperation(), headsPerRow);
    if (failed(padding.plan()))
      return signalPassFailure();
    padding.apply();
    numLinear = padding.getNumLinear();
  }
};
} // namespace
