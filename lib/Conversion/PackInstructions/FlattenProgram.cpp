//===- FlattenProgram.cpp - A register program without calls ------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "FlattenProgram.h"

#include "DLAVM/Dialect/LLM/IR/LLM.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

using namespace mlir;
using namespace dlavm;
using namespace dlavm::csb;

/// More starts than a layer of any model has.
constexpr unsigned kMaxStarts = 4096;

int64_t ProgramItem::getLayers() const {
  return loop ? *getConstantIntValue(scf::ForOp(loop).getUpperBound()) : 1;
}

namespace {

class Flattener {
public:
  explicit Flattener(SymbolTable &symbols) : symbols(symbols) {}

  LogicalResult copy(Block &block, IRMapping &mapping, OpBuilder &builder) {
    for (Operation &op : block.without_terminator())
      if (failed(copy(&op, mapping, builder)))
        return failure();
    return success();
  }

private:
  LogicalResult copy(Operation *op, IRMapping &mapping, OpBuilder &builder) {
    if (auto call = dyn_cast<func::CallOp>(op)) {
      auto callee = symbols.lookup<func::FuncOp>(call.getCallee());
      if (callee.isExternal() || !callee.getBody().hasOneBlock() ||
          call.getNumResults() != 0)
        return callee.emitOpError("is no part of a register program: it has "
                                  "no single block, or returns a value");
      IRMapping inner;
      for (auto [argument, operand] :
           llvm::zip_equal(callee.getArguments(), call.getOperands()))
        inner.map(argument, mapping.lookup(operand));
      return copy(callee.getBody().front(), inner, builder);
    }
    if (auto loop = dyn_cast<scf::ForOp>(op))
      return copy(loop, mapping, builder);
    if (auto branch = dyn_cast<scf::IfOp>(op))
      return copy(branch, mapping, builder);
    if (isa<PollOp>(op) && ++numStarts > kMaxStarts)
      return op->emitOpError("ends more than ")
             << kMaxStarts
             << " starts, too many for instruction blocks; compile with "
                "--mode=direct";
    Operation *copied = builder.clone(*op, mapping);
    SmallVector<Value> folded;
    if (copied->getNumResults() == 1 && !isa<arith::ConstantOp>(copied) &&
        succeeded(builder.tryFold(copied, folded)) && !folded.empty()) {
      mapping.map(op->getResult(0), folded.front());
      copied->erase();
    }
    return success();
  }

  /// At the first task of an op with a region, or else at the op.
  LogicalResult refuse(Operation *op, const Twine &when) {
    TaskOp task;
    op->walk([&](Operation *inner) {
      if (auto call = dyn_cast<func::CallOp>(inner); call && !task)
        symbols.lookup(call.getCallee())->walk([&](TaskOp other) {
          task = task ? task : other;
        });
      if (auto other = dyn_cast<TaskOp>(inner); other && !task)
        task = other;
    });
    if (!task)
      return op->emitOpError("has a part that runs ")
             << when << "; compile with --mode=direct";
    return task.emitOpError("'") << task.getName() << "' runs " << when
                                 << "; compile with --mode=direct";
  }

  LogicalResult copy(scf::ForOp loop, IRMapping &mapping, OpBuilder &builder) {
    auto getBound = [&](Value bound) {
      return getConstantIntValue(mapping.lookup(bound));
    };
    std::optional<int64_t> lower = getBound(loop.getLowerBound());
    std::optional<int64_t> upper = getBound(loop.getUpperBound());
    std::optional<int64_t> step = getBound(loop.getStep());
    if (!lower || !upper || !step || *step < 1 || loop.getNumResults() != 0)
      return refuse(
          loop, "as often as the history of the call has it, but instruction "
                "blocks hold a fixed number of tasks");
    if (!llm::isLayerLoop(loop)) {
      for (int64_t i = *lower; i < *upper; i += *step) {
        mapping.map(
            loop.getInductionVar(),
            arith::ConstantOp::create(
                builder, loop.getLoc(),
                builder.getIntegerAttr(loop.getInductionVar().getType(), i)));
        if (failed(copy(*loop.getBody(), mapping, builder)))
          return failure();
      }
      return success();
    }
    if (isInLayers || *lower != 0 || *step != 1 || *upper < 1)
      return loop.emitOpError("goes over layers, but stands in another such "
                              "loop or does not count from 0 by 1, so "
                              "instruction blocks cannot number its tasks");
    auto copied = scf::ForOp::create(
        builder, loop.getLoc(), mapping.lookup(loop.getLowerBound()),
        mapping.lookup(loop.getUpperBound()), mapping.lookup(loop.getStep()));
    copied->setDiscardableAttrs(loop->getDiscardableAttrDictionary());
    copied.getInductionVar().setLoc(loop.getInductionVar().getLoc());
    mapping.map(loop.getInductionVar(), copied.getInductionVar());
    OpBuilder inner(copied.getBody()->getTerminator());
    isInLayers = true;
    LogicalResult result = copy(*loop.getBody(), mapping, inner);
    isInLayers = false;
    return result;
  }

  LogicalResult copy(scf::IfOp branch, IRMapping &mapping, OpBuilder &builder) {
    std::optional<int64_t> condition =
        getConstantIntValue(mapping.lookup(branch.getCondition()));
    if (!condition || branch.getNumResults() != 0)
      return refuse(branch,
                    "only where the history of the call has it so, but "
                    "instruction blocks hold the same tasks for all calls");
    Region &region =
        *condition ? branch.getThenRegion() : branch.getElseRegion();
    return region.empty() ? success() : copy(region.front(), mapping, builder);
  }

  SymbolTable &symbols;
  unsigned numStarts = 0;
  bool isInLayers = false;
};

/// Cuts straight-line code into starts.
LogicalResult collect(Block &block, FlatProgram &program,
                      SmallVectorImpl<TaskStart> *layer) {
  TaskStart start;
  for (Operation &op : block) {
    if (auto task = dyn_cast<TaskOp>(op)) {
      start.task = task;
    } else if (auto write = dyn_cast<WriteOp>(op)) {
      if (!start.task)
        return op.emitOpError("belongs to no csb.task");
      start.writes.push_back(write);
    } else if (auto poll = dyn_cast<PollOp>(op)) {
      if (start.writes.empty())
        return op.emitOpError("ends no start");
      start.poll = poll;
      if (layer)
        layer->push_back(start);
      else
        program.items.push_back({nullptr, {start}});
      start.writes.clear();
    } else if (auto check = dyn_cast<CheckCallOp>(op)) {
      program.checks.push_back(check);
    } else if (auto loop = dyn_cast<scf::ForOp>(op)) {
      ProgramItem item{loop, {}};
      if (failed(collect(*loop.getBody(), program, &item.starts)))
        return failure();
      program.items.push_back(std::move(item));
    } else if (!op.hasTrait<OpTrait::IsTerminator>() && !isPure(&op)) {
      return op.emitOpError("is no part of a task, so instruction blocks have "
                            "no place for it");
    }
  }
  if (start.writes.empty())
    return success();
  return start.writes.back().emitOpError("starts what no poll ends");
}

} // namespace

FailureOr<FlatProgram> csb::flattenProgram(func::FuncOp function,
                                           SymbolTable &symbols) {
  FlatProgram program;
  program.function = func::FuncOp::create(function.getLoc(), function.getName(),
                                          function.getFunctionType());
  Block *entry = program.function->addEntryBlock();
  OpBuilder builder(function.getContext());
  builder.setInsertionPointToEnd(entry);
  IRMapping mapping;
  for (auto [from, to] :
       llvm::zip_equal(function.getArguments(), entry->getArguments())) {
    to.setLoc(from.getLoc());
    mapping.map(from, to);
  }
  Block &body = function.getBody().front();
  if (failed(Flattener(symbols).copy(body, mapping, builder)))
    return failure();
  builder.clone(*body.getTerminator(), mapping);
  if (failed(collect(*entry, program, nullptr)))
    return failure();
  return program;
}
