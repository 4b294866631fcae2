//===- OpenedDriver.cpp - A driver that a command works on --------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "OpenedDriver.h"

using namespace dlavm;
using namespace llvm;

Expected<const Device *> dlavm::findDevice(const DriverPlan &plan) {
  const DeviceRegistry &registry = DeviceRegistry::instance();
  if (const Device *device = registry.lookup(plan.device))
    return device;
  return createStringError(
      "plan.json names the device '" + plan.device +
      "', which is not known; known devices: " + registry.getNames());
}

Expected<OpenedDriver> OpenedDriver::open(StringRef directory) {
  Expected<DriverPlan> plan = DriverPlan::read(directory);
  if (!plan)
    return plan.takeError();
  Expected<const Device *> device = findDevice(*plan);
  if (!device)
    return device.takeError();
  Expected<std::unique_ptr<DriverLibrary>> library =
      DriverLibrary::load(directory, *plan);
  if (!library)
    return library.takeError();
  return OpenedDriver{std::move(*plan), *device, std::move(*library)};
}
