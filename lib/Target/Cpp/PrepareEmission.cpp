//===- PrepareEmission.cpp - Names and expressions of driver source -------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "EmissionChecks.h"
#include "NameScopes.h"

#include "DLAVM/Dialect/CSB/IR/CSB.h"
#include "DLAVM/Target/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "llvm/ADT/StringExtras.h"

namespace dlavm {
#define GEN_PASS_DEF_PREPAREEMISSION
#include "DLAVM/Target/Passes.h.inc"
} // namespace dlavm

using namespace mlir;
using namespace dlavm;
using namespace dlavm::csb;

namespace {

/// "query_weight" as "kQueryWeight".
static std::string toConstantName(StringRef symbol) {
  std::string name = "k";
  bool isStart = true;
  for (char c : symbol) {
    if (llvm::isAlnum(c))
      name += isStart ? llvm::toUpper(c) : c;
    isStart = !llvm::isAlnum(c);
  }
  return name;
}

/// Symbols are called as in the module. Values keep the names that they have,
/// or get those of their locations.
static std::string getWish(Operation *op, Value value) {
  if (!value && isa<BufferOp, ObjectOp, ConstantOp, TableOp>(op))
    return toConstantName(SymbolTable::getSymbolName(op).getValue());
  if (!value && isa<RegisterTableOp, func::FuncOp>(op))
    return SymbolTable::getSymbolName(op).str();
  if (StringRef name = getName(op, value); !name.empty())
    return name.str();
  if (!value)
    return "engine";
  if (auto name = dyn_cast<NameLoc>(value.getLoc()))
    return name.getName().str();
  if (isa<func::FuncOp>(op))
    return "argument";
  return isa<scf::ForOp>(op) ? "i" : "value";
}

static void setName(Operation *op, Value value, StringRef name) {
  Builder builder(op->getContext());
  StringAttr text = builder.getStringAttr(name);
  auto function = dyn_cast<func::FuncOp>(op);
  if (!value || !function)
    op->setAttr(CSBDialect::getNameAttrName(), text);
  if (!function)
    return;
  // The function comes before its arguments, and these in order.
  SmallVector<Attribute> names;
  if (auto old =
          op->getAttrOfType<ArrayAttr>(CSBDialect::getArgNamesAttrName()))
    names.assign(old.begin(), old.end());
  if (auto argument = dyn_cast_or_null<BlockArgument>(value)) {
    names.resize(std::max<size_t>(names.size(), argument.getArgNumber() + 1));
    names[argument.getArgNumber()] = text;
  }
  names.truncate(std::min<size_t>(names.size(), function.getNumArguments()));
  op->setAttr(CSBDialect::getArgNamesAttrName(), builder.getArrayAttr(names));
}

/// The name of a condition says why a branch is taken.
static bool isNamedCondition(Operation *op) {
  return isa<arith::CmpIOp>(op) &&
         (isa<NameLoc>(op->getLoc()) || !getName(op, op->getResult(0)).empty());
}

/// So does that of a side of such a condition.
static bool isNamedSide(Operation *op) {
  return isArithmetic(op) && isa<NameLoc>(op->getLoc()) &&
         llvm::any_of(op->getUsers(), isNamedCondition);
}

struct PrepareEmission : dlavm::impl::PrepareEmissionBase<PrepareEmission> {
  void runOnOperation() override {
    if (failed(checkForEmission(getOperation())))
      return signalPassFailure();
    eraseUnused();
    decideTrees();
    LogicalResult result = walkNamed(
        getOperation(), [](Operation *op, Value value, NameScope &scope) {
          setName(op, value, scope.create(getWish(op, value)));
          return success();
        });
    assert(succeeded(result) && "every name can be had");
    (void)result;
  }

  /// Driver source would have variables that nothing uses.
  void eraseUnused() {
    SmallVector<Operation *> operations;
    getOperation().walk([&](Operation *op) {
      if (isArithmetic(op) || isa<arith::ConstantOp, AddressOfOp>(op))
        operations.push_back(op);
    });
    // Those that use a value stand behind the one that computes it.
    for (Operation *op : llvm::reverse(operations))
      if (op->use_empty())
        op->erase();
  }

  /// What is printed where it is used has no name.
  void decideTrees() {
    for (auto function : getOperation().getOps<func::FuncOp>())
      function.getBody().walk([&](Operation *op) {
        if (op->getNumResults() != 1)
          return;
        const bool saysWhy = isNamedCondition(op) || isNamedSide(op);
        const bool isNamed = saysWhy || needsName(op);
        ++(isNamed ? numNamed : numInlined);
        if (saysWhy)
          setName(op, op->getResult(0), getWish(op, op->getResult(0)));
        else if (!isNamed)
          op->removeAttr(CSBDialect::getNameAttrName());
      });
  }
};

} // namespace
