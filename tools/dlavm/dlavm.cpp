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
#include "HostCommands.h"

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

int main(int argc, char **argv) {
  InitTool init(argc, argv);
  if (argc > 1 && isHostCommand(argv[1]))
    return runHostCommand(argc, argv);
  registerAllDevices();
  // For --help.
  std::vector<std::unique_ptr<cl::SubCommand>> hostCommands;
  for (auto [name, description] : getHostCommands())
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
  return failUsage("give a command; dlavm --help lists them, and dlavm COMMAND "
                   "--help explains one");
}
