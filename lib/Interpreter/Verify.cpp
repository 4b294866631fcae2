//===- Verify.cpp - What the interpreter can run --------------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Verify.h"

#include "DLAVM/Dialect/LLM/IR/FunctionOrder.h"
#include "DLAVM/Dialect/LLM/IR/LLM.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace dlavm;
using namespace mlir;

static bool isMap(Type type) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  return tensor && tensor.getRank() == 3 && tensor.getElementType().isF16();
}

static bool isKnown(Operation *op) {
  if (auto constant = dyn_cast<arith::ConstantOp>(op))
    return isa<IntegerAttr>(constant.getValue());
  return isa<llm::LLMDialect>(op->getDialect()) ||
         isa<arith::AddIOp, arith::SubIOp, arith::MulIOp, scf::ForOp,
             scf::YieldOp, func::CallOp, func::ReturnOp>(op);
}

static LogicalResult verifyFunction(func::FuncOp function) {
  if (function.isExternal())
    return function.emitOpError("has no body, so it cannot be interpreted");
  if (!function.getBody().hasOneBlock())
    return function.emitOpError("branches between blocks; models have scf.for "
                                "and func.call");
  WalkResult result = function.getBody().walk([](Operation *op) -> WalkResult {
    if (isKnown(op))
      return success();
    return op->emitOpError("cannot be interpreted; the ops of the llm "
                           "dialect, scf.for, func.call and sums, products "
                           "and constants of indices can");
  });
  return failure(result.wasInterrupted());
}

FailureOr<func::FuncOp> interpreter::getModelFunction(ModuleOp module) {
  func::FuncOp model;
  for (auto function : module.getOps<func::FuncOp>()) {
    if (!function.isPublic())
      continue;
    if (model)
      return function.emitOpError("is public, like @")
             << model.getName()
             << "; only the function of the model may be, the others are "
                "private";
    model = function;
  }
  if (!model)
    return module.emitError("has no public function, which is the model");
  if (model.getNumArguments() != 1 || !isMap(model.getArgumentTypes().front()))
    return model.emitOpError("must take the embedded tokens only, like "
                             "tensor<1x?x64xf16, #llm.dims<1, seq, 64>>, to be "
                             "interpreted");
  for (Type type : model.getResultTypes())
    if (!isMap(type) &&
        type !=
            RankedTensorType::get({1}, IntegerType::get(type.getContext(), 32)))
      return model.emitOpError("must yield maps and a token, found ") << type;
  FailureOr<SmallVector<func::FuncOp>> functions = llm::orderFunctions(model);
  if (failed(functions))
    return failure();
  for (func::FuncOp function : *functions)
    if (failed(verifyFunction(function)))
      return failure();
  return model;
}
