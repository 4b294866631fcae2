//===- Steps.h - The steps of a csb program -----------------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_TARGET_PLAN_STEPS_H
#define DLAVM_TARGET_PLAN_STEPS_H

#include "DLAVM/Dialect/CSB/IR/CSB.h"

#include "mlir/IR/BuiltinOps.h"

namespace dlavm {

/// The tasks of the function \p entry in order, each loop and each function
/// once: in `run`, step k of the lifetimes is the k-th. Empty without such a
/// function. Emits an error and fails where calls make it longer than any
/// program.
mlir::FailureOr<llvm::SmallVector<csb::TaskOp>>
getSteps(mlir::ModuleOp module, llvm::StringRef entry = "run");

} // namespace dlavm

#endif // DLAVM_TARGET_PLAN_STEPS_H
