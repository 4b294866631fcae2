//===- EncodeAlone.cpp - Encoding without checker and simulator -----------===//
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

#include "../../../lib/Device/OHBM/Encode/Encode.h"
#include "../../../lib/Device/OHBM/Record/Record.h"

using namespace dlavm;

int main() {
  for (DeviceInfo device : ohbm::createRecords()) {
    ohbm::addEncoding(device);
    if (!device.getTask(TaskKind::Linear)->encode)
      return 1;
  }
  return 0;
}
