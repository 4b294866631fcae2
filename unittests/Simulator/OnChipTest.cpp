//===- OnChipTest.cpp - Maps on the chip of a simulated device ------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Machine.h"

using namespace dlavm;
using namespace dlavm::test;

namespace {

constexpr uint32_t inputAddress = 0x1000, resultAddress = 0x2000,
                   normWeight = 0x8000;

DeviceInfo createVersion(const char *name) {
  DeviceRegistry registry;
  edgellm::registerDevices(registry);
  return *registry.lookup(name);
}

/// A token of 128 channels, which is normalized twice.
class OnChip : public ::testing::Test {
protected:
  OnChip() : machine({}, true, createVersion("edgellm-20240923")) {
    std::vector<uint32_t> words(128, 0x3e000000);
    machine.setDDR(normWeight, words.data(), 512);
    TestMap input = Numbers(1).map(1, 1, 128);
    machine.setMap(inputAddress, input);
    machine.simulator.beginRun(1, 0);
  }

  void norm(const char *name, uint32_t from, uint32_t to, uint32_t flags) {
    machine.simulator.task(0, name);
    machine.start(TaskKind::Norm, {{"WeightAddress", normWeight},
                                   {"InputAddress", from},
                                   {"InputSurface", 64},
                                   {"InputLine", 64},
                                   {"OutputAddress", to},
                                   {"OutputSurface", 64},
                                   {"OutputLine", 64},
                                   {"ChannelGroups", 4},
                                   {"Rows", 1},
                                   {"Width", 1},
                                   {"Pixels", 1},
                                   {"Reciprocal", 24 << 13},
                                   {"WeightBursts", 0},
                                   {"Kind", 0},
                                   {"OnChip", flags},
                                   {"Opcode", 32}});
  }
  TestMap getResult() { return machine.getMap(resultAddress, 1, 1, 128, 1); }

  Machine machine;
};

} // namespace

/// The same numbers whether they go through DDR or not; DDR keeps what it has.
TEST_F(OnChip, ResultsAreThoseOfDDR) {
  norm("first", inputAddress, 0x3000, 0);
  norm("second", 0x3000, resultAddress, 0);
  const TestMap expected = getResult();
  const TestMap zeros(1, 1, 128);
  TestMap old = zeros;
  machine.setMap(0, old);
  machine.setMap(resultAddress, old);
  norm("left", inputAddress, 0, 2);
  norm("moved", 0, 256, 3);
  expectEqual(machine.getMap(0, 1, 1, 128, 1), zeros);
  norm("taken", 256, resultAddress, 1);
  EXPECT_NE(getResult().codes, zeros.codes);
  EXPECT_EQ(machine.findings(), "");
  norm("left again", inputAddress, 0, 2);
  norm("taken again", 0, resultAddress, 1);
  expectEqual(getResult(), expected);
  EXPECT_EQ(machine.findings(), "");
}

TEST_F(OnChip, ReadBeforeWritten) {
  norm("taken", 0, resultAddress, 1);
  EXPECT_EQ(machine.findings(),
            "taken of layer 0, start 0 of the call of 1 tokens after 0, "
            "norm::InputAddress: the task reads byte 0, which nobody has "
            "written, the first of 4 such reads\n");
}

TEST_F(OnChip, ContentOfAnEarlierCall) {
  norm("left", inputAddress, 0, 2);
  machine.simulator.endRun();
  machine.simulator.beginRun(1, 1);
  norm("taken", 0, resultAddress, 1);
  EXPECT_EQ(machine.findings(),
            "taken of layer 0, start 0 of the call of 1 tokens after 1, "
            "norm::InputAddress: the task reads content of an earlier call: "
            "byte 0 holds what left of layer 0 in an earlier call (1 tokens "
            "after 0) wrote\n");
}

TEST_F(OnChip, OverwrittenBeforeRead) {
  norm("left", inputAddress, 64, 2);
  norm("other", inputAddress, 0, 2);
  EXPECT_EQ(machine.findings(),
            "other of layer 0, start 1 of the call of 1 tokens after 0, "
            "norm::OutputAddress: the task overwrites byte 64 on the chip, "
            "which left of layer 0 wrote and no task has read\n");
}

TEST_F(OnChip, TooLarge) {
  norm("left", inputAddress, 71168 - 128, 2);
  EXPECT_EQ(machine.findings(),
            "left of layer 0, start 0 of the call of 1 tokens after 0, "
            "norm::OutputAddress: the task writes bytes [71168, 71232), "
            "outside the 71168 bytes of CHIP, the first of 2 such accesses\n");
}

/// The host has no address for it; where the base of HBM is, port 0 begins.
TEST_F(OnChip, NotForTheHost) {
  norm("left", inputAddress, 0, 2);
  uint8_t bytes[64] = {1};
  machine.simulator.dmaWrite(0, bytes);
  norm("taken", 0, resultAddress, 1);
  EXPECT_EQ(machine.findings(), "");
  EXPECT_EQ(machine.simulator.getMemory(machine.hbm(), 0, 0, 1)[0], 1);
}
