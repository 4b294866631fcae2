//===- OHBMWorkTest.cpp - What starts of ohbm move ------------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DLAVM/Device/StartTime.h"

#include "gtest/gtest.h"

#include "../Device/OHBM/TaskStarts.h"

using namespace dlavm;
using namespace dlavm::ohbm;

namespace {

/// The work of a start, as numbers.
struct StartWork {
  explicit StartWork(const TaskStart &start) {
    const TaskSupport &support = *newest().getTask(start.kind);
    const std::vector<uint32_t> file = start.getFile(newest());
    const RegisterValues values(support.registers, file);
    const TaskWork work = support.work(support.registers, newest());
    operations = work.operations.evaluate(values);
    cycles = work.cycles.evaluate(values);
    for (const Traffic &traffic : work.traffic)
      bytes += traffic.bytes.evaluate(values);
  }
  double operations = 0, cycles = 0, bytes = 0;
};

// 44 tokens, 4096 to 1024 channels: 8 and 2 rows of 1024 bytes for a token,
// 16896 bits of weights and a word of 4 bytes for each output channel.
TEST(OHBMWorkTest, WhatIsOnTheChipMovesNoByte) {
  const double output = 44 * 2 * 1024 + 4 * 1024;
  const double weights = 1024 * 16896 / 8, input = 44 * 8 * 1024;
  const TaskStart start = linearStart();
  EXPECT_EQ(StartWork(start).bytes, weights + output);
  EXPECT_EQ(StartWork(start.with("Flags", 5)).bytes, input + output);
  EXPECT_EQ(StartWork(start.with("Flags", 4)).bytes, weights + input + output);
}

TEST(OHBMWorkTest, OperationsOfAProduct) {
  const StartWork work(linearStart());
  EXPECT_EQ(work.operations, 2.0 * 44 * 4096 * 1024);
  // 32 blocks of inputs by 32 of outputs.
  EXPECT_EQ(work.cycles, 44 * 32 * 32);
}

TEST(OHBMWorkTest, EveryTaskSaysWhatItMoves) {
  for (const DeviceInfo &device : getDevices())
    for (const auto &[kind, support] : device.getTasks())
      EXPECT_TRUE(support.work)
          << device.getName() << " " << support.registers.getName().str();
}

TEST(OHBMWorkTest, SlowestMemoryOrMatrixUnit) {
  const Rates rates = *newest().getRates();
  // A million cycles of memory; weights take longer.
  MovedBytes moved = {newest().getMemory("HBM"),
                      rates.memories[0].bitsPerCycle / 8 * 1e6, false};
  EXPECT_NEAR(getStartTime(moved, 0, rates, newest()).get(), 1e6 / rates.clock,
              1e-9);
  moved.isWeight = true;
  const double time = 1e6 / rates.weightEfficiency / rates.clock;
  EXPECT_NEAR(getStartTime(moved, 1e6, rates, newest()).get(), time, 1e-9);
  EXPECT_NEAR(getStartTime(moved, 4e6, rates, newest()).get(),
              4e6 / rates.clock, 1e-9);
}

} // namespace
