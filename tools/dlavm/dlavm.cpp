//===- dlavm.cpp - From a model to a driver that is proven ----------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Commands.h"
#include "DLAVM/InitAll.h"
#include "DLAVM/Support/InitTool.h"
#include "HostCommandNames.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"

#include <cerrno>
#include <cstring>
#include <unistd.h>

using namespace dlavm;
using namespace llvm;

/// LLVM takes the last value of an option that comes twice. The user may have
/// meant both.
static bool checkOccurrences() {
  for (cl::SubCommand *command : cl::getRegisteredSubcommands()) {
    if (!*command)
      continue;
    for (const auto &[name, option] : cl::getRegisteredOptions(*command)) {
      const cl::NumOccurrencesFlag flag = option->getNumOccurrencesFlag();
      if ((flag == cl::Optional || flag == cl::Required) &&
          option->getNumOccurrences() > 1) {
        failUsage((name.size() > 1 ? "--" : "-") + name + " is given " +
                  Twine(option->getNumOccurrences()) + " times; give it once");
        return false;
      }
    }
  }
  return true;
}

/// A server, a terminal and archives need a dozen shared libraries, which cost
/// a compilation of a model a tenth of its time. So the commands of host/ are a
/// program of their own, beside this one. Returns if it cannot run.
static int runHostCommand(char **argv) {
  SmallString<128> path(sys::fs::getMainExecutable(
      argv[0], reinterpret_cast<void *>(&runHostCommand)));
  sys::path::remove_filename(path);
  sys::path::append(path, "dlavm-host-commands");
  execv(path.c_str(), argv);
  const std::string reason = std::strerror(errno);
  return failUsage("cannot run " + path + ", which has the command '" +
                   argv[1] + "': " + reason +
                   "; install it in the directory of dlavm");
}

int main(int argc, char **argv) {
  if (argc > 1 && any_of(kHostCommandNames, [&](host::CommandName command) {
        return StringRef(argv[1]) == command.name;
      }))
    return runHostCommand(argv);
  InitTool init(argc, argv);
  registerAllDevices();
  // For --help.
  std::vector<std::unique_ptr<cl::SubCommand>> hostCommands;
  for (const auto &[name, description] : kHostCommandNames)
    hostCommands.push_back(std::make_unique<cl::SubCommand>(name, description));
  cl::ParseCommandLineOptions(argc, argv,
                              ("DLAVM: " + Twine(kDescription) + "\n").str());
  if (!checkOccurrences())
    return 1;
  if (std::optional<int> code = runModelCommand())
    return *code;
  if (std::optional<int> code = runDriverCommand())
    return *code;
  if (std::optional<int> code = runReportCommand())
    return *code;
  if (std::optional<int> code = runEstimateCommand())
    return *code;
  return failUsage("give a command; dlavm --help lists them, and dlavm COMMAND "
                   "--help explains one");
}
