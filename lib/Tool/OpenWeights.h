//===- OpenWeights.h - Checkpoints to compute with --------------*- C++ -*-===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_LIB_TOOL_OPENWEIGHTS_H
#define DLAVM_LIB_TOOL_OPENWEIGHTS_H

#include "DLAVM/Checkpoint/Checkpoint.h"
#include "DLAVM/Device/DeviceInfo.h"

#include "mlir/IR/BuiltinOps.h"

namespace dlavm {

/// Opens a checkpoint whose weights somebody computes with. Fails where \p path
/// is no directory or has no tensors.
llvm::Expected<std::unique_ptr<Checkpoint>> openWeights(llvm::StringRef path);

/// Makes of an imported \p module what is interpreted: the module that `dlavm
/// compile` lowers where the arithmetic is that of \p device; otherwise its ops
/// need nothing but names.
mlir::LogicalResult prepareForInterpreter(mlir::ModuleOp module,
                                          const DeviceInfo *device);

} // namespace dlavm

#endif // DLAVM_LIB_TOOL_OPENWEIGHTS_H
