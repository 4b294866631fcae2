//===- Devices.cpp - dlavm devices --------------------------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DLAVM/Device/DeviceInfo.h"
#include "DLAVM/Tool/Tool.h"

#include "llvm/Support/raw_ostream.h"

using namespace dlavm;

int dlavm::runDevices(bool registers) {
  const DeviceRegistry &registry = DeviceRegistry::instance();
  if (!registers) {
    printDevices(registry, llvm::outs());
    return 0;
  }
  for (const auto &[name, device] : registry.getDevices())
    printRegisterPage(device, llvm::outs());
  return 0;
}
