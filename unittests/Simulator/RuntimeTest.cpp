//===- RuntimeTest.cpp - A driver on the simulator -----------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Compiled with exceptions, as host programs are. The other files of this
// program use the compiler's dlavm::Device, this one the runtime's.
//
//===----------------------------------------------------------------------===//

#include "DLAVM/Simulator/SimulatorDevice.h"

#include "gtest/gtest.h"

namespace {

/// What a generated driver looks like: y = x + x of one token.
namespace tiny {
void write_input(dlavm::Device &device, const uint16_t *rows, int32_t seq) {
  dlavm::write_map(device, 0x200001000, rows, seq, 40, 32);
}
void run(dlavm::Device &device, int32_t seq, int32_t past) {
  dlavm::check_call(seq, past, 64);
  device.task(0, "double");
  const int64_t values[] = {0,        0x1000,   64 * seq, 64 * seq, 0x2000,
                            64 * seq, 64 * seq, 2,        1,        seq,
                            0x1000,   0,        1};
  for (uint32_t i = 0; i < 13; ++i)
    device.write(130 + i, values[i]);
  device.poll(129, 1);
}
} // namespace tiny

} // namespace

TEST(SimulatorDevice, RunsADriver) {
  dlavm::SimulatorDevice device("edgellm-20241128", true);
  std::vector<uint16_t> rows(3 * 40, 0x3c00);
  rows[2 * 40 + 39] = 0x4000;
  tiny::write_input(device, rows.data(), 3);
  device.begin_run(3, 0);
  tiny::run(device, 3, 0);
  device.end_run();
  const std::vector<uint16_t> result =
      dlavm::read_map(device, 0x200002000, 3, 40, 32);
  EXPECT_EQ(result[0], 0x4000);
  EXPECT_EQ(result[2 * 40 + 39], 0x4400);
  EXPECT_EQ(device.findings(), std::vector<std::string>());
}

TEST(SimulatorDevice, ShowsFindings) {
  dlavm::SimulatorDevice device("edgellm-20241128", true);
  device.begin_run(1, 0);
  tiny::run(device, 1, 0);
  ASSERT_EQ(device.findings().size(), 2u);
  EXPECT_EQ(device.findings()[0],
            "double of layer 0, start 0 of the call of 1 tokens after 0, "
            "elementwise::InputAddress: the task reads byte 4096, which nobody "
            "has written, the first of 2 such reads");
}

TEST(SimulatorDevice, ThrowsErrorsOfTheRuntime) {
  try {
    dlavm::SimulatorDevice device("edgellm-19990101");
    FAIL();
  } catch (const dlavm::Error &error) {
    EXPECT_EQ(
        std::string(error.what())
            .find("no simulator of a device edgellm-19990101; there are "),
        0u)
        << error.what();
    EXPECT_NE(std::string(error.what()).find("edgellm-20241128"),
              std::string::npos)
        << error.what();
  }
  dlavm::SimulatorDevice device("edgellm-20241128");
  EXPECT_THROW(tiny::run(device, 60, 5), dlavm::Error);
}
