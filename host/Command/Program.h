//===- Program.h - A program of host commands ----------------- -*- C++ -*-===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_HOST_COMMAND_PROGRAM_H
#define DLAVM_HOST_COMMAND_PROGRAM_H

#include "host/Driver/DeviceKind.h"

#include <functional>
#include <string>
#include <vector>

namespace CLI {
class App;
class Option;
} // namespace CLI

namespace dlavm::host {

/// What a command gets from the program.
struct CommandContext {
  /// The devices of the program.
  const std::vector<DeviceKind> &devices;
  /// The device where nobody names one; empty if there is no such.
  std::string defaultDevice;
  /// The callback of the command that the command line names sets it; it
  /// returns the exit code.
  std::function<int()> run;
  /// The options and operands that take an empty value; for all others it is an
  /// error.
  std::vector<const CLI::Option *> mayBeEmpty;
};

struct Command {
  const char *name, *description;
  /// Adds options and the callback to the command, which has name and
  /// description.
  void (*add)(CLI::App &command, CommandContext &context);
};

/// The commands of this folder.
const std::vector<Command> &getCommands();

/// A program of commands.
struct Program {
  /// As users write it.
  std::string name;
  std::string version;
  std::vector<DeviceKind> devices;
  /// What --on is where nobody gives it; empty if it must be given.
  std::string defaultDevice;
  std::vector<Command> commands = getCommands();
};

/// dlavm-host.
Program getHostProgram();

/// Runs the command that the command line names and returns the exit code: 0,
/// or 1 after an error, which it prints as "error: ...". No exception leaves.
int runProgram(int argc, const char *const *argv,
               const Program &program) noexcept;

/// What main() begins with, unless something else does the like: writing to a
/// closed pipe or beyond a limit is an error and no signal, and files that are
/// opened never take the place of a standard stream that is closed.
void initProgram();

} // namespace dlavm::host

#endif // DLAVM_HOST_COMMAND_PROGRAM_H
