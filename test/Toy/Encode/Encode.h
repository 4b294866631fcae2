//===- Encode.h - From toy tasks to register values -------------*- C++ -*-===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_TEST_TOY_ENCODE_ENCODE_H
#define DLAVM_TEST_TOY_ENCODE_ENCODE_H

#include "DLAVM/Device/DeviceInfo.h"

namespace dlavm::toy {

/// Sets the `verify`, `partition` and `encode` of every task of \p device.
void addEncoding(DeviceInfo &device);

} // namespace dlavm::toy

#endif // DLAVM_TEST_TOY_ENCODE_ENCODE_H
