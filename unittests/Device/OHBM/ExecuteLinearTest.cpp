//===- ExecuteLinearTest.cpp - Simulated ohbm products with INT4 weights --===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Machine.h"

#include "llvm/ADT/STLExtras.h"

#include <cmath>

using namespace dlavm;
using namespace dlavm::ohbm;

namespace {

enum Opcode { Plain = 15, ScaleBias = 31, Argmax = 63 };

/// A layer in memory.
struct Layer {
  Layer(int64_t outputs, int64_t inputs, uint64_t seed)
      : outputs(outputs), inputs(inputs), blocks(llvm::divideCeil(inputs, 128)),
        values(outputs * blocks * 128) {
    Random random(seed);
    for (int64_t o = 0; o < outputs; ++o)
      for (int64_t c = 0; c < inputs; ++c)
        weight(o, c) = static_cast<int8_t>(random.next() % 15) - 7;
    scales = random.halves(outputs * blocks);
    bnScales = random.halves(outputs);
    bnBiases = random.halves(outputs);
  }
  int8_t &weight(int64_t o, int64_t c) { return values[o * blocks * 128 + c]; }
  void load(Machine &machine) {
    machine.load(
        ObjectKind::Weight, {outputs, inputs}, machine.object(),
        [&](const ObjectSupport &support, PortBytes ports) {
          support.packWeights({inputs, values, scales}, machine.device, ports);
        });
    machine.loadPairs(ObjectKind::ScaleBias, machine.object2(), bnScales,
                      bnBiases);
  }

  /// Bytes of an output channel (section 3.4).
  int64_t channelBytes(const DeviceInfo &device) const {
    const int64_t padded = paddedInputs(device);
    return padded / 2 + 32 * llvm::divideCeil(padded, 2048);
  }
  int64_t paddedInputs(const DeviceInfo &device) const {
    return llvm::alignTo(llvm::alignTo(inputs, 32), device["Tin"]);
  }

  /// One start: output channels first .. first + count - 1 of tokens
  /// firstToken .. firstToken + width - 1 (sections 4.1 and 5.2).
  Values registers(const Machine &machine, Opcode opcode, int64_t first,
                   int64_t count, int64_t tokens, int64_t firstToken,
                   int64_t width, int64_t flags = 0) const {
    const DeviceInfo &device = machine.device;
    const int64_t surface = machine.surface(tokens);
    const int64_t lanes = machine.traits.lanes;
    const bool hasScaleBias = opcode != Plain;
    return {{"InputChannels", llvm::alignTo(inputs, 32)},
            {"InputWidth", width},
            {"OutputWidth", width},
            {"OutputChannels", count},
            {"FirstChannel", first},
            {"LastSlice", 0},
            {"InputAddress", machine.input() + machine.surface(firstToken)},
            {"WeightAddress", machine.object() + channelBytes(device) * first /
                                                     device["HBM_Port"]},
            {"ChannelBits", 8 * channelBytes(device)},
            {"OutputAddress", machine.output() + machine.surface(firstToken) +
                                  first / lanes * surface},
            {"Relu", 0},
            {"Flags", flags + (hasScaleBias ? device["Scale_Bias_Flag"] : 0)},
            {"ScaleGroup", 5769216},
            {"QuantizationBlock", 3670144},
            {"LastGroupChannels", (paddedInputs(device) - 1) % 2048 + 1},
            {"ScaleBiasAddress",
             hasScaleBias ? machine.object2() +
                                machine.traits.rowBytes * (first / (lanes / 2))
                          : 0},
            {"InputSurface", surface},
            {"InputLine", surface},
            {"OutputSurface", surface},
            {"OutputLine", surface},
            {"Opcode", opcode}};
  }

  double sum(const Tensor &x, int64_t token, int64_t o) {
    double sum = 0;
    for (int64_t c = 0; c < inputs; ++c)
      sum += x.get(0, token, c) *
             (halfToDouble(scales[o * blocks + c / 128]) * weight(o, c));
    return sum;
  }
  double scaled(double sum, int64_t o) const {
    const double product = sum * halfToDouble(bnScales[o]);
    return product + halfToDouble(bnBiases[o]);
  }
  Tensor compute(const Tensor &x, bool hasScaleBias) {
    Tensor result(1, x.tokens, outputs);
    for (int64_t t = 0; t < x.tokens; ++t)
      for (int64_t o = 0; o < outputs; ++o)
        result.at(0, t, o) =
            doubleToHalf(hasScaleBias ? scaled(sum(x, t, o), o) : sum(x, t, o));
    return result;
  }

  int64_t outputs, inputs, blocks;
  std::vector<int8_t> values;
  std::vector<uint16_t> scales, bnScales, bnBiases;
};

} // namespace

TEST(ExecuteLinear, WritesItsLanesOnly) {
  // Channels 32 to 95 of 160; the row keeps what it has of the others.
  forEachBoard([](const DeviceInfo &device) {
    Machine machine(device);
    Layer layer(160, 200, 1);
    layer.load(machine);
    const Tensor x = Random(2).tensor(1, 5, 224);
    machine.setMap(machine.input(), x);
    const int64_t all = machine.surfaces(160) * machine.traits.lanes;
    const Tensor old = Random(3).tensor(1, 5, all);
    machine.setMap(machine.output(), old);
    machine.start(TaskKind::Linear,
                  layer.registers(machine, Plain, 32, 64, 5, 0, 5));
    Tensor expected = old;
    Tensor full = layer.compute(x, false);
    for (int64_t t = 0; t < 5; ++t)
      for (int64_t o = 32; o < 96; ++o)
        expected.at(0, t, o) = full.at(0, t, o);
    expectEqual(machine.getMap(machine.output(), 1, 5, all, 5), expected);
    EXPECT_EQ(machine.findings(), "");
  });
}

TEST(ExecuteLinear, SlicesOfChannelsAndTokens) {
  // Two scale records, the second one short; slices begin within rows of
  // channels and of words. Data is kept in one order, weights in the other.
  const int64_t tokens = 5, outputs = 640, inputs = 2400;
  Layer layer(outputs, inputs, 1);
  const Tensor x = Random(2).tensor(1, tokens, inputs);
  const Tensor expected = layer.compute(x, true);
  forEachBoard([&](const DeviceInfo &device) {
    for (bool keepsWeight : {false, true}) {
      Machine machine(device);
      layer.load(machine);
      machine.setMap(machine.input(), x);
      auto start = [&](int64_t w, int64_t c, int64_t flags) {
        machine.start(TaskKind::Linear,
                      layer.registers(
                          machine, ScaleBias, c * 288,
                          std::min<int64_t>(288, outputs - c * 288), tokens,
                          w * 3, std::min<int64_t>(3, tokens - w * 3), flags));
      };
      if (keepsWeight)
        for (int64_t c = 0; c < 3; ++c)
          for (int64_t w = 0; w < 2; ++w)
            start(w, c, w > 0 ? 1 : 0);
      else
        for (int64_t w = 0; w < 2; ++w)
          for (int64_t c = 0; c < 3; ++c)
            start(w, c, c > 0 ? 2 : 0);
      expectEqual(machine.getMap(machine.output(), 1, tokens, outputs, tokens),
                  expected);
      EXPECT_EQ(machine.findings(), "");
    }
  });
}

TEST(ExecuteLinear, OldVersions) {
  // No flag for scale and bias, and the opcode in register 33.
  Layer layer(64, 128, 1);
  const Tensor x = Random(2).tensor(1, 2, 128);
  for (const char *name : {"ohbm-20250312", "ohbm-20250323"})
    for (Opcode opcode : {Plain, ScaleBias}) {
      SCOPED_TRACE(name);
      Machine machine(lookUp(name));
      layer.load(machine);
      machine.setMap(machine.input(), x);
      machine.start(TaskKind::Linear,
                    layer.registers(machine, opcode, 0, 64, 2, 0, 2));
      expectEqual(machine.getMap(machine.output(), 1, 2, 64, 2),
                  layer.compute(x, opcode == ScaleBias));
      EXPECT_EQ(machine.findings(), "");
    }
}

TEST(ExecuteLinear, Relu) {
  Layer layer(64, 128, 1);
  const Tensor x = Random(2).tensor(1, 2, 128);
  for (bool isFirst : {false, true}) {
    DeviceInfo device = newest();
    device.setParameter("Relu_Before_Scale", isFirst);
    Machine machine(device);
    layer.load(machine);
    machine.setMap(machine.input(), x);
    Values values = layer.registers(machine, ScaleBias, 0, 64, 2, 0, 2);
    values["Relu"] = 1;
    machine.start(TaskKind::Linear, values);
    Tensor expected(1, 2, 64);
    for (int64_t t = 0; t < 2; ++t)
      for (int64_t o = 0; o < 64; ++o) {
        const double sum = layer.sum(x, t, o);
        const double y = isFirst ? layer.scaled(std::fmax(sum, 0), o)
                                 : std::fmax(layer.scaled(sum, o), 0);
        expected.at(0, t, o) = doubleToHalf(y);
      }
    expectEqual(machine.getMap(machine.output(), 1, 2, 64, 2), expected);
    EXPECT_EQ(machine.findings(), "");
  }
}

// The packer never writes nibble 8, which has no value of its own.
TEST(ExecuteLinear, NibbleOfNoValue) {
  for (int64_t value : {0, -8})
    forEachBoard([&](const DeviceInfo &record) {
      DeviceInfo device = record;
      device.setParameter("Weight_Code_8", value);
      Machine machine(device);
      Layer layer(32, 128, 1);
      layer.load(machine);
      machine.load(ObjectKind::Weight, {32, 128}, machine.object(),
                   [&](const ObjectSupport &support, PortBytes ports) {
                     support.packWeights({128, layer.values, layer.scales},
                                         device, ports);
                     // Channel 0 of output channel 0, behind its scales (3.4).
                     ports[0][32] = (ports[0][32] & 0xF0) | 8;
                   });
      layer.weight(0, 0) = static_cast<int8_t>(value);
      const Tensor x = Random(2).tensor(1, 1, 128);
      machine.setMap(machine.input(), x);
      machine.start(TaskKind::Linear,
                    layer.registers(machine, Plain, 0, 32, 1, 0, 1));
      expectEqual(machine.getMap(machine.output(), 1, 1, 32, 1),
                  layer.compute(x, /*hasScaleBias=*/false));
      EXPECT_EQ(machine.findings(), "");
    });
}

TEST(ExecuteLinear, SumsInFP32) {
  DeviceInfo device = newest();
  device.setParameter("Linear_Accumulator_Bits", 32);
  Machine machine(device);
  Layer layer(32, 300, 1);
  layer.load(machine);
  Tensor x = Random(2).tensor(1, 1, 320);
  machine.setMap(machine.input(), x);
  machine.start(TaskKind::Linear,
                layer.registers(machine, Plain, 0, 32, 1, 0, 1));
  Tensor expected(1, 1, 32);
  for (int64_t o = 0; o < 32; ++o) {
    float sum = 0;
    for (int64_t c = 0; c < 300; ++c) {
      const float weight = static_cast<float>(
          halfToDouble(layer.scales[o * 3 + c / 128]) * layer.weight(o, c));
      const float product = static_cast<float>(x.get(0, 0, c)) * weight;
      sum += product;
    }
    expected.at(0, 0, o) = doubleToHalf(sum);
  }
  expectEqual(machine.getMap(machine.output(), 1, 1, 32, 1), expected);
}

TEST(ExecuteLinear, ArgmaxGoesOnFromSliceToSlice) {
  forEachBoard([](const DeviceInfo &record) {
    for (bool takesLast : {false, true}) {
      DeviceInfo device = record;
      device.setParameter("Argmax_Tie", takesLast);
      Machine machine(device);
      // Weights without effect: the bias is the logit.
      Layer layer(192, 64, 1);
      llvm::fill(layer.scales, 0);
      layer.bnBiases.assign(192, doubleToHalf(-3));
      layer.bnBiases[40] = layer.bnBiases[70] = doubleToHalf(-1);
      layer.bnBiases[150] = doubleToHalf(-2);
      layer.load(machine);
      machine.setMap(machine.input(), Random(2).tensor(1, 1, 64));
      auto search = [&](int64_t slice) {
        machine.start(TaskKind::Linear,
                      layer.registers(machine, Argmax, 64 * slice, 64, 1, 0, 1,
                                      slice > 0 ? 2 : 0));
        return machine.simulator.read(40);
      };
      EXPECT_EQ(search(0), 40u);
      EXPECT_EQ(search(1), takesLast ? 70u : 40u);
      EXPECT_EQ(search(2), takesLast ? 70u : 40u);
      // A new search; the best of the last one does not count.
      layer.bnBiases[40] = layer.bnBiases[70] = doubleToHalf(-4);
      layer.load(machine);
      EXPECT_EQ(search(0), takesLast ? 63u : 0u);
      EXPECT_EQ(search(1), takesLast ? 127u : 0u);
      EXPECT_EQ(search(2), 150u);
      EXPECT_EQ(machine.findings(), "");
    }
  });
}

TEST(ExecuteLinear, WrongReuse) {
  Layer layer(64, 128, 1);
  auto run = [&](auto change, bool isBetween = false) {
    Machine machine(newest());
    layer.load(machine);
    machine.setMap(machine.input(), Random(2).tensor(1, 4, 128));
    machine.start(TaskKind::Linear,
                  layer.registers(machine, Plain, 0, 32, 4, 0, 2));
    if (isBetween)
      machine.start(TaskKind::Elementwise, {{"Operation", 0},
                                            {"InputAddress", machine.input()},
                                            {"InputSurface", 128},
                                            {"InputLine", 128},
                                            {"OutputAddress", machine.other()},
                                            {"OutputSurface", 128},
                                            {"OutputLine", 128},
                                            {"Channels", 32},
                                            {"Width", 1},
                                            {"OtherAddress", machine.input()},
                                            {"OtherSurface", 128},
                                            {"OtherLine", 128},
                                            {"Opcode", 2}});
    Values values = layer.registers(machine, Plain, 0, 32, 4, 0, 2, 3);
    change(values);
    machine.start(TaskKind::Linear, values);
    return machine.findings();
  };
  EXPECT_EQ(run([](Values &) {}), "");
  auto expect = [&](const std::string &reg, int64_t flags, int64_t delta) {
    const std::string text = run([&](Values &values) {
      values["Flags"] = flags;
      values[reg] += delta;
    });
    EXPECT_NE(text.find("Flags is " + std::to_string(flags) +
                        ", but the start before had " + reg + " = "),
              std::string::npos)
        << text;
    // The other flag does not mind.
    EXPECT_EQ(run([&](Values &values) {
                values["Flags"] = 3 - flags;
                values[reg] += delta;
              }),
              "");
  };
  expect("WeightAddress", 1, 96);
  expect("FirstChannel", 1, 32);
  expect("OutputChannels", 1, 32);
  expect("InputAddress", 2, 64);
  expect("InputWidth", 2, 1);
  EXPECT_NE(run([](Values &) {}, true)
                .find("Flags is 3, but the start before was no product"),
            std::string::npos);
}

TEST(ExecuteLinear, Contradictions) {
  Layer layer(64, 128, 1);
  const std::tuple<const char *, int64_t, const char *> cases[] = {
      {"InputWidth", 0, "InputWidth is 0, but the task has at least one"},
      {"InputWidth", 1025,
       "InputWidth is 1025, but the activation memory holds 1024 tokens of "
       "128 channels"},
      {"OutputWidth", 0xffffffff, "which makes a map larger than HBM"},
      {"OutputChannels", 33, "is 33, but must be a multiple of 32 up to 1024"},
      {"OutputChannels", 1056, "must be a multiple of 32 up to 1024"},
      {"FirstChannel", 16, "is 16, but must be a multiple of 32"},
      {"ScaleGroup", 5769217, "2049 channels are not 2^11"},
      {"ScaleGroup", (12 << 19) + 4096, "has 4096 channels, but a record"},
      {"QuantizationBlock", (6 << 19) + 64, "has 64 channels, but each 128"},
      {"LastGroupChannels", 0, "LastGroupChannels is 0, but must be 1 to 2048"},
      {"ChannelBits", 769, "is 769, which are no whole bytes"}};
  for (const auto &[reg, value, text] : cases) {
    Machine machine(newest());
    layer.load(machine);
    Values values = layer.registers(machine, Plain, 0, 64, 1, 0, 1);
    values[reg] = value;
    machine.start(TaskKind::Linear, values);
    expectFinding(machine, text);
  }
  // More weights than the memory on the chip holds.
  Machine machine(newest());
  Layer wide(32, 8192, 1);
  Values values = wide.registers(machine, Plain, 0, 1024, 1, 0, 1);
  machine.start(TaskKind::Linear, values);
  expectFinding(machine, "the weight memory holds 16777216 of the 33554432");
  values = layer.registers(machine, Argmax, 0, 64, 2, 0, 2);
  machine.start(TaskKind::Linear, values);
  expectFinding(machine, "OutputWidth is 2, but argmax takes one token");
  values = layer.registers(machine, Argmax, 32, 32, 1, 0, 1);
  machine.start(TaskKind::Linear, values);
  expectFinding(machine, "is 32, but no search for argmax has begun");
}
