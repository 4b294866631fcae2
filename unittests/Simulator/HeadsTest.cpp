//===- HeadsTest.cpp - Simulated tasks on heads --------------------------===//
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

constexpr uint32_t inputAddress = 0x100000, outputAddress = 0x800000,
                   tableAddress = 0x40000, cacheAddress = 0x10000;
// Section 3.7 at MAX_TOKEN = 2048.
constexpr uint32_t cacheHead = 524288, cacheLine = 131072;

/// Strides of heads with `groups` channel groups in maps of `tokens` (4.2).
void setStrides(Values &values, const std::string &prefix, uint32_t groups,
                uint32_t tokens) {
  values[prefix + "Head"] = 64 * tokens * groups;
  values[prefix + "Line"] = 64 * tokens;
}

Values ropeRegisters(uint32_t heads, uint32_t width, uint32_t past) {
  Values values = {{"TableAddress", tableAddress + 64 * past},
                   {"InputAddress", inputAddress},
                   {"OutputAddress", outputAddress},
                   {"ChannelGroups", 4},
                   {"Width", width},
                   {"Past", past},
                   {"Heads", heads},
                   {"TableHalf", 262144},
                   {"TableLine", 131072},
                   {"Opcode", 4}};
  setStrides(values, "Input", 4, width);
  setStrides(values, "Output", 4, width);
  return values;
}

Values appendRegisters(uint32_t heads, uint32_t width, uint32_t past,
                       bool isKeys) {
  Values values = {{"InputAddress", inputAddress},
                   {"CacheAddress", cacheAddress},
                   {"CacheHead", cacheHead},
                   {"CacheLine", cacheLine},
                   {"BankStep", 28},
                   {"Past", past},
                   {"Width", width},
                   {"Heads", heads},
                   {"ChannelGroups", 4},
                   {"Transpose", isKeys},
                   {"Opcode", 64}};
  setStrides(values, "Input", 4, width);
  return values;
}

/// trp_mvm or f2w_mvm of `width` tokens of maps with `tokens`.
Values productRegisters(bool isScores, uint32_t queryHeads, uint32_t kvHeads,
                        uint32_t width, uint32_t tokens, uint32_t columns,
                        uint32_t fp20) {
  Values values = {{"CacheAddress", cacheAddress},
                   {"InputAddress", inputAddress},
                   {"OutputAddress", outputAddress},
                   {"CacheHead", cacheHead},
                   {"CacheLine", cacheLine},
                   {"HeadChannels", 128},
                   {"Columns", columns},
                   {"Width", width},
                   {"BankStepAndScale", (28u << 20) + fp20},
                   {"HeadConfiguration", ((queryHeads / kvHeads - 1) << 16) +
                                             (queryHeads << 8) + kvHeads},
                   {"Opcode", isScores ? 2u : 1u}};
  const uint32_t columnGroups = (columns + 31) / 32;
  setStrides(values, "Input", isScores ? 4 : columnGroups, tokens);
  setStrides(values, "Output", isScores ? columnGroups : 4, tokens);
  return values;
}

/// Appends a map to the cache, whole.
void append(Machine &machine, TestMap &map, uint32_t past, bool isKeys) {
  machine.setMap(inputAddress, map);
  machine.start(TaskKind::KVAppend,
                appendRegisters(map.heads, map.tokens, past, isKeys));
}

} // namespace

TEST(SimulatedRope, RotatesNeighbours) {
  Machine machine;
  // Four planes of 2048 positions with 32 numbers (3.5).
  Numbers numbers(1);
  std::vector<uint16_t> table(4 * 2048 * 32);
  for (uint16_t &code : table)
    code = numbers.half();
  machine.setDDR(tableAddress, table.data(), 2 * table.size());
  TestMap input = Numbers(2).map(3, 5, 128);
  machine.setMap(inputAddress, input);
  machine.start(TaskKind::Rope, ropeRegisters(3, 5, 11));
  TestMap expected(3, 5, 128);
  for (int64_t h = 0; h < 3; ++h)
    for (int64_t t = 0; t < 5; ++t)
      for (int64_t i = 0; i < 64; ++i) {
        const int64_t place = (11 + t) * 32 + i % 32;
        const double cosine = halfToDouble(table[i / 32 * 2048 * 32 + place]);
        const double sine =
            halfToDouble(table[(2 + i / 32) * 2048 * 32 + place]);
        const double x0 = input.get(h, t, 2 * i),
                     x1 = input.get(h, t, 2 * i + 1);
        const double a = x0 * cosine, b = x1 * sine;
        const double c = x1 * cosine, d = x0 * sine;
        expected.at(h, t, 2 * i) = doubleToHalf(a - b);
        expected.at(h, t, 2 * i + 1) = doubleToHalf(c + d);
      }
  expectEqual(machine.getMap(outputAddress, 3, 5, 128, 5), expected);
  EXPECT_EQ(machine.findings(), "");
}

TEST(SimulatedSoftmax, CausalMask) {
  // Rows 0..2 after 31 others see columns up to 31, 32, 33 of 34.
  Machine machine;
  TestMap input = Numbers(3).map(2, 3, 34);
  TestMap old = Numbers(4).map(2, 3, 64);
  machine.setMap(inputAddress, input);
  machine.setMap(outputAddress, old);
  Values values = {{"Mask", 1},
                   {"InputAddress", inputAddress},
                   {"OutputAddress", outputAddress},
                   {"ColumnGroups", 2},
                   {"Heads", 2},
                   {"Columns", 34},
                   {"Width", 3},
                   {"Rows", 3},
                   {"Past", 31},
                   {"Opcode", 8}};
  setStrides(values, "Input", 2, 3);
  setStrides(values, "Output", 2, 3);
  machine.start(TaskKind::Softmax, values);
  TestMap expected(2, 3, 64);
  for (int64_t h = 0; h < 2; ++h)
    for (int64_t t = 0; t < 3; ++t) {
      const int64_t visible = 32 + t;
      float largest = -1e30f, sum = 0;
      std::vector<float> e(visible);
      for (int64_t j = 0; j < visible; ++j)
        largest = std::fmax(largest, static_cast<float>(input.get(h, t, j)));
      for (int64_t j = 0; j < visible; ++j) {
        const float difference =
            static_cast<float>(input.get(h, t, j)) - largest;
        e[j] = static_cast<float>(std::exp(static_cast<double>(difference)));
        sum += e[j];
      }
      for (int64_t j = 0; j < visible; ++j)
        expected.at(h, t, j) = doubleToHalf(e[j] / sum);
    }
  expectEqual(machine.getMap(outputAddress, 2, 3, 64, 3), expected);
  EXPECT_EQ(machine.findings(), "");
}

/// One row of one head over `columns`, mask 0.
static TestMap runSoftmax(Machine &machine, TestMap &input) {
  machine.setMap(inputAddress, input);
  const auto columns = static_cast<uint32_t>(input.channels);
  Values values = {{"Mask", 0},
                   {"InputAddress", inputAddress},
                   {"OutputAddress", outputAddress},
                   {"ColumnGroups", (columns + 31) / 32},
                   {"Heads", 1},
                   {"Columns", columns},
                   {"Width", 1},
                   {"Rows", 1},
                   {"Past", columns - 1},
                   {"Opcode", 8}};
  setStrides(values, "Input", (columns + 31) / 32, 1);
  setStrides(values, "Output", (columns + 31) / 32, 1);
  machine.start(TaskKind::Softmax, values);
  return machine.getMap(outputAddress, 1, 1, columns, 1);
}

TEST(SimulatedSoftmax, AllColumns) {
  Machine machine;
  TestMap input(1, 1, 4);
  for (int64_t j = 0; j < 4; ++j)
    input.at(0, 0, j) = 0x3c00;
  EXPECT_EQ(runSoftmax(machine, input).get(0, 0, 3), 0.25);
}

TEST(SimulatedSoftmax, HeadsThatMeetKeepTheirOrder) {
  // All heads write the same place; the last one stays.
  constexpr uint32_t heads = 64;
  TestMap input(heads, 1, 256);
  for (int64_t h = 0; h < heads; ++h)
    input.at(h, 0, h) = doubleToHalf(100);
  TestMap expected(1, 1, 256);
  expected.at(0, 0, heads - 1) = 0x3c00;
  Machine machine;
  machine.setMap(inputAddress, input);
  Values values = {{"Mask", 0},
                   {"InputAddress", inputAddress},
                   {"OutputAddress", outputAddress},
                   {"ColumnGroups", 8},
                   {"Heads", heads},
                   {"Columns", 256},
                   {"Width", 1},
                   {"Rows", 1},
                   {"Past", 255},
                   {"Opcode", 8}};
  setStrides(values, "Input", 8, 1);
  setStrides(values, "Output", 8, 1);
  values["OutputHead"] = 0;
  for (int round = 0; round < 50; ++round) {
    machine.start(TaskKind::Softmax, values);
    expectEqual(machine.getMap(outputAddress, 1, 1, 256, 1), expected);
  }
}

TEST(SimulatedSoftmax, PrecisionIsAParameter) {
  // 1 and 1999 times exp(-17) = 4.1e-8: each is lost in an FP32 sum of 1.
  TestMap input(1, 1, 2000);
  std::fill(input.codes.begin(), input.codes.end(), doubleToHalf(-17));
  input.at(0, 0, 0) = 0;
  Machine single;
  EXPECT_EQ(runSoftmax(single, input).get(0, 0, 0), 1.0);
  DeviceInfo device = edgellm::createDevice20241128();
  device.setParameter("Softmax_Bits", 64);
  Machine machine({}, false, device);
  // Distinct numbers of FP16 are needed for a difference: 2000 times 2e-6.
  for (int64_t j = 1; j < 2000; ++j)
    input.at(0, 0, j) = doubleToHalf(-13);
  double sum = 1;
  for (int64_t j = 1; j < 2000; ++j)
    sum += std::exp(-13.0);
  EXPECT_EQ(runSoftmax(machine, input).code(0, 0, 0), doubleToHalf(1 / sum));
}

TEST(SimulatedKVAppend, PlacesKeysAndValues) {
  for (bool isKeys : {true, false}) {
    Machine machine;
    TestMap first = Numbers(5).map(2, 40, 128);
    TestMap second = Numbers(6).map(2, 3, 128);
    append(machine, first, 0, isKeys);
    append(machine, second, 40, isKeys);
    for (int64_t h = 0; h < 2; ++h)
      for (int64_t t = 0; t < 43; ++t)
        for (int64_t c = 0; c < 128; ++c) {
          // Section 3.7.
          const int64_t port = isKeys ? t % 32 : c % 32;
          const int64_t byte = h * 16384 + c / 32 * 4096 + t / 32 * 64 +
                               (isKeys ? c % 32 : t % 32) * 2;
          llvm::ArrayRef<uint8_t> bytes = machine.simulator.getMemory(
              machine.hbm(), port, cacheAddress + byte, 2);
          const uint16_t expected =
              t < 40 ? first.code(h, t, c) : second.code(h, t - 40, c);
          ASSERT_EQ(bytes[0] | bytes[1] << 8, expected);
          ASSERT_EQ(
              machine.simulator.getCacheElement(cacheAddress, isKeys, h, t, c),
              expected);
        }
    EXPECT_EQ(machine.findings(), "");
  }
}

TEST(SimulatedScores, QueriesTimesKeys) {
  // 6 query heads, 2 KV heads; tokens 1 and 2 of 4; 37 columns.
  Machine machine;
  TestMap keys = Numbers(7).map(2, 37, 128);
  append(machine, keys, 0, true);
  TestMap queries = Numbers(8).map(6, 4, 128);
  machine.setMap(inputAddress, queries);
  TestMap old = Numbers(9).map(6, 4, 64);
  machine.setMap(outputAddress, old);
  Values values = productRegisters(true, 6, 2, 2, 4, 37, 224577);
  values["InputAddress"] += 64;
  values["OutputAddress"] += 64;
  machine.start(TaskKind::Scores, values);
  // 224577 is exponent 27, fraction 3393.
  const double scale = (1 + 3393 / 8192.0) / 16;
  TestMap expected = old;
  for (int64_t h = 0; h < 6; ++h)
    for (int64_t t = 1; t < 3; ++t)
      for (int64_t j = 0; j < 64; ++j) {
        double sum = 0;
        for (int64_t c = 0; c < 128 && j < 37; ++c)
          sum += queries.get(h, t, c) * keys.get(h / 3, j, c);
        expected.at(h, t, j) = doubleToHalf(sum * scale);
      }
  expectEqual(machine.getMap(outputAddress, 6, 4, 64, 4), expected);
  EXPECT_EQ(machine.findings(), "");
}

TEST(SimulatedValues, ProbabilitiesTimesValues) {
  Machine machine;
  TestMap numbers = Numbers(10).map(2, 37, 128);
  append(machine, numbers, 0, false);
  TestMap probabilities = Numbers(11).map(4, 5, 37);
  machine.setMap(inputAddress, probabilities);
  TestMap old = Numbers(12).map(4, 5, 128);
  machine.setMap(outputAddress, old);
  Values values = productRegisters(false, 4, 2, 3, 5, 37, 245760); // 0.5
  values["InputAddress"] += 2 * 64;
  values["OutputAddress"] += 2 * 64;
  machine.start(TaskKind::Values, values);
  TestMap expected = old;
  for (int64_t h = 0; h < 4; ++h)
    for (int64_t t = 2; t < 5; ++t)
      for (int64_t c = 0; c < 128; ++c) {
        double sum = 0;
        for (int64_t j = 0; j < 37; ++j)
          sum += probabilities.get(h, t, j) * numbers.get(h / 2, j, c);
        expected.at(h, t, c) = doubleToHalf(sum * 0.5);
      }
  expectEqual(machine.getMap(outputAddress, 4, 5, 128, 5), expected);
  EXPECT_EQ(machine.findings(), "");
}

TEST(SimulatedScores, RegistersAreTakenAtTheirWord) {
  TestMap keys = Numbers(13).map(2, 37, 128);
  TestMap queries = Numbers(14).map(4, 2, 128);
  auto run = [&](const Values &values) {
    Machine machine;
    append(machine, keys, 0, true);
    machine.setMap(inputAddress, queries);
    machine.start(TaskKind::Scores, values);
    return machine.getMap(outputAddress, 4, 2, 37, 2).codes;
  };
  const Values registers = productRegisters(true, 4, 2, 2, 2, 37, 224577);
  const auto expected = run(registers);
  const std::pair<const char *, int> changes[] = {
      {"CacheAddress", 64},
      {"InputAddress", 64},
      {"InputHead", 64},
      {"InputLine", 64},
      {"OutputAddress", 64},
      {"OutputHead", 64},
      {"OutputLine", 64},
      {"CacheHead", 32 * 64},
      {"CacheLine", 32 * 64},
      {"HeadChannels", -1},
      {"Columns", -1},
      {"Width", -1},
      {"BankStepAndScale", 256},
      {"BankStepAndScale", -(1 << 20)},
      {"HeadConfiguration", 1 << 16},
      {"HeadConfiguration", -(1 << 8)},
      {"HeadConfiguration", -1}};
  for (auto [reg, change] : changes) {
    Values changed = registers;
    changed[reg] += change;
    EXPECT_NE(run(changed), expected) << reg;
  }
}

TEST(SimulatedHeads, ImpossibleRegistersStopTheTask) {
  const std::tuple<TaskKind, Values, const char *> cases[] = {
      {TaskKind::Scores, productRegisters(true, 4, 2, 1025, 1025, 1025, 0),
       "Width is 1025, but the activation buffer holds 1024 tokens of 2 heads "
       "with 128 values"},
      {TaskKind::Values, productRegisters(false, 4, 2, 65, 65, 2048, 0),
       "holds 64 tokens of 2 heads with 2048 values"},
      {TaskKind::Scores, productRegisters(true, 2, 2, 1, 1, 2049, 0),
       "Columns is 2049, but the buffer of the KV cache holds 2048 tokens"},
      {TaskKind::Rope, ropeRegisters(0, 1, 0), "Heads is 0"},
      {TaskKind::KVAppend, appendRegisters(1, 0, 0, true), "Width is 0"}};
  for (const auto &[kind, values, message] : cases) {
    Machine machine;
    machine.start(kind, values);
    EXPECT_NE(machine.findings().find(message), std::string::npos)
        << machine.findings();
  }
  Machine machine;
  Values values = productRegisters(true, 2, 2, 1, 1, 4, 0);
  values["HeadConfiguration"] = 0x200;
  machine.start(TaskKind::Scores, values);
  EXPECT_NE(machine.findings().find("is 512, a task without heads"),
            std::string::npos);
}
