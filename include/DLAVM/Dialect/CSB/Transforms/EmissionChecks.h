//===- EmissionChecks.h - What driver source can express --------*- C++ -*-===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_DIALECT_CSB_TRANSFORMS_EMISSIONCHECKS_H
#define DLAVM_DIALECT_CSB_TRANSFORMS_EMISSIONCHECKS_H

#include "mlir/IR/BuiltinOps.h"

namespace dlavm::csb {

/// True for the ops of the arith dialect that driver source has expressions
/// for, constants aside.
bool isArithmetic(mlir::Operation *op);

/// True if driver source must have a name for the result of \p op. Constants
/// and symbols are printed where they are used, and so is what is used once in
/// its own block. A read keeps its place among the other accesses to the
/// device.
bool needsName(mlir::Operation *op);

/// Emits an error at its place and fails if the module has a function, an op, a
/// value, a text or a number that driver source cannot express.
mlir::LogicalResult checkForEmission(mlir::ModuleOp module);

} // namespace dlavm::csb

#endif // DLAVM_DIALECT_CSB_TRANSFORMS_EMISSIONCHECKS_H
