//===- Record.h - Records of the toy family ---------------------*- C++ -*-===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_TEST_TOY_RECORD_RECORD_H
#define DLAVM_TEST_TOY_RECORD_RECORD_H

#include "DLAVM/Device/DeviceInfo.h"

namespace dlavm::toy {

/// Parameters, traits, memories, objects and register tables.
DeviceInfo createRecord1();

} // namespace dlavm::toy

#endif // DLAVM_TEST_TOY_RECORD_RECORD_H
