//===- Blocks.h - Blocks of instructions of edgellm -----------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_LIB_DEVICE_EDGELLM_RECORD_BLOCKS_H
#define DLAVM_LIB_DEVICE_EDGELLM_RECORD_BLOCKS_H

#include "DLAVM/Device/DeviceInfo.h"

namespace dlavm::edgellm {

/// How the tasks of \p device, which has its parameters and register tables,
/// stand in blocks of instructions.
void addBlocks(DeviceInfo &device);

} // namespace dlavm::edgellm

#endif // DLAVM_LIB_DEVICE_EDGELLM_RECORD_BLOCKS_H
