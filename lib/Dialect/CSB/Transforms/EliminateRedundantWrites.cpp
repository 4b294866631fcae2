//===- EliminateRedundantWrites.cpp - Write what changes a register ---===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DLAVM/Dialect/CSB/Transforms/Passes.h"
#include "DLAVM/Dialect/LLM/IR/FunctionOrder.h"
#include "RegisterFlow.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

namespace dlavm::csb {
#define GEN_PASS_DEF_ELIMINATEREDUNDANTWRITES
#include "DLAVM/Dialect/CSB/Transforms/Passes.h.inc"
} // namespace dlavm::csb

using namespace mlir;
using namespace dlavm::csb;

namespace {

/// Erases \p op and what nobody needs without it.
void eraseWithOperands(Operation *op) {
  SmallVector<Operation *> dead = {op};
  while (!dead.empty()) {
    Operation *next = dead.pop_back_val();
    llvm::SmallSetVector<Operation *, 2> producers;
    for (Value operand : next->getOperands())
      if (Operation *producer = operand.getDefiningOp())
        producers.insert(producer);
    next->erase();
    llvm::copy_if(producers, std::back_inserter(dead), isOpTriviallyDead);
  }
}

struct EliminateRedundantWrites
    : dlavm::csb::impl::EliminateRedundantWritesBase<EliminateRedundantWrites> {
  void runOnOperation() override {
    ModuleOp module = getOperation();
    RegisterFlow before(module);
    if (!before.hasRegisters())
      return markAllAnalysesPreserved();
    if (failed(dlavm::llm::orderFunctions(module)) || failed(before.run()))
      return signalPassFailure();

    // Before a loop first, where that may make the write in it redundant.
    std::vector<std::pair<WriteOp, ArrayRef<WriteOp>>> hoisted;
    for (const auto &[loop, hoists] : before.hoists) {
      OpBuilder builder(loop);
      for (const auto &[index, hoist] : hoists) {
        WriteOp write = hoist.writes.front();
        Value value = hoist.value.build(builder, write.getLoc());
        hoisted.push_back(
            {WriteOp::create(builder, write.getLoc(), write.getReg(), value),
             hoist.writes});
      }
    }
    RegisterFlow after(module);
    if (failed(after.run()))
      return signalPassFailure();
    auto isRedundant = [&](WriteOp write) {
      auto it = after.writes.find(write);
      return it != after.writes.end() && it->second;
    };
    // One that no loop gained from is not needed, and was never there.
    SmallVector<WriteOp> redundant;
    for (const auto &[write, inLoop] : hoisted) {
      const bool isGain = llvm::any_of(inLoop, isRedundant);
      if (!isGain || isRedundant(write))
        redundant.push_back(write);
      else
        ++numHoisted;
      after.writes.erase(write);
    }
    for (const auto &[write, holds] : after.writes) {
      if (!holds)
        continue;
      redundant.push_back(write);
      ++numErased;
    }
    for (WriteOp write : redundant)
      eraseWithOperands(write);
  }
};

} // namespace
