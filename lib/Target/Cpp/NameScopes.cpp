//===- NameScopes.cpp - What driver source names --------------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "NameScopes.h"

#include "DLAVM/Dialect/CSB/IR/CSB.h"
#include "DLAVM/Support/CppNames.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;
using namespace dlavm;
using namespace dlavm::csb;

std::string NameScope::create(StringRef wish) {
  std::string base;
  for (char c : wish)
    base += llvm::isAlnum(c) ? c : '_';
  // Identifiers with two underscores belong to the implementation.
  for (size_t at; (at = base.find("__")) != std::string::npos;)
    base.erase(at, 1);
  if (!isIdentifier(base))
    base = "v" + base;
  std::string name = base;
  for (unsigned i = 2; isReservedWord(name) || !insert(name); ++i)
    name = base + std::to_string(i);
  return name;
}

bool dlavm::isArithmetic(Operation *op) {
  return isa<arith::AddIOp, arith::SubIOp, arith::MulIOp, arith::DivSIOp,
             arith::RemSIOp, arith::MinSIOp, arith::ExtSIOp, arith::CmpIOp>(op);
}

/// The ops that use a value; C++ widens integers by itself, so those that use
/// the widened value count in place of the extension.
static void getUsers(Operation *op, SmallVectorImpl<Operation *> &users) {
  for (Operation *user : op->getUsers()) {
    if (isa<arith::ExtSIOp>(user))
      getUsers(user, users);
    else
      users.push_back(user);
  }
}

bool dlavm::needsName(Operation *op) {
  // It is read into a variable.
  if (isa<DMAReadWordOp>(op))
    return true;
  if (isa<arith::ConstantOp, arith::ExtSIOp, AddressOfOp>(op))
    return false;
  SmallVector<Operation *> users;
  getUsers(op, users);
  if (users.size() != 1 || users.front()->getBlock() != op->getBlock())
    return true;
  if (isa<ReadOp, DMAReadOp, ReadEmbeddingsOp>(op))
    return !isa<func::ReturnOp>(op->getNextNode());
  return !isArithmetic(op);
}

using Visitor = llvm::function_ref<LogicalResult(Operation *op, Value value,
                                                 NameScope &scope)>;

/// The names of one loop or branch are free again after it.
static LogicalResult walkBlock(Block &block, NameScope scope, Visitor visit) {
  for (Operation &op : block) {
    if (auto loop = dyn_cast<scf::ForOp>(op)) {
      NameScope inner = scope;
      if (failed(visit(loop, loop.getInductionVar(), inner)) ||
          failed(walkBlock(*loop.getBody(), inner, visit)))
        return failure();
    } else if (auto branch = dyn_cast<scf::IfOp>(op)) {
      for (Region &region : branch->getRegions())
        for (Block &inner : region)
          if (failed(walkBlock(inner, scope, visit)))
            return failure();
    } else if (op.getNumResults() == 1) {
      if ((needsName(&op) || op.hasAttr(CSBDialect::getNameAttrName())) &&
          failed(visit(&op, op.getResult(0), scope)))
        return failure();
    } else if (auto load = dyn_cast<LoadParametersOp>(op)) {
      if (load.getCopy() && failed(visit(load, nullptr, scope)))
        return failure();
    }
  }
  return success();
}

LogicalResult dlavm::walkNamed(ModuleOp module, Visitor visit) {
  NameScope globals;
  for (Operation &op : module.getOps())
    if (isa<BufferOp, ObjectOp, ConstantOp, TableOp, RegisterTableOp>(op) &&
        failed(visit(&op, nullptr, globals)))
      return failure();
  // All functions come before any body: a local variable must not hide one that
  // is called.
  for (auto function : module.getOps<func::FuncOp>())
    if (failed(visit(function, nullptr, globals)))
      return failure();
  for (auto function : module.getOps<func::FuncOp>()) {
    NameScope scope = globals;
    for (BlockArgument argument : function.getArguments())
      if (failed(visit(function, argument, scope)))
        return failure();
    if (failed(walkBlock(function.getBody().front(), scope, visit)))
      return failure();
  }
  return success();
}

StringRef dlavm::getName(Operation *op, Value value) {
  StringAttr name;
  if (auto argument = dyn_cast_or_null<BlockArgument>(value);
      argument && isa<func::FuncOp>(op)) {
    auto names =
        op->getAttrOfType<ArrayAttr>(CSBDialect::getArgNamesAttrName());
    if (names && argument.getArgNumber() < names.size())
      name = cast<StringAttr>(names[argument.getArgNumber()]);
  } else {
    name = op->getAttrOfType<StringAttr>(CSBDialect::getNameAttrName());
  }
  return name ? name.getValue() : StringRef();
}
