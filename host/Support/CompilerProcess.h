//===- CompilerProcess.h - A compiler that ends with its caller -*- C++ -*-===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_HOST_SUPPORT_COMPILERPROCESS_H
#define DLAVM_HOST_SUPPORT_COMPILERPROCESS_H

#include <string>
#include <vector>

namespace dlavm::host {

/// The path of the C++ compiler, and the arguments that it has: $CXX, words
/// separated by spaces, or where that is unset or empty c++, g++ or clang++,
/// whichever is found first. Throws dlavm::Error if there is none.
std::vector<std::string> findCompiler();

struct CompilerResult {
  /// The exit code, or 128 and the signal.
  int code;
  std::string output;
  /// What it printed to standard error, without white space at the end; the
  /// beginning of it if that is much.
  std::string messages;
};

/// Runs a program, by its path, in \p directory, with \p input as its standard
/// input and \p temporaries as its $TMPDIR. It and all that it starts are
/// killed when this process ends, by whatever signal. Throws dlavm::Error if
/// there can be no process.
CompilerResult runCompiler(const std::vector<std::string> &command,
                           const std::string &input,
                           const std::string &directory,
                           const std::string &temporaries);

} // namespace dlavm::host

#endif // DLAVM_HOST_SUPPORT_COMPILERPROCESS_H
