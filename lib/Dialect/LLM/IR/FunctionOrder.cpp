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
    SmallVector<Region *> regions = {&function.getBody()};
    while (!regions.empty()) {
      for (Operation &op : regions.pop_back_val()->getOps()) {
        // Regions of ops that nobody knows may name anything.
        if (op.getNumRegions() == 1 && !op.getDialect())
          return function.emitOpError("contains an op of an unknown dialect");
        if (failed(visitNames(&op)))
          return failure();
        if (!op.hasTrait<OpTrait::SymbolTable>())
          llvm::append_range(regions,
                             llvm::make_pointer_range(op.getRegions()));
      }
    }
    active.remove(function);
    functions.insert(function);
    return success();
  }

  llvm::SetVector<func::FuncOp> functions;

private:
  /// Visits the functions that attributes of \p op name. SymbolTable's walk
  /// makes a dictionary of all attributes of each op, which took a tenth of the
  /// compilation of a model.
  LogicalResult visitNames(Operation *op) {
    if (std::optional<RegisteredOperationName> name = op->getRegisteredInfo())
      for (StringAttr attribute : name->getAttributeNames())
        if (std::optional<Attribute> value =
                op->getInherentAttr(attribute.getValue()))
          if (failed(visitNames(op, *value)))
            return failure();
    for (NamedAttribute attribute : op->getDiscardableAttrs())
      if (failed(visitNames(op, attribute.getValue())))
        return failure();
    return success();
  }

  LogicalResult visitNames(Operation *op, Attribute value) {
    // What most attributes are, and name nothing.
    if (!value || isa<IntegerAttr, StringAttr, UnitAttr>(value))
      return success();
    const WalkResult result =
        value.walk<WalkOrder::PreOrder>([&](SymbolRefAttr name) {
          auto callee = symbols.lookup<func::FuncOp>(name.getRootReference());
          if (callee && active.contains(callee)) {
            op->emitOpError("makes '")
                << callee.getName()
                << "' call itself, which no model and no driver does";
            return WalkResult::interrupt();
          }
          return callee && failed(visit(callee)) ? WalkResult::interrupt()
                                                 : WalkResult::skip();
        });
    return failure(result.wasInterrupted());
  }

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
