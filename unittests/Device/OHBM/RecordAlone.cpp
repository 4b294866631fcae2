//===- RecordAlone.cpp - Records of ohbm without the rest -----------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// That it links is the test: unittests/CMakeLists.txt names what it may use.
//
//===----------------------------------------------------------------------===//

#include "../../../lib/Device/OHBM/Record/Record.h"

using namespace dlavm;

int main() {
  for (const DeviceInfo &device : ohbm::createRecords()) {
    const TaskSupport *linear = device.getTask(TaskKind::Linear);
    if (!linear || linear->encode || linear->check || linear->execute)
      return 1;
  }
  return 0;
}
