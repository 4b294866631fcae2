//===- StartTime.cpp - How long a start takes -----------------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DLAVM/Device/StartTime.h"

#include <algorithm>

using namespace dlavm;

StartTime dlavm::getStartTime(llvm::ArrayRef<MovedBytes> moved, double cycles,
                              const Rates &rates, const DeviceInfo &device) {
  StartTime time;
  for (const Rates::MemoryRate &rate : rates.memories) {
    const Memory *memory = device.getMemory(rate.memory);
    double atFullRate = 0;
    for (const MovedBytes &each : moved)
      if (each.memory == memory)
        atFullRate +=
            each.isWeight ? each.bytes / rates.weightEfficiency : each.bytes;
    time.memory =
        std::max(time.memory, 8 * atFullRate / rate.bitsPerCycle / rates.clock);
  }
  time.compute = cycles / rates.clock;
  return time;
}
