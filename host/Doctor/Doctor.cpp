//===- Doctor.cpp - Is it the card, the driver or the weights? ------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "host/Doctor/Doctor.h"

#include "host/Device/BoardKinds.h"
#include "host/Doctor/Checks.h"

using namespace dlavm::host;
using dlavm::Device;
using dlavm::Error;

static const char kNeedsDirectory[] =
    "give the directory of a driver, whose plan.json says where it is";

/// Loads the parameters nowhere, which checks all files.
static std::string checkParameters(const CompiledDriver &driver) {
  dlavm::NullDevice nowhere;
  driver.loadParameters(nowhere);
  return "all files have their checksums";
}

bool dlavm::host::examine(const DoctorOptions &options,
                          const std::vector<DeviceKind> &kinds,
                          std::ostream &os) {
  Report report(os);
  const size_t colon = options.on.find(':');
  const std::string kind = options.on.substr(0, colon);
  const bool isXdma = kind == "xdma";
  XdmaOptions xdma;
  if (isXdma)
    xdma = parseXdmaOptions(
        colon == std::string::npos ? "" : options.on.substr(colon + 1));

  std::unique_ptr<CompiledDriver> driver;
  Plan plan;
  std::vector<UsedMemory> memories;
  UsedRegisters registers;
  bool isLoadable = false;
  if (!options.directory.empty()) {
    report.run("driver", [&] {
      driver = std::make_unique<CompiledDriver>(options.directory);
      plan = driver->getPlan();
      memories = findMemories(plan);
      registers = findRegisters(*driver);
      return plan.namespaceName + " for " + plan.device + " compiles";
    });
    if (driver)
      isLoadable =
          report.run("parameters", [&] { return checkParameters(*driver); });
  }

  if (isXdma && !checkNodes(report, xdma, registers))
    return false;
  std::unique_ptr<Device> device;
  const bool isOpen = report.run("device", [&] {
    device = openDevice(kinds, options.on, plan);
    return options.on + " opens";
  });
  if (!isOpen)
    return false;
  if (!driver) {
    report.skip("memory", kNeedsDirectory);
    return report.hasPassed();
  }

  checkLatency(report, *device, registers);
  if (kind == "v80") {
    // See dlavm_v80.h.
    report.skip("memory", "the host interface of the V80 reads no memory");
    return report.hasPassed();
  }
  for (const UsedMemory &memory : memories)
    checkMemory(report, *device, memory, plan.device);
  if (isXdma && !memories.empty()) {
    // A card serves one device at a time.
    device.reset();
    checkBandwidth(report, xdma, memories);
    device = openDevice(kinds, options.on, plan);
  }

  std::unique_ptr<Device> simulator;
  std::string why;
  if (!isLoadable)
    why = "they need the parameters";
  else if (kind == "simulator")
    why = "the device is the simulator";
  else if (plan.vocabulary == 0)
    why = "the driver takes no token ids";
  else
    try {
      simulator = openDevice(kinds, "simulator", plan);
    } catch (const Error &error) {
      why = std::string("there is no simulator: ") + error.what();
    }
  if (!simulator) {
    report.skip("tasks", why);
    return report.hasPassed();
  }
  const bool isLoaded = report.run("loading", [&] {
    driver->loadParameters(*device);
    driver->loadParameters(*simulator);
    return std::string("the parameters are on the card");
  });
  if (isLoaded)
    checkTasks(report, *driver, *device, *simulator, options.tolerance);
  return report.hasPassed();
}
