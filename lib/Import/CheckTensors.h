//===- CheckTensors.h - A checkpoint against its model ----------*- C++ -*-===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_LIB_IMPORT_CHECKTENSORS_H
#define DLAVM_LIB_IMPORT_CHECKTENSORS_H

#include "LeftOut.h"

#include "DLAVM/Checkpoint/Checkpoint.h"

#include "mlir/IR/BuiltinOps.h"

namespace dlavm {

/// Checks that \p checkpoint has the tensors of all parameters of \p module,
/// and no others but those of layers that the module leaves out, up to
/// \p layers, and what \p leftOut knows. Emits the first error; warns of what
/// is left out.
mlir::LogicalResult checkTensors(Checkpoint &checkpoint, mlir::ModuleOp module,
                                 int64_t layers, LeftOut &leftOut);

} // namespace dlavm

#endif // DLAVM_LIB_IMPORT_CHECKTENSORS_H
