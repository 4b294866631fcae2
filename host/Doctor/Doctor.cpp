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

/// The driver beside a simulator, if there is one.
static void examineTasks(Report &report, const std::vector<DeviceKind> &kinds,
                         const CompiledDriver &driver, Device &device,
                         double tolerance) {
  const Plan &plan = driver.getPlan();
  if (plan.vocabulary == 0)
    return report.skip("tasks", "the driver takes no token ids");
  std::unique_ptr<Device> simulator;
  try {
    simulator = openDevice(kinds, "simulator", plan);
  } catch (const std::exception &error) {
    return report.skip("tasks",
                       std::string("there is no simulator: ") + error.what());
  }
  const bool isLoaded = report.run("loading", [&] {
    driver.loadParameters(device);
    driver.loadParameters(*simulator);
    return std::string("the parameters are on the card");
  });
  if (isLoaded)
    checkTasks(report, driver, device, *simulator, tolerance);
}

bool dlavm::host::examine(const DoctorOptions &options,
                          const std::vector<DeviceKind> &kinds,
                          std::ostream &os) {
  Report report(os);
  const size_t colon = options.on.find(':');
  const std::string kind = options.on.substr(0, colon);
  const bool isXdma = kind == "xdma";
  if (kind == "simulator" && options.directory.empty())
    throw Error("give the directory of a driver, whose device is simulated, or "
                "the card to examine: --on=xdma:/dev/xdma0");
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
  const auto open = [&] {
    device = openDevice(kinds, options.on, plan);
    return options.on + " opens";
  };
  if (!report.run("device", open))
    return false;
  if (!driver) {
    report.skip("memory", kNeedsDirectory);
    return report.hasPassed();
  }

  checkLatency(report, *device, registers);
  if (device->can_read_memory())
    for (const UsedMemory &memory : memories)
      checkMemory(report, *device, memory, plan.device);
  else
    report.skip("memory", "that of this card can only be written, so nobody "
                          "sees what is there");
  if (isXdma && !memories.empty()) {
    // A card serves one device at a time.
    device.reset();
    checkBandwidth(report, xdma, memories);
    try {
      open();
    } catch (const std::exception &error) {
      report.fail("device", error.what());
    }
  }

  if (!device)
    report.skip("tasks", "the device cannot be opened again");
  else if (!isLoadable)
    report.skip("tasks", "they need the parameters");
  else if (kind == "simulator")
    report.skip("tasks", "the device is the simulator");
  else
    examineTasks(report, kinds, *driver, *device, options.tolerance);
  return report.hasPassed();
}
