//===- ExecuteLinear.cpp - Simulated products with INT4 weights -----------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Execute.h"

using namespace dlavm;
using namespace dlavm::ohbm;
using dlavm::simulate::kBlock;
using dlavm::simulate::kBlockBytes;
using llvm::divideCeil;
using llvm::StringRef;
using llvm::Twine;

namespace {

/// One start of the matrix unit with INT4 weights.
class Linear {
public:
  explicit Linear(TaskExecution &execution) : execution(execution) {}
  void run();

private:
  // Each reads some registers, and reports what the hardware cannot do.
  bool readCounts();
  bool readWeightLayout();

  /// The log2 of a channel count that a register has below its logarithm, or
  /// nothing if the two contradict each other.
  std::optional<int64_t> readLog2(StringRef reg);

  void readInput();
  /// Computes 32 output channels for all tokens.
  void computeGroup(int64_t index, const TaskOperand &weights,
                    const Map &output);
  void searchArgmax();

  TaskExecution &execution;
  const DeviceInfo &device = execution.getDevice();
  const PortLayout layout{device};
  const bool hasArgmax = execution["Opcode"] >> 5 & 1;
  // Older versions have no flag.
  const int64_t scaleBiasFlag = device["Scale_Bias_Flag"];
  const bool hasScaleBias = execution["Opcode"] >> 4 & 1 &&
                            (scaleBiasFlag == 0 ||
                             execution["Flags"] & scaleBiasFlag);
  const bool isRelu = execution["Relu"] & 1;
  const bool isReluFirst = device["Relu_Before_Scale"] == 1;
  const bool sumsInFP32 = device["Linear_Accumulator_Bits"] == 32;
  const int64_t code8 = device["Weight_Code_8"];

  const int64_t inputChannels = execution["InputChannels"];
  const int64_t numBlocks = divideCeil(inputChannels, kBlock);
  const int64_t inputTokens = execution["InputWidth"];
  const int64_t tokens = execution["OutputWidth"];
  const int64_t channels = execution["OutputChannels"];
  const int64_t firstChannel = execution["FirstChannel"];
  /// Of the scales ahead of a group of weights.
  const int64_t recordBytes = device["Scale_Record_Bits"] / 8;
  int64_t groupChannels = 0;
  int64_t lastGroupChannels = 0;
  /// Input channels that have weights.
  int64_t weightChannels = 0;
  int64_t channelBytes = 0;

  /// [tokens][stride]
  std::vector<double> inputs;
  const int64_t stride = numBlocks * kBlock;
  std::vector<ScaleBias> scaleBias;
  /// The output channels of the first token.
  std::vector<uint16_t> logits;
};

} // namespace

bool Linear::readCounts() {
  if (!checkCounts(execution, {"InputWidth"}, "InputChannels") ||
      !checkCounts(execution, {"OutputWidth"}, "OutputChannels"))
    return false;
  // D7 of the additions.
  const int64_t tokenBits =
      llvm::alignTo(inputChannels, layout.lanes) * device["MAX_DAT_DW"];
  const int64_t limit = device["Activation_Memory_Bits"] / tokenBits;
  if (inputTokens > limit) {
    execution.fail("InputWidth", "is " + Twine(inputTokens) +
                                     ", but the activation memory holds " +
                                     Twine(limit) + " tokens of " +
                                     Twine(inputChannels) + " channels");
    return false;
  }
  if (channels % kTout != 0 || channels > device["Max_Slice_Channels"]) {
    execution.fail("OutputChannels", "is " + Twine(channels) +
                                         ", but must be a multiple of " +
                                         Twine(kTout) + " up to " +
                                         Twine(device["Max_Slice_Channels"]));
    return false;
  }
  if (firstChannel % kTout != 0) {
    execution.fail("FirstChannel", "is " + Twine(firstChannel) +
                                       ", but must be a multiple of " +
                                       Twine(kTout));
    return false;
  }
  if (hasArgmax && tokens != 1) {
    execution.fail("OutputWidth",
                   "is " + Twine(tokens) + ", but argmax takes one token");
    return false;
  }
  return true;
}

std::optional<int64_t> Linear::readLog2(StringRef reg) {
  const int64_t logarithm = execution[reg] >> device["log2_CH"];
  const int64_t count =
      execution[reg] & ((int64_t(1) << device["log2_CH"]) - 1);
  if (logarithm < 32 && count == int64_t(1) << logarithm)
    return logarithm;
  execution.fail(reg, "is " + Twine(execution[reg]) + ": " + Twine(count) +
                          " channels are not 2^" + Twine(logarithm));
  return std::nullopt;
}

bool Linear::readWeightLayout() {
  const std::optional<int64_t> group = readLog2("ScaleGroup");
  const std::optional<int64_t> block = readLog2("QuantizationBlock");
  if (!group || !block)
    return false;
  groupChannels = int64_t(1) << *group;
  if (int64_t(1) << *block != kBlock) {
    execution.fail("QuantizationBlock", "has " + Twine(int64_t(1) << *block) +
                                            " channels, but each " +
                                            Twine(kBlock) +
                                            " have a scale of their own");
    return false;
  }
  const int64_t most = kBlock * (recordBytes / 2);
  if (groupChannels < kBlock || groupChannels > most) {
    execution.fail("ScaleGroup", "has " + Twine(groupChannels) +
                                     " channels, but a record has scales for " +
                                     Twine(kBlock) + " to " + Twine(most));
    return false;
  }
  lastGroupChannels = execution["LastGroupChannels"];
  if (lastGroupChannels < 1 || lastGroupChannels > groupChannels) {
    execution.fail("LastGroupChannels", "is " + Twine(lastGroupChannels) +
                                            ", but must be 1 to " +
                                            Twine(groupChannels));
    return false;
  }
  if (execution["ChannelBits"] % 8 != 0) {
    execution.fail("ChannelBits", "is " + Twine(execution["ChannelBits"]) +
                                      ", which are no whole bytes");
    return false;
  }
  channelBytes = execution["ChannelBits"] / 8;
  weightChannels =
      (divideCeil(inputChannels, groupChannels) - 1) * groupChannels +
      lastGroupChannels;
  const int64_t bits =
      saturatingProduct(channels, weightChannels * device["MAX_WT_DW"]);
  if (bits <= device["Weight_Memory_Bits"])
    return true;
  execution.fail("OutputChannels",
                 "is " + Twine(channels) + ", but the weight memory holds " +
                     Twine(device["Weight_Memory_Bits"]) + " of the " +
                     Twine(bits) + " bits of their weights");
  return false;
}

void Linear::run() {
  if (!checkReuses(execution, "WeightAddress",
                   {"InputChannels", "InputWidth", "InputRows", "InputAddress",
                    "InputSurface", "InputLine"}) ||
      !readCounts() || !readWeightLayout())
    return;
  readInput();
  if (hasScaleBias)
    scaleBias =
        readScaleBias(execution, "ScaleBiasAddress", firstChannel, channels);
  logits.resize(channels);

  const Map output(execution, "OutputAddress", execution["OutputSurface"]);
  const TaskOperand weights(execution, "WeightAddress");
  const int64_t lane = firstChannel % layout.lanes;
  checkOverlap(execution, tokens, divideCeil(lane + channels, layout.lanes),
               execution["OutputSurface"]);
  execution.parallelFor(channels / kTout, [&](int64_t index) {
    computeGroup(index, weights, output);
  });
  if (hasArgmax)
    searchArgmax();
}

void Linear::readInput() {
  const Map input(execution, "InputAddress", execution["InputSurface"]);
  // The rest of the last block counts as 0, and so do tokens that are computed
  // but not read.
  inputs.resize(std::max(tokens, inputTokens) * stride);
  execution.parallelFor(inputTokens, [&](int64_t token) {
    std::vector<uint16_t> codes(inputChannels);
    input.read(0, token, 0, codes);
    std::transform(codes.begin(), codes.end(), &inputs[token * stride],
                   fromHalf);
  });
}

void Linear::computeGroup(int64_t index, const TaskOperand &weights,
                          const Map &output) {
  // A channel's bytes of a scale group: its scales, then the weights (3.4).
  const int64_t groupBytes = recordBytes + groupChannels / 2;
  std::vector<uint8_t> bytes(kTout * groupBytes);
  std::vector<LaneNumbers> sums(tokens);
  simulate::WeightBlock values;

  int64_t from =
      weights.getAddress() + index * layout.portChannels * channelBytes;
  for (int64_t first = 0; first < inputChannels; first += groupChannels) {
    const int64_t count = std::min(groupChannels, weightChannels - first);
    const int64_t countBytes = recordBytes + divideCeil(count, 2);
    // Channels of a port lie side by side.
    for (int64_t lane = 0; lane < kTout; ++lane)
      weights.read(lane % layout.ports, from + lane / layout.ports * countBytes,
                   &bytes[lane * groupBytes], countBytes);
    from += layout.portChannels * groupBytes;

    const int64_t end = std::min({first + count, inputChannels});
    for (int64_t c = first; c < end; c += kBlock) {
      const int64_t block = (c - first) / kBlock;
      alignas(64) double scales[kTout];
      for (int64_t lane = 0; lane < kTout; ++lane) {
        uint16_t scale;
        std::memcpy(&scale, &bytes[lane * groupBytes + 2 * block], 2);
        scales[lane] = fromHalf(scale);
      }
      simulate::getKernels().decode(&bytes[recordBytes + block * kBlockBytes],
                                    groupBytes, static_cast<int32_t>(code8),
                                    values);
      simulate::addBlock(&inputs[c], stride, values, scales,
                         std::min(kBlock, end - c), sumsInFP32, sums);
    }
  }

  std::array<uint16_t, kTout> codes;
  for (int64_t token = 0; token < tokens; ++token) {
    for (int64_t lane = 0; lane < kTout; ++lane)
      codes[lane] = finishProduct(
          sums[token].lanes[lane],
          hasScaleBias ? &scaleBias[index * kTout + lane] : nullptr, isRelu,
          isReluFirst);
    output.write(0, token, firstChannel % layout.lanes + index * kTout, codes);
    if (token == 0)
      std::copy(codes.begin(), codes.end(), &logits[index * kTout]);
  }
}

void Linear::searchArgmax() {
  // The search goes on from slice to slice; its state takes the place of what
  // the chip has of the output.
  simulate::ArgmaxSearch search;
  std::vector<uint8_t> &buffer = execution.getBuffer("OutputAddress");
  if (firstChannel != 0) {
    if (buffer.empty())
      return execution.fail("FirstChannel",
                            "is " + Twine(firstChannel) +
                                ", but no search for argmax has begun");
    std::memcpy(&search, buffer.data(), sizeof(search));
  }
  search.add(logits, static_cast<uint32_t>(firstChannel),
             device["Argmax_Tie"] == 1);
  buffer.resize(sizeof(search));
  std::memcpy(buffer.data(), &search, sizeof(search));
  execution.setResult("Argmax", search.best);
}

void ohbm::executeLinear(TaskExecution &execution) { Linear(execution).run(); }
