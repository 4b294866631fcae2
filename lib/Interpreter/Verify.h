//===- Verify.h - What the interpreter can run ----------------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_LIB_INTERPRETER_VERIFY_H
#define DLAVM_LIB_INTERPRETER_VERIFY_H

#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace dlavm::interpreter {

/// The public function of a module, which is the model, from one map to maps
/// and a token. Emits an error if it is not there or if it, or what it calls,
/// has an op that the interpreter does not know.
mlir::FailureOr<mlir::func::FuncOp> getModelFunction(mlir::ModuleOp module);

} // namespace dlavm::interpreter

#endif // DLAVM_LIB_INTERPRETER_VERIFY_H
