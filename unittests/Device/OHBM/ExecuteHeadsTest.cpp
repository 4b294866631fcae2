//===- ExecuteHeadsTest.cpp - Simulated ohbm tasks on heads ---------------===//
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

TEST(ExecuteRope, BothPairings) {
  const int64_t heads = 6, tokens = 5, past = 11;
  forEachBoard([&](const DeviceInfo &device) {
    for (bool neighbours : {false, true}) {
      Machine machine(device);
      const int64_t positions = machine.traits.maxTokens;
      const std::vector<uint16_t> cosines = Random(1).halves(positions * 64);
      const std::vector<uint16_t> sines = Random(2).halves(positions * 64);
      machine.load(ObjectKind::RopeTable, {}, machine.object(),
                   [&](const ObjectSupport &support, PortBytes ports) {
                     support.packRotations({cosines, sines}, device, ports);
                   });
      const Tensor x = Random(3).tensor(heads, tokens, 128);
      machine.setMap(machine.input(), x);
      const int64_t surface = machine.surface(tokens);
      // Two slices of tokens.
      for (auto [first, width] : {std::pair<int64_t, int64_t>{0, 3}, {3, 2}})
        machine.start(
            TaskKind::Rope,
            {{"TableAddress", machine.object() + machine.surface(past + first)},
             {"InputAddress", machine.input() + machine.surface(first)},
             {"InputSurface", surface},
             {"InputLine", surface},
             {"OutputAddress", machine.output() + machine.surface(first)},
             {"OutputSurface", surface},
             {"OutputLine", surface},
             {"HeadChannels", 128},
             {"Width", width},
             {"Pairing", neighbours},
             {"Heads", heads},
             {"TableSurface", machine.surface(positions)},
             {"TableLine", machine.surface(positions)},
             {"HeadRows", machine.headRows(heads)},
             {"Opcode", 4}});
      Tensor expected(heads, tokens, 128);
      for (int64_t h = 0; h < heads; ++h)
        for (int64_t t = 0; t < tokens; ++t)
          for (int64_t i = 0; i < 64; ++i) {
            const double c = halfToDouble(cosines[(past + t) * 64 + i]);
            const double s = halfToDouble(sines[(past + t) * 64 + i]);
            const int64_t c0 = neighbours ? 2 * i : i;
            const int64_t c1 = neighbours ? 2 * i + 1 : i + 64;
            const double x0 = x.get(h, t, c0), x1 = x.get(h, t, c1);
            const double x0c = x0 * c, x1s = x1 * s, x1c = x1 * c, x0s = x0 * s;
            expected.at(h, t, c0) = doubleToHalf(x0c - x1s);
            expected.at(h, t, c1) = doubleToHalf(x1c + x0s);
          }
      expectEqual(machine.getMap(machine.output(), heads, tokens, 128, tokens),
                  expected);
      EXPECT_EQ(machine.findings(), "");
    }
  });
}

namespace {

/// Rows first .. first + width - 1 of scores.
void startSoftmax(Machine &machine, int64_t heads, int64_t columns,
                  int64_t tokens, int64_t first, int64_t width,
                  int64_t position, int64_t mask) {
  const int64_t head = machine.head(tokens, columns);
  const int64_t line = machine.surface(tokens);
  machine.start(TaskKind::Softmax,
                {{"InputAddress", machine.input() + machine.surface(first)},
                 {"InputHead", head},
                 {"InputLine", line},
                 {"OutputAddress", machine.output() + machine.surface(first)},
                 {"OutputHead", head},
                 {"OutputLine", line},
                 {"Columns", columns},
                 {"Heads", heads},
                 {"Columns2", columns},
                 {"Width", width},
                 {"Position", position},
                 {"Mask", mask},
                 {"Opcode", 8}});
}

/// Probabilities of columns, +0 where none is visible and up to `written`.
template <typename T>
Tensor computeSoftmax(const Tensor &scores, int64_t past, bool isCausal,
                      int64_t written) {
  Tensor result(scores.heads, scores.tokens, written);
  for (int64_t h = 0; h < scores.heads; ++h)
    for (int64_t t = 0; t < scores.tokens; ++t) {
      const int64_t visible =
          isCausal ? std::min(scores.channels, past + t + 1) : scores.channels;
      T largest = -HUGE_VALF, sum = 0;
      std::vector<T> e(visible);
      for (int64_t j = 0; j < visible; ++j)
        largest = std::fmax(largest, static_cast<T>(scores.get(h, t, j)));
      for (int64_t j = 0; j < visible; ++j) {
        const T difference = static_cast<T>(scores.get(h, t, j)) - largest;
        e[j] = static_cast<T>(std::exp(static_cast<double>(difference)));
        sum += e[j];
      }
      for (int64_t j = 0; j < visible; ++j)
        result.at(h, t, j) = doubleToHalf(e[j] / sum);
    }
  return result;
}

} // namespace

TEST(ExecuteSoftmax, Masks) {
  // Columns 0 .. 548 of 549; those up to 575 become +0 and no others.
  const int64_t heads = 3, tokens = 5, columns = 549, past = 544;
  forEachBoard([&](const DeviceInfo &record) {
    for (int64_t bits : {32, 64})
      for (int64_t mask : {0, 1}) {
        DeviceInfo device = record;
        device.setParameter("Softmax_Bits", bits);
        Machine machine(device);
        const Tensor scores = Random(1).tensor(heads, tokens, columns);
        const int64_t all = machine.surfaces(columns) * machine.traits.lanes;
        const Tensor old = Random(2).tensor(heads, tokens, all);
        machine.setRows(machine.input(), scores);
        machine.setRows(machine.output(), old);
        startSoftmax(machine, heads, columns, tokens, 0, 2, past, mask);
        startSoftmax(machine, heads, columns, tokens, 2, 3, past + 2, mask);
        const Tensor computed =
            bits == 32 ? computeSoftmax<float>(scores, past, mask != 0, 576)
                       : computeSoftmax<double>(scores, past, mask != 0, 576);
        Tensor expected = old;
        for (int64_t h = 0; h < heads; ++h)
          for (int64_t t = 0; t < tokens; ++t)
            for (int64_t j = 0; j < 576; ++j)
              expected.at(h, t, j) = doubleToHalf(computed.get(h, t, j));
        expectEqual(
            machine.getRows(machine.output(), heads, tokens, all, tokens),
            expected);
        EXPECT_EQ(machine.findings(), "");
      }
  });
}

TEST(ExecuteSoftmax, OldVersion) {
  // Mask and position are in other registers.
  Machine machine(lookUp("ohbm-20250312"));
  const Tensor scores = Random(1).tensor(2, 3, 32);
  machine.setRows(machine.input(), scores);
  startSoftmax(machine, 2, 32, 3, 0, 3, 29, 1);
  expectEqual(machine.getRows(machine.output(), 2, 3, 32, 3),
              computeSoftmax<float>(scores, 29, true, 32));
  EXPECT_EQ(machine.findings(), "");
}

namespace {

/// Appends all tokens of `x` at position `past`.
void append(Machine &machine, const Tensor &x, int64_t past, bool isKeys) {
  const int64_t surface = machine.surface(x.tokens);
  const int64_t maxTokens = machine.traits.maxTokens;
  const int64_t ports = machine.device["HBM_Port"];
  machine.setMap(machine.input(), x);
  machine.start(TaskKind::KVAppend, {{"InputAddress", machine.input()},
                                     {"InputSurface", surface},
                                     {"InputLine", surface},
                                     {"CacheAddress", machine.cache()},
                                     {"CacheHead", 2 * 128 * maxTokens / ports},
                                     {"CacheLine", 2 * 32 * maxTokens / ports},
                                     {"HeadChannels", 128},
                                     {"Width", x.tokens},
                                     {"Heads", x.heads},
                                     {"Past", past},
                                     {"Side", isKeys ? 1 : 2},
                                     {"HeadRows", machine.headRows(x.heads)},
                                     {"Opcode", 64}});
}

} // namespace

TEST(ExecuteKVAppend, BothSides) {
  forEachBoard([](const DeviceInfo &device) {
    for (bool isKeys : {true, false}) {
      Machine machine(device);
      const Tensor x = Random(1).tensor(6, 37, 128);
      const Tensor y = Random(2).tensor(6, 3, 128);
      append(machine, x, 0, isKeys);
      append(machine, y, 37, isKeys);
      for (int64_t h = 0; h < 6; ++h)
        for (int64_t u = 0; u < 40; ++u)
          for (int64_t c = 0; c < 128; ++c)
            ASSERT_EQ(halfToDouble(
                          machine.getCache(machine.cache(), isKeys, h, u, c)),
                      u < 37 ? x.get(h, u, c) : y.get(h, u - 37, c))
                << h << " " << u << " " << c;
      EXPECT_EQ(machine.findings(), "");
    }
  });
}

TEST(ExecuteKVAppend, Contradictions) {
  const std::tuple<const char *, int64_t, const char *> cases[] = {
      {"Side", 3, "Side is 3, but must be 1 for keys or 2 for values"},
      {"HeadRows", 256, "HeadRows has 0 heads of 128 channels in a row"},
      {"HeadRows", 261,
       "HeadRows has 5 heads of 128 channels in a row, which has 512 lanes"},
      {"Width", 0, "Width is 0, but the task has at least one"},
      {"Past", 1 << 30, "outside the 268435456 bytes of HBM"}};
  for (const auto &[reg, value, text] : cases) {
    Machine machine(newest());
    machine.setMap(machine.input(), Random(1).tensor(1, 1, 128));
    Values values = {{"InputAddress", machine.input()},
                     {"InputSurface", 32},
                     {"InputLine", 32},
                     {"CacheAddress", machine.cache()},
                     {"CacheHead", 16384},
                     {"CacheLine", 4096},
                     {"HeadChannels", 128},
                     {"Width", 1},
                     {"Heads", 1},
                     {"Past", 0},
                     {"Side", 2},
                     {"HeadRows", 260},
                     {"Opcode", 64}};
    values[reg] = value;
    machine.start(TaskKind::KVAppend, values);
    expectFinding(machine, text);
  }
}
