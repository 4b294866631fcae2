//===- RecordAlone.cpp - An edgellm record without the rest ---------------===//
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

#include "../../../lib/Device/EdgeLLM/Record/Record.h"

using namespace dlavm;

int main() {
  const DeviceInfo device = edgellm::createRecord20241128();
  const TaskSupport *linear = device.getTask(TaskKind::Linear);
  return linear && !linear->encode && !linear->check && !linear->execute ? 0
                                                                         : 1;
}
