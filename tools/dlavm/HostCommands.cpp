//===- HostCommands.cpp - tokenize, chat, serve, doctor, package ----------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "HostCommands.h"
#include "HostCommandNames.h"

#include "host/Command/Program.h"
#include "host/Device/BoardKinds.h"
#include "host/Device/SimulatorKind.h"

#include <iostream>

using namespace dlavm;
using namespace dlavm::host;

namespace dlavm {
void addPackageCommand(CLI::App &command, CommandContext &context);
} // namespace dlavm

static std::vector<Command> getAllCommands() {
  std::vector<Command> commands = getCommands();
  commands.push_back(
      {kPackageName.name, kPackageName.description, addPackageCommand});
  return commands;
}

static Program getProgram() {
  Program program;
  program.commands = getAllCommands();
  program.name = "dlavm";
  program.version = "DLAVM " DLAVM_HOST_VERSION;
  program.defaultDevice = "simulator";
  program.devices.push_back(getSimulatorKind(
      {dlavmSimulatorCreate, dlavmSimulatorDestroy, dlavmSimulatorGetDevices,
       dlavmSimulatorWrite, dlavmSimulatorRead, dlavmSimulatorPoll,
       dlavmSimulatorDMAWrite, dlavmSimulatorDMARead, dlavmSimulatorTask,
       dlavmSimulatorGetNumFindings, dlavmSimulatorVisitFindings}));
  program.devices.push_back(getXdmaKind());
  program.devices.push_back(getV80Kind());
  return program;
}

ProgramHelp dlavm::describeHostCommands() {
  return describeProgram(getProgram());
}

ProgramHelp dlavm::describeHostProgram() {
  return describeProgram(getHostProgram());
}

bool dlavm::writeHelpFiles(const ProgramHelp &program, const char *directory) {
  try {
    host::writeHelpFiles(program, directory);
    return true;
  } catch (const std::exception &error) {
    std::cerr << "error: " << error.what() << std::endl;
    return false;
  }
}

int dlavm::runHostCommand(int argc, const char *const *argv) {
  return runProgram(argc, argv, getProgram());
}
