//===- CompareModels.h - In what two models differ --------------*- C++ -*-===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_IMPORT_COMPAREMODELS_H
#define DLAVM_IMPORT_COMPAREMODELS_H

#include "mlir/IR/BuiltinOps.h"

#include <string>

namespace dlavm {

/// Says in what the llm module \p here first differs from the \p driver's:
/// "llm.rope in @layer: theta is 500000 here, 10000 in the driver". Nothing is
/// left out but names of modules and locations. Empty where they are equal.
std::string compareModels(mlir::ModuleOp here, mlir::ModuleOp driver);

} // namespace dlavm

#endif // DLAVM_IMPORT_COMPAREMODELS_H
