//===- Encode.h - From ohbm tasks to register values ----------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_LIB_DEVICE_OHBM_ENCODE_ENCODE_H
#define DLAVM_LIB_DEVICE_OHBM_ENCODE_ENCODE_H

#include "DLAVM/Device/DeviceInfo.h"

namespace dlavm::ohbm {

/// Sets the `verify`, `partition` and `encode` of every task of \p device.
void addEncoding(DeviceInfo &device);

} // namespace dlavm::ohbm

#endif // DLAVM_LIB_DEVICE_OHBM_ENCODE_ENCODE_H
