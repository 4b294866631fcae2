//===- ExtentsTest.cpp - Bytes that starts of ohbm touch ------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "TaskStarts.h"

using namespace dlavm;
using namespace dlavm::ohbm;

namespace {

/// For each address register where its bytes begin, from the address on, and
/// how many they are.
using Bytes = std::map<std::string, std::pair<int64_t, int64_t>>;

llvm::SmallVector<Extent> getExtents(const DeviceInfo &device,
                                     const TaskStart &start) {
  const TaskSupport &support = *device.getTask(start.kind);
  llvm::SmallVector<Extent> extents;
  const std::vector<uint32_t> file = start.getFile(device);
  support.extents(RegisterValues(support.registers, file), device, extents);
  return extents;
}

Bytes getBytes(const DeviceInfo &device, TaskStart start) {
  Bytes bytes;
  for (const Extent &extent : getExtents(device, start))
    EXPECT_TRUE(
        bytes
            .emplace(extent.reg->name,
                     std::make_pair(extent.begin - start[extent.reg->name],
                                    extent.end - extent.begin))
            .second)
        << extent.reg->name;
  return bytes;
}
Bytes getBytes(const TaskStart &start) { return getBytes(newest(), start); }

// A matrix's bytes in each port are those of section 3.4, its scales' those of
// section 3.6; the last slices end where these do.
TEST(OHBMExtents, Linear) {
  EXPECT_EQ(getBytes(linearStart()),
            (Bytes{{"InputAddress", {0, 7 * 9600 + 44 * 32}},
                   {"WeightAddress", {0, 67584}},
                   {"OutputAddress", {0, 9600 + 44 * 32}},
                   {"ScaleBiasAddress", {0, 128}}}));
  EXPECT_EQ(getBytes(argmaxStart()),
            (Bytes{{"InputAddress", {0, 256}},
                   {"WeightAddress", {0, 4291584 - 4257792}},
                   {"OutputAddress", {0, 32}},
                   {"ScaleBiasAddress", {0, 8128 - 8064}}}));
  // 256 channels in the middle of a row.
  EXPECT_EQ(getBytes(downStart()),
            (Bytes{{"InputAddress", {0, 26 * 9600 + 4 * 32}},
                   {"WeightAddress", {0, 905216 - 848640}},
                   {"OutputAddress", {0, 4 * 32}},
                   {"ScaleBiasAddress", {0, 512 - 480}}}));
  TaskStart across = linearStart();
  across["FirstChannel"] = 480;
  across["OutputChannels"] = 64;
  EXPECT_EQ(getBytes(across)["OutputAddress"].second, 9600 + 44 * 32);
  EXPECT_EQ(getBytes(across)["ScaleBiasAddress"].second, 64);
}

// C5: rows of both images; with more channels, from the first surface to the
// last.
TEST(OHBMExtents, Conv2D) {
  TaskStart start = conv2DStart();
  EXPECT_EQ(getBytes(start), (Bytes{{"InputAddress", {0, 3 * 7168}},
                                    {"WeightAddress", {0, 2304}},
                                    {"OutputAddress", {0, 3584}},
                                    {"ScaleBiasAddress", {0, 32}}}));
  start["InputChannels"] = 544;
  start["OutputChannels"] = 640;
  start["FirstChannel"] = 384;
  EXPECT_EQ(getBytes(start), (Bytes{{"InputAddress", {0, 1605632 + 3 * 7168}},
                                    {"WeightAddress", {0, 640 * 576 / 32}},
                                    {"OutputAddress", {0, 401408 + 3584}},
                                    {"ScaleBiasAddress", {0, 3 * 32}}}));
}

TEST(OHBMExtents, LinearWithoutScaleAndBias) {
  TaskStart start = linearStart();
  start["Opcode"] = 15;
  EXPECT_EQ(getBytes(start).count("ScaleBiasAddress"), 0u);
}

// Qwen2's query projection, 3584 to 3584, on four ports of 128 lanes together.
TEST(OHBMExtents, LinearOfV80) {
  TaskStart start = linearStart();
  start["InputChannels"] = 3584;
  start["ChannelBits"] = 8 * 1856;
  for (const char *reg :
       {"InputSurface", "InputLine", "OutputSurface", "OutputLine"})
    start[reg] = 19200;
  EXPECT_EQ(getBytes(v80(), start),
            (Bytes{{"InputAddress", {0, 27 * 19200 + 44 * 64}},
                   {"WeightAddress", {0, 1024 * 1856 / 4}},
                   {"OutputAddress", {0, 7 * 19200 + 44 * 64}},
                   {"ScaleBiasAddress", {0, 1024 / 64 * 64}}}));
}

TEST(OHBMExtents, Attention) {
  EXPECT_EQ(getBytes(scoresStart()),
            (Bytes{{"InputAddress", {0, 3 * 9600 + 44 * 32}},
                   {"CacheAddress", {0, 16384}},
                   {"OutputAddress", {0, 15 * 9600 + 44 * 32}}}));
  EXPECT_EQ(getBytes(valuesStart()),
            (Bytes{{"InputAddress", {0, 15 * 9600 + 12 * 32}},
                   {"CacheAddress", {0, 16384}},
                   {"OutputAddress", {0, 3 * 9600 + 12 * 32}}}));
  // Seven heads take two rows.
  TaskStart qwen = scoresStart();
  qwen["OutputHeads"] = 7;
  EXPECT_EQ(getBytes(qwen)["InputAddress"].second, 9600 + 44 * 32);
  EXPECT_EQ(getBytes(qwen)["OutputAddress"].second, 6 * 9600 + 44 * 32);
}

// The address of a slice is that of its first key or channel.
TEST(OHBMExtents, CacheOfSlices) {
  TaskStart start = scoresStart();
  start["FirstChannel"] = 1024;
  start["OutputChannels"] = 1024;
  EXPECT_EQ(getBytes(start)["CacheAddress"],
            (std::pair<int64_t, int64_t>(-8192, 16384)));
  EXPECT_EQ(getBytes(start)["OutputAddress"].second,
            15 * 9600 + 9600 + 44 * 32);
  EXPECT_EQ(getBytes(v80(), start)["CacheAddress"],
            (std::pair<int64_t, int64_t>(-65536, 131072)));
  start = valuesStart();
  start["FirstChannel"] = 64;
  EXPECT_EQ(getBytes(start)["CacheAddress"],
            (std::pair<int64_t, int64_t>(-8192, 16384)));
  EXPECT_EQ(getBytes(v80(), start)["CacheAddress"],
            (std::pair<int64_t, int64_t>(-65536, 131072)));
}

TEST(OHBMExtents, MiscTasks) {
  const std::pair<int64_t, int64_t> all = {0, 7 * 9600 + 44 * 32};
  EXPECT_EQ(getBytes(normStart()), (Bytes{{"WeightAddress", {0, 512}},
                                          {"InputAddress", all},
                                          {"OutputAddress", all}}));
  EXPECT_EQ(getBytes(elementwiseStart()), (Bytes{{"InputAddress", all},
                                                 {"OtherAddress", all},
                                                 {"OutputAddress", all}}));
  EXPECT_EQ(getBytes(activationStart()),
            (Bytes{{"TableAddress", {0, 32}},
                   {"InputAddress", {0, 26 * 9600 + 4 * 32}},
                   {"OutputAddress", {0, 26 * 9600 + 4 * 32}}}));
  EXPECT_EQ(getBytes(softmaxStart()),
            (Bytes{{"InputAddress", {0, 32 * 9600}},
                   {"OutputAddress", {0, 32 * 9600}}}));
  EXPECT_EQ(getBytes(ropeStart()),
            (Bytes{{"TableAddress", {0, 128 * 32}},
                   {"InputAddress", {0, 7 * 9600 + 128 * 32}},
                   {"OutputAddress", {0, 7 * 9600 + 128 * 32}}}));
  EXPECT_EQ(getBytes(kvAppendStart()),
            (Bytes{{"InputAddress", {0, 9600}}, {"CacheAddress", {0, 32768}}}));
  // Sections 3.7 and 7.2.
  EXPECT_EQ(
      getBytes(normStart().with("Channels", 3584))["WeightAddress"].second,
      448);
  EXPECT_EQ(
      getBytes(v80(), normStart().with("Channels", 3584))["WeightAddress"],
      (std::pair<int64_t, int64_t>(0, 3584)));
}

TEST(OHBMExtents, LastTokenNorm) {
  TaskStart start = normStart();
  start["OutputSurface"] = start["OutputLine"] = 32;
  start["Width"] = 1;
  EXPECT_EQ(getBytes(start)["InputAddress"].second, 7 * 9600 + 32);
  EXPECT_EQ(getBytes(start)["OutputAddress"].second, 256);
}

TEST(OHBMExtents, AddressesAbove4GiB) {
  TaskStart start = linearStart();
  start["HighAddresses"] = 0x04030201;
  std::map<std::string, int64_t> high;
  for (const Extent &extent : getExtents(newest(), start))
    high[extent.reg->name] = extent.begin >> 32;
  EXPECT_EQ(high, (std::map<std::string, int64_t>{{"InputAddress", 1},
                                                  {"OutputAddress", 2},
                                                  {"WeightAddress", 3},
                                                  {"ScaleBiasAddress", 4}}));
}

TEST(OHBMExtents, Reused) {
  auto getReused = [](const TaskStart &start) {
    std::string names;
    for (const Extent &extent : getExtents(newest(), start))
      if (extent.isReused)
        names += extent.reg->name + " ";
    return names;
  };
  EXPECT_EQ(getReused(linearStart().with("Flags", 4)), "");
  EXPECT_EQ(getReused(linearStart().with("Flags", 5)), "WeightAddress ");
  EXPECT_EQ(getReused(linearStart().with("Flags", 6)), "InputAddress ");
  EXPECT_EQ(getReused(scoresStart()), "CacheAddress ");
  EXPECT_EQ(getReused(scoresStart().with("Flags", 2)), "InputAddress ");
  EXPECT_EQ(getReused(valuesStart()), "CacheAddress ");
  EXPECT_EQ(getReused(valuesStart().with("Flags", 2)), "InputAddress ");
  EXPECT_EQ(getReused(activationStart()), "TableAddress ");
  EXPECT_EQ(getReused(activationStart().with("TableUse", 1)), "");
}

TEST(OHBMExtents, NothingAndTooMuch) {
  EXPECT_EQ(getBytes(normStart().with("Width", 0)).size(), 1u);
  EXPECT_EQ(getBytes(normStart().with("Channels", 0)), Bytes{});
  EXPECT_EQ(getBytes(linearStart().with("OutputChannels", 0)).size(), 1u);
  EXPECT_EQ(getBytes(scoresStart().with("OutputHeads", 0)), Bytes{});
  EXPECT_EQ(getBytes(valuesStart().with("OutputHeads", 0)), Bytes{});
  for (TaskStart start :
       {linearStart(), scoresStart(), valuesStart(), softmaxStart()}) {
    for (auto &[reg, value] : start.values)
      value = 0xffffffff;
    for (const Extent &extent : getExtents(newest(), start))
      EXPECT_LT(extent.begin, extent.end) << extent.reg->name;
  }
}

} // namespace
