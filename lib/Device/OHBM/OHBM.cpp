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
  llvm::ExitOnError exitOnError("dlavm: ");
  for (DeviceInfo &device : createDevices())
    exitOnError(registry.add(std::move(device)));
}
