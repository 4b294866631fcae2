//===- CompilerProcess.h - A compiler that ends with its caller ---------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_LIB_DRIVER_COMPILERPROCESS_H
#define DLAVM_LIB_DRIVER_COMPILERPROCESS_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/Support/Error.h"

#include <string>

namespace dlavm {

/// How a compiler ended.
struct CompilerResult {
  /// The exit code; with a signal 128 more than its number, as shells say it.
  int code = 0;
  /// What it printed on stderr, the beginning of it if that is much.
  std::string printed;
};

/// Runs a compiler, whose first word is its path, to its end. It and all that
/// it starts have their temporary files in \p temporaries, and are killed when
/// this process ends, by whatever signal. Fails if there can be no process.
llvm::Expected<CompilerResult>
runCompiler(llvm::ArrayRef<llvm::StringRef> command,
            llvm::StringRef temporaries);

} // namespace dlavm

#endif // DLAVM_LIB_DRIVER_COMPILERPROCESS_H
