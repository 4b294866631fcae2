//===- MapsTest.cpp - Simulated tasks on whole maps ----------------------===//
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

constexpr uint32_t inputAddress = 0x100000, outputAddress = 0x200000,
                   otherAddress = 0x300000, tableAddress = 0x400000;

/// The registers that norms and activations share (4.2), for `width` tokens of
/// maps with `tokens`.
Values mapRegisters(uint32_t groups, uint32_t width, uint32_t tokens) {
  return {{"InputAddress", inputAddress},
          {"InputSurface", 64 * tokens},
          {"InputLine", 64 * tokens},
          {"OutputAddress", outputAddress},
          {"OutputSurface", 64 * tokens},
          {"OutputLine", 64 * tokens},
          {"ChannelGroups", groups},
          {"Rows", 1},
          {"Width", width},
          {"Pixels", width}};
}

Values normRegisters(uint32_t groups, uint32_t width, uint32_t tokens,
                     uint32_t reciprocal, uint32_t kind) {
  Values values = mapRegisters(groups, width, tokens);
  values["WeightAddress"] = tableAddress;
  values["Reciprocal"] = reciprocal;
  values["WeightBursts"] = groups * 2 / 32;
  values["Kind"] = kind;
  values["Opcode"] = 32;
  return values;
}

/// gamma in the upper half, beta in the lower (3.4).
std::vector<uint32_t> makeWeights(int64_t channels) {
  Numbers numbers(99);
  std::vector<uint32_t> words(channels);
  for (uint32_t &word : words) {
    word = uint32_t(numbers.half()) << 16;
    word |= numbers.half();
  }
  return words;
}

// FP20 codes of 1 / 64 and 1 / 96: 2^-6, and 1.010 (1 + 2731 / 8192) * 2^-7.
constexpr uint32_t oneOver64 = 25 << 13;
constexpr uint32_t oneOver96 = 24 << 13 | 2731;

} // namespace

TEST(SimulatedNorm, RootMeanSquare) {
  Machine machine;
  TestMap input = Numbers(1).map(1, 3, 96);
  const std::vector<uint32_t> words = makeWeights(96);
  machine.setMap(inputAddress, input);
  machine.setDDR(tableAddress, words.data(), 4 * words.size());
  machine.start(TaskKind::Norm, normRegisters(3, 3, 3, oneOver96, 0));
  // The hardware multiplies by the code, which is not exactly 1 / 96.
  const double reciprocal = (1 + 2731 / 8192.0) / 128;
  TestMap expected(1, 3, 96);
  for (int64_t t = 0; t < 3; ++t) {
    double sum = 0;
    for (int64_t c = 0; c < 96; ++c)
      sum += input.get(0, t, c) * input.get(0, t, c);
    const double root = std::sqrt(sum * reciprocal + 1e-5);
    for (int64_t c = 0; c < 96; ++c) {
      double y = input.get(0, t, c) / root;
      y *= halfToDouble(words[c] >> 16);
      y += halfToDouble(words[c] & 0xffff);
      expected.at(0, t, c) = doubleToHalf(y);
    }
  }
  expectEqual(machine.getMap(outputAddress, 1, 3, 96, 3), expected);
  EXPECT_EQ(machine.findings(), "");
}

TEST(SimulatedNorm, LayerNorm) {
  Machine machine;
  TestMap input = Numbers(2).map(1, 2, 64);
  const std::vector<uint32_t> words = makeWeights(64);
  machine.setMap(inputAddress, input);
  machine.setDDR(tableAddress, words.data(), 4 * words.size());
  machine.start(TaskKind::Norm, normRegisters(2, 2, 2, oneOver64, 1));
  TestMap expected(1, 2, 64);
  for (int64_t t = 0; t < 2; ++t) {
    double sum = 0, squares = 0;
    for (int64_t c = 0; c < 64; ++c)
      sum += input.get(0, t, c);
    const double mean = sum / 64;
    for (int64_t c = 0; c < 64; ++c) {
      const double deviation = input.get(0, t, c) - mean;
      squares += deviation * deviation;
    }
    const double root = std::sqrt(squares / 64 + 1e-5);
    for (int64_t c = 0; c < 64; ++c) {
      double y = (input.get(0, t, c) - mean) / root;
      y *= halfToDouble(words[c] >> 16);
      y += halfToDouble(words[c] & 0xffff);
      expected.at(0, t, c) = doubleToHalf(y);
    }
  }
  expectEqual(machine.getMap(outputAddress, 1, 2, 64, 2), expected);
}

TEST(SimulatedNorm, LastTokenForm) {
  // Token 4 of 5 into a map of one (4.3).
  Machine machine, reference;
  TestMap input = Numbers(3).map(1, 5, 64);
  const std::vector<uint32_t> words = makeWeights(64);
  for (Machine *m : {&machine, &reference}) {
    m->setMap(inputAddress, input);
    m->setDDR(tableAddress, words.data(), 4 * words.size());
  }
  reference.start(TaskKind::Norm, normRegisters(2, 5, 5, oneOver64, 0));
  Values values = normRegisters(2, 1, 5, oneOver64, 0);
  values["InputAddress"] += 4 * 64;
  values["OutputSurface"] = values["OutputLine"] = 64;
  machine.start(TaskKind::Norm, values);
  const TestMap all = reference.getMap(outputAddress, 1, 5, 64, 5);
  const TestMap last = machine.getMap(outputAddress, 1, 1, 64, 1);
  for (int64_t c = 0; c < 64; ++c)
    EXPECT_EQ(last.code(0, 0, c), all.code(0, 4, c));
}

TEST(SimulatedNorm, HeadsAreRows) {
  // 3 heads of 2 groups, 5 tokens, beside one head after the other.
  Machine machine, reference;
  TestMap input = Numbers(5).map(1, 5, 192);
  const std::vector<uint32_t> words = makeWeights(64);
  for (Machine *m : {&machine, &reference}) {
    m->setMap(inputAddress, input);
    m->setDDR(tableAddress, words.data(), 4 * words.size());
  }
  constexpr uint32_t head = 2 * 5 * 64;
  Values values = normRegisters(2, 5, 5, oneOver64, 0);
  for (int i = 0; i < 3; ++i) {
    reference.start(TaskKind::Norm, values);
    values["InputAddress"] += head;
    values["OutputAddress"] += head;
  }
  values = normRegisters(2, 5, 5, oneOver64, 0);
  values["InputLine"] = values["OutputLine"] = head;
  values["Rows"] = 3;
  values["Pixels"] = 15;
  machine.start(TaskKind::Norm, values);
  const TestMap expected = reference.getMap(outputAddress, 1, 5, 192, 5);
  const TestMap result = machine.getMap(outputAddress, 1, 5, 192, 5);
  for (int64_t token = 0; token < 5; ++token)
    for (int64_t c = 0; c < 192; ++c)
      EXPECT_EQ(result.code(0, token, c), expected.code(0, token, c));
}

TEST(SimulatedNorm, EpsilonIsTheDevices) {
  DeviceInfo device = edgellm::createDevice20241128();
  device.traits = [](const DeviceInfo &) {
    Traits traits = edgellm::createDevice20241128().getTraits();
    traits.normEpsilon = 0.75;
    return traits;
  };
  Machine machine({}, false, device);
  TestMap input(1, 1, 64);
  std::fill(input.codes.begin(), input.codes.end(), 0x3800); // 0.5
  const std::vector<uint32_t> words(64, 0x3c000000);
  machine.setMap(inputAddress, input);
  machine.setDDR(tableAddress, words.data(), 4 * words.size());
  machine.start(TaskKind::Norm, normRegisters(2, 1, 1, oneOver64, 0));
  EXPECT_EQ(machine.getMap(outputAddress, 1, 1, 64, 1).get(0, 0, 9), 0.5);
}

TEST(SimulatedNorm, Divides) {
  // 49 / 49 is 1, but 49 * (1 / 49) is less; the sum with beta is a tie.
  DeviceInfo device = edgellm::createDevice20241128();
  device.traits = [](const DeviceInfo &) {
    Traits traits = edgellm::createDevice20241128().getTraits();
    traits.normEpsilon = 0;
    return traits;
  };
  Machine machine({}, false, device);
  TestMap input(1, 1, 64);
  std::fill(input.codes.begin(), input.codes.end(), doubleToHalf(49));
  // gamma is 1 + 2^-10, beta 2^-11.
  const std::vector<uint32_t> words(64, 0x3c011000);
  machine.setMap(inputAddress, input);
  machine.setDDR(tableAddress, words.data(), 4 * words.size());
  machine.start(TaskKind::Norm, normRegisters(2, 1, 1, oneOver64, 0));
  EXPECT_EQ(machine.getMap(outputAddress, 1, 1, 64, 1).code(0, 0, 0), 0x3c02);
}

namespace {

/// x, k and b of 3.6: 0 below -1; segment i covers [-1 + (i - 1) / 8, ...).
std::vector<double> makeTable() {
  std::vector<double> table(48);
  for (int i = 0; i < 16; ++i) {
    table[i] = -1 + i / 8.0;
    table[16 + i] = i == 0 ? 0 : i / 4.0;
    table[32 + i] = i == 0 ? 0 : 2.0 - i / 16.0;
  }
  return table;
}

Values activationRegisters(uint32_t channels, uint32_t tokens) {
  const uint32_t groups = (channels + 31) / 32;
  Values values = mapRegisters(groups, tokens, tokens);
  values["TableAddress"] = tableAddress;
  values["ChannelGroups2"] = groups;
  values["Channels"] = channels;
  values["Opcode"] = 16;
  return values;
}

/// All FP16 codes through the activation.
TestMap runActivation(Machine &machine) {
  const std::vector<double> table = makeTable();
  std::vector<uint16_t> codes;
  for (double number : table)
    codes.push_back(doubleToHalf(number));
  machine.setDDR(tableAddress, codes.data(), 2 * codes.size());
  TestMap input(1, 64, 1024);
  for (size_t i = 0; i < input.codes.size(); ++i)
    input.codes[i] = static_cast<uint16_t>(i);
  machine.setMap(inputAddress, input);
  machine.start(TaskKind::Activation, activationRegisters(1024, 64));
  return machine.getMap(outputAddress, 1, 64, 1024, 64);
}

double evaluate(double x, bool holds) {
  const std::vector<double> table = makeTable();
  if (x < table[0])
    return 0;
  if (holds && x >= table[15])
    x = table[15];
  int region = 15;
  while (region > 1 && x < table[region - 1])
    --region;
  return table[16 + region] * x + table[32 + region];
}

} // namespace

TEST(SimulatedActivation, AllInputs) {
  Machine machine;
  const TestMap output = runActivation(machine);
  for (uint32_t code = 0; code < 65536; ++code) {
    const double x = halfToDouble(code);
    if (std::isnan(x))
      EXPECT_TRUE(std::isnan(halfToDouble(output.codes[code])));
    else
      ASSERT_EQ(output.codes[code], doubleToHalf(evaluate(x, false))) << x;
  }
  // An input that is infinite gives such a result, which has a finding.
  EXPECT_EQ(machine.findings(),
            "activation::OutputAddress: the task writes infinity or NaN to "
            "bytes [2099072, 2099136): values of the model exceed the range of "
            "FP16\n");
}

TEST(SimulatedActivation, FewAndManyElementsAreEqual) {
  // Many elements go through a table of all inputs.
  Machine machine;
  const TestMap few = runActivation(machine);
  TestMap input(1, 320, 1024);
  for (size_t i = 0; i < input.codes.size(); ++i)
    input.codes[i] = static_cast<uint16_t>(i);
  Machine other;
  const std::vector<double> table = makeTable();
  std::vector<uint16_t> codes;
  for (double number : table)
    codes.push_back(doubleToHalf(number));
  other.setDDR(tableAddress, codes.data(), 2 * codes.size());
  other.setMap(inputAddress, input);
  Values values = activationRegisters(1024, 320);
  values["OutputAddress"] = 0x1000000;
  other.start(TaskKind::Activation, values);
  const TestMap many = other.getMap(0x1000000, 1, 320, 1024, 320);
  for (size_t i = 0; i < many.codes.size(); ++i)
    ASSERT_EQ(many.codes[i], few.codes[i % 65536]);
}

TEST(SimulatedActivation, BeyondTheTableIsAParameter) {
  DeviceInfo device = edgellm::createDevice20241128();
  device.setParameter("Activation_Beyond_Table", 1);
  Machine machine({}, false, device);
  const TestMap output = runActivation(machine);
  EXPECT_EQ(output.codes[0x4200], doubleToHalf(evaluate(3.0, true)));
  EXPECT_NE(evaluate(3.0, true), evaluate(3.0, false));
}

TEST(SimulatedActivation, PaddingChannelsAreZero) {
  // pwl(0) is not 0 here (U14).
  Machine machine;
  const std::vector<double> table = makeTable();
  std::vector<uint16_t> codes;
  for (double number : table)
    codes.push_back(doubleToHalf(number));
  machine.setDDR(tableAddress, codes.data(), 2 * codes.size());
  TestMap input(1, 2, 40);
  machine.setMap(inputAddress, input);
  TestMap old = Numbers(5).map(1, 2, 64);
  machine.setMap(outputAddress, old);
  machine.start(TaskKind::Activation, activationRegisters(40, 2));
  const TestMap output = machine.getMap(outputAddress, 1, 2, 64, 2);
  EXPECT_EQ(output.get(0, 1, 39), evaluate(0, false));
  for (int64_t c = 40; c < 64; ++c)
    EXPECT_EQ(output.code(0, 1, c), 0);
}

static Values elementwiseRegisters(uint32_t mode, uint32_t groups,
                                   uint32_t width, uint32_t tokens) {
  Values values = mapRegisters(groups, width, tokens);
  values.erase("Pixels");
  values["Mode"] = mode;
  values["OtherAddress"] = otherAddress;
  values["Opcode"] = 1;
  return values;
}

TEST(SimulatedElementwise, AddAndMultiply) {
  for (uint32_t mode : {0u, 2u}) {
    Machine machine;
    TestMap a = Numbers(6).map(1, 5, 96);
    TestMap b = Numbers(7).map(1, 5, 96);
    TestMap old = Numbers(8).map(1, 5, 96);
    machine.setMap(inputAddress, a);
    machine.setMap(otherAddress, b);
    machine.setMap(outputAddress, old);
    // Tokens 1 to 3 of 5.
    Values values = elementwiseRegisters(mode, 3, 3, 5);
    for (const char *reg : {"InputAddress", "OtherAddress", "OutputAddress"})
      values[reg] += 64;
    machine.start(TaskKind::Elementwise, values);
    TestMap expected = old;
    for (int64_t t = 1; t < 4; ++t)
      for (int64_t c = 0; c < 96; ++c) {
        const double x = a.get(0, t, c), y = b.get(0, t, c);
        expected.at(0, t, c) = doubleToHalf(mode == 2 ? x * y : x + y);
      }
    expectEqual(machine.getMap(outputAddress, 1, 5, 96, 5), expected);
    EXPECT_EQ(machine.findings(), "");
  }
}

/// Products of all FP16 codes with a number.
static TestMap multiplyAll(uint16_t factor) {
  Machine machine;
  TestMap a(1, 64, 1024), b(1, 64, 1024);
  for (size_t i = 0; i < a.codes.size(); ++i) {
    a.codes[i] = static_cast<uint16_t>(i);
    b.codes[i] = factor;
  }
  machine.setMap(inputAddress, a);
  machine.setMap(otherAddress, b);
  machine.start(TaskKind::Elementwise, elementwiseRegisters(2, 32, 64, 64));
  return machine.getMap(outputAddress, 1, 64, 1024, 64);
}

TEST(SimulatedNumbers, AllHalves) {
  // Products with 1, with 2^-10 (all subnormal roundings), with 1.5 * 2^-11
  // (ties), and with 3 (overflow).
  for (uint16_t factor : {0x3c00, 0x1400, 0x1200, 0x4200}) {
    const TestMap products = multiplyAll(factor);
    for (uint32_t code = 0; code < 65536; ++code)
      ASSERT_EQ(products.codes[code],
                doubleToHalf(halfToDouble(code) * halfToDouble(factor)))
          << code << " * " << factor;
  }
}

TEST(SimulatedMaps, AbsurdCountsAreBounded) {
  Machine machine;
  for (const char *reg : {"ChannelGroups", "Rows", "Width"}) {
    Values values = elementwiseRegisters(0, 1, 1, 1);
    values[reg] = 0xfffffff0;
    machine.start(TaskKind::Elementwise, values);
    EXPECT_NE(machine.findings().find(std::string(reg) +
                                      " is 4294967280, which makes a map "
                                      "larger than DDR; the task stops"),
              std::string::npos);
  }
}
