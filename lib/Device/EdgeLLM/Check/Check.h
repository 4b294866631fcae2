//===- Check.h - What is wrong with starts of edgellm ---------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_LIB_DEVICE_EDGELLM_CHECK_CHECK_H
#define DLAVM_LIB_DEVICE_EDGELLM_CHECK_CHECK_H

#include "DLAVM/Device/DeviceInfo.h"

namespace dlavm::edgellm {

/// Sets the `extents`, `work` and `check` of every task of \p device.
void addChecks(DeviceInfo &device);

} // namespace dlavm::edgellm

#endif // DLAVM_LIB_DEVICE_EDGELLM_CHECK_CHECK_H
