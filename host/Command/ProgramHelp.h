//===- ProgramHelp.h - Commands and options, as data ------------*- C++ -*-===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_HOST_COMMAND_PROGRAMHELP_H
#define DLAVM_HOST_COMMAND_PROGRAMHELP_H

#include <string>
#include <utility>
#include <vector>

namespace dlavm::host {

struct Program;

/// An option or an operand of a command.
struct OptionHelp {
  /// "--seed", "-o", or "DIR" of an operand.
  std::string name;
  /// What stands for its value, "FILE"; empty for a flag, and for an operand.
  std::string value;
  std::string description;
  /// The values that it may have, with what they mean where that is known;
  /// empty if they are open.
  std::vector<std::pair<std::string, std::string>> values;
  bool isRequired = false;
  bool mayRepeat = false;
};

struct CommandHelp {
  std::string name, description;
  std::vector<OptionHelp> operands, options;
};

/// What a program explains of itself. All commands have --help besides.
struct ProgramHelp {
  std::string name, description, version;
  std::vector<CommandHelp> commands;
};

/// Takes what the commands of the program add to their command lines.
ProgramHelp describeProgram(const Program &program);

/// Sorts the commands, and writes what an installation has below share/:
/// man/man1/NAME.1, bash-completion/completions/NAME and
/// zsh/site-functions/_NAME. Throws std::exception.
void writeHelpFiles(ProgramHelp program, const std::string &directory);

} // namespace dlavm::host

#endif // DLAVM_HOST_COMMAND_PROGRAMHELP_H
