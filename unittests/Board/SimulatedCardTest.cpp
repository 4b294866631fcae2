//===- SimulatedCardTest.cpp - A card with a simulator on it --------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DLAVM/Board/SimulatedCard.h"
#include "DLAVM/Device/Devices.h"

#include "gtest/gtest.h"

#include <cerrno>

using namespace dlavm;

namespace {

class SimulatedCardTest : public testing::Test {
protected:
  SimulatedCardTest() { registerAllDevices(registry); }

  SimulatedCard makeCard(const std::vector<std::string> &texts = {},
                         const char *device = "edgellm-20241128") {
    CardFaults faults;
    for (const std::string &text : texts)
      EXPECT_EQ(faults.add(text), std::nullopt);
    SimulatorOptions options;
    options.threads = 1;
    return SimulatedCard(*registry.lookup(device), options, std::move(faults));
  }

  static constexpr uint64_t ddr = 0x200000000;

  DeviceRegistry registry;
};

/// Starts y = x + x of one token of 32 channels, from 0x1000 to 0x2000.
void start(SimulatedCard &card) {
  const uint32_t values[] = {0, 0x1000, 64, 64,     0x2000, 64, 64,
                             1, 1,      1,  0x1000, 0,      1};
  for (uint32_t i = 0; i < 13; ++i)
    card.write(130 + i, values[i]);
}

} // namespace

TEST_F(SimulatedCardTest, RunsATask) {
  SimulatedCard card = makeCard();
  const std::vector<uint8_t> ones(64, 0x3c);
  EXPECT_EQ(card.dmaWrite(ddr + 0x1000, ones), 64);
  EXPECT_EQ(card.read(129), 0u);
  start(card);
  // Also who looks twice has polled once.
  EXPECT_EQ(card.read(129), 1u);
  EXPECT_EQ(card.read(129), 1u);
  std::vector<uint8_t> twice(64);
  EXPECT_EQ(card.dmaRead(ddr + 0x2000, twice), 64);
  EXPECT_EQ(twice[1], 0x40);
  // Registers without a meaning for the host.
  EXPECT_EQ(card.read(130), 0u);
  EXPECT_EQ(card.read(1000), 0u);
  EXPECT_EQ(card.getFindings().size(), 0u);
}

TEST_F(SimulatedCardTest, WhoDoesNotPollIsTold) {
  SimulatedCard card = makeCard();
  start(card);
  start(card);
  ASSERT_EQ(card.getFindings().size(), 1u);
  EXPECT_EQ(card.getFindings()[0].message,
            "the next task starts before this one is polled");
}

TEST_F(SimulatedCardTest, MemoryEnds) {
  SimulatedCard card = makeCard();
  std::vector<uint8_t> bytes(64);
  const uint64_t ports = uint64_t(32) << 28;
  // Ports follow each other, memories do not.
  EXPECT_EQ(card.dmaWrite((1 << 28) - 32, bytes), 64);
  EXPECT_EQ(card.dmaRead((1 << 28) - 32, bytes), 64);
  EXPECT_EQ(card.dmaWrite(ports - 64, bytes), 64);
  EXPECT_EQ(card.dmaWrite(ddr + (uint64_t(4) << 30) - 64, bytes), 64);
  EXPECT_EQ(card.dmaWrite(ddr + (uint64_t(4) << 30) - 32, bytes), -EIO);
  EXPECT_EQ(card.dmaRead(ddr + (uint64_t(4) << 30), bytes), -EIO);
  EXPECT_EQ(card.dmaRead(~uint64_t(0) - 8, bytes), -EIO);
  EXPECT_EQ(card.getFindings().size(), 0u);

  SimulatedCard apart =
      makeCard({}, "ohbm-v80-20250326,port-stride=0x10000000");
  EXPECT_EQ(apart.dmaWrite(4 * uint64_t(0x10000000) - 64, bytes), 64);
  EXPECT_EQ(apart.dmaWrite(4 * uint64_t(0x10000000) - 32, bytes), -EIO);
}

TEST_F(SimulatedCardTest, StatusThatNeverComes) {
  SimulatedCard card = makeCard({"stuck:1"});
  start(card);
  EXPECT_EQ(card.read(129), 1u);
  start(card);
  EXPECT_EQ(card.read(129), 0u);
  EXPECT_EQ(card.read(129), 0u);
  start(card);
  EXPECT_EQ(card.read(129), 0u);
}

TEST_F(SimulatedCardTest, CardThatIsGone) {
  SimulatedCard card = makeCard({"gone:1"});
  start(card);
  EXPECT_EQ(card.read(129), 1u);
  start(card);
  EXPECT_EQ(card.read(129), 0xffffffffu);
  std::vector<uint8_t> bytes(64);
  EXPECT_EQ(card.dmaWrite(ddr, bytes), -EIO);
  EXPECT_EQ(card.dmaRead(ddr, bytes), -EIO);
}

TEST_F(SimulatedCardTest, Transfers) {
  std::vector<uint8_t> bytes(64, 0xf0), found(64);
  SimulatedCard card =
      makeCard({"short:10", "write-fails:2:ENOMEM", "read-fails:1:EINVAL"});
  EXPECT_EQ(card.dmaWrite(ddr, bytes), 10);
  EXPECT_EQ(card.dmaWrite(ddr + 10, llvm::ArrayRef(bytes).take_front(3)), 3);
  EXPECT_EQ(card.dmaWrite(ddr, bytes), -ENOMEM);
  EXPECT_EQ(card.dmaWrite(ddr, bytes), -ENOMEM);
  EXPECT_EQ(card.dmaRead(ddr + 4, found), 10);
  EXPECT_EQ(found[8], 0xf0);
  EXPECT_EQ(found[9], 0);
  EXPECT_EQ(card.dmaRead(ddr, bytes), -EINVAL);
}

TEST_F(SimulatedCardTest, BitsThatFlip) {
  SimulatedCard card = makeCard(
      {"flip:0x200000005:7", "flip:0x200000005:1", "flip:0x200000040:0"});
  std::vector<uint8_t> bytes(64, 0xf0), found(64);
  EXPECT_EQ(card.dmaWrite(ddr, bytes), 64);
  EXPECT_EQ(card.dmaRead(ddr, found), 64);
  bytes[5] = 0x72;
  EXPECT_EQ(found, bytes);
}

TEST(CardFaults, Refusals) {
  for (const char *text :
       {"", "stuck", "stuck:", "stuck:-1", "stuck:1:2", "gone:x", "short:0",
        "short:1:1", "write-fails:1", "write-fails:1:EPERM", "read-fails:EIO",
        "flip:0", "flip:0:8", "flip:0:-1", "flip:0x1g:0", "Stuck:1"})
    EXPECT_NE(CardFaults().add(text), std::nullopt) << text;
}
