//===- EdgeLLM.h - The edgellm family -------------------------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_DEVICE_EDGELLM_EDGELLM_H
#define DLAVM_DEVICE_EDGELLM_EDGELLM_H

#include "DLAVM/Device/DeviceInfo.h"

namespace dlavm::edgellm {

/// Version 20241128: VCU128 with DDR and 32 ports of HBM.
DeviceInfo createDevice20241128();

/// Registers all versions of the family.
void registerDevices(DeviceRegistry &registry);

} // namespace dlavm::edgellm

#endif // DLAVM_DEVICE_EDGELLM_EDGELLM_H
