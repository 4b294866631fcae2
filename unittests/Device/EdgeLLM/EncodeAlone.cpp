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

#include "../../../lib/Device/EdgeLLM/Encode/Encode.h"
#include "../../../lib/Device/EdgeLLM/Record/Record.h"

using namespace dlavm;

int main() {
  DeviceInfo device = edgellm::createRecord20241128();
  edgellm::addEncoding(device);
  return device.getTask(TaskKind::Linear)->encode ? 0 : 1;
}
