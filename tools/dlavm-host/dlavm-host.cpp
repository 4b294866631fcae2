//===- dlavm-host.cpp - Drivers on boards, without the compiler -----------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "host/Command/Program.h"

using namespace dlavm::host;

int main(int argc, char **argv) {
  initProgram();
  return runProgram(argc, argv, getHostProgram());
}
