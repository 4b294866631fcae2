//===- MachineTest.cpp - Memory and protocol of the simulator ------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Machine.h"

#include "DLAVM/Device/Conventions.h"

using namespace dlavm;
using namespace dlavm::test;

namespace {
bool has(Machine &machine, llvm::StringRef text) {
  return llvm::StringRef(machine.findings()).contains(text);
}

Values sum(uint32_t a, uint32_t b, uint32_t result) {
  return {{"Mode", 0},        {"InputAddress", a},       {"InputSurface", 64},
          {"InputLine", 64},  {"OutputAddress", result}, {"OutputSurface", 64},
          {"OutputLine", 64}, {"ChannelGroups", 1},      {"Rows", 1},
          {"Width", 1},       {"OtherAddress", b},       {"Opcode", 1}};
}
} // namespace

TEST(SimulatedMemory, DMAReachesDDRAndPorts) {
  Machine machine;
  const uint8_t bytes[4] = {1, 2, 3, 4};
  machine.simulator.dmaWrite(0x2000003FC, bytes);
  machine.simulator.dmaWrite(31 * portStride + portStride - 4, bytes);
  EXPECT_EQ(machine.simulator.getMemory(machine.ddr(), 0, 0x3FC, 4),
            llvm::ArrayRef(bytes));
  EXPECT_EQ(machine.simulator.getMemory(machine.hbm(), 31, portStride - 4, 4),
            llvm::ArrayRef(bytes));
  uint8_t read[4];
  machine.simulator.dmaRead(0x2000003FC, read);
  EXPECT_EQ(read[3], 4);
  EXPECT_EQ(machine.findings(), "");
}

TEST(SimulatedMemory, DMAMayRunFromPortToPort) {
  Machine machine;
  const uint8_t bytes[4] = {1, 2, 3, 4};
  machine.simulator.dmaWrite(7 * portStride - 2, bytes);
  EXPECT_EQ(machine.simulator.getMemory(machine.hbm(), 6, portStride - 1, 1)[0],
            2);
  EXPECT_EQ(machine.simulator.getMemory(machine.hbm(), 7, 0, 1)[0], 3);
}

TEST(SimulatedMemory, DMAOutsideIsDropped) {
  Machine machine;
  uint8_t bytes[4] = {1, 2, 3, 4};
  machine.simulator.dmaWrite(0x2FFFFFFFE, bytes);
  EXPECT_TRUE(has(machine, "a DMA write of 4 bytes at address 12884901886 "
                           "leaves the memories of edgellm-20241128 at address "
                           "12884901888"));
  EXPECT_EQ(machine.simulator.getMemory(machine.ddr(), 0, 0xFFFFFFFE, 2)[0], 0);
  machine.simulator.dmaRead(0xFFFFFFFFFFFFFFF0, bytes);
  EXPECT_EQ(bytes[0], 0);
  EXPECT_TRUE(has(machine, "a DMA read of 4 bytes"));
  // The distance from DDR has no 64-bit sign.
  machine.simulator.dmaRead(0x8000000000000000, bytes);
  EXPECT_TRUE(has(machine, "(2 times)"));
  // From HBM into DDR.
  machine.simulator.dmaWrite(0x1FFFFFFFE, bytes);
  EXPECT_EQ(machine.simulator.getFindings()[0].count, 2u);
}

TEST(SimulatedMemory, TasksOutsideReadZerosAndDropWrites) {
  Machine machine;
  TestMap map(1, 1, 32);
  std::fill(map.codes.begin(), map.codes.end(), 0x3c00);
  machine.setMap(0x1000, map);
  machine.simulator.task(3, "norm");
  machine.start(TaskKind::Elementwise, sum(0xFFFFFFE0, 0x1000, 0x2000));
  EXPECT_EQ(machine.getHalf(0x2000), 0x3c00);
  EXPECT_TRUE(has(machine,
                  "norm of layer 3, start 0 of the call of 0 tokens after 0, "
                  "elementwise::InputAddress: the task reads bytes "
                  "[4294967264, 4294967328), outside the 4294967296 bytes of "
                  "DDR, the first of 1 such accesses"));
  machine.start(TaskKind::Elementwise, sum(0x1000, 0x1000, 0xFFFFFFE0));
  EXPECT_TRUE(has(machine, "elementwise::OutputAddress: the task writes"));
}

TEST(SimulatedMemory, NoMemoryIsNoCrash) {
  Machine machine;
  EXPECT_TRUE(machine.simulator.getMemory(machine.hbm(), 32, 0, 1).empty());
  EXPECT_TRUE(machine.simulator.getMemory(machine.ddr(), 0, -1, 1).empty());
  EXPECT_EQ(machine.simulator.getCacheElement(portStride, true, 0, 0, 0), 0);
}

TEST(SimulatedProtocol, PollReturnsWhenTheTaskIsDone) {
  Machine machine;
  TestMap map(1, 1, 32);
  machine.setMap(0x1000, map);
  machine.start(TaskKind::Elementwise, sum(0x1000, 0x1000, 0x2000));
  EXPECT_EQ(machine.simulator.read(129), 1u);
  EXPECT_EQ(machine.findings(), "");
}

TEST(SimulatedProtocol, WrongPolls) {
  Machine machine;
  machine.simulator.poll(129, 1);
  EXPECT_TRUE(has(machine, "register 129 is polled, but no task is running"));
  machine.write(TaskKind::Elementwise, sum(0x1000, 0x1000, 0x2000));
  machine.simulator.poll(129, 2);
  EXPECT_TRUE(has(machine, "register 129 is polled until it is 2, but the task "
                           "is done when register 129 is 1"));
  Machine other;
  other.write(TaskKind::Elementwise, sum(0x1000, 0x1000, 0x2000));
  other.simulator.poll(193, 1);
  EXPECT_TRUE(has(other, "register 193 is polled until it is 1"));
}

TEST(SimulatedProtocol, TasksOneAfterTheOther) {
  Machine machine;
  machine.simulator.beginRun(1, 0);
  machine.write(TaskKind::Elementwise, sum(0x1000, 0x1000, 0x2000));
  machine.write(TaskKind::Elementwise, sum(0x1000, 0x1000, 0x2000));
  EXPECT_TRUE(has(machine, "the next task starts before this one is polled"));
  machine.simulator.endRun();
  EXPECT_TRUE(has(machine, "the run ends before the last task is polled"));
}

TEST(SimulatedProtocol, DMAWhileATaskRuns) {
  Machine machine;
  uint8_t bytes[4] = {1, 2, 3, 4};
  machine.simulator.dmaWrite(ddrBase, bytes);
  machine.write(TaskKind::Elementwise, sum(0x1000, 0x1000, 0x2000));
  machine.simulator.dmaRead(ddrBase, bytes);
  machine.simulator.dmaWrite(ddrBase, bytes);
  machine.simulator.dmaRead(ddrBase, bytes);
  machine.simulator.poll(129, 1);
  machine.simulator.dmaRead(ddrBase, bytes);
  EXPECT_EQ(machine.findings(),
            "elementwise::Status: the host reads memory before the task is "
            "polled (2 times)\n"
            "elementwise::Status: the host writes memory before the task is "
            "polled\n");
}

TEST(SimulatedProtocol, UnknownRegistersAndOpcodes) {
  Machine machine;
  machine.simulator.write(1000, 5);
  EXPECT_TRUE(has(machine, "no task has a register 1000 that is written"));
  EXPECT_EQ(machine.simulator.read(1000), 0u);
  EXPECT_TRUE(has(machine, "no task has a result in register 1000"));
  EXPECT_EQ(machine.simulator.read(40), 0u);
  EXPECT_TRUE(
      has(machine, "register 40 is read, but no task has left a result there"));
  machine.simulator.write(209, 3);
  EXPECT_TRUE(has(machine, "the value 3 starts no task"));
  machine.simulator.poll(193, 1);
}

TEST(SimulatedProtocol, RegistersKeepTheirValues) {
  Machine machine;
  TestMap map(1, 1, 32);
  std::fill(map.codes.begin(), map.codes.end(), 0x3c00);
  machine.setMap(0x1000, map);
  machine.start(TaskKind::Elementwise, sum(0x1000, 0x1000, 0x2000));
  machine.start(TaskKind::Elementwise,
                {{"OutputAddress", 0x3000}, {"Opcode", 1}});
  EXPECT_EQ(machine.getHalf(0x3000), 0x4000);
  EXPECT_EQ(machine.findings(), "");
}

TEST(SimulatedConventions, UnknownValuesAreRefused) {
  const std::pair<const char *, std::vector<int64_t>> parameters[] = {
      {"Linear_Accumulator_Bits", {32, 64}},
      {"Weight_Code_8", {-8, 0}},
      {"Activation_Beyond_Table", {0, 1}},
      {"Argmax_Tie", {0, 1}},
      {"Softmax_Bits", {32, 64}}};
  DeviceInfo device = edgellm::createDevice20241128();
  for (const auto &[name, values] : parameters) {
    const int64_t kept = device[name];
    for (int64_t value = -16; value <= 128; ++value) {
      device.setParameter(name, value);
      EXPECT_EQ(checkConventions(device).has_value(),
                !llvm::is_contained(values, value))
          << name << " = " << value;
    }
    device.setParameter(name, kept);
  }
  device.setParameter("Linear_Accumulator_Bits", 16);
  Machine machine({}, false, device);
  TestMap map(1, 1, 32);
  std::fill(map.codes.begin(), map.codes.end(), 0x3c00);
  machine.setMap(0x1000, map);
  machine.start(TaskKind::Elementwise, sum(0x1000, 0x1000, 0x2000));
  EXPECT_EQ(machine.getHalf(0x2000), 0);
  EXPECT_EQ(machine.findings(),
            "the parameter Linear_Accumulator_Bits of edgellm-20241128 is 16, "
            "but must be 64 or 32; no task computes\n");
}

TEST(SimulatedWeightCopy, CopiesToOnePort) {
  Machine machine;
  std::vector<uint8_t> bytes(65536);
  for (size_t i = 0; i < bytes.size(); ++i)
    bytes[i] = static_cast<uint8_t>(i * 7);
  machine.setDDR(0x4000, bytes.data(), bytes.size());
  // Port 19: bit 32 is in the upper register.
  Values values = {{"Source", 0x4000},     {"DestinationLow", 0x30000200},
                   {"DestinationHigh", 1}, {"LengthBits", 8 * 65536},
                   {"Port", 19},           {"Opcode", 2}};
  machine.start(TaskKind::WeightCopy, values);
  EXPECT_EQ(machine.simulator.getMemory(machine.hbm(), 19, 0x200, 65536),
            llvm::ArrayRef(bytes));
  EXPECT_EQ(machine.findings(), "");

  values["Port"] = 18;
  machine.start(TaskKind::WeightCopy, values);
  EXPECT_TRUE(has(machine, "Port is 18, but the destination lies in port 19"));
  values["LengthBits"] = 8 * 65536 + 8;
  machine.start(TaskKind::WeightCopy, values);
  EXPECT_TRUE(
      has(machine, "LengthBits is 524296, but must be 1 to 65536 bytes"));
}
