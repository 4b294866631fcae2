//===- OutlineStarts.cpp - One function for the starts of both orders -----===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DLAVM/Dialect/Accel/IR/Accel.h"
#include "DLAVM/Dialect/Accel/Transforms/Passes.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/SymbolTable.h"

namespace dlavm::accel {
#define GEN_PASS_DEF_OUTLINESTARTS
#include "DLAVM/Dialect/Accel/Transforms/Passes.h.inc"
} // namespace dlavm::accel

using namespace mlir;
using namespace dlavm;
using namespace dlavm::accel;

/// The only task in \p block, or null.
static TaskOpInterface getOnlyTask(Block &block) {
  TaskOpInterface task;
  const WalkResult result = block.walk([&](TaskOpInterface other) {
    return std::exchange(task, other) ? WalkResult::interrupt()
                                      : WalkResult::advance();
  });
  return result.wasInterrupted() ? TaskOpInterface() : task;
}

/// The layer that \p op belongs to, or null.
static Value getLayer(Operation *op) {
  for (; op; op = op->getParentOp()) {
    if (auto loop = dyn_cast<scf::ForOp>(op); loop && llm::isLayerLoop(loop))
      return loop.getInductionVar();
    if (auto function = dyn_cast<func::FuncOp>(op))
      for (BlockArgument argument : function.getArguments())
        if (isLayer(argument))
          return argument;
  }
  return {};
}

namespace {

/// Two starts that differ in numbers only, as one function of these numbers.
class StartPair {
public:
  StartPair(TaskOpInterface first, TaskOpInterface second)
      : first(first), second(second) {}

  /// True if they differ in numbers only; finds which.
  bool match();
  /// The function, in front of the one that both stand in.
  func::FuncOp createFunction(SymbolTable &symbols);
  void callInstead(func::FuncOp function);

private:
  using Pair = std::pair<Value, Value>;

  bool match(Value a, Value b);
  Value clone(OpBuilder &builder, Value value);

  TaskOpInterface first, second;
  /// The numbers, of the first start and of the second.
  SmallVector<Pair> numbers;
  llvm::SmallDenseMap<Value, Value> cloned;
};

} // namespace

static bool isSameOp(Operation *a, Operation *b) {
  return a && b && a->getName() == b->getName() && a->getNumRegions() == 0 &&
         b->getNumRegions() == 0 &&
         a->getAttrDictionary() == b->getAttrDictionary() &&
         a->getResultTypes() == b->getResultTypes() &&
         a->getNumOperands() == b->getNumOperands();
}

bool StartPair::match() {
  if (!isSameOp(first, second))
    return false;
  // The driver says which layer it is in.
  if (Value layer = getLayer(first))
    numbers.push_back({layer, layer});
  return llvm::all_of(
      llvm::zip_equal(first->getOperands(), second->getOperands()),
      [&](auto operands) {
        auto [a, b] = operands;
        return match(a, b);
      });
}

bool StartPair::match(Value a, Value b) {
  Operation *definition = a.getDefiningOp();
  const bool isSame = isSameOp(definition, b.getDefiningOp());
  if (a.getType().isIndex() && b.getType().isIndex() &&
      !(isSame && definition->getNumOperands() == 0)) {
    if (!llvm::is_contained(numbers, Pair(a, b)))
      numbers.push_back({a, b});
    return true;
  }
  return isSame &&
         llvm::all_of(llvm::zip_equal(definition->getOperands(),
                                      b.getDefiningOp()->getOperands()),
                      [&](auto operands) {
                        auto [a, b] = operands;
                        return match(a, b);
                      });
}

Value StartPair::clone(OpBuilder &builder, Value value) {
  if (Value result = cloned.lookup(value))
    return result;
  Operation *definition = value.getDefiningOp();
  IRMapping mapping;
  for (Value operand : definition->getOperands())
    mapping.map(operand, clone(builder, operand));
  Operation *copy = builder.clone(*definition, mapping);
  return cloned[value] =
             copy->getResult(cast<OpResult>(value).getResultNumber());
}

func::FuncOp StartPair::createFunction(SymbolTable &symbols) {
  auto parent = first->getParentOfType<func::FuncOp>();
  OpBuilder builder(parent);
  auto function = func::FuncOp::create(
      builder, first.getLoc(),
      (parent.getName() + "_" + first.getTaskName()).str(),
      builder.getFunctionType(
          SmallVector<Type>(numbers.size(), builder.getIndexType()), {}));
  function.setPrivate();
  if (Attribute decode = parent->getAttr(AccelDialect::getDecodeAttrName()))
    function->setAttr(AccelDialect::getDecodeAttrName(), decode);
  symbols.insert(function, Block::iterator(parent));
  Block *body = function.addEntryBlock();
  builder.setInsertionPointToStart(body);
  for (auto [number, argument] :
       llvm::zip_equal(numbers, body->getArguments())) {
    // A constant of one start has a name in the other.
    const Location loc = number.first.getLoc();
    argument.setLoc(isa<NameLoc>(loc) ? loc : number.second.getLoc());
    cloned[number.first] = argument;
  }
  if (getLayer(first))
    function.setArgAttr(0, AccelDialect::getLayerAttrName(),
                        builder.getUnitAttr());
  IRMapping mapping;
  for (Value operand : first->getOperands())
    mapping.map(operand, clone(builder, operand));
  builder.clone(*first, mapping);
  func::ReturnOp::create(builder, first.getLoc());
  return function;
}

void StartPair::callInstead(func::FuncOp function) {
  SmallVector<Value> firsts, seconds;
  for (const Pair &number : numbers) {
    firsts.push_back(number.first);
    seconds.push_back(number.second);
  }
  for (auto [start, operands] : {std::pair(first, ArrayRef(firsts)),
                                 std::pair(second, ArrayRef(seconds))}) {
    OpBuilder builder(start);
    func::CallOp::create(builder, start.getLoc(), function, operands);
    start->erase();
  }
}

namespace {

struct OutlineStarts : dlavm::accel::impl::OutlineStartsBase<OutlineStarts> {
  void runOnOperation() override {
    SymbolTable symbols(getOperation());
    SmallVector<scf::IfOp> branches;
    getOperation().walk([&](scf::IfOp branch) {
      if (branch.elseBlock())
        branches.push_back(branch);
    });
    for (scf::IfOp branch : branches) {
      TaskOpInterface first = getOnlyTask(*branch.thenBlock());
      TaskOpInterface second = getOnlyTask(*branch.elseBlock());
      if (!first || !second)
        continue;
      StartPair pair(first, second);
      if (!pair.match())
        continue;
      pair.callInstead(pair.createFunction(symbols));
      ++numOutlined;
    }
  }
};

} // namespace
