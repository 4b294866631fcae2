//===- FunctionOrder.h - Functions behind those that they call ------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_DIALECT_LLM_IR_FUNCTIONORDER_H
#define DLAVM_DIALECT_LLM_IR_FUNCTIONORDER_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"

namespace dlavm::llm {

/// \p entry and all functions that it calls, each behind those that it calls.
/// An op calls each function that it names. Emits an error and fails at an op
/// that makes a function call itself, directly or through others, and at a
/// function with more than 100 calls above it.
mlir::FailureOr<llvm::SmallVector<mlir::func::FuncOp>>
orderFunctions(mlir::func::FuncOp entry);

/// The same for all functions of a module.
mlir::FailureOr<llvm::SmallVector<mlir::func::FuncOp>>
orderFunctions(mlir::ModuleOp module);

} // namespace dlavm::llm

#endif // DLAVM_DIALECT_LLM_IR_FUNCTIONORDER_H
