//===- OHBM.cpp - Devices of the ohbm family ------------------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DLAVM/Device/OHBM/OHBM.h"
#include "Check/Check.h"
#include "Encode/Encode.h"
#include "Record/Record.h"
#include "Simulate/Simulate.h"

#include "llvm/ADT/STLExtras.h"

#include <memory>

using namespace dlavm;

std::vector<DeviceInfo> ohbm::createDevices() {
  std::vector<DeviceInfo> devices = createRecords();
  for (DeviceInfo &device : devices) {
    addEncoding(device);
    addChecks(device);
    addExecution(device);
  }
  return devices;
}

void ohbm::registerDevices(DeviceRegistry &registry) {
  // Made of each other, so all at once.
  auto devices = std::make_shared<std::vector<DeviceInfo>>();
  for (const auto &[i, name] : llvm::enumerate(getNames()))
    registry.addLazily(name, [devices, i = i] {
      if (devices->empty())
        *devices = createDevices();
      return (*devices)[i];
    });
}
