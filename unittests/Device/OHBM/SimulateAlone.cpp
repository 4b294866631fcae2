//===- SimulateAlone.cpp - The simulator without what it judges -----------===//
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

#include "../../../lib/Device/OHBM/Simulate/Simulate.h"

using namespace dlavm;

int main() {
  DeviceInfo device("family", "version");
  ohbm::addExecution(device);
  return device.getTask(TaskKind::Linear)->execute ? 0 : 1;
}
