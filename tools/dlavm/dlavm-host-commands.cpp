//===- dlavm-host-commands.cpp - The commands of dlavm that are in host/ --===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DLAVM/Support/InitTool.h"
#include "HostCommands.h"

int main(int argc, char **argv) {
  dlavm::InitTool init(argc, argv);
  return dlavm::runHostCommand(argc, argv);
}
