//===- EmissionChecks.h - What driver source can express --------*- C++ -*-===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_TARGET_CPP_EMISSIONCHECKS_H
#define DLAVM_TARGET_CPP_EMISSIONCHECKS_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"

namespace dlavm {

/// Emits an error at its place and fails if the module has a function, an op, a
/// value, a text or a number that driver source cannot express.
mlir::LogicalResult checkForEmission(mlir::ModuleOp module);

/// Emits an error and fails if something that driver source names has no name,
/// or one that stands for something else there. The module passes
/// checkForEmission.
mlir::LogicalResult checkNames(mlir::ModuleOp module);

} // namespace dlavm

#endif // DLAVM_TARGET_CPP_EMISSIONCHECKS_H
