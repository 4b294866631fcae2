//===- Simulate.h - What the tasks of the toy family compute ----*- C++ -*-===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_TEST_TOY_SIMULATE_SIMULATE_H
#define DLAVM_TEST_TOY_SIMULATE_SIMULATE_H

#include "DLAVM/Device/DeviceInfo.h"

namespace dlavm::toy {

/// Sets the `execute` of every task of \p device.
void addExecution(DeviceInfo &device);

} // namespace dlavm::toy

#endif // DLAVM_TEST_TOY_SIMULATE_SIMULATE_H
