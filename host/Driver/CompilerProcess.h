//===- CompilerProcess.h - Running a compiler ----------------- -*- C++ -*-===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_HOST_DRIVER_COMPILERPROCESS_H
#define DLAVM_HOST_DRIVER_COMPILERPROCESS_H

#include <string>
#include <vector>

namespace dlavm::host {

std::vector<std::string> splitWords(const std::string &text);

/// The path of a program of $PATH, or of one that is named by a path; empty if
/// there is none.
std::string findProgram(const std::string &name);

struct CompilerResult {
  /// The exit code, or 128 and the signal.
  int code;
  std::string output;
  /// What it printed to standard error, without white space at the end.
  std::string messages;
};

/// Runs a program, by its path, in \p directory, with \p input as its standard
/// input and \p temporaries as its $TMPDIR. Throws dlavm::Error if it cannot be
/// started.
CompilerResult runCompiler(const std::vector<std::string> &command,
                           const std::string &input,
                           const std::string &directory,
                           const std::string &temporaries);

} // namespace dlavm::host

#endif // DLAVM_HOST_DRIVER_COMPILERPROCESS_H
