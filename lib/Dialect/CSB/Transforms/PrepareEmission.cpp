//===- PrepareEmission.cpp - Names and expressions of driver source -------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DLAVM/Dialect/CSB/IR/CSB.h"
#include "DLAVM/Dialect/CSB/Transforms/EmissionChecks.h"
#include "DLAVM/Dialect/CSB/Transforms/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSet.h"

namespace dlavm::csb {
#define GEN_PASS_DEF_PREPAREEMISSION
#include "DLAVM/Dialect/CSB/Transforms/Passes.h.inc"
} // namespace dlavm::csb

using namespace mlir;
using namespace dlavm::csb;

namespace {

/// Hands out identifiers that are unique in their scope.
class NameTable {
public:
  std::string get(StringRef wish) {
    std::string base;
    for (char c : wish)
      base += llvm::isAlnum(c) ? c : '_';
    // Identifiers with two underscores belong to the implementation.
    for (size_t at; (at = base.find("__")) != std::string::npos;)
      base.erase(at, 1);
    if (base.empty() || llvm::isDigit(base.front()) || base.front() == '_')
      base = "v" + base;
    std::string name = base;
    for (unsigned i = 2; isReservedWord(name) || !used.insert(name).second; ++i)
      name = base + std::to_string(i);
    return name;
  }

private:
  llvm::StringSet<> used;
};

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

struct PrepareEmission
    : dlavm::csb::impl::PrepareEmissionBase<PrepareEmission> {
  void runOnOperation() override {
    if (failed(checkForEmission(getOperation())))
      return signalPassFailure();
    eraseUnused();
    NameTable globals;
    // What the frame of a driver defines.
    globals.get("kMaxTokens");
    globals.get("kParameterFiles");
    globals.get("kFingerprint");
    Builder builder(&getContext());
    for (Operation &op : getOperation().getOps()) {
      if (isa<BufferOp, ObjectOp, ConstantOp>(op))
        setName(&op, globals.get(toConstantName(
                         SymbolTable::getSymbolName(&op).getValue())));
      else if (isa<RegisterTableOp>(op))
        setName(&op, globals.get(SymbolTable::getSymbolName(&op)));
    }
    // All functions get their names before any body: a local variable must not
    // hide one that is called.
    for (auto function : getOperation().getOps<func::FuncOp>())
      setName(function, globals.get(function.getName()));
    for (auto function : getOperation().getOps<func::FuncOp>())
      prepare(function, globals);
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

  void prepare(func::FuncOp function, const NameTable &globals) {
    NameTable names = globals;
    SmallVector<Attribute> arguments;
    Builder builder(&getContext());
    for (BlockArgument argument : function.getArguments())
      arguments.push_back(
          builder.getStringAttr(names.get(getWish(argument, "argument"))));
    function->setAttr(CSBDialect::getArgNamesAttrName(),
                      builder.getArrayAttr(arguments));

    prepare(function.getBody().front(), names);
  }

  /// The names of one loop or branch are free again after it.
  void prepare(Block &block, NameTable names) {
    for (Operation &op : block) {
      if (auto loop = dyn_cast<scf::ForOp>(op)) {
        NameTable inner = names;
        setName(loop, inner.get(getWish(loop.getInductionVar(), "i")));
        prepare(*loop.getBody(), inner);
      } else if (auto branch = dyn_cast<scf::IfOp>(op)) {
        for (Region &region : branch->getRegions())
          for (Block &inner : region)
            prepare(inner, names);
      } else if (op.getNumResults() == 1) {
        const bool isNamed = needsName(&op);
        ++(isNamed ? numNamed : numInlined);
        if (isNamed)
          setName(&op, names.get(getWish(op.getResult(0), "value")));
      } else if (auto load = dyn_cast<LoadParametersOp>(op);
                 load && load.getCopy()) {
        setName(load, names.get("engine"));
      }
    }
  }

  static std::string getWish(Value value, StringRef otherwise) {
    if (auto name = dyn_cast<NameLoc>(value.getLoc()))
      return name.getName().str();
    return otherwise.str();
  }

  static void setName(Operation *op, StringRef name) {
    op->setAttr(CSBDialect::getNameAttrName(),
                StringAttr::get(op->getContext(), name));
  }
};

} // namespace
