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

#include "llvm/ADT/STLExtras.h"

using namespace dlavm;

DeviceInfo edgellm::createDevice20241128() {
  DeviceInfo device = createRecord20241128();
  addEncoding(device);
  addChecks(device);
  addExecution(device);
  return device;
}

/// Version 20241128 with the first \p changes changes to older ones.
static DeviceInfo createDevice(size_t changes) {
  DeviceInfo device = edgellm::createDevice20241128();
  for (const edgellm::OlderVersion &older :
       edgellm::getOlderVersions().take_front(changes)) {
    device = device.derive(older.version);
    older.change(device);
  }
  return device;
}

void edgellm::registerDevices(DeviceRegistry &registry) {
  const std::string family = "edgellm-";
  registry.addLazily(family + "20241128", createDevice20241128);
  for (const auto &[i, older] : llvm::enumerate(getOlderVersions()))
    registry.addLazily(family + older.version,
                       [changes = i + 1] { return createDevice(changes); });
  for (const char *version :
       {"20240101", "20240321", "20240402", "20240424", "20240507"})
    registry.addMissing(family + version,
                        "only parameters of this version are known, and no "
                        "program for it");
}
