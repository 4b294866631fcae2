//===- Record.h - What edgellm devices are --------------------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_LIB_DEVICE_EDGELLM_RECORD_RECORD_H
#define DLAVM_LIB_DEVICE_EDGELLM_RECORD_RECORD_H

#include "DLAVM/Device/DeviceInfo.h"

namespace dlavm::edgellm {

/// Version 20241128: parameters, memories, register tables and objects.
DeviceInfo createRecord20241128();

} // namespace dlavm::edgellm

#endif // DLAVM_LIB_DEVICE_EDGELLM_RECORD_RECORD_H
