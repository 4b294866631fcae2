//===- FlattenProgram.cpp - A register program without calls ------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "FlattenProgram.h"
#include "PastDecision.h"

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
/// The driver has code, and the memory blocks, for each variant.
constexpr unsigned kMaxVariants = 16;

int64_t ProgramItem::getLayers() const {
  return loop ? *getConstantIntValue(scf::ForOp(loop).getUpperBound()) : 1;
}

namespace {

class Flattener {
public:
  /// For a call after \p first tokens.
  Flattener(SymbolTable &symbols, Value past, int64_t first)
      : symbols(symbols), past(past), first(first) {}

  LogicalResult copy(Block &block, IRMapping &mapping, OpBuilder &builder) {
    for (Operation &op : block.without_terminator())
      if (failed(copy(&op, mapping, builder)))
        return failure();
    return success();
  }

  /// The first history after \p first and below \p end whose starts are not as
  /// many.
  int64_t findEnd(int64_t end) const {
    for (int64_t number = first + 1; number < end; ++number)
      for (const auto &[decision, result] : decisions)
        if (decision.get(past, number) != result)
          return number;
    return end;
  }

private:
  /// What is decided for the calls that this copy is for.
  std::optional<int64_t> decide(const PastDecision &decision) {
    for (const auto &[other, result] : decisions)
      if (other == decision)
        return result;
    std::optional<int64_t> result = decision.get(past, first);
    if (result)
      decisions.push_back({decision, *result});
    return result;
  }

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
    std::optional<int64_t> step = getBound(loop.getStep());
    const bool isCounted =
        lower && step && *step > 0 && loop.getNumResults() == 0;
    std::optional<int64_t> upper = getBound(loop.getUpperBound());
    std::optional<int64_t> trips;
    if (isCounted && upper)
      trips = PastDecision::countTrips(*lower, *upper, *step);
    else if (isCounted && !llm::isLayerLoop(loop))
      trips = decide({mapping.lookup(loop.getUpperBound()), *lower, *step});
    if (!trips)
      return refuse(loop,
                    "as often as more than the history of the call has it, but "
                    "instruction blocks hold the same tasks for all layers");
    if (!llm::isLayerLoop(loop)) {
      for (int64_t i = 0; i < *trips; ++i) {
        mapping.map(loop.getInductionVar(),
                    arith::ConstantOp::create(
                        builder, loop.getLoc(),
                        builder.getIntegerAttr(loop.getInductionVar().getType(),
                                               *lower + i * *step)));
        if (failed(copy(*loop.getBody(), mapping, builder)))
          return failure();
      }
      return success();
    }
    if (isInLayers || *lower != 0 || *step != 1 || *trips < 1)
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
    Value mapped = mapping.lookup(branch.getCondition());
    std::optional<int64_t> condition = getConstantIntValue(mapped);
    if (!condition && branch.getNumResults() == 0)
      condition = decide({mapped});
    if (!condition || branch.getNumResults() != 0)
      return refuse(branch,
                    "only where more than the history of the call has it so, "
                    "but instruction blocks hold the same tasks for all "
                    "layers");
    Region &region =
        *condition ? branch.getThenRegion() : branch.getElseRegion();
    return region.empty() ? success() : copy(region.front(), mapping, builder);
  }

  SymbolTable &symbols;
  Value past;
  int64_t first;
  SmallVector<std::pair<PastDecision, int64_t>> decisions;
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

/// For the calls after \p first tokens, and those up to \p end that are alike.
static FailureOr<FlatProgram> flatten(func::FuncOp function,
                                      SymbolTable &symbols, int64_t first,
                                      int64_t end) {
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
  Flattener flattener(symbols, entry->getArgument(0), first);
  if (failed(flattener.copy(body, mapping, builder)))
    return failure();
  builder.clone(*body.getTerminator(), mapping);
  if (failed(collect(*entry, program, nullptr)))
    return failure();
  program.firstPast = first;
  program.endPast = flattener.findEnd(end);
  return program;
}

FailureOr<SmallVector<FlatProgram>> csb::flattenProgram(func::FuncOp function,
                                                        SymbolTable &symbols) {
  auto checks = function.getOps<CheckCallOp>();
  if (checks.empty())
    return function.emitOpError("has no csb.check_call, so nobody knows which "
                                "calls its instruction blocks are for");
  const int64_t end = (*checks.begin()).getMaxTokens();
  SmallVector<FlatProgram> programs;
  for (int64_t first = 0; first < end; first = programs.back().endPast) {
    if (programs.size() == kMaxVariants)
      return function.emitOpError("has more than ")
             << kMaxVariants
             << " numbers of starts, each of which needs instruction blocks of "
                "its own; compile with --mode=direct or --max-tokens="
             << first;
    FailureOr<FlatProgram> program = flatten(function, symbols, first, end);
    if (failed(program))
      return failure();
    programs.push_back(std::move(*program));
  }
  return programs;
}
