//===- EdgeLLM.cpp - Devices of the edgellm family ------------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A device is a record with what encodes, checks and simulates its tasks. The
// four do not know each other, so that what judges a driver shares no formula
// with what makes it.
//
//===----------------------------------------------------------------------===//

#include "DLAVM/Device/EdgeLLM/EdgeLLM.h"
#include "Check/Check.h"
#include "Encode/Encode.h"
#include "Record/Record.h"
#include "Simulate/Simulate.h"

using namespace dlavm;

DeviceInfo edgellm::createDevice20241128() {
  DeviceInfo device = createRecord20241128();
  addEncoding(device);
  addChecks(device);
  addExecution(device);
  return device;
}

void edgellm::registerDevices(DeviceRegistry &registry) {
  llvm::ExitOnError exitOnError("dlavm: ");
  DeviceInfo device = createDevice20241128();
  exitOnError(registry.add(device));
  for (const OlderVersion &older : getOlderVersions()) {
    device = device.derive(older.version);
    older.change(device);
    exitOnError(registry.add(device));
  }
  for (const char *version :
       {"20240101", "20240321", "20240402", "20240424", "20240507"})
    registry.addMissing((device.getFamily() + "-" + version).str(),
                        "only parameters of this version are known, and no "
                        "program for it");
}
