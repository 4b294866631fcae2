//===- HostCommands.cpp - tokenize, chat, serve, doctor -------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "HostCommands.h"

#include "host/Command/Program.h"
#include "host/Device/BoardKinds.h"

#include "DLAVM/Simulator/SimulatorDevice.h"

using namespace dlavm;
using namespace dlavm::host;

namespace {
/// The simulated device. What cannot be right is an error at the poll after it:
/// all that follows would mean nothing.
class StrictSimulatorDevice : public SimulatorDevice {
public:
  explicit StrictSimulatorDevice(const std::string &name)
      : SimulatorDevice(name) {
    check();
  }
  void poll(uint32_t reg, uint32_t value) override {
    SimulatorDevice::poll(reg, value);
    check();
  }

private:
  void check() const {
    const std::vector<std::string> lines = findings();
    if (!lines.empty())
      throw Error("the simulated device: " + lines.front());
  }
};
} // namespace

static Program getProgram() {
  Program program;
  program.name = "dlavm";
  program.version = "DLAVM " DLAVM_HOST_VERSION;
  program.defaultDevice = "simulator";
  program.devices.push_back(
      {"simulator", "simulator",
       "the device that the driver was compiled for, simulated",
       [](const std::string &arguments,
          const Plan &plan) -> std::unique_ptr<Device> {
         if (!arguments.empty())
           throw Error("--on=simulator takes no arguments, found '" +
                       arguments + "'");
         return std::make_unique<StrictSimulatorDevice>(plan.device);
       }});
  program.devices.push_back(getXdmaKind());
  program.devices.push_back(getV80Kind());
  return program;
}

std::vector<std::pair<const char *, const char *>> dlavm::getHostCommands() {
  std::vector<std::pair<const char *, const char *>> list;
  for (const Command &command : getCommands())
    list.emplace_back(command.name, command.description);
  return list;
}

bool dlavm::isHostCommand(const char *name) {
  for (const Command &command : getCommands())
    if (std::strcmp(command.name, name) == 0)
      return true;
  return false;
}

int dlavm::runHostCommand(int argc, const char *const *argv) {
  return runProgram(argc, argv, getProgram());
}
