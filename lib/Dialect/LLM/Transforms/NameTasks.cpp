//===- NameTasks.cpp - Names of hardware tasks ----------------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DLAVM/Dialect/LLM/IR/LLM.h"
#include "DLAVM/Dialect/LLM/Transforms/Passes.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/ADT/TypeSwitch.h"

namespace dlavm::llm {
#define GEN_PASS_DEF_NAMETASKS
#include "DLAVM/Dialect/LLM/Transforms/Passes.h.inc"
} // namespace dlavm::llm

using namespace mlir;
using namespace dlavm::llm;

/// What the device calls the map \p argument: `input` where the host writes it,
/// otherwise `hidden`, with a number if there are several.
static std::string getArgumentName(BlockArgument argument) {
  auto function = dyn_cast<func::FuncOp>(argument.getOwner()->getParentOp());
  if (!function)
    return "map";
  auto isMap = llvm::IsaPred<RankedTensorType>;
  ArrayRef<Type> types = function.getArgumentTypes();
  std::string name = function.isPublic() ? "input" : "hidden";
  if (llvm::count_if(types, isMap) > 1)
    name += std::to_string(
        llvm::count_if(types.take_front(argument.getArgNumber()), isMap));
  return name;
}

/// What \p map is called: like the task that writes it.
static std::string getMapName(Value map) {
  Operation *op = map.getDefiningOp();
  // Outside functions, ops may use their own results.
  llvm::SmallPtrSet<Operation *, 4> seen;
  while (isa_and_nonnull<SplitHeadsOp, MergeHeadsOp, LastTokenOp, CutPatchesOp>(
             op) &&
         seen.insert(op).second) {
    map = op->getOperand(0);
    op = map.getDefiningOp();
  }
  if (!op)
    return getArgumentName(cast<BlockArgument>(map));
  StringAttr task = getTaskName(op);
  return task ? task.str() : "map";
}

/// Names that say where a map comes from grow along a chain of ops. The
/// longest of today's models has 32 characters.
constexpr size_t kMaxOrigin = 64;

static std::string getName(Value map, StringRef suffix) {
  const std::string origin = getMapName(map);
  return origin.size() > kMaxOrigin ? suffix.str()
                                    : origin + "_" + suffix.str();
}

/// The name that \p op's task should have; empty where it is no task.
static std::string getWish(Operation *op) {
  return llvm::TypeSwitch<Operation *, std::string>(op)
      .Case<LinearOp, Conv2DOp, RMSNormOp, LayerNormOp>(
          [](auto op) { return op.getWeight().str(); })
      .Case([](RopeOp op) { return getName(op.getInput(), "rope"); })
      .Case([](KVAppendOp op) { return op.getCache().str() + "_append"; })
      .Case([](AttentionScoresOp) { return "scores"; })
      .Case([](SoftmaxOp) { return "probabilities"; })
      .Case([](AttentionValuesOp) { return "attention"; })
      .Case([](ActivationOp op) {
        return getName(op.getInput(), stringifyActivationKind(op.getKind()));
      })
      .Case([](AddOp op) { return getName(op.getLhs(), "add"); })
      .Case([](SubOp op) { return getName(op.getLhs(), "sub"); })
      .Case([](MulOp op) { return getName(op.getLhs(), "mul"); })
      .Default(std::string());
}

namespace {
struct NameTasks : dlavm::llm::impl::NameTasksBase<NameTasks> {
  void runOnOperation() override {
    llvm::StringSet<> names;
    llvm::StringMap<unsigned> numbers;
    getOperation().walk([&](Operation *op) {
      if (StringAttr task = getTaskName(op))
        names.insert(task.getValue());
    });
    getOperation().walk([&](Operation *op) {
      if (getTaskName(op))
        return;
      const std::string wish = dlavm::llm::toIdentifier(getWish(op));
      if (wish.empty())
        return;
      std::string name = wish;
      // No number becomes free again.
      for (unsigned &i = numbers.try_emplace(wish, 2).first->second;
           !names.insert(name).second; ++i)
        name = wish + "_" + std::to_string(i);
      op->setAttr(LLMDialect::getTaskAttrName(),
                  StringAttr::get(op->getContext(), name));
      ++numTasks;
    });
  }
};
} // namespace
