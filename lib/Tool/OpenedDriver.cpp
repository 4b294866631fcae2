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

Expected<OpenedDriver> OpenedDriver::open(StringRef directory) {
  Expected<DriverPlan> plan = DriverPlan::read(directory);
  if (!plan)
    return plan.takeError();
  const DeviceRegistry &registry = DeviceRegistry::instance();
  const Device *device = registry.lookup(plan->device);
  if (!device)
    return createStringError(
        "plan.json names the device '" + plan->device +
        "', which is not known; known devices: " + registry.getNames());
  Expected<std::unique_ptr<DriverLibrary>> library =
      DriverLibrary::load(directory, *plan);
  if (!library)
    return library.takeError();
  return OpenedDriver{std::move(*plan), device, std::move(*library)};
}
