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

#include "llvm/ADT/ArrayRef.h"

namespace dlavm::edgellm {

/// Version 20241128: parameters, memories, register tables and objects.
DeviceInfo createRecord20241128();

/// A version as what differs from the next newer one.
struct OlderVersion {
  const char *version;
  void (*change)(DeviceInfo &device);
};

/// The versions before 20241128, the newest first.
llvm::ArrayRef<OlderVersion> getOlderVersions();

} // namespace dlavm::edgellm

#endif // DLAVM_LIB_DEVICE_EDGELLM_RECORD_RECORD_H
