//===- InitTool.h - What every tool begins with -----------------*- C++ -*-===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_SUPPORT_INITTOOL_H
#define DLAVM_SUPPORT_INITTOOL_H

#include "llvm/Support/InitLLVM.h"

namespace dlavm {

/// What main() begins with. A crash prints a stack trace and where to report
/// it. Whatever keeps the tool from writing, a limit on the size of files or a
/// closed pipe among them, is an error of the write instead of a signal; one of
/// standard output is printed at the end and makes the exit code 1. Files that
/// are opened never take the place of a standard stream that is closed. A
/// signal that ends the tool removes what is temporary, see prepareForSignals.
class InitTool {
public:
  InitTool(int &argc, char **&argv);

private:
  llvm::InitLLVM init;
};

} // namespace dlavm

#endif // DLAVM_SUPPORT_INITTOOL_H
