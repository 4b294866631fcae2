//===- ChecksTest.cpp - Contradictions in starts of ohbm ------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "../../../lib/Device/OHBM/Encode/Partition.h"
#include "../../../lib/Device/OHBM/Record/Layouts.h"
#include "DLAVM/Device/FP20.h"
#include "TaskStarts.h"

#include "llvm/Support/MathExtras.h"

using namespace dlavm;
using namespace dlavm::ohbm;

namespace {

/// The registers that are reported, with a blank after each.
std::string getReports(const DeviceInfo &device, const TaskStart &start) {
  const TaskSupport &support = *device.getTask(start.kind);
  const std::vector<uint32_t> file = start.getFile(device);
  std::string result;
  support.check(RegisterValues(support.registers, file), device,
                [&](const Register &reg, std::string message) {
                  EXPECT_FALSE(message.empty());
                  result += reg.name + " ";
                });
  return result;
}
std::string getReports(const TaskStart &start) {
  return getReports(newest(), start);
}

/// True if \p reg is among the reported registers.
bool reports(const TaskStart &start, const std::string &reg) {
  return (" " + getReports(start)).find(" " + reg + " ") != std::string::npos;
}

std::vector<TaskStart> getStarts() {
  return {linearStart(),  argmaxStart(), downStart(),     conv2DStart(),
          scoresStart(),  valuesStart(), normStart(),     activationStart(),
          softmaxStart(), ropeStart(),   kvAppendStart(), elementwiseStart()};
}

/// Sets both widths of a matrix task.
TaskStart withWidth(TaskStart start, uint32_t width) {
  start["InputWidth"] = start["OutputWidth"] = width;
  return start;
}

TEST(OHBMChecks, RightStarts) {
  for (const TaskStart &start : getStarts())
    EXPECT_EQ(getReports(start), "") << static_cast<int>(start.kind);
}

// The versions differ in registers and in numbers of some (section 10).
TEST(OHBMChecks, RightStartsOfAllVersions) {
  for (const DeviceInfo &device : getDevices()) {
    if (device.getFamily() != "ohbm")
      continue;
    const bool isOld = device.getVersion() < "20250323";
    for (TaskStart start : getStarts()) {
      if (start.kind == TaskKind::Values && device.getVersion() < "20250407")
        start["HeadChannels"] = 0;
      if ((start.kind == TaskKind::Linear || start.kind == TaskKind::Conv2D) &&
          isOld)
        start["Flags"] &= 3;
      if (start.kind == TaskKind::Softmax && device["Cut_By_Call"] != 0)
        start["Width"] = 32;
      EXPECT_EQ(getReports(device, start), "")
          << device.getName() << " " << static_cast<int>(start.kind);
    }
  }
}

// Qwen2: seven query heads for each KV head.
TEST(OHBMChecks, EmptySlots) {
  TaskStart start = scoresStart();
  start["OutputHeads"] = 7;
  start["HeadRows"] = 516;
  EXPECT_EQ(getReports(start.with("InputHeads", 8)), "");
  EXPECT_EQ(getReports(start.with("InputHeads", 7)), "InputHeads ");
  EXPECT_EQ(getReports(lookUp("ohbm-20250316"), start.with("InputHeads", 7)),
            "");
  EXPECT_EQ(getReports(lookUp("ohbm-20250316"), start.with("InputHeads", 8)),
            "InputHeads ");
  start = valuesStart();
  start["OutputHeads"] = start["InputHeads"] = 7;
  EXPECT_EQ(getReports(start), "HeadRows ");
  EXPECT_EQ(getReports(start.with("HeadRows", 516)), "");
  EXPECT_EQ(getReports(kvAppendStart().with("Heads", 5)), "HeadRows ");
  EXPECT_EQ(getReports(ropeStart().with("Heads", 28)), "HeadRows ");
}

// Qwen2 on V80: a row is a head.
TEST(OHBMChecks, RightStartsOfV80) {
  auto widen = [](TaskStart start) {
    for (auto &[reg, value] : start.values)
      if (value == 9600)
        value = 19200;
    return start;
  };
  TaskStart start = widen(linearStart());
  start["InputChannels"] = 3584;
  start["ChannelBits"] = 8 * 1856;
  start["LastGroupChannels"] = 1536;
  EXPECT_EQ(getReports(v80(), start), "");
  start = widen(scoresStart());
  start["OutputHeads"] = start["InputHeads"] = 7;
  start["OutputHead"] = 3 * 19200;
  start["HeadRows"] = (7 << 8) + 1;
  EXPECT_EQ(getReports(v80(), start), "");
  start = widen(valuesStart());
  start["OutputHeads"] = start["InputHeads"] = 7;
  start["InputHead"] = 3 * 19200;
  start["HeadRows"] = (7 << 8) + 1;
  start["HeadPacking"] = start["HeadChannels"] = 0;
  start["WeightLine"] = 32768;
  EXPECT_EQ(getReports(v80(), start), "");
  start = widen(kvAppendStart());
  start["Heads"] = 4;
  start["HeadRows"] = (4 << 8) + 1;
  start["CacheHead"] = 131072;
  start["CacheLine"] = 32768;
  EXPECT_EQ(getReports(v80(), start), "");
}

TEST(OHBMChecks, EachRegisterOfEachTask) {
  // Any other value of these registers contradicts the others.
  const std::pair<TaskStart, std::vector<std::string>> cases[] = {
      {linearStart(),
       {"InputChannels", "OutputWidth", "OutputChannels", "FirstChannel",
        "LastSlice", "ChannelBits", "Relu", "Flags", "ScaleGroup",
        "QuantizationBlock", "LastGroupChannels", "InputSurface", "InputLine",
        "OutputSurface", "OutputLine", "Opcode"}},
      {argmaxStart(), {"FirstChannel"}},
      {conv2DStart(),
       {"InputChannels", "OutputWidth", "OutputChannels", "FirstChannel",
        "ChannelBits", "Relu", "InputSurface", "InputLine", "OutputSurface",
        "OutputLine", "Opcode"}},
      {scoresStart(),
       {"InputChannels", "InputHeads", "OutputWidth", "OutputChannels",
        "FirstChannel", "ChannelBits", "HeadRows", "HeadPacking",
        "InputSurface", "InputLine", "OutputHead", "OutputLine", "Opcode"}},
      {valuesStart(),
       {"InputChannels", "InputHeads", "OutputWidth", "OutputChannels",
        "FirstChannel", "HeadChannels", "ChannelBits", "Scale", "WeightLine",
        "HeadRows", "HeadPacking", "InputHead", "InputLine", "OutputSurface",
        "OutputLine", "Opcode"}},
      {normStart(),
       {"InputSurface", "InputLine", "OutputSurface", "OutputLine", "Channels",
        "Kind", "Reciprocal", "Opcode"}},
      {activationStart(),
       {"InputSurface", "InputLine", "OutputSurface", "OutputLine", "Channels",
        "TableUse", "Opcode"}},
      {softmaxStart(),
       {"InputHead", "InputLine", "OutputHead", "OutputLine", "Columns2",
        "Mask", "Opcode"}},
      {ropeStart(),
       {"InputSurface", "InputLine", "OutputSurface", "OutputLine",
        "HeadChannels", "Pairing", "TableSurface", "TableLine", "HeadRows",
        "Opcode"}},
      {kvAppendStart(),
       {"InputSurface", "InputLine", "CacheHead", "CacheLine", "HeadChannels",
        "Side", "HeadRows", "Opcode"}},
      {elementwiseStart(),
       {"InputSurface", "InputLine", "OutputSurface", "OutputLine",
        "OtherSurface", "OtherLine", "Channels", "Opcode"}}};
  for (const auto &[start, regs] : cases)
    for (const std::string &reg : regs) {
      const uint32_t value = start.values.at(reg);
      const bool isFlag = reg == "Mask" || reg == "Kind" || reg == "Pairing" ||
                          reg == "Relu" || reg == "Side";
      EXPECT_TRUE(reports(start.with(reg, isFlag ? 3 : value + 1), reg))
          << static_cast<int>(start.kind) << " " << reg;
    }
  EXPECT_EQ(getReports(elementwiseStart().with("Operation", 2)), "");
  EXPECT_EQ(getReports(elementwiseStart().with("Operation", 3)), "Operation ");
}

TEST(OHBMChecks, Images) {
  const TaskStart start = conv2DStart();
  // The first start has padding above, and one more row of both images.
  TaskStart first = start.with("RowKernel", 197121);
  first["InputRows"] = 4;
  EXPECT_EQ(getReports(first), "InputRows ");
  EXPECT_EQ(getReports(first.with("OutputRows", 2)), "");
  // Four rows fit, and a row that the kernel does not reach is no error.
  EXPECT_EQ(getReports(start.with("InputRows", 4)), "");
  EXPECT_EQ(getReports(start.with("InputRows", 5)), "InputRows InputRows ");
  // Two rows of padding below.
  EXPECT_EQ(getReports(start.with("InputRows", 1)), "");
  EXPECT_EQ(getReports(start.with("OutputRows", 3)), "InputRows ");
  for (const char *reg :
       {"InputWidth", "InputRows", "OutputWidth", "OutputRows"})
    EXPECT_TRUE(reports(start.with(reg, 0), reg)) << reg;
  EXPECT_TRUE(reports(start.with("RowKernel", 3 << 16), "RowKernel"));
  EXPECT_TRUE(reports(start.with("RowKernel", 2 << 8), "RowKernel"));
  EXPECT_TRUE(reports(start.with("ColumnKernel", 197123), "ColumnKernel"));
  EXPECT_EQ(getReports(start.with("InputSurface", 2 * 7168)), "InputSurface ");
  EXPECT_EQ(getReports(start.with("OutputSurface", 0)), "OutputSurface ");
  EXPECT_EQ(getReports(start.with("Flags", 1)), "Flags ");
  EXPECT_EQ(getReports(start.with("Flags", 7)), "Flags ");
  // Not capped as products are, but by the weight memory.
  EXPECT_EQ(getReports(start.with("OutputChannels", 2048)), "");
  EXPECT_EQ(getReports(start.with("OutputChannels", 3648)), "OutputChannels ");
}

TEST(OHBMChecks, ReservedRegisters) {
  for (const TaskStart &right : getStarts())
    for (const Register &reg :
         newest().getTask(right.kind)->registers.getRegisters())
      if (reg.role == RegisterRole::Reserved) {
        TaskStart start = right;
        start[reg.name] = reg.value + 1;
        EXPECT_EQ(getReports(start), reg.name + " ");
      }
}

// D6: absent operands are 0, with all their bits.
TEST(OHBMChecks, HighAddresses) {
  TaskStart start = linearStart();
  start["HighAddresses"] = 0xffffffff;
  EXPECT_EQ(getReports(start), "");
  start["Opcode"] = 15;
  start["Flags"] = 2;
  start["ScaleBiasAddress"] = 0;
  EXPECT_EQ(getReports(start), "ScaleBiasAddress ");
  start["HighAddresses"] = 0x00ffffff;
  EXPECT_EQ(getReports(start), "");
  for (TaskStart task : {scoresStart(), normStart(), activationStart(),
                         ropeStart(), elementwiseStart()})
    for (uint32_t bits : {0x00ffffffu, 0x01000000u}) {
      task["HighAddresses"] = bits;
      EXPECT_EQ(getReports(task), bits == 0x01000000 ? "HighAddresses " : "");
    }
  for (TaskStart task : {softmaxStart(), kvAppendStart()})
    for (uint32_t bits : {0x0000ffffu, 0x00010000u}) {
      task["HighAddresses"] = bits;
      EXPECT_EQ(getReports(task), bits == 0x00010000 ? "HighAddresses " : "");
    }
}

TEST(OHBMChecks, Forms) {
  TaskStart plain = linearStart();
  plain["Opcode"] = 15;
  plain["Flags"] = 2;
  EXPECT_EQ(getReports(plain), "ScaleBiasAddress ");
  plain["ScaleBiasAddress"] = 0;
  EXPECT_EQ(getReports(plain), "");
  EXPECT_EQ(getReports(plain.with("Flags", 6)), "Flags ");
  EXPECT_EQ(getReports(linearStart().with("Flags", 2)), "Flags ");
  EXPECT_EQ(getReports(linearStart().with("Flags", 7)), "Flags ");
  EXPECT_EQ(getReports(scoresStart().with("Flags", 3)), "Flags ");
  EXPECT_EQ(getReports(valuesStart().with("Flags", 5)), "Flags ");
  EXPECT_EQ(getReports(linearStart().with("Relu", 1)), "");
}

TEST(OHBMChecks, SlicesOfArgmax) {
  auto slice = [](uint32_t first, uint32_t channels, uint32_t last) {
    TaskStart start = argmaxStart();
    start["FirstChannel"] = first;
    start["OutputChannels"] = channels;
    start["LastSlice"] = last;
    return getReports(start);
  };
  EXPECT_EQ(slice(0, 1024, 63), "");
  EXPECT_EQ(slice(62 * 1024, 1024, 63), "");
  EXPECT_EQ(slice(63 * 1024, 1024, 63), "");
  EXPECT_EQ(slice(63 * 1024, 512, 63), "");
  EXPECT_EQ(slice(0, 512, 0), "");
  EXPECT_EQ(slice(1024, 1024, 0), "FirstChannel ");
  EXPECT_EQ(slice(512, 1024, 63), "FirstChannel ");
  EXPECT_EQ(slice(64 * 1024, 1024, 63), "FirstChannel ");
  EXPECT_EQ(slice(63 * 1024, 512, 64), "FirstChannel ");
  EXPECT_EQ(slice(62 * 1024 + 32, 512, 63), "FirstChannel ");
  EXPECT_TRUE(reports(withWidth(argmaxStart(), 2), "InputWidth"));
}

// D7: what the memories on the chip hold.
TEST(OHBMChecks, ActivationMemory) {
  auto most = [](TaskStart start, uint32_t tokens,
                 const DeviceInfo &device = newest()) {
    for (auto &[reg, value] : start.values)
      if (value == 9600 || value == 3 * 9600)
        value *= 8;
    return getReports(device, withWidth(start, tokens)) == "" &&
           getReports(device, withWidth(start, tokens + 1)) == "InputWidth ";
  };
  EXPECT_TRUE(most(linearStart(), 128));
  EXPECT_TRUE(most(downStart(), 37));
  EXPECT_TRUE(most(scoresStart(), 256));
  // Of one KV head; the drivers count the heads of all, and take 32.
  EXPECT_TRUE(most(valuesStart(), 32 * 32 / 16));
  EXPECT_EQ(getReports(withWidth(linearStart(), 0)), "InputWidth ");
  EXPECT_EQ(getReports(withWidth(scoresStart(), 0)), "InputWidth ");
  EXPECT_EQ(getReports(withWidth(valuesStart(), 0)), "InputWidth ");
}

TEST(OHBMChecks, WeightMemory) {
  EXPECT_EQ(getReports(downStart().with("OutputChannels", 288)), "");
  EXPECT_EQ(getReports(downStart().with("OutputChannels", 320)),
            "OutputChannels ");
  EXPECT_EQ(getReports(linearStart().with("OutputChannels", 1056)),
            "OutputChannels OutputChannels ");
  EXPECT_EQ(getReports(linearStart().with("OutputChannels", 0)),
            "OutputChannels ");
  EXPECT_EQ(getReports(linearStart().with("OutputChannels", 1000)),
            "OutputChannels ");
  EXPECT_TRUE(
      reports(scoresStart().with("OutputChannels", 1056), "OutputChannels"));
  EXPECT_EQ(getReports(valuesStart().with("OutputChannels", 160)),
            "OutputChannels ");
  TaskStart half = valuesStart();
  half["OutputChannels"] = half["FirstChannel"] = 64;
  EXPECT_EQ(getReports(half), "");
  EXPECT_EQ(getReports(half.with("FirstChannel", 96)), "OutputChannels ");
}

// The rule of section 5.1, and its values.
TEST(OHBMChecks, SlicesOfMiscTasks) {
  auto count = [](const DeviceInfo &device, TaskStart start, uint32_t channels,
                  uint32_t tokens) {
    start["Channels"] = channels;
    start["Width"] = tokens;
    start["Reciprocal"] = encodeFP20(1.0f / channels);
    for (const char *reg : {"InputSurface", "InputLine", "OutputSurface",
                            "OutputLine", "OtherSurface", "OtherLine"})
      if (start.values.count(reg))
        start[reg] = 2048 * 64;
    if (start.values.count("AllTokens"))
      start["AllTokens"] = 4096;
    return getReports(device, start);
  };
  const std::pair<uint32_t, uint32_t> rows[] = {
      {3584, 146}, {4096, 128}, {13696, 37}, {18944, 27}, {2048, 2048}};
  for (auto [channels, tokens] : rows)
    for (const TaskStart &start :
         {normStart(), activationStart(), elementwiseStart()}) {
      EXPECT_EQ(count(newest(), start, channels, tokens), "") << channels;
      EXPECT_NE(count(newest(), start, channels, tokens + 1), "") << channels;
    }
  const DeviceInfo &burst64 = lookUp("ohbm-20250323");
  EXPECT_EQ(count(burst64, normStart(), 4096, 2048), "");
  EXPECT_EQ(count(burst64, normStart(), 13696, 37), "");
  EXPECT_EQ(count(burst64, normStart(), 13696, 38), "Width ");
  const DeviceInfo &byCall = lookUp("ohbm-20250314");
  EXPECT_EQ(count(byCall, activationStart(), 512, 1024), "");
  EXPECT_EQ(count(byCall, activationStart(), 512, 1025), "Width ");
  EXPECT_EQ(count(byCall, elementwiseStart(), 4096, 300), "");
  auto columns = [&](const DeviceInfo &device, uint32_t tokens) {
    TaskStart start = softmaxStart();
    start["Width"] = tokens;
    return getReports(device, start);
  };
  EXPECT_EQ(columns(byCall, 32), "");
  EXPECT_EQ(columns(byCall, 33), "Width ");
  EXPECT_EQ(columns(newest(), 300), "");
  // A slice of queries has 128 tokens, in old versions 1024.
  TaskStart queries = ropeStart();
  for (const char *reg :
       {"InputSurface", "InputLine", "OutputSurface", "OutputLine"})
    queries[reg] = 65536;
  EXPECT_EQ(getReports(queries.with("Width", 128)), "");
  EXPECT_EQ(getReports(queries.with("Width", 129)), "Width ");
  EXPECT_EQ(getReports(byCall, queries.with("Width", 1024)), "");
  EXPECT_EQ(getReports(byCall, queries.with("Width", 1025)), "Width ");
}

TEST(OHBMChecks, Strides) {
  // Two surfaces have no bytes in common, and are whole rows.
  EXPECT_EQ(getReports(linearStart().with("InputSurface", 43 * 32)),
            "InputSurface InputLine ");
  EXPECT_EQ(getReports(linearStart().with("InputLine", 9632)), "InputLine ");
  TaskStart start = scoresStart();
  start["OutputHead"] = 2 * 9600;
  EXPECT_EQ(getReports(start), "") << "keys of other starts";
  start["FirstChannel"] = 1024;
  EXPECT_EQ(getReports(start), "OutputHead ");
  start["OutputHead"] = 3 * 9600;
  EXPECT_EQ(getReports(start), "");
  EXPECT_EQ(getReports(start.with("OutputHead", 5 * 9600)), "OutputHead ");
  EXPECT_EQ(getReports(start.with("FirstChannel", 1696)),
            "OutputChannels OutputHead ");
}

TEST(OHBMChecks, Tokens) {
  EXPECT_EQ(getReports(kvAppendStart().with("Past", 1748)), "");
  EXPECT_EQ(getReports(kvAppendStart().with("Past", 1749)), "Past ");
  EXPECT_EQ(getReports(softmaxStart().with("Position", 78)), "Columns ");
  EXPECT_TRUE(reports(softmaxStart().with("Columns", 2049), "Columns"));
  EXPECT_TRUE(
      reports(valuesStart().with("InputChannels", 2080), "InputChannels"));
  for (const TaskStart &start :
       {normStart(), activationStart(), softmaxStart(), ropeStart(),
        kvAppendStart(), elementwiseStart()}) {
    EXPECT_TRUE(reports(start.with("Width", 0), "Width"));
    EXPECT_TRUE(reports(start.with("Width", 2049), "Width"));
  }
  for (const TaskStart &start : {softmaxStart(), ropeStart(), kvAppendStart()})
    EXPECT_TRUE(reports(start.with("Heads", 0), "Heads"));
}

// Whether tokens need a mask says the model; the checker asks its plan.
TEST(OHBMChecks, Mask) {
  EXPECT_EQ(getReports(softmaxStart().with("Mask", 0)), "");
  EXPECT_EQ(getReports(softmaxStart().with("Mask", 2)), "Mask ");
  TaskStart one = softmaxStart();
  one["Width"] = 1;
  one["Position"] = 376;
  EXPECT_EQ(getReports(one), "");
  EXPECT_EQ(getReports(one.with("Mask", 0)), "");
}

TEST(OHBMChecks, Scales) {
  EXPECT_EQ(getReports(scoresStart().with("Scale", 253952)), "");
  EXPECT_EQ(getReports(scoresStart().with("Scale", 0)), "Scale ");
  EXPECT_EQ(getReports(scoresStart().with("Scale", 224577 | 1 << 19)),
            "Scale ");
  for (uint32_t channels = 32; channels <= 20000; channels += 32) {
    const uint32_t code = encodeFP20(1.0f / channels);
    const TaskStart start = normStart().with("Channels", channels);
    EXPECT_FALSE(reports(start.with("Reciprocal", code), "Reciprocal"))
        << channels;
    EXPECT_TRUE(reports(start.with("Reciprocal", code + 1), "Reciprocal"))
        << channels;
  }
}

// The checker and the encoders share no formula, so they are compared.
TEST(OHBMChecks, EncodersAgree) {
  for (const DeviceInfo *device : {&newest(), &v80()})
    for (int64_t inputs = 32; inputs <= 40000; inputs += 32) {
      TaskStart start = linearStart();
      start["FirstChannel"] = 0;
      start["InputChannels"] = inputs;
      start["ChannelBits"] = 8 * channelBytes(*device, inputs);
      start["LastGroupChannels"] =
          paddedInputs(*device, inputs) -
          groupChannels(*device) * (scaleGroups(*device, inputs) - 1);
      start["OutputChannels"] = linearChannels(*device, inputs, 65024);
      const uint32_t tokens =
          std::min<int64_t>(linearTokens(*device, inputs), 2048);
      for (const char *reg :
           {"InputSurface", "InputLine", "OutputSurface", "OutputLine"})
        start[reg] = 64 * 2048;
      ASSERT_EQ(getReports(*device, withWidth(start, tokens)), "") << inputs;
      ASSERT_NE(getReports(*device, withWidth(start, tokens + 1)), "")
          << inputs;
    }
}

} // namespace
