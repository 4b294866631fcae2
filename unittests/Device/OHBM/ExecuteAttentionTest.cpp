//===- ExecuteAttentionTest.cpp - Simulated ohbm products with KV caches --===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Machine.h"

using namespace dlavm;
using namespace dlavm::ohbm;

namespace {

/// Attention of `group` query heads for each of `kvHeads`, `tokens` after
/// others, so that there are `keys` (sections 3.3, 4.1 and 5.3).
struct Shape {
  int64_t group, kvHeads, tokens, keys;

  int64_t columns() const { return llvm::alignTo(keys, 32); }
  int64_t groupRows(const Machine &machine) const {
    return llvm::divideCeil(group, machine.traits.headsPerRow);
  }
  int64_t slots(const Machine &machine) const {
    return groupRows(machine) * machine.traits.headsPerRow;
  }
  /// Puts query heads where they lie; what is between them is NaN.
  Tensor pad(const Machine &machine, const Tensor &x) const {
    const int64_t slots = this->slots(machine);
    Tensor result(slots * kvHeads, x.tokens, x.channels);
    std::fill(result.codes.begin(), result.codes.end(), 0x7e00);
    for (int64_t f = 0; f < group * kvHeads; ++f)
      for (int64_t t = 0; t < x.tokens; ++t)
        for (int64_t c = 0; c < x.channels; ++c)
          result.at(f / group * slots + f % group, t, c) =
              doubleToHalf(x.get(f, t, c));
    return result;
  }
  /// The numbers of both products.
  Values common(const Machine &machine, int64_t width, int64_t inputs,
                int64_t outputs, int64_t first, int64_t flags) const {
    return {
        {"InputChannels", inputs},
        {"InputWidth", width},
        {"OutputWidth", width},
        {"OutputHeads", group},
        {"OutputChannels", outputs},
        {"FirstChannel", first},
        {"ChannelBits", 16 * inputs},
        {"Flags", flags},
        {"HeadRows", (groupRows(machine) << 8) + machine.traits.headsPerRow},
        {"Opcode", 15}};
  }
  /// Keys first .. first + count - 1 of tokens firstToken .. (R31 and R32 as in
  /// C2 of the additions, E1 and E2).
  Values scores(const Machine &machine, int64_t kvHead, int64_t first,
                int64_t count, int64_t firstToken, int64_t width,
                int64_t flags = 0) const {
    const DeviceInfo &device = machine.device;
    const int64_t surface = machine.surface(tokens);
    const int64_t head = machine.head(tokens, columns());
    Values values = common(machine, width, 128, count, first, flags);
    values["InputHeads"] = device["Scores_With_Slots"] ? slots(machine) : group;
    values["InputAddress"] = machine.input() + machine.surface(firstToken) +
                             kvHead * groupRows(machine) * surface;
    values["CacheAddress"] =
        machine.cache() +
        kvHead * 256 * machine.traits.maxTokens / device["HBM_Port"] +
        first * 256 / device["HBM_Port"];
    values["OutputAddress"] = machine.output() + machine.surface(firstToken) +
                              kvHead * group * head +
                              first / machine.traits.lanes * surface;
    values["Scale"] = 224577;
    values["HeadPacking"] = 1;
    values["InputSurface"] = values["InputLine"] = surface;
    values["OutputHead"] = head;
    values["OutputLine"] = surface;
    return values;
  }
  Values values(const Machine &machine, int64_t kvHead, int64_t firstToken,
                int64_t width, int64_t flags = 0, int64_t first = 0,
                int64_t count = 128) const {
    const DeviceInfo &device = machine.device;
    const int64_t surface = machine.surface(tokens);
    const int64_t head = machine.head(tokens, columns());
    const int64_t line = 64 * machine.traits.maxTokens / device["HBM_Port"];
    Values values = common(machine, width, columns(), count, first, flags);
    values["InputHeads"] = group;
    values["HeadChannels"] = device["Values_Head_Width"];
    values["InputAddress"] =
        machine.input() + machine.surface(firstToken) + kvHead * group * head;
    values["CacheAddress"] =
        machine.cache() + kvHead * 4 * line + first / 32 * line;
    values["OutputAddress"] = machine.output() + machine.surface(firstToken) +
                              kvHead * groupRows(machine) * surface;
    values["Scale"] = 253952;
    values["WeightLine"] = line;
    values["HeadPacking"] = machine.traits.headsPerRow > 1 ? 2 : 0;
    values["InputHead"] = head;
    values["InputLine"] = surface;
    values["OutputSurface"] = values["OutputLine"] = surface;
    return values;
  }
};

/// 1/sqrt(128) in FP20, 224577.
constexpr double scoreScale = (8192 + (224577 & 8191)) / 131072.0;

} // namespace

TEST(ExecuteScores, SlicesOfKeysAndTokens) {
  EXPECT_NEAR(scoreScale, 0.08838834764, 1e-5);
  // 7 queries of 2 KV heads, 1030 keys: both slices at once (E1, E2).
  const Shape shape = {7, 2, 5, 1030};
  for (const char *name :
       {"ohbm-20250407", "ohbm-v80-20250326", "ohbm-20250312"}) {
    SCOPED_TRACE(name);
    Machine machine(lookUp(name));
    const Tensor q = Random(1).tensor(14, shape.tokens, 128);
    const Tensor k = Random(2).tensor(2, shape.keys, 128);
    machine.setMap(machine.input(), shape.pad(machine, q));
    machine.setCache(machine.cache(), /*isKeys=*/true, k);
    for (int64_t kvHead : {0, 1})
      for (int64_t first : {0, 1024})
        for (int64_t token : {0, 3}) {
          const int64_t count = first == 0 ? 1024 : 32;
          machine.start(TaskKind::Scores,
                        shape.scores(machine, kvHead, first, count, token,
                                     token == 0 ? 3 : 2, token > 0));
        }
    Tensor expected(14, shape.tokens, shape.keys);
    for (int64_t f = 0; f < 14; ++f)
      for (int64_t t = 0; t < shape.tokens; ++t)
        for (int64_t u = 0; u < shape.keys; ++u) {
          double sum = 0;
          for (int64_t c = 0; c < 128; ++c)
            sum += q.get(f, t, c) * k.get(f / 7, u, c);
          expected.at(f, t, u) = doubleToHalf(sum * scoreScale);
        }
    expectEqual(machine.getRows(machine.output(), 14, shape.tokens, shape.keys,
                                shape.tokens),
                expected);
    EXPECT_EQ(machine.findings(), "");
  }
}

TEST(ExecuteValues, SlicesOfTokensAndEmptySlots) {
  const Shape shape = {7, 2, 5, 70};
  for (const char *name :
       {"ohbm-20250407", "ohbm-v80-20250326", "ohbm-20250312"}) {
    SCOPED_TRACE(name);
    Machine machine(lookUp(name));
    Tensor p = Random(1).tensor(14, shape.tokens, 96);
    // Columns behind the keys are +0.
    for (int64_t f = 0; f < 14; ++f)
      for (int64_t t = 0; t < shape.tokens; ++t)
        for (int64_t u = shape.keys; u < 96; ++u)
          p.at(f, t, u) = 0;
    const Tensor v = Random(2).tensor(2, shape.keys, 128);
    machine.setRows(machine.input(), p);
    machine.setCache(machine.cache(), /*isKeys=*/false, v);
    const int64_t slots = shape.slots(machine);
    machine.setMap(machine.output(),
                   Random(3).tensor(2 * slots, shape.tokens, 128));
    for (int64_t kvHead : {0, 1}) {
      machine.start(TaskKind::Values, shape.values(machine, kvHead, 0, 3));
      machine.start(TaskKind::Values, shape.values(machine, kvHead, 3, 2, 1));
    }
    Tensor expected(2 * slots, shape.tokens, 128);
    for (int64_t slot = 0; slot < 2 * slots; ++slot)
      for (int64_t t = 0; t < shape.tokens; ++t)
        for (int64_t c = 0; c < 128; ++c) {
          const int64_t j = slot % slots, g = slot / slots;
          double sum = 0;
          for (int64_t u = 0; u < shape.keys && j < 7; ++u)
            sum += p.get(g * 7 + j, t, u) * v.get(g, u, c);
          expected.at(slot, t, c) = doubleToHalf(sum);
        }
    expectEqual(machine.getMap(machine.output(), 2 * slots, shape.tokens, 128,
                               shape.tokens),
                expected);
    EXPECT_EQ(machine.findings(), "");
  }
}

TEST(ExecuteValues, SlicesOfChannels) {
  const Shape shape = {6, 1, 2, 32};
  forEachBoard([&](const DeviceInfo &device) {
    Machine whole(device), slices(device);
    for (Machine *machine : {&whole, &slices}) {
      machine->setRows(machine->input(), Random(1).tensor(6, 2, 32));
      machine->setCache(machine->cache(), /*isKeys=*/false,
                        Random(2).tensor(1, 32, 128));
    }
    whole.start(TaskKind::Values, shape.values(whole, 0, 0, 2));
    slices.start(TaskKind::Values, shape.values(slices, 0, 0, 2, 0, 0, 32));
    slices.start(TaskKind::Values, shape.values(slices, 0, 0, 2, 2, 32, 96));
    const int64_t slots = shape.slots(whole);
    expectEqual(slices.getMap(slices.output(), slots, 2, 128, 2),
                whole.getMap(whole.output(), slots, 2, 128, 2));
    EXPECT_EQ(slices.findings(), "");
  });
}

TEST(ExecuteAttention, Contradictions) {
  const Shape shape = {7, 1, 2, 64};
  const std::tuple<TaskKind, const char *, int64_t, const char *> cases[] = {
      {TaskKind::Scores, "OutputHeads", 0, "OutputHeads is 0, but the task"},
      {TaskKind::Scores, "InputWidth", 1025,
       "the activation memory holds 512 tokens of 7 heads with 128 values"},
      {TaskKind::Scores, "OutputChannels", 40, "must be a multiple of 32"},
      {TaskKind::Scores, "OutputChannels", 1056, "up to 1024"},
      {TaskKind::Scores, "FirstChannel", 8, "must be a multiple of 32"},
      {TaskKind::Scores, "HeadRows", 0, "HeadRows has 0 heads"},
      {TaskKind::Values, "FirstChannel", 32,
       "must be a multiple of 32 within a head"},
      {TaskKind::Values, "InputWidth", 147,
       "the activation memory holds 146 tokens of 7 heads with 64 values"},
      {TaskKind::Values, "HeadRows", 5, "HeadRows has 5 heads"},
      {TaskKind::Values, "Flags", 1, "but the start before was no product"}};
  for (const auto &[kind, reg, value, text] : cases) {
    Machine machine(newest());
    Values values = kind == TaskKind::Scores
                        ? shape.scores(machine, 0, 0, 64, 0, 2)
                        : shape.values(machine, 0, 0, 2);
    values[reg] = value;
    machine.start(kind, values);
    expectFinding(machine, text);
  }
}

//===----------------------------------------------------------------------===//
// What no token has written
//===----------------------------------------------------------------------===//

namespace {

/// A call of two tokens after 33 others, with the sanitizer: 35 keys, 64
/// columns.
class UnwrittenCache : public testing::TestWithParam<const char *> {
protected:
  const Shape shape = {4, 1, 2, 35};
  Machine machine{lookUp(GetParam()), /*sanitize=*/true};

  void append(const Tensor &x, int64_t past, bool isKeys) {
    const int64_t ports = machine.device["HBM_Port"];
    const int64_t surface = machine.surface(x.tokens);
    machine.setMap(machine.other(), x);
    machine.start(TaskKind::KVAppend, {{"InputAddress", machine.other()},
                                       {"InputSurface", surface},
                                       {"InputLine", surface},
                                       {"CacheAddress", machine.cache()},
                                       {"CacheHead", 2 * 128 * 2048 / ports},
                                       {"CacheLine", 2 * 32 * 2048 / ports},
                                       {"HeadChannels", 128},
                                       {"Width", x.tokens},
                                       {"Heads", 1},
                                       {"Past", past},
                                       {"Side", isKeys ? 1 : 2},
                                       {"HeadRows", machine.headRows(1)},
                                       {"Opcode", 64}});
  }
  void fillCache(bool isKeys) {
    Machine *m = &machine;
    m->setCache(m->cache(), isKeys, Tensor(1, 64, 128));
    m->simulator.beginRun(33, 0);
    append(Random(1).tensor(1, 33, 128), 0, isKeys);
    m->simulator.endRun();
    m->setMap(m->input(), Random(2).tensor(4, 2, 128));
    m->simulator.beginRun(2, 33);
    append(Random(3).tensor(1, 2, 128), 33, isKeys);
  }
  void readScores(int64_t columns) {
    const int64_t head = machine.head(2, 64), line = machine.surface(2);
    machine.simulator.task(0, "softmax");
    machine.start(TaskKind::Softmax, {{"InputAddress", machine.output()},
                                      {"InputHead", head},
                                      {"InputLine", line},
                                      {"OutputAddress", machine.object()},
                                      {"OutputHead", head},
                                      {"OutputLine", line},
                                      {"Columns", columns},
                                      {"Heads", 4},
                                      {"Columns2", columns},
                                      {"Width", 2},
                                      {"Position", 33},
                                      {"Mask", 1},
                                      {"Opcode", 8}});
  }
};
INSTANTIATE_TEST_SUITE_P(Boards, UnwrittenCache,
                         testing::Values("ohbm-20250407", "ohbm-v80-20250326"));

} // namespace

TEST_P(UnwrittenCache, ScoresOfItAreUndefined) {
  fillCache(/*isKeys=*/true);
  machine.start(TaskKind::Scores, shape.scores(machine, 0, 0, 64, 0, 2));
  EXPECT_EQ(machine.findings(), "");
  readScores(35);
  EXPECT_EQ(machine.findings(), "");
  readScores(36);
  // Column 35 of four heads and two tokens.
  expectFinding(machine, "which nobody has written, the first of 8 such reads");
}

TEST_P(UnwrittenCache, ValuesTimesZeroAreZero) {
  for (bool isZero : {true, false}) {
    fillCache(/*isKeys=*/false);
    machine.simulator.endRun();
    Tensor p = Random(4).tensor(4, 2, 64);
    for (int64_t h = 0; h < 4; ++h)
      for (int64_t t = 0; t < 2; ++t)
        for (int64_t u = 35; u < 64; ++u)
          p.at(h, t, u) = 0;
    if (!isZero)
      p.at(2, 1, 35) = doubleToHalf(0.5);
    machine.setRows(machine.input(), p);
    machine.simulator.beginRun(2, 33);
    append(Random(3).tensor(1, 2, 128), 33, /*isKeys=*/false);
    machine.start(TaskKind::Values, shape.values(machine, 0, 0, 2));
    EXPECT_EQ(machine.findings(), "");
    machine.simulator.task(0, "o");
    const int64_t surface = machine.surface(2);
    machine.start(TaskKind::Elementwise, {{"Operation", 0},
                                          {"InputAddress", machine.output()},
                                          {"InputSurface", surface},
                                          {"InputLine", surface},
                                          {"OutputAddress", machine.object()},
                                          {"OutputSurface", surface},
                                          {"OutputLine", surface},
                                          {"Channels", 512},
                                          {"Width", 2},
                                          {"OtherAddress", machine.output()},
                                          {"OtherSurface", surface},
                                          {"OtherLine", surface},
                                          {"Opcode", 2}});
    if (isZero)
      EXPECT_EQ(machine.findings(), "");
    else
      // The 128 channels of one head and token, port by port.
      expectFinding(machine, "which nobody has written, the first of " +
                                 std::to_string(256 / machine.traits.rowBytes) +
                                 " such reads");
    machine.simulator.endRun();
  }
}

TEST(UnwrittenCaches, AreCleared) {
  const PlanRegion cache = {"k_cache", "HBM", 0x2000000, 0x2008000,
                            0x8000,    2,     "cache"};
  for (bool isCleared : {false, true}) {
    Machine machine(newest(), /*sanitize=*/true, {cache});
    const std::vector<uint8_t> zeros(0x10000);
    for (int64_t port = 0; port < 32; ++port)
      machine.setPort(port, machine.cache(),
                      isCleared || port < 7
                          ? llvm::ArrayRef(zeros)
                          : llvm::ArrayRef(zeros).take_front(0x9000));
    machine.simulator.beginRun(1, 0);
    EXPECT_EQ(machine.findings().find("k_cache[1]") == std::string::npos,
              isCleared);
    if (isCleared)
      EXPECT_EQ(machine.findings(), "");
    else
      expectFinding(machine,
                    "tasks read elements of the KV cache that no token has "
                    "written, but it is not cleared as a whole: byte 4096 of "
                    "port 7 is missing");
  }
}
