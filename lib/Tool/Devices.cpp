//===- Devices.cpp - dlavm devices --------------------------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DLAVM/Device/DeviceInfo.h"
#include "DLAVM/Tool/Tool.h"
#include "Errors.h"

#include "llvm/Support/raw_ostream.h"

using namespace dlavm;
using namespace llvm;

int dlavm::runDevices(ArrayRef<std::string> names, bool registers) {
  const DeviceRegistry &registry = DeviceRegistry::instance();
  SmallVector<const DeviceInfo *> devices;
  for (const std::string &name : names) {
    devices.push_back(registry.lookup(name));
    if (!devices.back())
      return reportError(registry.explainMissing(name));
  }
  if (names.empty() && !registers) {
    printDevices(registry, outs());
    return 0;
  }
  if (names.empty())
    for (const auto &[name, device] : registry.getDevices())
      devices.push_back(&device);
  for (const DeviceInfo *device : devices)
    registers ? printRegisterPage(*device, outs())
              : printDevice(*device, outs());
  return 0;
}
