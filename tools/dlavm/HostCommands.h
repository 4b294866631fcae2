//===- HostCommands.h - Commands of host/ -----------------------*- C++ -*-===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_TOOLS_DLAVM_HOSTCOMMANDS_H
#define DLAVM_TOOLS_DLAVM_HOSTCOMMANDS_H

#include "host/Command/ProgramHelp.h"

namespace dlavm {

// The commands of host/, which has exceptions; none leaves these functions.

/// Name, description and options of each.
host::ProgramHelp describeHostCommands();
/// Those of dlavm-host.
host::ProgramHelp describeHostProgram();
/// See host::writeHelpFiles; prints an error and returns false if it throws.
bool writeHelpFiles(const host::ProgramHelp &program, const char *directory);
/// Runs the command that argv[1] names and returns the exit code.
int runHostCommand(int argc, const char *const *argv);

} // namespace dlavm

#endif // DLAVM_TOOLS_DLAVM_HOSTCOMMANDS_H
