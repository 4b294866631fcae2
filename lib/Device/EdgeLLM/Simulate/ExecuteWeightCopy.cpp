//===- ExecuteWeightCopy.cpp - Simulated copy from DDR to HBM ------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Execute.h"

using namespace dlavm;
using namespace dlavm::edgellm;
using llvm::Twine;

void edgellm::executeWeightCopy(TaskExecution &execution) {
  const DeviceInfo &device = execution.getDevice();
  const int64_t step = device["log2_Bank_Step"];
  const int64_t bits = execution["LengthBits"];
  const int64_t destination = execution.getAddress("DestinationLow");
  const int64_t port = execution["Port"];
  const int64_t limit = device["AUX_WT_BUF_DEPTH"] * device["AXI_DAT_WIDTH"];
  if (bits == 0 || bits % 8 != 0 || bits > limit)
    return execution.fail("LengthBits", "is " + Twine(bits) +
                                            ", but must be 1 to " +
                                            Twine(limit / 8) + " bytes");
  if (port != destination >> step)
    return execution.fail("Port", "is " + Twine(port) +
                                      ", but the destination lies in port " +
                                      Twine(destination >> step));
  std::vector<uint8_t> bytes(bits / 8);
  const TaskOperand source(execution, "Source");
  const TaskOperand target(execution, "DestinationLow", step);
  source.read(0, source.getAddress(), bytes.data(), bytes.size());
  target.write(port, destination - (port << step), bytes.data(), bytes.size());
}
