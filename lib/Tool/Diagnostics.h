//===- Diagnostics.h - Diagnostics on a terminal --------------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_LIB_TOOL_DIAGNOSTICS_H
#define DLAVM_LIB_TOOL_DIAGNOSTICS_H

#include "mlir/IR/Diagnostics.h"

namespace dlavm {

/// Prints the diagnostics of a context as tools do, on stderr and without IR
/// dumps, as long as it lives.
class Diagnostics {
public:
  explicit Diagnostics(mlir::MLIRContext &context);

private:
  mlir::ScopedDiagnosticHandler handler;
};

} // namespace dlavm

#endif // DLAVM_LIB_TOOL_DIAGNOSTICS_H
