//===- Record.h - What ohbm devices are -----------------------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_LIB_DEVICE_OHBM_RECORD_RECORD_H
#define DLAVM_LIB_DEVICE_OHBM_RECORD_RECORD_H

#include "DLAVM/Device/DeviceInfo.h"

#include <vector>

namespace dlavm::ohbm {

/// The names of all versions, those of the V80 at the end.
llvm::ArrayRef<llvm::StringLiteral> getNames();

/// Parameters, memories, register tables and objects of each of these.
std::vector<DeviceInfo> createRecords();

} // namespace dlavm::ohbm

#endif // DLAVM_LIB_DEVICE_OHBM_RECORD_RECORD_H
