//===- ToolFiles.h - Tools from one file to another -------------*- C++ -*-===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_SUPPORT_TOOLFILES_H
#define DLAVM_SUPPORT_TOOLFILES_H

#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/raw_ostream.h"

namespace dlavm {

/// Reads \p input, calls \p run with it, and writes what that prints to
/// \p output, which is not touched unless \p run returns true; "-" are the
/// standard streams. Prints an error where one cannot be read or written, or
/// both are one file. Returns the exit code.
int runOnFile(
    llvm::StringRef input, llvm::StringRef output,
    llvm::function_ref<bool(std::unique_ptr<llvm::MemoryBuffer> buffer,
                            llvm::raw_ostream &os)>
        run);

} // namespace dlavm

#endif // DLAVM_SUPPORT_TOOLFILES_H
