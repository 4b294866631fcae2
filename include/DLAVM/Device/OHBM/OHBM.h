//===- OHBM.h - The ohbm family -------------------------------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_DEVICE_OHBM_OHBM_H
#define DLAVM_DEVICE_OHBM_OHBM_H

#include "DLAVM/Device/DeviceInfo.h"

#include <vector>

namespace dlavm::ohbm {

/// All versions: "ohbm" with 32 ports of HBM from 20250312 to 20250407, and
/// "ohbm-v80" with 4 wide ones, 20250326. Maps, weights and caches all lie in
/// HBM.
std::vector<DeviceInfo> createDevices();

/// Registers all versions of the family.
void registerDevices(DeviceRegistry &registry);

} // namespace dlavm::ohbm

#endif // DLAVM_DEVICE_OHBM_OHBM_H
