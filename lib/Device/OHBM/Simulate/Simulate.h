//===- Simulate.h - Simulated tasks of ohbm ---------------------*- C++ -*-===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_LIB_DEVICE_OHBM_SIMULATE_SIMULATE_H
#define DLAVM_LIB_DEVICE_OHBM_SIMULATE_SIMULATE_H

#include "DLAVM/Device/DeviceInfo.h"

namespace dlavm::ohbm {

/// Gives the tasks of any version their execute functions.
void addExecution(DeviceInfo &device);

} // namespace dlavm::ohbm

#endif // DLAVM_LIB_DEVICE_OHBM_SIMULATE_SIMULATE_H
