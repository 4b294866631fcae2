//===- Check.h - What registers of the toy family say -----------*- C++ -*-===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_TEST_TOY_CHECK_CHECK_H
#define DLAVM_TEST_TOY_CHECK_CHECK_H

#include "DLAVM/Device/DeviceInfo.h"

namespace dlavm::toy {

/// Sets the `extents` and the `check` of every task of \p device.
void addChecks(DeviceInfo &device);

} // namespace dlavm::toy

#endif // DLAVM_TEST_TOY_CHECK_CHECK_H
