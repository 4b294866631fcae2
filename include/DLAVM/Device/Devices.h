//===- Devices.h - All families ---------------------------------*- C++ -*-===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_DEVICE_DEVICES_H
#define DLAVM_DEVICE_DEVICES_H

#include "DLAVM/Device/DeviceInfo.h"

namespace dlavm {

/// Adds the devices of each family that has a folder in lib/Device. Ends the
/// program with a message if a record is not complete.
void registerAllDevices(DeviceRegistry &registry = DeviceRegistry::instance());

} // namespace dlavm

#endif // DLAVM_DEVICE_DEVICES_H
