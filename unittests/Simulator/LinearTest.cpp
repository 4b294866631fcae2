//===- LinearTest.cpp - The simulated MVM engine -------------------------===//
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
                   residualAddress = 0x300000, wordsAddress = 0x400000,
                   argmaxAddress = 0x500000, weightAddress = 0x4000;

/// A matrix with its scales and bias words, and the registers that run it.
struct Matrix {
  int64_t inputs, outputs;
  std::vector<int> weights;
  std::vector<uint16_t> scales;
  std::vector<uint16_t> factors, biases;

  Matrix(int64_t inputs, int64_t outputs, uint64_t seed)
      : inputs(inputs), outputs(outputs), weights(inputs * outputs),
        scales(blocks() * outputs), factors(outputs), biases(outputs) {
    Numbers numbers(seed);
    for (int &weight : weights)
      weight = numbers.weight();
    for (uint16_t &scale : scales)
      scale = numbers.half();
    for (uint16_t &factor : factors)
      factor = numbers.half();
    for (uint16_t &bias : biases)
      bias = numbers.half();
  }
  int64_t blocks() const { return (inputs + 127) / 128; }
  int64_t groups() const { return (128 * blocks() + 2047) / 2048; }
  int64_t package() const { return 32 * groups() + 64 * blocks(); }

  /// Section 3.2 and 3.3, byte by byte.
  void load(Machine &machine) const {
    std::vector<std::vector<uint8_t>> ports(
        32, std::vector<uint8_t>((outputs + 31) / 32 * package()));
    for (int64_t o = 0; o < outputs; ++o) {
      std::vector<uint8_t> &port = ports[o % 32];
      const int64_t base = o / 32 * package();
      for (int64_t b = 0; b < blocks(); ++b) {
        const int64_t byte = base + b / 16 * 1056 + 2 * (b % 16);
        port[byte] = scales[o * blocks() + b] & 0xff;
        port[byte + 1] = scales[o * blocks() + b] >> 8;
      }
      for (int64_t c = 0; c < inputs; ++c) {
        const int weight = weights[o * inputs + c];
        const int nibble = weight < 0 ? 8 - weight : weight;
        port[base + c / 2048 * 1056 + 32 + c % 2048 / 2] |=
            c % 2 ? nibble << 4 : nibble;
      }
    }
    for (int64_t p = 0; p < 32; ++p)
      machine.setHBM(p, weightAddress, ports[p].data(), ports[p].size());
    std::vector<uint32_t> words((outputs + 31) / 32 * 32);
    for (int64_t o = 0; o < outputs; ++o)
      words[o] = uint32_t(factors[o]) << 16 | biases[o];
    machine.setDDR(wordsAddress, words.data(), 4 * words.size());
  }

  /// Sections 4.1 and 5.2 for `width` tokens of maps with `tokens`, with
  /// channel slices of `slice`.
  Values registers(uint32_t mode, uint32_t width, uint32_t tokens,
                   uint32_t slice) const {
    const auto padded = static_cast<uint32_t>((outputs + 31) / 32 * 32);
    Values values = {
        {"InputChannels", static_cast<uint32_t>((inputs + 31) / 32 * 32)},
        {"InputWidth", width},
        {"InputRows", 1},
        {"OutputWidth", width},
        {"OutputRows", 1},
        {"SliceChannels", slice},
        {"LastSliceChannels", padded % slice == 0 ? slice : padded % slice},
        {"Tokens", width},
        {"InputAddress", inputAddress},
        {"WeightAddress", weightAddress},
        {"PackageBits", static_cast<uint32_t>(8 * package())},
        {"OutputAddress", outputAddress},
        {"LastSlice", (padded + slice - 1) / slice - 1},
        {"BankStep", 28},
        {"ElementwiseMode", 0},
        {"ArgmaxAddress", mode & 0x800 ? argmaxAddress : 0},
        {"ScaleGroup", 5769216},
        {"QuantizationBlock", 3670144},
        {"LastGroupChannels",
         static_cast<uint32_t>(128 * blocks() - 2048 * (groups() - 1))},
        {"ScaleBiasAddress", mode & 0x200 ? wordsAddress : 0},
        {"ResidualAddress", mode & 0x400 ? residualAddress : 0},
        {"Mode", mode}};
    for (const char *reg :
         {"InputSurface", "InputLine", "OutputSurface", "OutputLine"})
      values[reg] = 64 * tokens;
    return values;
  }

  /// The sum of products in FP64, channel after channel (U1).
  double sum(const TestMap &input, int64_t token, int64_t o) const {
    double result = 0;
    for (int64_t c = 0; c < inputs; ++c)
      result += input.get(0, token, c) *
                (halfToDouble(scales[o * blocks() + c / 128]) *
                 weights[o * inputs + c]);
    return result;
  }
  double affine(double value, int64_t o) const {
    const double product = value * halfToDouble(factors[o]);
    return product + halfToDouble(biases[o]);
  }
};

constexpr uint32_t Plain = 287, WithBN = 799, WithResidual = 1823,
                   WithArgmax = 2847, WithBoth = 3871;

/// A start with tokens of the whole map.
TestMap run(Machine &machine, const Matrix &matrix, TestMap &input,
            const Values &registers) {
  matrix.load(machine);
  machine.setMap(inputAddress, input);
  machine.start(TaskKind::Linear, registers);
  return machine.getMap(outputAddress, 1, input.tokens, matrix.outputs,
                        input.tokens);
}

} // namespace

TEST(SimulatedLinear, Plain) {
  Machine machine;
  const Matrix matrix(256, 64, 1);
  TestMap input = Numbers(2).map(1, 5, 256);
  TestMap expected(1, 5, 64);
  for (int64_t t = 0; t < 5; ++t)
    for (int64_t o = 0; o < 64; ++o)
      expected.at(0, t, o) = doubleToHalf(matrix.sum(input, t, o));
  expectEqual(run(machine, matrix, input, matrix.registers(Plain, 5, 5, 64)),
              expected);
  EXPECT_EQ(machine.findings(), "");
}

TEST(SimulatedLinear, ScaleAndBias) {
  // Two scale groups, a last block that is not full, and three slices.
  Machine machine;
  const Matrix matrix(2080, 160, 3);
  TestMap input = Numbers(4).map(1, 3, 2080);
  TestMap expected(1, 3, 160);
  for (int64_t t = 0; t < 3; ++t)
    for (int64_t o = 0; o < 160; ++o)
      expected.at(0, t, o) =
          doubleToHalf(matrix.affine(matrix.sum(input, t, o), o));
  expectEqual(run(machine, matrix, input, matrix.registers(WithBN, 3, 3, 64)),
              expected);
  EXPECT_EQ(machine.findings(), "");
}

TEST(SimulatedLinear, TokenCounts) {
  // Every number of rows that the kernels treat in another way.
  const Matrix matrix(128, 32, 5);
  for (int64_t tokens = 1; tokens <= 14; ++tokens) {
    Machine machine;
    TestMap input = Numbers(tokens).map(1, tokens, 128);
    TestMap expected(1, tokens, 32);
    for (int64_t t = 0; t < tokens; ++t)
      for (int64_t o = 0; o < 32; ++o)
        expected.at(0, t, o) = doubleToHalf(matrix.sum(input, t, o));
    expectEqual(run(machine, matrix, input,
                    matrix.registers(Plain, tokens, tokens, 32)),
                expected);
  }
}

TEST(SimulatedLinear, ResidualIsAddedOrMultiplied) {
  for (uint32_t mode : {0u, 2u}) {
    Machine machine;
    const Matrix matrix(128, 64, 6);
    TestMap input = Numbers(7).map(1, 4, 128);
    TestMap residual = Numbers(8).map(1, 4, 64);
    machine.setMap(residualAddress, residual);
    Values registers = matrix.registers(WithResidual, 4, 4, 32);
    registers["ElementwiseMode"] = mode;
    TestMap expected(1, 4, 64);
    for (int64_t t = 0; t < 4; ++t)
      for (int64_t o = 0; o < 64; ++o) {
        const double y = matrix.affine(matrix.sum(input, t, o), o);
        const double r = residual.get(0, t, o);
        expected.at(0, t, o) = doubleToHalf(mode == 2 ? y * r : y + r);
      }
    expectEqual(run(machine, matrix, input, registers), expected);
    EXPECT_EQ(machine.findings(), "");
  }
}

TEST(SimulatedLinear, SliceOfALargerMap) {
  // Tokens 2 and 3 of 7; strides are those of the whole maps.
  Machine machine;
  const Matrix matrix(160, 96, 9);
  TestMap input = Numbers(10).map(1, 7, 160);
  TestMap residual = Numbers(11).map(1, 7, 96);
  TestMap old = Numbers(12).map(1, 7, 96);
  machine.setMap(residualAddress, residual);
  machine.setMap(outputAddress, old);
  Values registers = matrix.registers(WithResidual, 2, 7, 96);
  for (const char *reg : {"InputAddress", "OutputAddress", "ResidualAddress"})
    registers[reg] += 2 * 64;
  TestMap expected = old;
  for (int64_t t = 2; t < 4; ++t)
    for (int64_t o = 0; o < 96; ++o)
      expected.at(0, t, o) = doubleToHalf(
          matrix.affine(matrix.sum(input, t, o), o) + residual.get(0, t, o));
  expectEqual(run(machine, matrix, input, registers), expected);
}

TEST(SimulatedLinear, PartitionsOfBoards) {
  // 5.2: any multiple of 32 up to what the weight buffer holds.
  const Matrix matrix(128, 352, 13);
  TestMap input = Numbers(14).map(1, 2, 128);
  Machine reference;
  const TestMap expected =
      run(reference, matrix, input, matrix.registers(WithBN, 2, 2, 32));
  for (uint32_t slice : {96u, 128u, 288u, 352u}) {
    Machine machine;
    expectEqual(
        run(machine, matrix, input, matrix.registers(WithBN, 2, 2, slice)),
        expected);
  }
}

TEST(SimulatedLinear, ChannelsBeyondTheOutputsAreComputed) {
  // The weights and words of the padding decide.
  Machine machine;
  Matrix matrix(128, 64, 15);
  for (int64_t o = 40; o < 64; ++o) {
    matrix.factors[o] = 0;
    matrix.biases[o] = 0xfbff; // -65504
  }
  TestMap input = Numbers(16).map(1, 1, 128);
  const TestMap output =
      run(machine, matrix, input, matrix.registers(WithArgmax, 1, 1, 64));
  EXPECT_EQ(output.code(0, 0, 40), 0xfbff);
  EXPECT_EQ(output.code(0, 0, 63), 0xfbff);
}

TEST(SimulatedLinear, ArgmaxOfRoundedLogits) {
  for (uint32_t mode : {WithArgmax, WithBoth}) {
    Machine machine;
    Matrix matrix(128, 96, 17);
    TestMap input = Numbers(18).map(1, 1, 128);
    TestMap residual(1, 1, 96);
    machine.setMap(residualAddress, residual);
    // Equal logits after rounding; the lowest index wins.
    for (int64_t o : {70, 41, 90}) {
      matrix.factors[o] = 0;
      matrix.biases[o] = 0x6400; // 1024
    }
    matrix.factors[90] = 0x0001;
    run(machine, matrix, input, matrix.registers(mode, 1, 1, 32));
    EXPECT_EQ(machine.simulator.read(40), 41u);
    EXPECT_EQ(machine.getHalf(argmaxAddress), 41u);
    EXPECT_EQ(machine.getHalf(argmaxAddress + 2), 0u);
    EXPECT_EQ(machine.findings(), "");
  }
}

TEST(SimulatedLinear, ArgmaxTieIsAParameter) {
  DeviceInfo device = edgellm::createDevice20241128();
  device.setParameter("Argmax_Tie", 1);
  Machine machine({}, false, device);
  Matrix matrix(128, 96, 17);
  TestMap input = Numbers(18).map(1, 1, 128);
  for (int64_t o : {70, 41}) {
    matrix.factors[o] = 0;
    matrix.biases[o] = 0x6400;
  }
  run(machine, matrix, input, matrix.registers(WithArgmax, 1, 1, 32));
  EXPECT_EQ(machine.simulator.read(40), 70u);
}

/// The output channels of 2^30 + 2 - 2^30.
static TestMap runCancellation(Machine &machine) {
  Matrix matrix(128, 32, 19);
  std::fill(matrix.weights.begin(), matrix.weights.end(), 0);
  std::fill(matrix.scales.begin(), matrix.scales.end(), 0x7000); // 2^13
  for (int64_t o = 0; o < 32; ++o)
    for (int64_t c : {0, 1, 2})
      matrix.weights[o * 128 + c] = c == 2 ? -4 : 4;
  TestMap input(1, 1, 128);
  input.at(0, 0, 0) = input.at(0, 0, 2) = 0x7800; // 2^15
  input.at(0, 0, 1) = 0x0400;                     // 2^-14
  return run(machine, matrix, input, matrix.registers(Plain, 1, 1, 32));
}

TEST(SimulatedLinear, SumsInFP64) {
  Machine machine;
  EXPECT_EQ(runCancellation(machine).get(0, 0, 0), 2.0);
}

TEST(SimulatedLinear, AccumulatorIsAParameter) {
  DeviceInfo device = edgellm::createDevice20241128();
  device.setParameter("Linear_Accumulator_Bits", 32);
  Machine machine({}, false, device);
  EXPECT_EQ(runCancellation(machine).get(0, 0, 0), 0.0);
}

TEST(SimulatedLinear, SumsAscend) {
  // 2^32, -2^32 and 2^-22, which 2^32 swallows; each in a block of its own.
  const std::pair<std::array<int64_t, 3>, double> cases[] = {
      {{0, 256, 128}, 0.0}, {{0, 128, 256}, 0x1p-7}, {{256, 128, 0}, 0.0}};
  for (const auto &[channels, expected] : cases) {
    Machine machine;
    Matrix matrix(384, 32, 20);
    std::fill(matrix.weights.begin(), matrix.weights.end(), 0);
    std::fill(matrix.biases.begin(), matrix.biases.end(), 0);
    std::fill(matrix.factors.begin(), matrix.factors.end(), 0x7800); // 2^15
    TestMap input(1, 1, 384);
    const auto [big, negative, small] = channels;
    input.at(0, 0, big) = input.at(0, 0, negative) = 0x7800; // 2^15
    input.at(0, 0, small) = 0x0c00;                          // 2^-12
    matrix.weights[big] = 4, matrix.weights[negative] = -4;
    matrix.weights[small] = 1;
    matrix.scales[big / 128] = matrix.scales[negative / 128] = 0x7800;
    matrix.scales[small / 128] = 0x1400; // 2^-10
    EXPECT_EQ(run(machine, matrix, input, matrix.registers(WithBN, 1, 1, 32))
                  .get(0, 0, 0),
              expected);
  }
}

TEST(SimulatedLinear, ScaleAndBiasRoundTwice) {
  // The sum is 2^34 + 2^-18. Times 15 * 2^-22 that is 61440 + 15 * 2^-40, in
  // FP64 61440 + 2^-36; a fused operation would leave 15 * 2^-40.
  Machine machine;
  Matrix matrix(256, 32, 29);
  std::fill(matrix.weights.begin(), matrix.weights.end(), 0);
  TestMap input(1, 1, 256), residual(1, 1, 32);
  for (int64_t c = 0; c < 4; ++c) {
    input.at(0, 0, c) = 0x7800; // 2^15
    matrix.weights[c] = 4;
  }
  input.at(0, 0, 128) = 0x1400; // 2^-10
  matrix.weights[128] = 1;
  matrix.scales[0] = 0x7800;     // 2^15
  matrix.scales[1] = 0x1c00;     // 2^-8
  matrix.factors[0] = 60;        // 60 * 2^-24
  matrix.biases[0] = 0xfb80;     // -61440
  residual.at(0, 0, 0) = 0x7a00; // 1.5 * 2^15
  machine.setMap(residualAddress, residual);
  Values registers = matrix.registers(WithResidual, 1, 1, 32);
  registers["ElementwiseMode"] = 2;
  EXPECT_EQ(run(machine, matrix, input, registers).code(0, 0, 0), 12);
}

TEST(SimulatedLinear, Relu) {
  Machine machine;
  const Matrix matrix(128, 32, 21);
  TestMap input = Numbers(22).map(1, 2, 128);
  Values registers = matrix.registers(WithBN, 2, 2, 32);
  registers["ElementwiseMode"] = 1;
  TestMap expected(1, 2, 32);
  for (int64_t t = 0; t < 2; ++t)
    for (int64_t o = 0; o < 32; ++o) {
      const double y = matrix.affine(matrix.sum(input, t, o), o);
      expected.at(0, t, o) = y > 0 ? doubleToHalf(y) : 0;
    }
  expectEqual(run(machine, matrix, input, registers), expected);
}

TEST(SimulatedLinear, NibbleEightIsAParameter) {
  for (int64_t value : {0, -8}) {
    DeviceInfo device = edgellm::createDevice20241128();
    device.setParameter("Weight_Code_8", value);
    Machine machine({}, false, device);
    Matrix matrix(128, 32, 23);
    std::fill(matrix.weights.begin(), matrix.weights.end(), 0);
    std::fill(matrix.scales.begin(), matrix.scales.end(), 0x3c00);
    TestMap input(1, 1, 128);
    input.at(0, 0, 1) = 0x3c00;
    matrix.load(machine);
    machine.setMap(inputAddress, input);
    const uint8_t byte = 0x80; // channel 1 of output 3
    machine.setHBM(3, weightAddress + 32, &byte, 1);
    machine.start(TaskKind::Linear, matrix.registers(Plain, 1, 1, 32));
    EXPECT_EQ(machine.getMap(outputAddress, 1, 1, 32, 1).get(0, 0, 3), value);
  }
}

TEST(SimulatedLinear, OverflowIsInfinity) {
  Machine machine;
  Matrix matrix(128, 32, 24);
  std::fill(matrix.weights.begin(), matrix.weights.end(), -7);
  std::fill(matrix.scales.begin(), matrix.scales.end(), 0x7bff);
  TestMap input(1, 1, 128);
  std::fill(input.codes.begin(), input.codes.end(), 0x3c00);
  EXPECT_EQ(run(machine, matrix, input, matrix.registers(Plain, 1, 1, 32))
                .code(0, 0, 31),
            0xfc00);
}

TEST(SimulatedLinear, RegistersAreTakenAtTheirWord) {
  // Each of these gives another result than the right value.
  const Matrix matrix(2304, 64, 25);
  TestMap input = Numbers(26).map(1, 2, 2304);
  Machine reference;
  const Values registers = matrix.registers(WithBN, 2, 2, 32);
  const TestMap expected = run(reference, matrix, input, registers);
  const std::pair<const char *, int> changes[] = {
      {"InputChannels", -32},
      {"InputWidth", -1},
      {"OutputWidth", -1},
      {"Tokens", -1},
      {"LastSlice", -1},
      {"InputAddress", 64},
      {"WeightAddress", 512},
      {"PackageBits", 256},
      {"OutputAddress", 64},
      {"BankStep", -1},
      {"ScaleGroup", -(1 << 19) - 1024},
      {"LastGroupChannels", -128},
      {"LastGroupChannels", -1},
      {"ScaleBiasAddress", 4},
      {"InputSurface", 64},
      {"OutputSurface", 64}};
  for (auto [reg, change] : changes) {
    Machine machine;
    Values changed = registers;
    changed[reg] += change;
    EXPECT_NE(run(machine, matrix, input, changed).codes, expected.codes)
        << reg;
  }
}

TEST(SimulatedLinear, ImpossibleRegistersStopTheTask) {
  const Matrix matrix(128, 32, 27);
  TestMap input = Numbers(28).map(1, 1, 128);
  const std::tuple<const char *, uint32_t, const char *> cases[] = {
      {"InputWidth", 0, "InputWidth is 0, but the task has at least one"},
      {"Tokens", 0, "Tokens is 0, but the task has at least one"},
      {"InputWidth", 4097,
       "makes 4097 tokens, but the activation buffer holds "
       "4096 of 128 channels"},
      {"OutputWidth", 5000, "makes 5000 tokens"},
      {"OutputWidth", 0xffffffff, "which makes a map larger than DDR"},
      {"SliceChannels", 33,
       "SliceChannels is 33, but must be a multiple of 32"},
      {"LastSliceChannels", 65536, "up to the 32768 output channels"},
      {"LastSlice", 0xffffffff, "more than HBM has room for"},
      {"ScaleGroup", 5769217, "2049 channels are not 2^11"},
      {"QuantizationBlock", (6 << 19) + 64, "has 64 channels, but each 128"},
      {"LastGroupChannels", 0, "LastGroupChannels is 0, but must be 1 to 2048"},
      {"PackageBits", 769, "is 769, but packages are words of 256 bits"},
      {"BankStep", 40, "ports that are 2^40 bytes apart have no address"}};
  for (const auto &[reg, value, message] : cases) {
    Machine machine;
    Values registers = matrix.registers(Plain, 1, 1, 32);
    registers[reg] = value;
    run(machine, matrix, input, registers);
    EXPECT_NE(machine.findings().find(message), std::string::npos)
        << machine.findings();
    EXPECT_NE(machine.findings().find(std::string("mvm::") + reg),
              std::string::npos);
  }
}
