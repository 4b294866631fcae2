//===- LookUp.h - The ohbm devices by name ----------------------*- C++ -*-===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_UNITTESTS_DEVICE_OHBM_LOOKUP_H
#define DLAVM_UNITTESTS_DEVICE_OHBM_LOOKUP_H

#include "DLAVM/Device/OHBM/OHBM.h"

#include "gtest/gtest.h"

namespace dlavm::ohbm {

/// All devices of the family.
inline const std::vector<DeviceInfo> &getDevices() {
  static const std::vector<DeviceInfo> devices = createDevices();
  return devices;
}

/// The device of this name, which exists.
inline const DeviceInfo &lookUp(llvm::StringRef name) {
  for (const DeviceInfo &device : getDevices())
    if (device.getName() == name)
      return device;
  ADD_FAILURE() << "no device " << name.str();
  return getDevices().front();
}

inline const DeviceInfo &newest() { return lookUp("ohbm-20250407"); }
inline const DeviceInfo &v80() { return lookUp("ohbm-v80-20250326"); }

} // namespace dlavm::ohbm

#endif // DLAVM_UNITTESTS_DEVICE_OHBM_LOOKUP_H
