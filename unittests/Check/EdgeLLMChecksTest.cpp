//===- EdgeLLMChecksTest.cpp - Extents and contradictions -----------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Starts.h"

#include "../../lib/Device/EdgeLLM/Encode/Partition.h"
#include "../../lib/Device/EdgeLLM/Record/Layouts.h"
#include "DLAVM/Device/FP20.h"

#include "gtest/gtest.h"

using namespace dlavm;
using namespace dlavm::test;

namespace {

/// Calls \p visit with the register values of a start.
template <typename Visit> void decode(const Start &start, Visit visit) {
  const TaskSupport &support = *getDevice().getTask(start.kind);
  std::vector<uint32_t> file(256);
  for (const auto &[name, value] : start.values)
    file[support.registers.get(name).number] = value;
  visit(support, RegisterValues(support.registers, file));
}

using Sizes = std::map<std::string, int64_t>;

/// The bytes of each extent; each begins at the address.
Sizes getExtents(const Start &start) {
  Sizes sizes;
  decode(start, [&](const TaskSupport &support, const RegisterValues &values) {
    llvm::SmallVector<Extent> extents;
    support.extents(values, getDevice(), extents);
    for (const Extent &extent : extents) {
      EXPECT_EQ(extent.begin, values[extent.reg->name]) << extent.reg->name;
      EXPECT_TRUE(
          sizes.emplace(extent.reg->name, extent.end - extent.begin).second)
          << extent.reg->name;
    }
  });
  return sizes;
}

/// The registers that are reported, with a blank after each.
std::string getReports(const Start &start) {
  std::string result;
  decode(start, [&](const TaskSupport &support, const RegisterValues &values) {
    support.check(values, getDevice(),
                  [&](const Register &reg, std::string message) {
                    EXPECT_FALSE(message.empty());
                    result += reg.name + " ";
                  });
  });
  return result;
}

/// True if \p reg is among the reported registers.
bool reports(const Start &start, const std::string &reg) {
  return (" " + getReports(start)).find(" " + reg + " ") != std::string::npos;
}

//===----------------------------------------------------------------------===//
// Extents
//===----------------------------------------------------------------------===//

TEST(EdgeLLMExtents, Linear) {
  EXPECT_EQ(getExtents(linear()),
            (Sizes{{"InputAddress", 127 * 19200 + 44 * 64},
                   {"WeightAddress", 270336},
                   {"OutputAddress", 127 * 19200 + 44 * 64},
                   {"ScaleBiasAddress", 16384}}));
}

TEST(EdgeLLMExtents, LinearForms) {
  Start start = linear();
  start["ResidualAddress"] = 4096;
  EXPECT_EQ(getExtents(start).count("ResidualAddress"), 0u);
  start["Mode"] = 1823;
  EXPECT_EQ(getExtents(start).at("ResidualAddress"), 127 * 19200 + 44 * 64);
  start["Mode"] = 287;
  EXPECT_EQ(getExtents(start).size(), 3u);
}

TEST(EdgeLLMExtents, LinearOfOtherSizes) {
  // ChatGLM2 down, 13696 to 4096, slice 7: 34 tokens.
  Start down = linear();
  down["InputChannels"] = 13696;
  down["InputWidth"] = 34;
  down["SliceChannels"] = down["LastSliceChannels"] = 256;
  down["LastSlice"] = 15;
  down["PackageBits"] = 56576;
  EXPECT_EQ(getExtents(down), (Sizes{{"InputAddress", 427 * 19200 + 34 * 64},
                                     {"WeightAddress", 905216},
                                     {"OutputAddress", 127 * 19200 + 34 * 64},
                                     {"ScaleBiasAddress", 16384}}));
  EXPECT_EQ(getExtents(argmax()), (Sizes{{"InputAddress", 8192},
                                         {"WeightAddress", 4291584},
                                         {"OutputAddress", 130048},
                                         {"ScaleBiasAddress", 260096},
                                         {"ArgmaxAddress", 64}}));
}

TEST(EdgeLLMExtents, Maps) {
  EXPECT_EQ(getExtents(norm()), (Sizes{{"WeightAddress", 16384},
                                       {"InputAddress", 2457600},
                                       {"OutputAddress", 2457600}}));
  EXPECT_EQ(getExtents(activation()), (Sizes{{"TableAddress", 96},
                                             {"InputAddress", 8217600},
                                             {"OutputAddress", 8217600}}));
  EXPECT_EQ(getExtents(elementwise()), (Sizes{{"InputAddress", 2457600},
                                              {"OtherAddress", 2457600},
                                              {"OutputAddress", 2457600}}));
}

TEST(EdgeLLMExtents, LastTokenNorm) {
  Start start = norm();
  start["OutputSurface"] = start["OutputLine"] = 64;
  start["Width"] = start["Pixels"] = 1;
  EXPECT_EQ(getExtents(start), (Sizes{{"WeightAddress", 16384},
                                      {"InputAddress", 127 * 19200 + 64},
                                      {"OutputAddress", 8192}}));
}

/// Heads are rows: of a map of 32 heads of 4 groups and 300 tokens.
static Start normOfHeads() {
  Start start = norm();
  start["ChannelGroups"] = 4;
  start["Rows"] = 32;
  start["Pixels"] = 32 * 300;
  start["InputLine"] = start["OutputLine"] = 4 * 19200;
  start["Reciprocal"] = 24 << 13; // 2^-7
  start["WeightBursts"] = 0;
  return start;
}

TEST(EdgeLLMExtents, NormOfHeads) {
  EXPECT_EQ(getExtents(normOfHeads()), (Sizes{{"WeightAddress", 512},
                                              {"InputAddress", 2457600},
                                              {"OutputAddress", 2457600}}));
}

TEST(EdgeLLMExtents, Heads) {
  EXPECT_EQ(getExtents(rope()), (Sizes{{"TableAddress", 412416},
                                       {"InputAddress", 2457600},
                                       {"OutputAddress", 2457600}}));
  EXPECT_EQ(getExtents(kvAppend()),
            (Sizes{{"InputAddress", 153600}, {"CacheAddress", 32768}}));
  EXPECT_EQ(getExtents(softmax()),
            (Sizes{{"InputAddress", 7372800}, {"OutputAddress", 7372800}}));
  EXPECT_EQ(getExtents(scores()), (Sizes{{"CacheAddress", 32768},
                                         {"InputAddress", 2446592},
                                         {"OutputAddress", 7361792}}));
  EXPECT_EQ(getExtents(values()), (Sizes{{"CacheAddress", 32768},
                                         {"InputAddress", 7356288},
                                         {"OutputAddress", 2441088}}));
}

TEST(EdgeLLMExtents, NothingAndTooMuch) {
  EXPECT_EQ(getExtents(norm().with("Width", 0)),
            (Sizes{{"WeightAddress", 16384}}));
  EXPECT_EQ(getExtents(norm().with("ChannelGroups", 0)), Sizes{});
  EXPECT_EQ(getExtents(linear().with("InputWidth", 0)),
            (Sizes{{"WeightAddress", 270336}, {"ScaleBiasAddress", 16384}}));
  EXPECT_EQ(getExtents(scores().with("HeadConfiguration", 0)), Sizes{});
  Start start = softmax();
  for (auto &[reg, value] : start.values)
    value = 0xffffffff;
  for (const auto &[reg, bytes] : getExtents(start))
    EXPECT_GT(bytes, int64_t(1) << 32) << reg;
}

//===----------------------------------------------------------------------===//
// Contradictions
//===----------------------------------------------------------------------===//

TEST(EdgeLLMChecks, RightStarts) {
  for (const Start &start :
       {linear(), argmax(), norm(), activation(), softmax(), rope(), scores(),
        values(), kvAppend(), elementwise(), weightCopy()})
    EXPECT_EQ(getReports(start), "");
  // Partitions of tested boards (section 5.2): ChatGLM2 down.
  Start down = linear();
  down["InputChannels"] = 13696;
  for (const char *reg : {"InputWidth", "OutputWidth", "Tokens"})
    down[reg] = 38;
  down["PackageBits"] = 56576;
  down["LastGroupChannels"] = 1408;
  down["SliceChannels"] = 288;
  down["LastSliceChannels"] = 64;
  down["LastSlice"] = 14;
  EXPECT_EQ(getReports(down), "");
}

TEST(EdgeLLMChecks, EachRegisterOfEachTask) {
  // Any other value of these registers contradicts the others.
  const std::pair<Start, std::vector<std::string>> cases[] = {
      {linear(), {"InputChannels",     "InputRows",     "OutputWidth",
                  "OutputRows",        "Tokens",        "PackageBits",
                  "BankStep",          "ScaleGroup",    "QuantizationBlock",
                  "LastGroupChannels", "ArgmaxAddress", "ResidualAddress",
                  "InputSurface",      "InputLine",     "OutputSurface",
                  "OutputLine",        "OnChip",        "Reserved19",
                  "Reserved20",        "Reserved21",    "Reserved25",
                  "Reserved28"}},
      {norm(),
       {"InputSurface", "InputLine", "OutputSurface", "OutputLine", "Rows",
        "Pixels", "Reciprocal", "WeightBursts", "Kind", "OnChip"}},
      {activation(),
       {"InputSurface", "InputLine", "OutputSurface", "OutputLine",
        "ChannelGroups", "ChannelGroups2", "Rows", "Pixels", "Reserved207",
        "OnChip"}},
      {softmax(),
       {"Mask", "InputHead", "InputLine", "OutputHead", "OutputLine",
        "ColumnGroups", "Rows", "Reserved207", "OnChip"}},
      {rope(),
       {"InputHead", "InputLine", "OutputHead", "OutputLine", "ChannelGroups",
        "TableHalf", "TableLine", "Reserved207", "OnChip"}},
      {scores(),
       {"InputHead", "InputLine", "OutputHead", "OutputLine", "CacheHead",
        "CacheLine", "HeadChannels", "HeadConfiguration", "OnChip"}},
      {values(),
       {"InputHead", "InputLine", "OutputHead", "OutputLine", "CacheHead",
        "CacheLine", "HeadChannels", "HeadConfiguration", "OnChip"}},
      {kvAppend(),
       {"InputHead", "InputLine", "CacheHead", "CacheLine", "BankStep",
        "ChannelGroups", "Transpose", "Reserved207", "OnChip"}},
      {elementwise(),
       {"Mode", "InputSurface", "InputLine", "OutputSurface", "OutputLine",
        "Rows", "OnChip"}},
      {weightCopy(), {"LengthBits", "Port"}}};
  for (const auto &[start, regs] : cases)
    for (const std::string &reg : regs) {
      const uint32_t value = start.values.at(reg);
      const uint32_t other = reg == "Mask" || reg == "Kind" ? 2 : value + 1;
      EXPECT_TRUE(reports(start.with(reg, other), reg))
          << getDevice().getTask(start.kind)->registers.getName().str()
          << "::" << reg;
    }
}

TEST(EdgeLLMChecks, Opcodes) {
  EXPECT_TRUE(reports(linear().with("Mode", 286), "Mode"));
  EXPECT_TRUE(reports(norm().with("Opcode", 33), "Opcode"));
}

TEST(EdgeLLMChecks, Widths) {
  auto wide = [](uint32_t tokens) {
    Start start = linear();
    for (const char *reg : {"InputWidth", "OutputWidth", "Tokens"})
      start[reg] = tokens;
    return start;
  };
  EXPECT_EQ(getReports(wide(128)), "");
  EXPECT_EQ(getReports(wide(129)), "InputWidth ");
  EXPECT_EQ(getReports(wide(0)), "InputWidth ");
  EXPECT_EQ(getReports(scores().with("Width", 129)), "Width ");
  EXPECT_EQ(getReports(scores().with("Width", 0)), "Width ");
  EXPECT_EQ(getReports(values().with("Width", 43)), "Width ");
  EXPECT_TRUE(reports(norm().with("Width", 0), "Width"));
  EXPECT_EQ(getReports(kvAppend().with("Width", 0)), "Width ");
  EXPECT_TRUE(reports(softmax().with("Width", 0), "Width"));
  Start last = argmax();
  for (const char *reg : {"InputWidth", "OutputWidth", "Tokens"})
    last[reg] = 2;
  EXPECT_TRUE(reports(last, "InputWidth"));
}

TEST(EdgeLLMChecks, Partitions) {
  EXPECT_EQ(getReports(linear().with("SliceChannels", 1056)), "SliceChannels ");
  EXPECT_EQ(getReports(linear().with("SliceChannels", 992)),
            "LastSliceChannels ");
  EXPECT_EQ(getReports(linear().with("LastSliceChannels", 1000)),
            "LastSliceChannels ");
  EXPECT_EQ(getReports(linear().with("LastSliceChannels", 0)),
            "LastSliceChannels ");
  // One slice is the last one.
  Start whole = linear().with("LastSlice", 0);
  EXPECT_EQ(getReports(whole), "");
  EXPECT_EQ(getReports(whole.with("LastSliceChannels", 512)), "SliceChannels ");
  // The weight buffer holds 32768 channels of 128 inputs, the FIFOs 2048.
  Start narrow = linear();
  narrow["InputChannels"] = narrow["LastGroupChannels"] = 128;
  narrow["PackageBits"] = 768;
  narrow["SliceChannels"] = narrow["LastSliceChannels"] = 2048;
  EXPECT_EQ(getReports(narrow), "");
  narrow["SliceChannels"] = 4096;
  EXPECT_EQ(getReports(narrow), "SliceChannels ");
  narrow["Mode"] = 287;
  narrow["ScaleBiasAddress"] = 0;
  EXPECT_EQ(getReports(narrow), "");
}

// The tables of sections 3.2, 5.1 and 5.2 and of register 24 in section 8.2.
TEST(EdgeLLMChecks, MatricesOfTheRegisterDocument) {
  struct Row {
    uint32_t inputs, package, lastGroup, tokens, channels;
  };
  for (const Row &row :
       {Row{128, 96, 128, 4096, 32768}, Row{3584, 1856, 1536, 146, 1152},
        Row{4096, 2112, 2048, 128, 1024}, Row{11008, 5696, 768, 47, 352},
        Row{13696, 7072, 1408, 38, 288}, Row{18944, 9792, 512, 27, 192}}) {
    SCOPED_TRACE(row.inputs);
    Start start = linear();
    start["Mode"] = 287;
    start["ScaleBiasAddress"] = 0;
    start["InputChannels"] = row.inputs;
    start["PackageBits"] = 8 * row.package;
    start["LastGroupChannels"] = row.lastGroup;
    start["SliceChannels"] = start["LastSliceChannels"] = row.channels;
    for (const char *reg : {"InputWidth", "OutputWidth", "Tokens"})
      start[reg] = row.tokens;
    for (const char *reg :
         {"InputSurface", "InputLine", "OutputSurface", "OutputLine"})
      start[reg] = 64 * row.tokens;
    EXPECT_EQ(getReports(start), "");
    for (int change : {-256, 256})
      EXPECT_EQ(getReports(start.with("PackageBits", 8 * row.package + change)),
                "PackageBits ");
    for (int change : {-128, 128})
      EXPECT_EQ(
          getReports(start.with("LastGroupChannels", row.lastGroup + change)),
          "LastGroupChannels ");
    EXPECT_EQ(getReports(start.with("SliceChannels", row.channels + 32)),
              "SliceChannels ");
    start["OutputWidth"] = start["Tokens"] = ++start["InputWidth"];
    EXPECT_TRUE(reports(start, "InputWidth"));
  }
}

// The checker and the encoders share no formula, so they are compared.
TEST(EdgeLLMChecks, EncodersAgree) {
  for (uint32_t inputs = 32; inputs <= 40000; inputs += 32) {
    const DeviceInfo &device = getDevice();
    Start start = linear();
    start["InputChannels"] = inputs;
    start["PackageBits"] = 8 * edgellm::packageBytes(device, inputs);
    start["LastGroupChannels"] = edgellm::lastGroupChannels(device, inputs);
    const edgellm::OutputPartition partition =
        edgellm::partitionOutputChannels(device, inputs, 65024, true);
    start["SliceChannels"] = partition.sliceChannels;
    start["LastSliceChannels"] = partition.lastSliceChannels;
    start["LastSlice"] = partition.slices - 1;
    const uint32_t tokens = edgellm::linearTokens(device, inputs);
    for (const char *reg : {"InputWidth", "OutputWidth", "Tokens"})
      start[reg] = tokens;
    for (const char *reg :
         {"InputSurface", "InputLine", "OutputSurface", "OutputLine"})
      start[reg] = 64 * tokens;
    ASSERT_EQ(getReports(start), "") << inputs;
  }
}

TEST(EdgeLLMChecks, NormOfHeads) {
  EXPECT_EQ(getReports(normOfHeads()), "");
  for (const char *reg : {"InputLine", "OutputLine"}) {
    EXPECT_EQ(getReports(normOfHeads().with(reg, 19200)),
              reg + std::string(" "));
    EXPECT_EQ(getReports(normOfHeads().with(reg, 5 * 19200)),
              reg + std::string(" "));
  }
  EXPECT_EQ(getReports(normOfHeads().with("Rows", 31)), "Pixels Rows ");
  EXPECT_EQ(getReports(normOfHeads().with("Rows", 256)), "Rows Pixels Rows ");
  EXPECT_EQ(getReports(normOfHeads().with("Pixels", 300)), "Pixels Rows ");
}

TEST(EdgeLLMChecks, ReciprocalsOfNorms) {
  std::vector<uint32_t> groups;
  for (uint32_t count = 1; count <= 5000; ++count)
    groups.push_back(count);
  // Down to the subnormal numbers.
  for (int bit = 13; bit < 32; ++bit)
    for (uint32_t below : {0, 1, 77})
      groups.push_back((1u << bit) - below);
  for (uint32_t count : groups) {
    const uint32_t code = encodeFP20(1.0f / (int64_t(32) * count));
    Start start = norm().with("ChannelGroups", count);
    EXPECT_FALSE(reports(start.with("Reciprocal", code), "Reciprocal"))
        << count;
    EXPECT_TRUE(reports(start.with("Reciprocal", code + 1), "Reciprocal"))
        << count;
  }
}

TEST(EdgeLLMChecks, Forms) {
  EXPECT_EQ(getReports(linear().with("Mode", 1823)), "");
  EXPECT_EQ(getReports(linear().with("Mode", 1823).with("ElementwiseMode", 2)),
            "");
  EXPECT_EQ(getReports(linear().with("Mode", 1823).with("ElementwiseMode", 4)),
            "ElementwiseMode ");
  EXPECT_EQ(getReports(linear().with("ElementwiseMode", 2)),
            "ElementwiseMode ");
  EXPECT_EQ(getReports(linear().with("ResidualAddress", 64)),
            "ResidualAddress ");
  EXPECT_EQ(getReports(linear().with("Mode", 287)), "ScaleBiasAddress ");
  EXPECT_EQ(getReports(linear().with("ArgmaxAddress", 64)), "ArgmaxAddress ");
}

TEST(EdgeLLMChecks, Tokens) {
  EXPECT_EQ(getReports(kvAppend().with("Past", 1748)), "");
  EXPECT_EQ(getReports(kvAppend().with("Past", 1749)), "Past ");
  EXPECT_EQ(getReports(rope().with("Past", 1749)), "Past ");
  EXPECT_TRUE(reports(softmax().with("Columns", 376), "Columns"));
  EXPECT_TRUE(reports(scores().with("Columns", 2049), "Columns"));
  EXPECT_TRUE(reports(softmax().with("Columns", 2049), "Columns"));
}

// Whether tokens need a mask says the model; the checker asks its plan.
TEST(EdgeLLMChecks, Mask) {
  EXPECT_EQ(getReports(softmax().with("Mask", 0)), "");
  EXPECT_EQ(getReports(softmax().with("Mask", 2)), "Mask ");
  Start one = softmax();
  one["Width"] = one["Rows"] = 1;
  one["Past"] = 376;
  EXPECT_EQ(getReports(one.with("Mask", 0)), "");
  EXPECT_EQ(getReports(one), "");
}

TEST(EdgeLLMChecks, Heads) {
  // 28 query heads for 4 KV heads, as Qwen2 has.
  Start qwen = scores().with("HeadConfiguration", 400388);
  qwen["Width"] = 292;
  EXPECT_TRUE(reports(qwen.with("InputLine", 18624), "InputLine"));
  EXPECT_EQ(getReports(qwen), "");
  EXPECT_EQ(getReports(qwen.with("Width", 293)), "Width ");
  const uint32_t group = 15 << 16;
  for (uint32_t wrong : {group + (32 << 8), group + 2u, (14u << 16) + 0x2002,
                         group + (33 << 8) + 2})
    EXPECT_TRUE(
        reports(scores().with("HeadConfiguration", wrong), "HeadConfiguration"))
        << wrong;
  EXPECT_EQ(getReports(kvAppend().with("Heads", 256)), "Heads ");
  EXPECT_EQ(getReports(kvAppend().with("Heads", 0)), "Heads ");
  // Heads follow each other, also where there is only one.
  Start one = kvAppend().with("Heads", 1);
  EXPECT_EQ(getReports(one), "");
  EXPECT_EQ(getReports(one.with("InputHead", one["InputHead"] + 64)),
            "InputHead ");
  EXPECT_EQ(getReports(one.with("InputHead", one["InputHead"] - 64)),
            "InputHead ");
  EXPECT_EQ(getReports(scores().with("BankStepAndScale", 224577)),
            "BankStepAndScale ");
}

TEST(EdgeLLMChecks, WeightCopy) {
  EXPECT_EQ(getReports(weightCopy().with("LengthBits", 524288)), "");
  EXPECT_EQ(getReports(weightCopy().with("LengthBits", 524296)), "LengthBits ");
  EXPECT_EQ(getReports(weightCopy().with("LengthBits", 0)), "LengthBits ");
  Start high = weightCopy().with("DestinationHigh", 1);
  EXPECT_EQ(getReports(high.with("Port", 19)), "");
  EXPECT_EQ(getReports(high), "Port ");
}

TEST(EdgeLLMChecks, AnythingIsSurvived) {
  for (Start start :
       {linear(), argmax(), norm(), activation(), softmax(), rope(), scores(),
        values(), kvAppend(), elementwise(), weightCopy()})
    for (uint32_t value : {0u, 1u, 0x7fffffffu, 0xffffffffu}) {
      for (auto &[reg, current] : start.values)
        current = value;
      EXPECT_NE(getReports(start), "");
    }
}

} // namespace
