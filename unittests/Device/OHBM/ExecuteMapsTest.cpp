//===- ExecuteMapsTest.cpp - Simulated ohbm tasks on whole maps -----------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Machine.h"

#include <cmath>

using namespace dlavm;
using namespace dlavm::ohbm;

namespace {

/// Registers that tasks on maps share, for tokens first .. first + width - 1
/// of `tokens`.
Values mapRegisters(const Machine &machine, int64_t channels, int64_t tokens,
                    int64_t first, int64_t width) {
  const int64_t surface = machine.surface(tokens);
  return {{"InputAddress", machine.input() + machine.surface(first)},
          {"InputSurface", surface},
          {"InputLine", surface},
          {"OutputAddress", machine.output() + machine.surface(first)},
          {"OutputSurface", surface},
          {"OutputLine", surface},
          {"Channels", channels},
          {"Width", width}};
}

} // namespace

TEST(ExecuteNorm, BothKinds) {
  // Three rows of the 32 ports, the last one in part; two slices of tokens.
  const int64_t channels = 1120, tokens = 5;
  const double epsilon = newest().getTraits().normEpsilon;
  forEachBoard([&](const DeviceInfo &device) {
    for (bool isLayerNorm : {false, true}) {
      Machine machine(device);
      const Tensor x = Random(1).tensor(1, tokens, channels);
      const std::vector<uint16_t> gamma = Random(2).halves(channels);
      const std::vector<uint16_t> beta = Random(3).halves(channels);
      machine.setMap(machine.input(), x);
      machine.loadPairs(ObjectKind::NormWeight, machine.object(), gamma, beta);
      // 1/1120 in FP20: 1/1120 = 1.828... * 2^-11.
      const uint32_t code = encodeFP20(1.0f / channels);
      const double reciprocal =
          std::ldexp(8192 + (code & 8191), static_cast<int>(code >> 13) - 44);
      for (auto [first, width] : {std::pair<int64_t, int64_t>{0, 3}, {3, 2}}) {
        Values values = mapRegisters(machine, channels, tokens, first, width);
        values["WeightAddress"] = machine.object();
        values["Kind"] = isLayerNorm;
        values["Reciprocal"] = code;
        values["Opcode"] = 32;
        machine.start(TaskKind::Norm, values);
      }
      Tensor expected(1, tokens, channels);
      for (int64_t t = 0; t < tokens; ++t) {
        double mean = 0, squares = 0;
        for (int64_t c = 0; c < channels; ++c)
          mean += x.get(0, t, c);
        mean = isLayerNorm ? mean * reciprocal : 0;
        for (int64_t c = 0; c < channels; ++c) {
          const double deviation = x.get(0, t, c) - mean;
          squares += deviation * deviation;
        }
        const double root = std::sqrt(squares * reciprocal + epsilon);
        for (int64_t c = 0; c < channels; ++c) {
          const double scaled =
              (x.get(0, t, c) - mean) / root * halfToDouble(gamma[c]);
          expected.at(0, t, c) = doubleToHalf(scaled + halfToDouble(beta[c]));
        }
      }
      expectEqual(machine.getMap(machine.output(), 1, tokens, channels, tokens),
                  expected);
      EXPECT_EQ(machine.findings(), "");
    }
  });
}

TEST(ExecuteElementwise, ThreeOperations) {
  const int64_t channels = 800, tokens = 3;
  forEachBoard([&](const DeviceInfo &device) {
    for (int64_t operation : {0, 1, 2}) {
      Machine machine(device);
      const Tensor a = Random(1).tensor(1, tokens, channels);
      const Tensor b = Random(2).tensor(1, tokens, channels);
      // What lies behind the channels stays.
      const int64_t rest = machine.surfaces(channels) * machine.traits.lanes;
      const Tensor old = Random(3).tensor(1, tokens, rest);
      machine.setMap(machine.input(), a);
      machine.setMap(machine.other(), b);
      machine.setMap(machine.output(), old);
      Values values = mapRegisters(machine, channels, tokens, 0, tokens);
      values["Operation"] = operation;
      values["OtherAddress"] = machine.other();
      values["OtherSurface"] = machine.surface(tokens);
      values["OtherLine"] = machine.surface(tokens);
      values["Opcode"] = 2;
      machine.start(TaskKind::Elementwise, values);
      Tensor expected = old;
      for (int64_t t = 0; t < tokens; ++t)
        for (int64_t c = 0; c < channels; ++c) {
          const double x = a.get(0, t, c), y = b.get(0, t, c);
          expected.at(0, t, c) = doubleToHalf(operation == 0   ? x + y
                                              : operation == 1 ? x - y
                                                               : x * y);
        }
      expectEqual(machine.getMap(machine.output(), 1, tokens, rest, tokens),
                  expected);
      EXPECT_EQ(machine.findings(), "");
    }
  });
}

TEST(ExecuteElementwise, FourthOperation) {
  Machine machine(newest());
  Values values = mapRegisters(machine, 32, 1, 0, 1);
  values["Operation"] = 3;
  values["OtherAddress"] = machine.other();
  values["OtherSurface"] = values["OtherLine"] = 32;
  values["Opcode"] = 2;
  machine.start(TaskKind::Elementwise, values);
  expectFinding(machine, "Operation is 3, which nobody knows");
}

namespace {

/// Breakpoints 0 .. 15; segment i is i * x + i / 4.
struct Table {
  std::vector<uint16_t> breakpoints, slopes, intercepts;
  explicit Table(double step = 1) {
    for (int i = 0; i < 16; ++i) {
      breakpoints.push_back(doubleToHalf(i * step));
      slopes.push_back(doubleToHalf(i));
      intercepts.push_back(doubleToHalf(i / 4.0));
    }
  }
  void load(Machine &machine, int64_t address) const {
    machine.load(ObjectKind::ActivationTable, {}, address,
                 [&](const ObjectSupport &support, PortBytes ports) {
                   support.packSegments({breakpoints, slopes, intercepts},
                                        machine.device, ports);
                 });
  }
};

void startActivation(Machine &machine, int64_t channels, int64_t tokens,
                     int64_t first, int64_t width, int64_t use, int64_t table) {
  Values values = mapRegisters(machine, channels, tokens, first, width);
  values["TableAddress"] = table;
  if (machine.device.getTask(TaskKind::Activation)
          ->registers.lookup("TableUse"))
    values["TableUse"] = use;
  values["Opcode"] = 16;
  machine.start(TaskKind::Activation, values);
}

uint16_t evaluate(double x, double step, bool holds) {
  if (std::isnan(x))
    return doubleToHalf(x);
  if (x < 0)
    return 0;
  const double segment = std::fmin(std::floor(x / step) + 1, 15);
  const double at = holds ? std::fmin(x, 15 * step) : x;
  return doubleToHalf(segment * at + segment / 4);
}

} // namespace

TEST(ExecuteActivation, LoadsAndKeepsItsTable) {
  const int64_t channels = 640, tokens = 4;
  std::vector<DeviceInfo> devices = {newest(), v80(), lookUp("ohbm-20250312")};
  for (bool holds : {false, true})
    for (DeviceInfo &device : devices) {
      SCOPED_TRACE(device.getName());
      device.setParameter("Activation_Beyond_Table", holds);
      Machine machine(device);
      Tensor x(1, tokens, channels);
      Random random(1);
      for (uint16_t &code : x.codes)
        code = doubleToHalf(random.next() % 240 / 10.0 - 4);
      x.at(0, 1, 3) = 0x7e01;
      x.at(0, 2, 600) = 0xfc00;
      machine.setMap(machine.input(), x);
      Table(1).load(machine, machine.object());
      startActivation(machine, channels, tokens, 0, 1, 1, machine.object());
      startActivation(machine, channels, tokens, 1, 3, 2, machine.object());
      Tensor expected(1, tokens, channels);
      for (size_t i = 0; i < x.codes.size(); ++i)
        expected.codes[i] = evaluate(halfToDouble(x.codes[i]), 1, holds);
      expectEqual(machine.getMap(machine.output(), 1, tokens, channels, tokens),
                  expected);
      EXPECT_NE(machine.findings().find("the task writes infinity or NaN"),
                std::string::npos);
    }
}

TEST(ExecuteActivation, KeepsAnotherTable) {
  Machine machine(newest());
  const Tensor x = Random(1).tensor(1, 1, 32);
  machine.setMap(machine.input(), x);
  startActivation(machine, 32, 1, 0, 1, 2, machine.object());
  expectFinding(machine, "TableUse keeps a table, but none was loaded");
  Table(1).load(machine, machine.object());
  Table(0.125).load(machine, machine.object2());
  startActivation(machine, 32, 1, 0, 1, 1, machine.object());
  startActivation(machine, 32, 1, 0, 1, 2, machine.object2());
  expectFinding(machine, "but the last one that was loaded is at 67108864");
}

TEST(ExecuteMaps, CountsThatNothingHolds) {
  for (auto [reg, value, text] :
       {std::tuple<const char *, int64_t, const char *>{
            "Width", 0, "Width is 0, but the task has at least one"},
        {"Channels", 0, "Channels is 0, but the task has at least one"},
        {"Width", 0xffffffff, "which makes a map larger than HBM"},
        {"Channels", 0xffffffff, "makes a map larger than HBM"}}) {
    Machine machine(newest());
    Values values = mapRegisters(machine, 64, 2, 0, 2);
    values["WeightAddress"] = machine.object();
    values["Kind"] = 0;
    values["Reciprocal"] = encodeFP20(1.0f / 64);
    values["Opcode"] = 32;
    values[reg] = value;
    machine.start(TaskKind::Norm, values);
    expectFinding(machine, text);
  }
}
