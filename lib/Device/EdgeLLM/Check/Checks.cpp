//===- Checks.cpp - What registers of the edgellm family say --------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The contradictions among the registers of a start. The encoders are not
// consulted: what is checked here is what they wrote. Sections named in
// comments are those of the EdgeLLM register document.
//
//===----------------------------------------------------------------------===//

#include "Check.h"
#include "Rules.h"

using namespace dlavm;
using namespace dlavm::edgellm;
using llvm::alignTo;
using llvm::divideCeil;
using llvm::StringRef;
using llvm::Twine;

namespace {
/// A weight matrix in the letters of section 3.2.
struct WeightMatrix {
  explicit WeightMatrix(int64_t cin)
      : nblk((cin + 127) / 128), ng((128 * nblk + 2047) / 2048) {}

  /// Register 12, `8*PKG`.
  int64_t getPackageBits() const { return 512 * nblk + 256 * ng; }
  /// Register 24.
  int64_t getLastGroupChannels() const { return 128 * nblk - 2048 * (ng - 1); }
  /// `w_max` of section 5.1: a token takes a word of the buffer for each block.
  int64_t getMaxTokens(const DeviceInfo &device) const {
    return device["DAT_BRAM_DEPTH"] / nblk;
  }
  /// `cap` of section 5.2: an output channel takes two words for each block.
  int64_t getMaxChannels(const DeviceInfo &device) const {
    return 32 * (device["WT_BRAM_DEPTH"] * device["ASYN_FACTOR"] / (2 * nblk));
  }

  int64_t nblk;
  int64_t ng;
};
} // namespace

/// A channel count with its logarithm above it.
static int64_t withLog2(const DeviceInfo &device, int64_t channels) {
  return (int64_t(llvm::Log2_64(channels)) << device["log2_CH"]) + channels;
}

/// Registers 7, 8 and 14. Boards also ran other partitions than ours, so all
/// that fits is right (5.2).
static void checkPartition(Rules &rules, const DeviceInfo &device,
                           int64_t limit) {
  const int64_t slice = rules["SliceChannels"];
  for (StringRef reg : {"SliceChannels", "LastSliceChannels"}) {
    rules.counts(reg);
    rules.require(rules[reg] % device["Tout"] == 0, reg,
                  "not a multiple of " + Twine(device["Tout"]));
  }
  rules.atMost("SliceChannels", limit,
               "the buffers hold no more output channels of " +
                   Twine(rules["InputChannels"]) + " input channels");
  rules.atMost("LastSliceChannels", slice,
               "the last slice is no larger than the others");
  if (rules["LastSlice"] == 0)
    rules.equals("SliceChannels", rules["LastSliceChannels"],
                 "the LastSliceChannels, as there is one slice");
}

static void checkLinear(const RegisterValues &v, const DeviceInfo &device,
                        Report report) {
  Rules rules(v, device, report);
  const int64_t inputChannels = v["InputChannels"];
  const int64_t width = v["InputWidth"];
  rules.counts("InputChannels");
  rules.counts("InputWidth");
  rules.equals("InputRows", 1, "language models have one row");
  rules.equals("OutputRows", 1, "language models have one row");
  rules.equals("OutputWidth", width, "the InputWidth");
  rules.equals("Tokens", width, "the InputWidth");
  rules.map("Input", width);
  rules.map("Output", width);
  rules.bankStep("BankStep");
  const bool saysHowWeightsLie = v.has("ScaleGroup");
  if (saysHowWeightsLie) {
    rules.equals("ScaleGroup", withLog2(device, device["WT_CH_Tgroup"]),
                 "the scale group of the device");
    rules.equals("QuantizationBlock", withLog2(device, device["T_quant_block"]),
                 "the quantization block of the device");
  }

  if (inputChannels > 0) {
    const WeightMatrix matrix(inputChannels);
    rules.require(inputChannels % device["Tout"] == 0, "InputChannels",
                  "not a multiple of " + Twine(device["Tout"]));
    rules.atMost("InputWidth", matrix.getMaxTokens(device),
                 "the activation buffer holds no more tokens of " +
                     Twine(inputChannels) + " channels");
    rules.equals("PackageBits", matrix.getPackageBits(),
                 "the weights and scales of " + Twine(inputChannels) +
                     " input channels");
    if (saysHowWeightsLie)
      rules.equals("LastGroupChannels", matrix.getLastGroupChannels(),
                   "what InputChannels leave for the last scale group");
    int64_t limit = matrix.getMaxChannels(device);
    if (hasScaleBias(v))
      limit = std::min(limit, device["BN_limit"]);
    checkPartition(rules, device, limit);
  }

  rules.onChip(hasArgmax(v) ? 0 : 3, "InputWidth");
  // Bit 0 is relu.
  rules.isNamed("ElementwiseMode", /*ignored=*/1);
  const StringRef form = "the form of the task (Mode) has none";
  if (!hasScaleBias(v))
    rules.equals("ScaleBiasAddress", 0, form);
  if (!hasResidual(v)) {
    rules.equals("ResidualAddress", 0, form);
    rules.require(v["ElementwiseMode"] <= 1, "ElementwiseMode",
                  "but the form of the task (Mode) has no residual");
  }
  if (!hasArgmax(v))
    rules.equals("ArgmaxAddress", 0, form);
  else
    rules.equals("InputWidth", 1, "argmax is that of one token");
}

static void checkNorm(const RegisterValues &v, const DeviceInfo &device,
                      Report report) {
  Rules rules(v, device, report);
  rules.counts("ChannelGroups");
  rules.headCount("Rows");
  rules.width("Width");
  rules.equals("Pixels", saturatingProduct(v["Rows"], v["Width"]),
               "the pixels of all rows");
  if (v["Width"] > 0)
    rules.equals("Rows", divideCeil(v["Pixels"], v["Width"]),
                 "the rows of all Pixels");
  rules.rows("Input", v["ChannelGroups"]);
  rules.rows("Output", v["ChannelGroups"]);
  rules.onChip(3, "Width");
  rules.isNamed("Kind");
  const int64_t channels = device["Tout"] * v["ChannelGroups"];
  if (channels > 0)
    rules.equals("Reciprocal", getReciprocalCode(channels),
                 "the FP20 code of 1 / " + Twine(channels));
  // Words of 16 weights with 32 bits each.
  const int64_t words = channels / (device["AXI_DAT_WIDTH"] / 32);
  rules.equals("WeightBursts", words / device["AXI_BURST_LEN"],
               "the bursts that " + Twine(channels) + " weights fill");
}

static void checkActivation(const RegisterValues &v, const DeviceInfo &device,
                            Report report) {
  Rules rules(v, device, report);
  rules.counts("ChannelGroups");
  rules.equals("ChannelGroups2", v["ChannelGroups"], "the ChannelGroups");
  rules.equals("ChannelGroups", divideCeil(v["Channels"], device["Tout"]),
               "the groups of " + Twine(v["Channels"]) + " channels");
  rules.onChip(3, "Width");
  rules.pixels();
  rules.map("Input", v["Width"]);
  rules.map("Output", v["Width"]);
}

static void checkSoftmax(const RegisterValues &v, const DeviceInfo &device,
                         Report report) {
  Rules rules(v, device, report);
  rules.isNamed("Mask");
  rules.onChip(1, "Width");
  rules.headCount("Heads");
  rules.counts("Columns");
  rules.atMost("Columns", device["MAX_TOKEN"], "KV caches hold no more tokens");
  rules.equals("ColumnGroups", divideCeil(v["Columns"], device["Tout"]),
               "the groups of " + Twine(v["Columns"]) + " columns");
  rules.positions();
  rules.equals("Rows", v["Width"], "the Width");
  rules.require(v["Past"] + v["Width"] <= v["Columns"], "Columns",
                "fewer than Past + Width = " + Twine(v["Past"] + v["Width"]));
  rules.heads("Input", v["ColumnGroups"], v["Width"]);
  rules.heads("Output", v["ColumnGroups"], v["Width"]);
}

static void checkRope(const RegisterValues &v, const DeviceInfo &device,
                      Report report) {
  Rules rules(v, device, report);
  const int64_t plane = device["Pixel_Data_Bytes"] * device["MAX_TOKEN"];
  rules.equals("ChannelGroups", headGroups(device), "the groups of a head");
  rules.headCount("Heads");
  rules.positions();
  rules.onChip(3, "Width");
  rules.equals("TableLine", plane, "MAX_TOKEN pixels");
  rules.equals("TableHalf", 2 * plane, "two planes");
  rules.heads("Input", v["ChannelGroups"], v["Width"]);
  rules.heads("Output", v["ChannelGroups"], v["Width"]);
}

/// What both products of activations share. \p rowChannels is the length of the
/// rows that the activation buffer holds.
static void checkAttention(Rules &rules, const RegisterValues &v,
                           const DeviceInfo &device, int64_t rowChannels) {
  const HeadConfiguration heads(v["HeadConfiguration"]);
  const StringRef config = "HeadConfiguration";
  if (heads.kvHeads == 0 || heads.queryHeads == 0)
    rules.fail(config, "a task without heads");
  else
    rules.require(heads.queryHeads == heads.group * heads.kvHeads, config,
                  Twine(heads.queryHeads) + " query heads that are not " +
                      Twine(heads.group) + " for each of " +
                      Twine(heads.kvHeads) + " KV heads");
  rules.width("Width");
  const int64_t rowBits =
      saturatingProduct(heads.group * device["MAX_DAT_DW"], rowChannels);
  if (rowBits > 0 && device["S_bits"] > 0)
    rules.atMost("Width", device["S_bits"] / rowBits,
                 "the activation buffer holds no more rows of " +
                     Twine(rowChannels) + " values for " + Twine(heads.group) +
                     " heads");
  rules.counts("Columns");
  rules.atMost("Columns", device["MAX_TOKEN"], "KV caches hold no more tokens");
  rules.require(v["Columns"] >= v["Width"], "Columns",
                "fewer than the tokens of this start");
  if (v.has("HeadChannels"))
    rules.equals("HeadChannels", device["MAX_CH_per_HEAD"],
                 "the channels of a head");
  if (v.has("HeadGroups"))
    rules.equals("HeadGroups", headGroups(device), "the groups of a head");
  if (v.has("Depth"))
    rules.equals("Depth", v["Columns"], "the Columns");
  if (v.has("DepthGroups"))
    rules.equals("DepthGroups", divideCeil(rowChannels, device["Tout"]),
                 "the groups of " + Twine(rowChannels) + " values");
  rules.cache();
  if (v.has("Scale"))
    rules.atMost("Scale", 0xffff, "FP16 has no more bits");
  if (!v.has("BankStepAndScale"))
    return;
  const int64_t scaleBits = device["sCONV_OUT_DW"];
  rules.require(v["BankStepAndScale"] >> scaleBits == device["log2_Bank_Step"],
                "BankStepAndScale",
                "bits 31.." + Twine(scaleBits) + " not " +
                    Twine(device["log2_Bank_Step"]) +
                    ": the bank step of the device");
}

static void checkScores(const RegisterValues &v, const DeviceInfo &device,
                        Report report) {
  Rules rules(v, device, report);
  checkAttention(rules, v, device, device["MAX_CH_per_HEAD"]);
  rules.onChip(3, "Width");
  rules.heads("Input", headGroups(device), v["Width"]);
  rules.heads("Output", divideCeil(v["Columns"], device["Tout"]), v["Width"]);
}

static void checkValues(const RegisterValues &v, const DeviceInfo &device,
                        Report report) {
  Rules rules(v, device, report);
  checkAttention(rules, v, device, alignTo(v["Columns"], device["Tout"]));
  rules.heads("Input", divideCeil(v["Columns"], device["Tout"]), v["Width"]);
  rules.heads("Output", headGroups(device), v["Width"]);
}

static void checkKVAppend(const RegisterValues &v, const DeviceInfo &device,
                          Report report) {
  Rules rules(v, device, report);
  rules.isNamed("Transpose");
  rules.bankStep("BankStep");
  rules.headCount("Heads");
  rules.positions();
  rules.equals("ChannelGroups", headGroups(device), "the groups of a head");
  rules.cache();
  rules.heads("Input", v["ChannelGroups"], v["Width"]);
}

static void checkElementwise(const RegisterValues &v, const DeviceInfo &device,
                             Report report) {
  Rules rules(v, device, report);
  rules.isNamed("Mode");
  rules.counts("ChannelGroups");
  rules.equals("Rows", 1, "language models have one row");
  rules.width("Width");
  rules.onChip(3, "Width");
  rules.map("Input", v["Width"]);
  rules.map("Output", v["Width"]);
}

static void checkWeightCopy(const RegisterValues &v, const DeviceInfo &device,
                            Report report) {
  Rules rules(v, device, report);
  rules.counts("LengthBits");
  rules.require(v["LengthBits"] % 8 == 0, "LengthBits", "no number of bytes");
  rules.atMost("LengthBits",
               device["AUX_WT_BUF_DEPTH"] * device["AXI_DAT_WIDTH"],
               "the device copies no more at once");
  rules.atMost("Port", device["HBM_Port"] - 1, "the last port");
  const int64_t destination = v.getAddress(v.getTable().get("DestinationLow"));
  rules.equals("Port", destination >> device["log2_Bank_Step"],
               "the port of the destination");
}

void edgellm::addChecks(DeviceInfo &device) {
  addExtents(device);
  addWork(device);
  device.addTask(TaskKind::Linear).check = checkLinear;
  device.addTask(TaskKind::Norm).check = checkNorm;
  device.addTask(TaskKind::Activation).check = checkActivation;
  device.addTask(TaskKind::Softmax).check = checkSoftmax;
  device.addTask(TaskKind::Rope).check = checkRope;
  device.addTask(TaskKind::Scores).check = checkScores;
  device.addTask(TaskKind::Values).check = checkValues;
  device.addTask(TaskKind::KVAppend).check = checkKVAppend;
  device.addTask(TaskKind::Elementwise).check = checkElementwise;
  device.addTask(TaskKind::WeightCopy).check = checkWeightCopy;
}
