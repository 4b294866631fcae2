//===- Errors.h - What ends a command ---------------------------*- C++ -*-===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_LIB_TOOL_ERRORS_H
#define DLAVM_LIB_TOOL_ERRORS_H

#include "llvm/Support/Error.h"
#include "llvm/Support/WithColor.h"

namespace dlavm {

/// Prints an error message on stderr; returns the exit code of the command.
inline int reportError(const llvm::Twine &message) {
  llvm::WithColor::error(llvm::errs()) << message << "\n";
  return 1;
}
inline int reportError(llvm::Error error) {
  return reportError(llvm::toString(std::move(error)));
}

} // namespace dlavm

#endif // DLAVM_LIB_TOOL_ERRORS_H
