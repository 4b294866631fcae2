//===- InterleaveRope.cpp - Rotary embeddings of neighbouring channels ----===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//
// Scores are sums over the channels of queries and keys. They stay what they
// are if the channels of both are permuted alike, and nothing else may see the
// permuted channels. That is what is checked here, cache by cache.
//
//===----------------------------------------------------------------------===//

#include "HeadParameters.h"

#include "DLAVM/Dialect/LLM/Transforms/Passes.h"

namespace dlavm::llm {
#define GEN_PASS_DEF_INTERLEAVEROPE
#include "DLAVM/Dialect/LLM/Transforms/Passes.h.inc"
} // namespace dlavm::llm

using namespace mlir;
using namespace dlavm::llm;

namespace {

/// The ops of one KV cache.
struct CacheUsers {
  /// Ops whose input meets that of the others in the scores.
  SmallVector<Operation *> appendsAndScores;
  SmallVector<AttentionValuesOp> values;
};

class Interleaving {
public:
  /// Rotary embeddings of \p halfSplit channels stay as they are.
  Interleaving(ModuleOp module, int64_t halfSplit);

  LogicalResult plan();
  void apply();

  unsigned getNumRopes() const { return ropes.size(); }

private:
  LogicalResult plan(RopeOp rope);
  LogicalResult plan(HeadSource source, int64_t rotary);
  LogicalResult checkCache(RopeOp rope, StringAttr cache);

  SmallVector<RopeOp> ropes;
  llvm::DenseMap<StringAttr, CacheUsers> caches;
  HeadParameters parameters;
};

} // namespace

Interleaving::Interleaving(ModuleOp module, int64_t halfSplit)
    : parameters(module) {
  module.walk([&](Operation *op) {
    if (auto rope = dyn_cast<RopeOp>(op)) {
      if (rope.getStyle() == RopeStyle::HalfSplit &&
          static_cast<int64_t>(rope.getRotary()) != halfSplit)
        ropes.push_back(rope);
    } else if (auto values = dyn_cast<AttentionValuesOp>(op)) {
      caches[values.getCacheAttr().getAttr()].values.push_back(values);
    } else if (auto append = dyn_cast<KVAppendOp>(op)) {
      caches[append.getCacheAttr().getAttr()].appendsAndScores.push_back(op);
    } else if (auto scores = dyn_cast<AttentionScoresOp>(op)) {
      caches[scores.getCacheAttr().getAttr()].appendsAndScores.push_back(op);
    }
  });
}

/// Starts the refusal of \p rope, of which \p op is the cause.
static LogicalResult refuse(RopeOp rope, Operation *op, const Twine &reason) {
  InFlightDiagnostic diagnostic =
      rope.emitOpError("pairs channels half a rotation apart and cannot be "
                       "turned into one that pairs neighbours: ")
      << reason;
  if (op)
    diagnostic.attachNote(op->getLoc()) << "see this op";
  return diagnostic;
}

/// Whether \p map has the channels in the order that \p rope will have.
static bool isPermutedLike(Value map, RopeOp rope) {
  auto other = map.getDefiningOp<RopeOp>();
  return other && other.getStyle() == RopeStyle::HalfSplit &&
         other.getRotary() == rope.getRotary();
}

LogicalResult Interleaving::checkCache(RopeOp rope, StringAttr cache) {
  const CacheUsers &users = caches[cache];
  if (!users.values.empty())
    return refuse(rope, users.values.front(),
                  "llm.attention_values reads @" + cache.getValue() +
                      " and would see the new order of the channels");
  for (Operation *op : users.appendsAndScores) {
    Value heads = op->getOperand(0);
    if (isPermutedLike(heads, rope))
      continue;
    // Layers without rotation have the parameters and caches of the others.
    std::optional<HeadSource> source = getHeadSource(heads);
    if (!source)
      return refuse(rope, op,
                    "not all queries and keys of @" + cache.getValue() +
                        " are rotated by a half_split llm.rope with rotary " +
                        Twine(rope.getRotary()) +
                        ", or the heads of an llm.linear");
    if (failed(plan(*source, rope.getRotary())))
      return failure();
  }
  return success();
}

LogicalResult Interleaving::plan(HeadSource source, int64_t rotary) {
  auto interleave = [&](HeadsAttr present) {
    if (present.getInterleaved() != 0 || rotary > present.getChannels())
      return HeadsAttr();
    dlavm::HeadLayout layout = present.getLayout();
    layout.interleaved = rotary;
    return HeadsAttr::get(present.getContext(), layout);
  };
  if (RMSNormOp norm = source.normOfEach;
      norm && failed(parameters.planRows(norm, /*heads=*/1,
                                         norm.getType().getDimSize(2),
                                         /*keepsSplats=*/true, interleave)))
    return failure();
  return parameters.planRows(source, /*keepsSplats=*/true, interleave);
}

LogicalResult Interleaving::plan(RopeOp rope) {
  std::optional<HeadSource> source = getHeadSource(rope.getInput());
  if (!source)
    return refuse(rope, rope.getInput().getDefiningOp(),
                  "its heads must be those of an llm.linear without a "
                  "residual, split by llm.split_heads, perhaps with an "
                  "llm.rms_norm before or behind that, which nothing else "
                  "uses");
  for (Operation *user : rope->getUsers()) {
    StringAttr cache;
    if (auto append = dyn_cast<KVAppendOp>(user))
      cache = append.getCacheAttr().getAttr();
    else if (auto scores = dyn_cast<AttentionScoresOp>(user))
      cache = scores.getCacheAttr().getAttr();
    else
      return refuse(rope, user,
                    "only llm.attention_scores and llm.kv_append may see the "
                    "new order of the channels");
    if (failed(checkCache(rope, cache)))
      return failure();
  }
  return plan(*source, rope.getRotary());
}

LogicalResult Interleaving::plan() {
  for (RopeOp rope : ropes)
    if (failed(plan(rope)))
      return failure();
  return success();
}

void Interleaving::apply() {
  parameters.apply();
  for (RopeOp rope : ropes)
    rope.setStyle(RopeStyle::Interleaved);
}

namespace {
struct InterleaveRope : dlavm::llm::impl::InterleaveRopeBase<InterleaveRope> {
  using InterleaveRopeBase::InterleaveRopeBase;

  void runOnOperation() override {
    if (failed(verifyFlat(getOperation())))
      return signalPassFailure();
    Interleaving interleaving(getOperation(), halfSplit);
    if (needsHalfSplit && failed(checkHalfSplit()))
      return signalPassFailure();
    if (failed(interleaving.plan()))
      return signalPassFailure();
    interleaving.apply();
    numRopes = interleaving.getNumRopes();
  }

  LogicalResult checkHalfSplit() {
    WalkResult result = getOperation().walk([&](RopeOp rope) -> WalkResult {
      if (rope.getStyle() == RopeStyle::HalfSplit &&
          static_cast<int64_t>(rope.getRotary()) == halfSplit)
        return success();
      return rope.emitOpError("pairs ")
             << (rope.getStyle() == RopeStyle::HalfSplit ? "halves"
                                                         : "neighbours")
             << " of " << rope.getRotary()
             << " channels, but the device pairs halves only of the "
             << halfSplit.getValue()
             << " channels of a head; compile without --rope-pairing=halves";
    });
    return failure(result.wasInterrupted());
  }
};
} // namespace
