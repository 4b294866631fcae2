//===- Simulate.h - What starts of edgellm compute ------------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_LIB_DEVICE_EDGELLM_SIMULATE_SIMULATE_H
#define DLAVM_LIB_DEVICE_EDGELLM_SIMULATE_SIMULATE_H

#include "DLAVM/Device/DeviceInfo.h"

namespace dlavm::edgellm {

/// Sets the `execute` of every task of \p device, and the place of KV cache
/// elements.
void addExecution(DeviceInfo &device);

} // namespace dlavm::edgellm

#endif // DLAVM_LIB_DEVICE_EDGELLM_SIMULATE_SIMULATE_H
