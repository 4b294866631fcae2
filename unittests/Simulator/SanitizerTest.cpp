//===- SanitizerTest.cpp - What the sanitizer finds, and what it does not -===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A small "model": the host writes an input, `norm` scales it, `sum` adds the
// two, `append` and `scores` use a KV cache. Each test breaks one thing.
//
//===----------------------------------------------------------------------===//

#include "Machine.h"

using namespace dlavm;
using namespace dlavm::test;

namespace {

constexpr uint32_t inputAddress = 0x1000, normAddress = 0x2000,
                   sumAddress = 0x3000, scoresAddress = 0x10000,
                   normWeight = 0x8000, cacheAddress = 0x4000;

std::vector<PlanRegion> makePlan() {
  return {{"input", "DDR", 0x1000, 0x2000, 0, 0, "input"},
          {"norm", "DDR", 0x2000, 0x3000, 0, 0, "buffer"},
          {"sum", "DDR", 0x3000, 0x4000, 0, 0, "buffer"},
          {"scores", "DDR", 0x10000, 0x20000, 0, 0, "buffer"},
          {"norm_weight", "DDR", 0x8000, 0x8400, 0x400, 2, "parameter"},
          {"keys", "HBM", 0x4000, 0x8000, 0x4000, 2, "cache"}};
}

/// 128 channels of at most 4 tokens.
class Sanitizer : public ::testing::Test {
protected:
  explicit Sanitizer(DeviceInfo device = edgellm::createDevice20241128())
      : machine(makePlan(), true, std::move(device)) {}

  void load() {
    std::vector<uint32_t> words(256, 0x3c000000);
    machine.setDDR(normWeight, words.data(), 1024);
    machine.setDDR(normWeight + 0x400, words.data(), 1024);
  }
  void writeInput(uint32_t tokens) {
    TestMap input = Numbers(1).map(1, tokens, 128);
    machine.setMap(inputAddress, input);
  }
  static Values map(uint32_t tokens, uint32_t from, uint32_t to) {
    return {{"InputAddress", from},
            {"InputSurface", 64 * tokens},
            {"InputLine", 64 * tokens},
            {"OutputAddress", to},
            {"OutputSurface", 64 * tokens},
            {"OutputLine", 64 * tokens},
            {"ChannelGroups", 4},
            {"Rows", 1},
            {"Width", tokens}};
  }
  Values norm(uint32_t tokens) {
    Values values = map(tokens, inputAddress, normAddress);
    values.insert({{"WeightAddress", normWeight},
                   {"Pixels", tokens},
                   {"Reciprocal", 24 << 13},
                   {"WeightBursts", 0},
                   {"Kind", 0},
                   {"Opcode", 32}});
    return values;
  }
  Values sum(uint32_t tokens) {
    Values values = map(tokens, inputAddress, sumAddress);
    values.insert({{"Mode", 0}, {"OtherAddress", normAddress}, {"Opcode", 1}});
    return values;
  }
  Values append(uint32_t tokens, uint32_t past) {
    return {{"InputAddress", sumAddress},
            {"InputHead", 256 * tokens},
            {"InputLine", 64 * tokens},
            {"CacheAddress", cacheAddress},
            {"CacheHead", 524288},
            {"CacheLine", 131072},
            {"BankStep", 28},
            {"Past", past},
            {"Width", tokens},
            {"Heads", 1},
            {"ChannelGroups", 4},
            {"Transpose", 1},
            {"Opcode", 64}};
  }
  Values scores(uint32_t tokens, uint32_t columns) {
    return {{"CacheAddress", cacheAddress},
            {"InputAddress", normAddress},
            {"InputHead", 256 * tokens},
            {"InputLine", 64 * tokens},
            {"OutputAddress", scoresAddress},
            {"OutputHead", 64 * tokens * ((columns + 31) / 32)},
            {"OutputLine", 64 * tokens},
            {"CacheHead", 524288},
            {"CacheLine", 131072},
            {"HeadChannels", 128},
            {"Columns", columns},
            {"Width", tokens},
            {"BankStepAndScale", 29584705},
            {"HeadConfiguration", (1 << 8) + 1},
            {"Opcode", 2}};
  }

  void start(TaskKind kind, const char *name, const Values &values,
             int32_t layer = 0) {
    machine.simulator.task(layer, name);
    machine.start(kind, values);
  }
  /// One right call, with what differs in it.
  struct Call {
    uint32_t tokens, past;
    bool hasInput = true;
    std::map<std::string, Values> changes = {};
    std::string dropped = {};
  };
  void run(const Call &call) {
    if (call.hasInput)
      writeInput(call.tokens);
    machine.simulator.beginRun(call.tokens, call.past);
    step(call, TaskKind::Norm, "norm", norm(call.tokens));
    step(call, TaskKind::Elementwise, "sum", sum(call.tokens));
    step(call, TaskKind::KVAppend, "append", append(call.tokens, call.past));
    step(call, TaskKind::Scores, "scores",
         scores(call.tokens, call.tokens + call.past));
    machine.simulator.endRun();
  }
  void step(const Call &call, TaskKind kind, const char *name, Values values) {
    if (call.dropped == name)
      return;
    auto it = call.changes.find(name);
    if (it != call.changes.end())
      for (const auto &[reg, value] : it->second)
        values[reg] = value;
    start(kind, name, values);
  }

  /// The one finding, in one line.
  std::string only() {
    llvm::ArrayRef<Finding> findings = machine.simulator.getFindings();
    EXPECT_EQ(findings.size(), 1u) << machine.findings();
    return findings.empty() ? "" : describe(findings.front());
  }
  bool has(llvm::StringRef text) {
    return llvm::StringRef(machine.findings()).contains(text);
  }

  Machine machine;
};

} // namespace

TEST_F(Sanitizer, RightCallsHaveNoFindings) {
  load();
  run({4, 0});
  run({1, 4});
  run({2, 5});
  run({1, 7});
  // The conversation goes on from an earlier point; its rest is forgotten.
  run({2, 5});
  run({1, 7});
  run({3, 0});
  EXPECT_EQ(machine.findings(), "");
}

TEST_F(Sanitizer, SlicesAreOneWriter) {
  load();
  writeInput(4);
  machine.simulator.beginRun(4, 0);
  for (uint32_t token : {0, 2}) {
    Values slice = norm(4);
    slice["InputAddress"] += 64 * token;
    slice["OutputAddress"] += 64 * token;
    slice["Width"] = slice["Pixels"] = 2;
    start(TaskKind::Norm, "norm", slice);
  }
  start(TaskKind::Elementwise, "sum", sum(4));
  machine.simulator.endRun();
  EXPECT_EQ(machine.findings(), "");
}

TEST_F(Sanitizer, BytesNeverWritten) {
  load();
  run({3, 0, true, {}, "norm"});
  EXPECT_TRUE(has("sum of layer 0, start 0 of the call of 3 tokens after 0, "
                  "elementwise::OtherAddress, buffer norm: the task reads byte "
                  "8192, which nobody has written, the first of 12 such reads"))
      << machine.findings();
}

TEST_F(Sanitizer, PartOfAMapNeverWritten) {
  load();
  run({3, 0, true, {{"norm", {{"ChannelGroups", 3}}}}});
  EXPECT_TRUE(has("elementwise::OtherAddress, buffer norm: the task reads byte "
                  "8768, which nobody has written, the first of 3 such reads"))
      << machine.findings();
}

TEST_F(Sanitizer, ContentOfAnEarlierCall) {
  load();
  run({2, 0});
  run({2, 2, true, {}, "norm"});
  EXPECT_TRUE(has("sum of layer 0, start 0 of the call of 2 tokens after 2, "
                  "elementwise::OtherAddress, buffer norm: the task reads "
                  "content of an earlier call: byte 8192 holds what norm of "
                  "layer 0 in an earlier call (2 tokens after 0) wrote"))
      << machine.findings();
}

TEST_F(Sanitizer, StaleInput) {
  load();
  run({2, 0});
  run({2, 2, false});
  EXPECT_TRUE(has("norm of layer 0, start 0 of the call of 2 tokens after 2, "
                  "norm::InputAddress, buffer input: nobody wrote the input "
                  "since the last call: byte 4096 holds what the host before "
                  "an earlier call (2 tokens after 0) wrote"))
      << machine.findings();
}

/// A device whose rows have 8 bytes in each port.
class SmallRows : public Sanitizer {
protected:
  static DeviceInfo createDevice() {
    DeviceInfo device = edgellm::createDevice20241128();
    device.traits = [](const DeviceInfo &) {
      Traits traits = edgellm::createDevice20241128().getTraits();
      traits.rowBytes = 8;
      return traits;
    };
    return device;
  }
  SmallRows() : Sanitizer(createDevice()) {}
};

TEST_F(SmallRows, HaveAWriterEach) {
  load();
  writeInput(1);
  machine.simulator.beginRun(1, 0);
  start(TaskKind::Norm, "norm", norm(1));
  machine.simulator.endRun();
  const uint64_t row = 0;
  machine.setDDR(inputAddress, &row, sizeof(row));
  machine.simulator.beginRun(1, 1);
  start(TaskKind::Norm, "norm", norm(1));
  machine.simulator.endRun();
  EXPECT_TRUE(has("nobody wrote the input since the last call: byte 4104 holds "
                  "what the host before an earlier call (1 tokens after 0) "
                  "wrote"))
      << machine.findings();
}

TEST_F(Sanitizer, MapOfTwoWriters) {
  load();
  writeInput(4);
  machine.simulator.beginRun(4, 0);
  start(TaskKind::Norm, "norm", norm(4));
  Values values = sum(4);
  values["OutputAddress"] = normAddress + 512;
  start(TaskKind::Elementwise, "sum", values);
  start(TaskKind::Elementwise, "other", sum(4));
  EXPECT_TRUE(has(
      "other of layer 0, start 2 of the call of 4 tokens after 0, "
      "elementwise::OtherAddress, buffer norm: the task reads one map of two "
      "writers: byte 8192 of norm of layer 0, byte 8704 of sum of layer 0"))
      << machine.findings();
}

TEST_F(Sanitizer, ParameterNeverLoaded) {
  run({2, 0});
  EXPECT_EQ(machine.findings(),
            "buffer norm_weight[0]: the parameter is not loaded as a whole: "
            "byte 0 of port 0 is missing (2 times)\n"
            "norm of layer 0, start 0 of the call of 2 tokens after 0, "
            "norm::WeightAddress, buffer norm_weight[0]: byte 32768 of the "
            "parameter was never loaded, the first of 8 such reads\n");
}

TEST_F(Sanitizer, ParameterLoadedInPart) {
  std::vector<uint32_t> words(128, 0x3c000000);
  machine.setDDR(normWeight, words.data(), 510);
  run({2, 0});
  EXPECT_TRUE(has("norm_weight[0]: byte 33278 of the parameter was never "
                  "loaded, the first of 1 such reads"));
}

TEST_F(Sanitizer, ParameterShifted) {
  std::vector<uint32_t> words(256, 0x3c000000);
  machine.setDDR(normWeight + 64, words.data(), 1024);
  EXPECT_TRUE(has("buffer norm_weight[0]: the host writes bytes [32832, 33856) "
                  "of DDR, a part of a parameter and what lies beside it"))
      << machine.findings();
}

TEST_F(Sanitizer, AllParametersAtOnce) {
  std::vector<uint32_t> words(512, 0x3c000000);
  machine.setDDR(normWeight, words.data(), 2048);
  run({2, 0});
  EXPECT_EQ(machine.findings(), "");
}

TEST_F(Sanitizer, ParameterOverwritten) {
  load();
  run({2, 0, true, {{"sum", {{"OutputAddress", normWeight + 64}}}}});
  EXPECT_TRUE(has("sum of layer 0, start 1 of the call of 2 tokens after 0, "
                  "elementwise::OutputAddress, buffer norm_weight[0]: the task "
                  "overwrites a parameter at byte 32832"))
      << machine.findings();
  run({2, 2});
  EXPECT_TRUE(has("norm::WeightAddress, buffer norm_weight[0]: the parameter "
                  "was overwritten from byte 32832 on by sum of layer 0 in an "
                  "earlier call (2 tokens after 0)"))
      << machine.findings();
}

TEST_F(Sanitizer, ParameterAsMapAndMapAsParameter) {
  load();
  run({2,
       0,
       true,
       {{"sum", {{"OtherAddress", normWeight}}},
        {"norm", {{"WeightAddress", inputAddress}}}}});
  EXPECT_TRUE(has("elementwise::OtherAddress, buffer norm_weight[0]: the task "
                  "reads a parameter as a map at byte 32768"));
  EXPECT_TRUE(has("norm::WeightAddress, buffer input: the task reads a "
                  "parameter at byte 4096, where the host loaded none"))
      << machine.findings();
}

TEST_F(Sanitizer, AppendDropped) {
  load();
  run({2, 0});
  run({1, 2, true, {}, "append"});
  EXPECT_EQ(only(), "scores of layer 0, start 2 of the call of 1 tokens after "
                    "2, trp_mvm::CacheAddress, buffer keys[0]: position 2 of "
                    "the KV cache was never appended");
}

TEST_F(Sanitizer, ForgottenPositions) {
  load();
  run({4, 0});
  run({1, 1});
  // Position 2 is that of the first call, which the second forgot.
  run({1, 2, true, {}, "append"});
  EXPECT_TRUE(
      has("buffer keys[0]: position 2 of the KV cache was not appended by the "
          "call that made it, but by an earlier call (4 tokens after 0)"))
      << machine.findings();
}

TEST_F(Sanitizer, CallBeyondTheHistory) {
  load();
  run({2, 0});
  run({1, 5});
  EXPECT_TRUE(has("the call continues after 5 tokens, but the calls before it "
                  "left 2 in the KV caches"));
  EXPECT_TRUE(has("position 2 of the KV cache was never appended"));
}

TEST_F(Sanitizer, FirstCallWithHistory) {
  load();
  run({1, 5});
  EXPECT_TRUE(has("position 0 of the KV cache was never appended"));
}

TEST_F(Sanitizer, ReadBeyondTheCall) {
  load();
  run({2, 0, true, {{"scores", {{"Columns", 3}}}}});
  EXPECT_EQ(only(), "scores of layer 0, start 3 of the call of 2 tokens after "
                    "0, trp_mvm::CacheAddress, buffer keys[0]: position 2 of "
                    "the KV cache is read, but the KV cache holds 2 tokens");
}

TEST_F(Sanitizer, AppendAtOtherPositions) {
  load();
  run({3, 0});
  run({2, 3, true, {{"append", {{"Past", 2}}}}});
  EXPECT_TRUE(
      has("append of layer 0, start 2 of the call of 2 tokens after 3, "
          "dat2hbm::CacheAddress, buffer keys[0]: the task appends position 2 "
          "to the KV cache, but the call has positions 3 to 4"))
      << machine.findings();
  EXPECT_TRUE(has(
      "position 2 of the KV cache was not appended by the call that made it"));
  EXPECT_TRUE(has("position 4 of the KV cache was never appended"));
}

TEST_F(Sanitizer, MisplacedPositions) {
  // A cache that begins a pixel lower has position 36 where this one has 4.
  load();
  run({4, 0});
  machine.simulator.beginRun(1, 4);
  Values values = append(1, 4);
  values["CacheAddress"] = cacheAddress - 64;
  values["Past"] = 36;
  writeInput(1);
  start(TaskKind::KVAppend, "append", values);
  start(TaskKind::Scores, "scores", scores(1, 5));
  EXPECT_TRUE(has("position 4 of the KV cache holds position 36"))
      << machine.findings();
}

TEST_F(Sanitizer, CacheOfAnotherLayer) {
  load();
  writeInput(2);
  machine.simulator.beginRun(2, 0);
  start(TaskKind::Norm, "norm", norm(2), 1);
  start(TaskKind::Elementwise, "sum", sum(2), 1);
  start(TaskKind::KVAppend, "append", append(2, 0), 0);
  start(TaskKind::Scores, "scores", scores(2, 2), 1);
  EXPECT_EQ(only(), "scores of layer 1, start 3 of the call of 2 tokens after "
                    "0, trp_mvm::CacheAddress, buffer keys[0]: the KV cache is "
                    "the one that append of layer 0 appends to");
}

TEST_F(Sanitizer, CacheWrittenByOthers) {
  load();
  writeInput(2);
  machine.simulator.beginRun(2, 0);
  start(TaskKind::Norm, "norm", norm(2));
  start(TaskKind::Elementwise, "sum", sum(2));
  start(TaskKind::KVAppend, "append", append(2, 0));
  Values values = append(2, 0);
  values["ChannelGroups"] = 1;
  start(TaskKind::KVAppend, "other", values);
  start(TaskKind::Scores, "scores", scores(2, 2));
  EXPECT_TRUE(
      has("other of layer 0 and append of layer 0 both append to the KV cache"))
      << machine.findings();
  const uint16_t zero = 0;
  machine.setHBM(1, cacheAddress, &zero, 2);
  start(TaskKind::Scores, "scores", scores(2, 2));
  EXPECT_TRUE(has("the host wrote byte 16384 of port 1 of the KV cache"))
      << machine.findings();
}

TEST_F(Sanitizer, RegisterNeverWritten) {
  load();
  writeInput(1);
  Values values = norm(1);
  values.erase("Kind");
  start(TaskKind::Norm, "norm", values);
  EXPECT_EQ(only(),
            "norm of layer 0, start 0 of the call of 0 tokens after 0, "
            "norm::Kind: the task reads Kind = 0, which nobody ever wrote");
}

TEST_F(Sanitizer, RegisterKept) {
  load();
  writeInput(1);
  start(TaskKind::Norm, "norm", norm(1));
  Values values = norm(1);
  values.erase("Reciprocal");
  start(TaskKind::Norm, "norm", values);
  EXPECT_EQ(
      only(),
      "norm of layer 0, start 1 of the call of 0 tokens after 0, "
      "norm::Reciprocal: the task reads Reciprocal = 196608, which nobody "
      "wrote since the start before: the value of an earlier task is kept");
}

/// Where registers keep their values, what another start of the call wrote is
/// one; what the call before left is none.
TEST_F(Sanitizer, RegisterKeptInTheCall) {
  DeviceInfo device = edgellm::createDevice20241128();
  device.setParameter("Registers_Keep_Values", 1);
  Machine kept({}, /*sanitize=*/true, device);
  auto isFound = [&](const char *text) {
    return kept.findings().find(text) != std::string::npos;
  };
  Values values = norm(1);
  kept.simulator.beginRun(1, 0);
  kept.start(TaskKind::Norm, values);
  values.erase("Reciprocal");
  kept.start(TaskKind::Norm, values);
  EXPECT_FALSE(isFound("Reciprocal")) << kept.findings();
  kept.simulator.endRun();
  kept.simulator.beginRun(1, 1);
  kept.start(TaskKind::Norm, values);
  EXPECT_TRUE(
      isFound("norm::Reciprocal: the task reads Reciprocal = 196608, which "
              "nobody wrote in this call"))
      << kept.findings();
}

TEST_F(Sanitizer, TaskStartedTwice) {
  load();
  writeInput(1);
  start(TaskKind::Norm, "norm", norm(1));
  machine.simulator.write(209, 32);
  machine.simulator.poll(193, 1);
  EXPECT_EQ(
      only(),
      "norm of layer 0, start 1 of the call of 0 tokens after 0, "
      "norm::WeightAddress: the task reads WeightAddress = 32768, InputAddress "
      "= 4096, InputSurface = 64 and 12 others, which nobody wrote since the "
      "start before: the value of an earlier task is kept");
}

TEST_F(Sanitizer, ResultOfAnEarlierCall) {
  // An argmax of one token; the call after it runs none.
  machine.simulator.beginRun(1, 0);
  Values values;
  for (const Register &reg :
       machine.device.getTask(TaskKind::Linear)->registers.getRegisters())
    if (isWritten(reg.role) && reg.role != RegisterRole::Reserved)
      values[reg.name] = 64;
  for (auto [reg, value] : std::initializer_list<std::pair<const char *, int>>{
           {"InputChannels", 128},
           {"InputWidth", 1},
           {"InputRows", 1},
           {"OutputWidth", 1},
           {"OutputRows", 1},
           {"Tokens", 1},
           {"SliceChannels", 32},
           {"LastSliceChannels", 32},
           {"LastSlice", 0},
           {"PackageBits", 768},
           {"BankStep", 28},
           {"ScaleGroup", 5769216},
           {"QuantizationBlock", 3670144},
           {"LastGroupChannels", 128},
           {"ElementwiseMode", 0},
           {"Mode", 2847}})
    values[reg] = value;
  start(TaskKind::Linear, "output", values, -1);
  machine.simulator.endRun();
  machine.simulator.read(40);
  EXPECT_FALSE(has("register 40"));
  machine.simulator.beginRun(1, 1);
  machine.simulator.endRun();
  machine.simulator.read(40);
  EXPECT_TRUE(
      has("register 40 is read, but has the result of an earlier call"));
}

TEST_F(Sanitizer, HostReads) {
  load();
  run({2, 0});
  uint8_t bytes[256];
  machine.simulator.dmaRead(ddrBase + sumAddress, bytes);
  EXPECT_EQ(machine.findings(), "");
  machine.simulator.dmaRead(ddrBase + sumAddress + 0x200, bytes);
  EXPECT_TRUE(has("buffer sum: the host reads bytes [12800, 13056) of DDR, of "
                  "which nobody wrote 256 bytes"))
      << machine.findings();
  writeInput(1);
  machine.simulator.beginRun(1, 2);
  machine.simulator.endRun();
  machine.simulator.dmaRead(ddrBase + sumAddress, bytes);
  EXPECT_TRUE(has("of DDR, which sum of layer 0 in an earlier call (2 tokens "
                  "after 0) wrote"))
      << machine.findings();
}

TEST_F(Sanitizer, WeightCopyLoadsParameters) {
  // The host's bytes go to HBM through a buffer; the source must be written.
  std::vector<uint8_t> bytes(512);
  machine.setDDR(inputAddress, bytes.data(), bytes.size());
  const Values values = {{"Source", inputAddress},
                         {"DestinationLow", 0x10000000},
                         {"DestinationHigh", 0},
                         {"LengthBits", 8 * 512},
                         {"Port", 1},
                         {"Opcode", 2}};
  start(TaskKind::WeightCopy, "load", values, -1);
  EXPECT_EQ(machine.findings(), "");
  Values longer = values;
  longer["LengthBits"] = 8 * 576;
  start(TaskKind::WeightCopy, "load", longer, -1);
  EXPECT_EQ(only(), "load, start 1 of the call of 0 tokens after 0, "
                    "wt2hbm::Source, buffer input: the task reads byte 4608, "
                    "which nobody has written, the first of 1 such reads");
}

TEST_F(Sanitizer, FindingsAreTheSameWithThreads) {
  // Which thread sees something first must not show.
  std::string first;
  for (int i = 0; i < 10; ++i) {
    Machine many(makePlan(), true);
    many.simulator.beginRun(4, 0);
    Values values = scores(4, 40);
    many.start(TaskKind::Scores, values);
    many.start(TaskKind::Elementwise, sum(4));
    if (i == 0)
      first = many.findings();
    EXPECT_EQ(many.findings(), first);
  }
}

/// Neighbouring tokens or groups share 64 bytes where addresses or distances
/// are no multiple; the threads that write them must not lose what is written.
TEST_F(Sanitizer, MapsThatSplitPixels) {
  constexpr uint32_t tokens = 512;
  const std::pair<uint32_t, uint32_t> shifts[] = {{32, 0}, {0, 32}};
  for (auto [addressShift, surfaceShift] : shifts) {
    Machine many({}, true);
    std::vector<uint32_t> words(256, 0x3c000000);
    many.setDDR(normWeight, words.data(), 1024);
    TestMap input = Numbers(1).map(1, tokens, 128);
    many.setMap(0x100000, input);
    std::vector<uint8_t> bytes(64 * tokens);
    for (uint32_t round = 0; round < 40; ++round) {
      const uint32_t output = 0x400000 + 0x40000 * round + addressShift;
      const uint32_t surface = 64 * tokens + surfaceShift;
      Values values = norm(tokens);
      values["InputAddress"] = 0x100000;
      values["OutputAddress"] = output;
      values["OutputSurface"] = surface;
      many.start(TaskKind::Norm, values);
      for (uint32_t group = 0; group < 4; ++group)
        many.simulator.dmaRead(ddrBase + output + group * surface, bytes);
    }
    EXPECT_EQ(many.findings(), "");
  }
}
