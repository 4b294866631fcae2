//===- CheckTensors.h - A checkpoint against its model ----------*- C++ -*-===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_LIB_IMPORT_CHECKTENSORS_H
#define DLAVM_LIB_IMPORT_CHECKTENSORS_H

#include "DLAVM/Checkpoint/Checkpoint.h"

#include "mlir/IR/BuiltinOps.h"

namespace dlavm {

/// Checks that \p checkpoint has the tensors of all parameters of \p module,
/// and no others but those of layers that the module leaves out, up to
/// \p layers, and tables that models compute themselves. Emits the first error.
mlir::LogicalResult checkTensors(Checkpoint &checkpoint, mlir::ModuleOp module,
                                 int64_t layers);

} // namespace dlavm

#endif // DLAVM_LIB_IMPORT_CHECKTENSORS_H
