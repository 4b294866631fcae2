//===- Check.h - What is wrong with starts of ohbm --------------*- C++ -*-===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_LIB_DEVICE_OHBM_CHECK_CHECK_H
#define DLAVM_LIB_DEVICE_OHBM_CHECK_CHECK_H

#include "DLAVM/Device/DeviceInfo.h"

namespace dlavm::ohbm {

/// Sets the `extents`, `work` and `check` of every task of \p device.
void addChecks(DeviceInfo &device);

} // namespace dlavm::ohbm

#endif // DLAVM_LIB_DEVICE_OHBM_CHECK_CHECK_H
