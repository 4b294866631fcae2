//===- FunctionOrder.cpp - Functions behind those that they call ----------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// mlir::CallGraph takes a private function that nobody calls for one that the
// outside may call, and knows no op but func.call.
//
//===----------------------------------------------------------------------===//

#include "DLAVM/Dialect/LLM/IR/FunctionOrder.h"

#include "mlir/IR/SymbolTable.h"
#include "llvm/ADT/SetVector.h"

using namespace mlir;
using namespace dlavm;

namespace {
class FunctionOrder {
public:
  explicit FunctionOrder(Operation *module) : symbols(module) {}

  LogicalResult visit(func::FuncOp function) {
    constexpr size_t kMaxDepth = 100;
    if (functions.contains(function))
      return success();
    if (active.size() > kMaxDepth)
      return function.emitOpError("is called by more than ")
             << kMaxDepth << " functions in a row, which no model does";
    active.insert(function);
    // Regions of ops that nobody knows may name anything.
    auto uses = SymbolTable::getSymbolUses(&function.getBody());
    if (!uses)
      return function.emitOpError("contains an op of an unknown dialect");
    for (const SymbolTable::SymbolUse &use : *uses) {
      auto callee =
          symbols.lookup<func::FuncOp>(use.getSymbolRef().getRootReference());
      if (!callee)
        continue;
      if (active.contains(callee))
        return use.getUser()->emitOpError("makes '")
               << callee.getName()
               << "' call itself, which no model and no driver does";
      if (failed(visit(callee)))
        return failure();
    }
    active.remove(function);
    functions.insert(function);
    return success();
  }

  llvm::SetVector<func::FuncOp> functions;

private:
  SymbolTable symbols;
  llvm::SmallSetVector<func::FuncOp, 8> active;
};
} // namespace

FailureOr<SmallVector<func::FuncOp>> llm::orderFunctions(func::FuncOp entry) {
  FunctionOrder order(SymbolTable::getNearestSymbolTable(entry));
  if (failed(order.visit(entry)))
    return failure();
  return llvm::to_vector(order.functions);
}

FailureOr<SmallVector<func::FuncOp>> llm::orderFunctions(ModuleOp module) {
  FunctionOrder order(module);
  for (auto function : module.getOps<func::FuncOp>())
    if (failed(order.visit(function)))
      return failure();
  return llvm::to_vector(order.functions);
}
