//===- OnChipTest.cpp - What the checks know of maps on the chip ----------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DLAVM/Check/Checker.h"
#include "DLAVM/Check/DecodeComparison.h"
#include "DLAVM/Device/EdgeLLM/EdgeLLM.h"

#include "gtest/gtest.h"

using namespace dlavm;

namespace {

const DeviceInfo &getVersion(const char *name = "edgellm-20240923") {
  static DeviceRegistry *registry = [] {
    auto *result = new DeviceRegistry();
    edgellm::registerDevices(*result);
    return result;
  }();
  return *registry->lookup(name);
}

/// A norm of 32 channels, with its maps and flags.
struct Norm {
  const char *name;
  uint32_t from, to, flags;
  uint32_t tokens = 1;
};

void play(EventSink &sink, llvm::ArrayRef<Norm> norms) {
  for (const Norm &norm : norms) {
    const uint32_t stride = 64 * norm.tokens;
    const uint32_t values[] = {
        0, norm.from,   stride,      stride,   norm.to, stride, stride,    1,
        1, norm.tokens, norm.tokens, 26 << 13, 0,       0,      norm.flags};
    sink.task(0, norm.name);
    for (auto [i, value] : llvm::enumerate(values))
      sink.write(194 + i, value);
    sink.write(209, 32);
    sink.poll(193, 1);
  }
}

std::string describeAll(llvm::ArrayRef<Finding> findings) {
  std::string text;
  for (const Finding &finding : findings)
    text += finding.task + " " + finding.reg + ": " + finding.message + "\n";
  return text;
}

std::string check(llvm::ArrayRef<Norm> norms, int64_t seq = 1) {
  Checker checker(getVersion(), {});
  ForwardingSink<Checker> sink(checker);
  checker.beginRun(seq, 0);
  play(sink, norms);
  checker.endRun();
  return describeAll(checker.getFindings());
}

std::string compare(llvm::ArrayRef<Norm> run, llvm::ArrayRef<Norm> decode) {
  DecodeComparison comparison(getVersion());
  play(comparison.beginRun(), run);
  play(comparison.beginDecode(), decode);
  comparison.end(0);
  return describeAll(comparison.getFindings());
}

} // namespace

TEST(OnChip, MemoriesOfOperands) {
  const DeviceInfo &device = getVersion();
  const RegisterTable &table = device.getTask(TaskKind::Linear)->registers;
  std::vector<uint32_t> file(256);
  auto isOnChip = [&](const DeviceInfo &version, const char *reg,
                      uint32_t flags) {
    file[table.get("OnChip").number] = flags;
    const RegisterTable &own = version.getTask(TaskKind::Linear)->registers;
    return version.getMemory(RegisterValues(own, file), own.get(reg)).isOnChip;
  };
  const DeviceInfo &other = getVersion("edgellm-20240923,On_Chip_Residual=1");
  const DeviceInfo &newest = getVersion("edgellm-20241128");
  for (uint32_t flags : {0, 1, 2, 3}) {
    EXPECT_EQ(isOnChip(device, "InputAddress", flags), (flags & 1) != 0);
    EXPECT_EQ(isOnChip(device, "OutputAddress", flags), (flags & 2) != 0);
    EXPECT_EQ(isOnChip(device, "ResidualAddress", flags), (flags & 1) != 0);
    EXPECT_EQ(isOnChip(other, "ResidualAddress", flags), (flags & 2) != 0);
    EXPECT_FALSE(isOnChip(device, "ArgmaxAddress", flags));
    EXPECT_FALSE(isOnChip(device, "WeightAddress", flags));
    EXPECT_FALSE(isOnChip(newest, "InputAddress", flags));
  }
  EXPECT_EQ(getVersion("edgellm-20240725").getOnChipMemory(), nullptr);
  EXPECT_NE(getVersion("edgellm-20240824").getOnChipMemory(), nullptr);
}

TEST(OnChip, Checker) {
  EXPECT_EQ(check({{"a", 4096, 0, 2}, {"b", 0, 64, 3}, {"c", 64, 8192, 1}}),
            "");
  EXPECT_EQ(check({{"b", 0, 8192, 1}}),
            "b norm::InputAddress: the task reads bytes [0, 64) on the chip, "
            "where no task of the call has left anything\n");
  EXPECT_EQ(check({{"a", 4096, 0, 2}, {"b", 4096, 0, 2}, {"c", 0, 8192, 1}}),
            "b norm::OutputAddress: the task overwrites bytes [0, 64), which a "
            "of layer 0 wrote and no task has read\n");
  EXPECT_EQ(check({{"a", 4096, 71168, 2}, {"b", 71168, 8192, 1}}),
            "a norm::OutputAddress: the operand, bytes [71168, 71232), leaves "
            "the memory of 71168 bytes\n"
            "b norm::InputAddress: the operand, bytes [71168, 71232), leaves "
            "the memory of 71168 bytes\n");
  // What lies in DDR at the same address is another map.
  EXPECT_EQ(
      check(
          {{"a", 4096, 8192, 2}, {"b", 8192, 12288, 0}, {"c", 8192, 16384, 1}}),
      "");
}

TEST(OnChip, Flags) {
  EXPECT_EQ(check({{"a", 4096, 8192, 4}}),
            "a norm::OnChip: OnChip is 4, but has flags of maps that the task "
            "cannot have on the chip\n");
  EXPECT_EQ(check({{"a", 4096, 0, 2, 2}, {"b", 0, 8192, 1, 2}}, 2),
            "a norm::Width: Width is 2, but maps on the chip have one token "
            "(OnChip)\n"
            "b norm::Width: Width is 2, but maps on the chip have one token "
            "(OnChip)\n");
}

TEST(OnChip, DecodeComparison) {
  const Norm run[] = {{"a", 4096, 8192, 0},
                      {"b", 4096, 0, 0},
                      {"c", 8192, 12288, 0},
                      {"d", 0, 16384, 0}};
  EXPECT_EQ(compare(run, {{"a", 4096, 0, 2},
                          {"b", 4096, 64, 2},
                          {"c", 0, 12288, 1},
                          {"d", 64, 16384, 1}}),
            "");
  // The other map, a map that stays in memory, and nothing.
  EXPECT_EQ(
      compare(run, {{"a", 4096, 0, 2},
                    {"b", 4096, 64, 2},
                    {"c", 64, 12288, 1},
                    {"d", 0, 16384, 1}}),
      "c norm::InputAddress: InputAddress is on the chip in decode, where "
      "start 1 left a map, but start 0 wrote the one in run\n");
  EXPECT_EQ(compare(run, {{"a", 4096, 0, 2},
                          {"b", 4096, 64, 2},
                          {"c", 8256, 12288, 0},
                          {"d", 64, 16384, 1}}),
            "c norm::InputAddress: InputAddress is 8256 in decode, but 8192 in "
            "run\n");
  EXPECT_EQ(
      compare(run, {{"a", 4096, 8192, 0},
                    {"b", 4096, 0, 0},
                    {"c", 8192, 12288, 1},
                    {"d", 0, 16384, 0}}),
      "c norm::InputAddress: InputAddress is on the chip in decode, where "
      "no start left a map, but start 0 wrote the one in run\n");
}
