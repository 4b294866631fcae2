//===- CommandLine.h - What CLI11 does not do as we want it -----*- C++ -*-===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_HOST_COMMAND_COMMANDLINE_H
#define DLAVM_HOST_COMMAND_COMMANDLINE_H

#include "host/Command/Program.h"

#include <CLI/CLI.hpp>

namespace dlavm::host {

/// The command that the arguments name; null if they name none.
const CLI::App *findCommand(const CLI::App &app,
                            const std::vector<std::string> &args);

/// Writes `--option=` as `--option` and an empty argument, as CLI11 would take
/// whatever comes next for its value. Throws CLI::ArgumentMismatch for flags,
/// which are never followed by a value.
std::vector<std::string>
separateEmptyValues(const CLI::App &command,
                    const std::vector<std::string> &args);

/// Makes an empty value an error for all but context.mayBeEmpty, and a flag
/// take true and false only.
void requireValues(CLI::App &command, const CommandContext &context);

} // namespace dlavm::host

#endif // DLAVM_HOST_COMMAND_COMMANDLINE_H
