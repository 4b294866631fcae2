//===- Checks.cpp - What registers of the ohbm family say -----------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The contradictions among the registers of a start. The encoders are not
// consulted: what is checked here is what they wrote. Sections named in
// comments are those of the ohbm register document; D1 to D7 are in its
// additions.
//
//===----------------------------------------------------------------------===//

#include "Check.h"
#include "Rules.h"

using namespace dlavm;
using namespace dlavm::ohbm;
using llvm::alignTo;
using llvm::divideCeil;
using llvm::StringRef;
using llvm::Twine;

using Report = RegisterRules::Report;

//===----------------------------------------------------------------------===//
// Matrix unit (section 4.1)
//===----------------------------------------------------------------------===//

/// A channel count with its logarithm above it.
static int64_t withLog2(const DeviceInfo &device, int64_t channels) {
  return (int64_t(llvm::Log2_64(channels)) << device["log2_CH"]) + channels;
}

/// Registers 8 and 9: with argmax, starts say which of the slices they are.
static void checkSlice(Rules &rules, const RegisterValues &v) {
  if (!hasArgmax(v))
    return rules.equals("LastSlice", 0, "the form of the task has no argmax");
  rules.equals("InputWidth", 1, "argmax is that of one token");
  const int64_t first = v["FirstChannel"], channels = v["OutputChannels"];
  const int64_t last = v["LastSlice"];
  if (channels == 0)
    return;
  // All but the last have as many channels, a power of two.
  const bool isBefore = first % channels == 0 && first / channels < last &&
                        llvm::isPowerOf2_64(channels);
  const bool isLast = last == 0
                          ? first == 0
                          : first % last == 0 && first / last >= channels &&
                                llvm::isPowerOf2_64(first / last);
  rules.require(isBefore || isLast, "FirstChannel",
                "where none of " + Twine(last + 1) +
                    " slices begins that has " + Twine(channels) + " channels");
}

// Section 4.2.
static void checkLinear(const RegisterValues &v, const DeviceInfo &device,
                        Report report) {
  Rules rules(v, device, report);
  const int64_t width = v["InputWidth"], inputs = v["InputChannels"];
  rules.channels("InputChannels");
  rules.width("InputWidth");
  rules.equals("OutputWidth", width, "the InputWidth");
  rules.map("Input", width);
  rules.map("Output", width);
  rules.isNamed("Relu");
  rules.flags(hasScaleBias(v) ? device["Scale_Bias_Flag"] : 0);
  const int64_t group =
      device["T_quant_block"] * device["Scale_Record_Bits"] / 16;
  rules.equals("ScaleGroup", withLog2(device, group),
               "the scale group of the device");
  rules.equals("QuantizationBlock", withLog2(device, device["T_quant_block"]),
               "the quantization block of the device");
  if (inputs > 0) {
    // C_p and G of section 3.4.
    const int64_t padded = alignTo(inputs, device["Tin"]);
    const int64_t groups = divideCeil(padded, group);
    const int64_t weightBits = device["MAX_WT_DW"] * padded;
    rules.fitsInputs("InputWidth", rules.g.rows(inputs));
    rules.part(weightBits);
    rules.equals(
        "ChannelBits", weightBits + device["Scale_Record_Bits"] * groups,
        "the weights and scales of " + Twine(inputs) + " input channels");
    rules.equals("LastGroupChannels", padded - group * (groups - 1),
                 "what InputChannels leave for the last scale record");
  }
  if (!hasScaleBias(v))
    rules.equals("ScaleBiasAddress", 0, "the form of the task has none");
  checkSlice(rules, v);
}

namespace {
/// What a register says about one direction of a kernel.
struct Kernel {
  explicit Kernel(int64_t code)
      : size(code >> 16), step(code >> 8 & 255), padding(code & 255) {}
  int64_t size, step, padding;
};
} // namespace

// Section 4.12.
static void checkConv2D(const RegisterValues &v, const DeviceInfo &device,
                        Report report) {
  Rules rules(v, device, report);
  const Geometry &g = rules.g;
  rules.channels("InputChannels");
  for (StringRef count :
       {"InputWidth", "InputRows", "OutputWidth", "OutputRows"})
    rules.counts(count);
  const Kernel rows(v["RowKernel"]), columns(v["ColumnKernel"]);
  for (auto [reg, kernel] :
       {std::pair("RowKernel", rows), std::pair("ColumnKernel", columns)}) {
    rules.require(kernel.size > 0 && kernel.step > 0, reg,
                  "a kernel or a step of no pixels");
    rules.require(kernel.padding < std::max<int64_t>(kernel.size, 1), reg,
                  "a padding as large as the kernel");
  }
  if (rows.step > 0 && columns.step > 0) {
    const int64_t places = v["InputWidth"] + 2 * columns.padding - columns.size;
    rules.equals("OutputWidth", places < 0 ? 0 : places / columns.step + 1,
                 "the places of the kernel in a row of the input");
    // Rows that the last place of the kernel reaches; there may be padding
    // below, and rows that it does not reach.
    const int64_t reached = saturatingProduct(v["OutputRows"] - 1, rows.step) +
                            rows.size - rows.padding;
    rules.require(v["InputRows"] > reached - std::max<int64_t>(rows.size, 1),
                  "InputRows",
                  "but the last place of the kernel begins behind them");
    rules.require(v["InputRows"] < reached + rows.step, "InputRows",
                  "but the kernel reaches only " + Twine(reached));
  }
  for (auto [prefix, height, width] :
       {std::tuple("Input", v["InputRows"], v["InputWidth"]),
        std::tuple("Output", v["OutputRows"], v["OutputWidth"])}) {
    const std::string line = (Twine(prefix) + "Line").str();
    const std::string surface = (Twine(prefix) + "Surface").str();
    rules.equals(line, saturatingProduct(width, g.rowBytes),
                 "a row of " + Twine(width) + " pixels");
    const int64_t least = saturatingProduct(height, v[line]);
    rules.require(v[line] == 0 || v[surface] % v[line] == 0, surface,
                  "not a multiple of the " + Twine(line));
    rules.require(v[surface] >= least, surface,
                  "less than the " + Twine(least) + " bytes of " +
                      Twine(height) + " rows");
  }
  const int64_t lineBits = saturatingProduct(
      saturatingProduct(v["InputWidth"], g.rows(v["InputChannels"])),
      g.lanes * device["MAX_DAT_DW"]);
  if (lineBits > 0)
    rules.atMost("InputRows", device["Activation_Memory_Bits"] / lineBits,
                 "the activation memory holds no more rows");
  const int64_t weightBits = saturatingProduct(
      saturatingProduct(rows.size, columns.size),
      device["MAX_WT_DW"] *
          static_cast<int64_t>(alignTo(v["InputChannels"], device["Tin"])));
  rules.equals("ChannelBits", weightBits,
               "the weights of the kernel for " + Twine(v["InputChannels"]) +
                   " input channels");
  rules.partOfMemory(weightBits);
  rules.isNamed("Relu");
  rules.flags(device["Scale_Bias_Flag"]);
}

/// What both products of activations share. Of the activation memory, a token
/// takes so many rows; of the weight memory, an output channel so many bits.
static void checkAttention(Rules &rules, const RegisterValues &v,
                           const DeviceInfo &device, int64_t rows,
                           int64_t channelBits) {
  rules.width("InputWidth");
  rules.equals("OutputWidth", v["InputWidth"], "the InputWidth");
  rules.counts("OutputHeads");
  rules.packsHeads(v["OutputHeads"]);
  rules.fitsInputs("InputWidth", rows);
  rules.part(channelBits);
  rules.equals("ChannelBits", channelBits,
               Twine(v["InputChannels"]) + " numbers of the cache");
  rules.flags(0);
}

// Section 4.3.
static void checkScores(const RegisterValues &v, const DeviceInfo &device,
                        Report report) {
  Rules rules(v, device, report);
  const Geometry &g = rules.g;
  const int64_t rows = g.headRows(v["OutputHeads"]);
  checkAttention(rules, v, device, rows, g.headChannels * device["MAX_DAT_DW"]);
  rules.equals("InputChannels", g.headChannels, "the channels of a head");
  if (device["Scores_With_Slots"] != 0)
    rules.equals("InputHeads", rows * g.headsPerRow,
                 "the slots of " + Twine(rows) + " rows");
  else
    rules.equals("InputHeads", v["OutputHeads"], "the OutputHeads");
  // A positive FP20 number.
  rules.counts("Scale");
  rules.atMost("Scale", (1 << 19) - 1, "which is no positive scale");
  rules.equals("HeadPacking", 1, "the heads of the queries share rows");
  rules.map("Input", v["InputWidth"]);
  rules.stride("OutputLine", v["InputWidth"]);
  const int64_t columns = v["FirstChannel"] + v["OutputChannels"];
  rules.require(columns <= static_cast<int64_t>(
                               alignTo(device["MAX_TOKEN"], device["Tout"])),
                "OutputChannels",
                "so that the last column is " + Twine(columns) +
                    ", but KV caches hold no more than " +
                    Twine(device["MAX_TOKEN"]) + " tokens");
  // The heads have rows for all columns, those of other starts too.
  const int64_t line = v["OutputLine"];
  if (line == 0)
    return;
  rules.require(v["OutputHead"] % line == 0, "OutputHead",
                "not a multiple of the OutputLine " + Twine(line));
  rules.require(v["OutputHead"] / line >= g.rows(columns), "OutputHead",
                "less than the " + Twine(g.rows(columns)) + " rows of " +
                    Twine(columns) + " columns");
  rules.require(v["OutputHead"] / line <= g.rows(device["MAX_TOKEN"]),
                "OutputHead", "more than the rows of the largest context");
}

// Section 4.4.
static void checkValues(const RegisterValues &v, const DeviceInfo &device,
                        Report report) {
  Rules rules(v, device, report);
  const Geometry &g = rules.g;
  const int64_t columns = v["InputChannels"];
  rules.channels("InputChannels");
  rules.atMost("InputChannels", alignTo(device["MAX_TOKEN"], device["Tout"]),
               "KV caches hold no more tokens");
  checkAttention(rules, v, device,
                 saturatingProduct(v["OutputHeads"], g.rows(columns)),
                 columns * device["MAX_DAT_DW"]);
  rules.equals("InputHeads", v["OutputHeads"], "the OutputHeads");
  rules.require(v["FirstChannel"] + v["OutputChannels"] <= g.headChannels,
                "OutputChannels",
                "from " + Twine(v["FirstChannel"]) + " on, but a head has " +
                    Twine(g.headChannels));
  rules.equals("HeadChannels", device["Values_Head_Width"],
               "what the version wants");
  // 1.0: no fraction, the exponent of 31.
  rules.equals("Scale", 31 << 13, "the FP20 code of 1");
  rules.equals("WeightLine", g.lineStride(device),
               "the distance of 32 channels in the cache");
  rules.equals("HeadPacking", g.headsPerRow > 1 ? 2 : 0,
               "whether heads of the output share rows");
  rules.columns("Input", columns, v["InputWidth"]);
  rules.map("Output", v["InputWidth"]);
}

//===----------------------------------------------------------------------===//
// Misc unit
//===----------------------------------------------------------------------===//

// Section 4.5.
static void checkNorm(const RegisterValues &v, const DeviceInfo &device,
                      Report report) {
  Rules rules(v, device, report);
  const int64_t channels = v["Channels"];
  rules.channels("Channels");
  rules.width("Width");
  rules.map("Input", v["Width"]);
  rules.map("Output", v["Width"]);
  rules.fitsRows(rules.g.rows(channels));
  rules.isNamed("Kind");
  if (channels > 0)
    rules.equals("Reciprocal", getReciprocalCode(channels),
                 "the FP20 code of 1 / " + Twine(channels));
  if (v.has("AllTokens"))
    rules.equals("OutputSurface",
                 saturatingProduct(v["AllTokens"], rules.g.rowBytes),
                 "a row of AllTokens tokens");
}

// Section 4.6.
static void checkSoftmax(const RegisterValues &v, const DeviceInfo &device,
                         Report report) {
  Rules rules(v, device, report);
  const int64_t columns = v["Columns"];
  rules.isNamed("Mask");
  rules.counts("Heads");
  rules.counts("Columns");
  rules.atMost("Columns", device["MAX_TOKEN"], "KV caches hold no more tokens");
  rules.equals("Columns2", columns, "the Columns");
  rules.positions("Position");
  const int64_t end = v["Position"] + v["Width"];
  rules.require(end <= columns, "Columns",
                "fewer than Position + Width = " + Twine(end));
  rules.columns("Input", columns, v["Width"]);
  rules.columns("Output", columns, v["Width"]);
  rules.fitsRows(rules.g.rows(columns), v["Heads"]);
}

// Section 4.7.
static void checkElementwise(const RegisterValues &v, const DeviceInfo &device,
                             Report report) {
  Rules rules(v, device, report);
  rules.isNamed("Operation");
  rules.channels("Channels");
  rules.width("Width");
  for (StringRef map : {"Input", "Other", "Output"})
    rules.map(map, v["Width"]);
  // Versions that cut by call do not cut this one.
  if (device["Cut_By_Call"] == 0)
    rules.fitsRows(rules.g.rows(v["Channels"]));
}

// Section 4.8.
static void checkActivation(const RegisterValues &v, const DeviceInfo &device,
                            Report report) {
  Rules rules(v, device, report);
  rules.channels("Channels");
  rules.width("Width");
  rules.map("Input", v["Width"]);
  rules.map("Output", v["Width"]);
  rules.fitsRows(rules.g.rows(v["Channels"]));
  if (v.has("TableUse"))
    rules.isNamed("TableUse");
}

// Section 4.9.
static void checkKVAppend(const RegisterValues &v, const DeviceInfo &device,
                          Report report) {
  Rules rules(v, device, report);
  rules.isNamed("Side");
  rules.equals("HeadChannels", rules.g.headChannels, "the channels of a head");
  rules.counts("Heads");
  rules.packsHeads(v["Heads"]);
  rules.positions("Past");
  rules.map("Input", v["Width"]);
  rules.equals("CacheHead", rules.g.headStride(device),
               "the bytes of a head of the cache in each port");
  rules.equals("CacheLine", rules.g.lineStride(device),
               "the distance of 32 channels in the cache");
}

// Section 4.10.
static void checkRope(const RegisterValues &v, const DeviceInfo &device,
                      Report report) {
  Rules rules(v, device, report);
  rules.isNamed("Pairing");
  rules.equals("HeadChannels", rules.g.headChannels, "the channels of a head");
  rules.counts("Heads");
  rules.packsHeads(v["Heads"]);
  rules.width("Width");
  rules.map("Input", v["Width"]);
  rules.map("Output", v["Width"]);
  for (StringRef reg : {"TableSurface", "TableLine"})
    rules.equals(reg, rules.g.rowBytes * device["MAX_TOKEN"], "MAX_TOKEN rows");
  rules.fitsRows(device["Cut_By_Call"] != 0 ? 1 : rules.g.headRows(v["Heads"]));
}

void ohbm::addChecks(DeviceInfo &device) {
  addExtents(device);
  addWork(device);
  device.addTask(TaskKind::Linear).check = checkLinear;
  device.addTask(TaskKind::Conv2D).check = checkConv2D;
  device.addTask(TaskKind::Scores).check = checkScores;
  device.addTask(TaskKind::Values).check = checkValues;
  device.addTask(TaskKind::Norm).check = checkNorm;
  device.addTask(TaskKind::Softmax).check = checkSoftmax;
  device.addTask(TaskKind::Elementwise).check = checkElementwise;
  device.addTask(TaskKind::Activation).check = checkActivation;
  device.addTask(TaskKind::KVAppend).check = checkKVAppend;
  device.addTask(TaskKind::Rope).check = checkRope;
}
