//===- ExecuteLinear.cpp - Simulated MVM engine --------------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Sections named in comments are those of the EdgeLLM register document; the
// numbers are those of docs/Numerics.md.
//
//===----------------------------------------------------------------------===//

#include "Execute.h"

using namespace dlavm;
using namespace dlavm::edgellm;
using dlavm::simulate::kBlock;
using dlavm::simulate::kBlockBytes;
using llvm::divideCeil;
using llvm::Twine;

namespace {

/// The scales of 16 blocks, ahead of their weights (3.2).
constexpr int64_t kScaleBytes = 32;

/// One start of the MVM engine.
class Linear {
public:
  explicit Linear(TaskExecution &execution) : execution(execution) {}
  void run();

private:
  // Each reads some registers, and reports what the hardware cannot do.
  bool readTokens();
  bool readOutputChannels();
  bool readWeightLayout();
  bool readPackages();
  bool readGroups();

  /// The log2 of a channel count that a register has below its logarithm, or
  /// nothing if the two contradict each other.
  std::optional<int64_t> readLog2(llvm::StringRef reg);

  void readInput();
  /// Computes the output channels of package \p index for all tokens.
  void computePackage(int64_t index, const TaskOperand &weights,
                      const Map &output, const Map &residual);
  /// A sum of products as one FP16 number.
  uint16_t finish(double sum, int64_t channel, uint16_t residual) const;
  void writeArgmax();

  TaskExecution &execution;
  const DeviceInfo &device = execution.getDevice();
  const bool hasScaleBias = execution["Mode"] >> 9 & 1;
  const bool hasResidual = execution["Mode"] >> 10 & 1;
  const bool hasArgmax = execution["Mode"] >> 11 & 1;
  const bool multiplies = execution["ElementwiseMode"] >> 1 & 1;
  const bool isRelu = execution["ElementwiseMode"] & 1;
  const bool sumsInFP32 = device["Linear_Accumulator_Bits"] == 32;
  const int64_t code8 = device["Weight_Code_8"];

  const int64_t inputChannels = execution["InputChannels"];
  const int64_t numBlocks = divideCeil(inputChannels, kBlock);
  /// Input channels that have weights.
  int64_t weightChannels = 0;
  int64_t inputTokens = 0;
  int64_t tokens = 0;
  int64_t packages = 0;
  int64_t packageBytes = 0;
  int64_t groupChannels = 0;
  int64_t lastGroupChannels = 0;

  /// [tokens][stride]
  std::vector<double> inputs;
  int64_t stride = 0;
  std::vector<ScaleBias> scaleBias;
  /// The output channels of the first token.
  std::vector<uint16_t> logits;
};

} // namespace

bool Linear::readTokens() {
  if (!checkCounts(execution, {"InputRows", "InputWidth"}) ||
      !checkCounts(execution, {"OutputRows", "OutputWidth"}) ||
      !checkCounts(execution, {"Tokens"}) ||
      !checkCounts(execution, {"InputChannels"}))
    return false;
  // A token takes a word of the activation buffer for each block (5.1).
  const int64_t limit = device["DAT_BRAM_DEPTH"] / numBlocks;
  auto count = [&](llvm::StringRef rows, llvm::StringRef width) -> int64_t {
    const int64_t pixels = saturatingProduct(execution[rows], execution[width]);
    if (pixels <= limit)
      return pixels;
    execution.fail(
        execution[width] > limit ? width : rows,
        "makes " + Twine(pixels) + " tokens, but the activation buffer holds " +
            Twine(limit) + " of " + Twine(inputChannels) + " channels");
    return 0;
  };
  inputTokens = count("InputRows", "InputWidth");
  tokens = inputTokens == 0 ? 0 : count("OutputRows", "OutputWidth");
  return tokens > 0;
}

bool Linear::readOutputChannels() {
  // Each port's weight buffer has words of 32 bytes (5.2).
  const int64_t bufferBytes =
      32 * device["WT_BRAM_DEPTH"] * device["ASYN_FACTOR"];
  const int64_t limit = bufferBytes / (numBlocks * kBlockBytes) * kLanes;
  for (llvm::StringRef reg : {"SliceChannels", "LastSliceChannels"}) {
    const int64_t channels = execution[reg];
    if (channels > 0 && channels % kLanes == 0 && channels <= limit)
      continue;
    execution.fail(reg, "is " + Twine(channels) +
                            ", but must be a multiple of " + Twine(kLanes) +
                            " up to the " + Twine(limit) +
                            " output channels that the weight buffer holds");
    return false;
  }
  packages =
      (saturatingProduct(execution["LastSlice"], execution["SliceChannels"]) +
       execution["LastSliceChannels"]) /
      kLanes;
  // Each block has its weights, and 16 have a word of scales (3.2).
  const int64_t channelBytes =
      numBlocks * kBlockBytes + divideCeil(numBlocks, 16) * kScaleBytes;
  if (saturatingProduct(packages, channelBytes) <=
      device.getMemory(RegisterRole::Weight).capacity)
    return true;
  execution.fail("LastSlice",
                 "is " + Twine(execution["LastSlice"]) + ", which makes " +
                     Twine(packages * kLanes) +
                     " output channels, more than HBM has room for");
  return false;
}

std::optional<int64_t> Linear::readLog2(llvm::StringRef reg) {
  const int64_t logarithm = execution[reg] >> device["log2_CH"];
  const int64_t channels =
      execution[reg] & ((int64_t(1) << device["log2_CH"]) - 1);
  if (logarithm < 32 && channels == int64_t(1) << logarithm)
    return logarithm;
  execution.fail(reg, "is " + Twine(execution[reg]) + ": " + Twine(channels) +
                          " channels are not 2^" + Twine(logarithm));
  return std::nullopt;
}

bool Linear::readWeightLayout() {
  return checkBankStep(execution, "BankStep", execution["BankStep"]) &&
         readPackages() && readGroups();
}

bool Linear::readPackages() {
  const int64_t wordBits = device["HBM_AXI_DATA_WIDTH"];
  if (execution["PackageBits"] % wordBits != 0) {
    execution.fail("PackageBits", "is " + Twine(execution["PackageBits"]) +
                                      ", but packages are words of " +
                                      Twine(wordBits) + " bits");
    return false;
  }
  packageBytes = execution["PackageBits"] / 8;
  return true;
}

bool Linear::readGroups() {
  if (!execution.has("ScaleGroup")) {
    groupChannels = device["WT_CH_Tgroup"];
    lastGroupChannels = (numBlocks * kBlock - 1) % groupChannels + 1;
    weightChannels = inputChannels;
    return true;
  }
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
  if (groupChannels < kBlock || groupChannels > device["WT_CH_Tgroup"]) {
    execution.fail("ScaleGroup", "has " + Twine(groupChannels) +
                                     " channels, but a word has scales for " +
                                     Twine(kBlock) + " to " +
                                     Twine(device["WT_CH_Tgroup"]));
    return false;
  }
  lastGroupChannels = execution["LastGroupChannels"];
  if (lastGroupChannels < 1 || lastGroupChannels > groupChannels) {
    execution.fail("LastGroupChannels", "is " + Twine(lastGroupChannels) +
                                            ", but must be 1 to " +
                                            Twine(groupChannels));
    return false;
  }
  const int64_t fullGroups = divideCeil(inputChannels, groupChannels) - 1;
  weightChannels =
      std::min(inputChannels, fullGroups * groupChannels + lastGroupChannels);
  return true;
}

void Linear::run() {
  if (!readTokens() || !readOutputChannels() || !readWeightLayout())
    return;
  readInput();
  if (hasScaleBias)
    scaleBias = readScaleBias(execution, "ScaleBiasAddress", packages * kLanes);
  logits.resize(packages * kLanes);

  const MapStrides strides =
      getMapStrides(execution, "Output", execution["OutputWidth"]);
  const Map output(execution, "OutputAddress", strides);
  // The residual has no strides of its own (4.1).
  const Map residual(execution, "ResidualAddress", strides);
  const TaskOperand weights(execution, "WeightAddress", execution["BankStep"]);
  checkOverlap(execution, strides, packages, tokens);
  execution.parallelFor(packages, [&](int64_t index) {
    computePackage(index, weights, output, residual);
  });
  if (hasArgmax)
    writeArgmax();
}

void Linear::readInput() {
  const Map input(execution, "InputAddress",
                  getMapStrides(execution, "Input", execution["InputWidth"]));
  // The engine takes 0 for the rest of the last block, and for tokens that it
  // should write but has not got.
  stride = numBlocks * kBlock;
  inputs.resize(std::max(tokens, inputTokens) * stride);
  const int64_t computed = std::min(inputTokens, execution["Tokens"]);
  execution.parallelFor(divideCeil(inputChannels, kLanes), [&](int64_t group) {
    const int64_t lanes = std::min(kLanes, inputChannels - group * kLanes);
    for (int64_t token = 0; token < inputTokens; ++token) {
      const Pixel pixel = input.read(0, group, token);
      if (token >= computed)
        continue;
      for (int64_t lane = 0; lane < lanes; ++lane)
        inputs[token * stride + group * kLanes + lane] = fromHalf(pixel[lane]);
    }
  });
}

void Linear::computePackage(int64_t index, const TaskOperand &weights,
                            const Map &output, const Map &residual) {
  // A port's bytes of a scale group: its scales, then the weights (3.2).
  constexpr int64_t maxGroupBytes = kScaleBytes + 16 * kBlockBytes;
  std::vector<uint8_t> bytes(kLanes * maxGroupBytes);
  std::vector<LaneNumbers> sums(tokens);
  simulate::WeightBlock values;

  int64_t from = weights.getAddress() + index * packageBytes;
  for (int64_t first = 0; first < inputChannels; first += groupChannels) {
    const bool isLast = first + groupChannels >= inputChannels;
    const int64_t groupBytes =
        kScaleBytes + divideCeil(isLast ? lastGroupChannels : groupChannels, 2);
    for (int64_t port = 0; port < kLanes; ++port)
      weights.read(port, from, &bytes[port * maxGroupBytes], groupBytes);
    from += kScaleBytes + groupChannels / 2;

    const int64_t blocks =
        divideCeil(std::min(groupChannels, inputChannels - first), kBlock);
    for (int64_t block = 0; block < blocks; ++block) {
      alignas(64) double scales[kLanes];
      for (int64_t lane = 0; lane < kLanes; ++lane) {
        uint16_t scale;
        std::memcpy(&scale, &bytes[lane * maxGroupBytes + 2 * block], 2);
        scales[lane] = fromHalf(scale);
      }
      simulate::getKernels().decode(&bytes[kScaleBytes + block * kBlockBytes],
                                    maxGroupBytes, static_cast<int32_t>(code8),
                                    values);
      const int64_t begin = first + block * kBlock;
      simulate::addBlock(&inputs[begin], stride, values, scales,
                         std::min(kBlock, weightChannels - begin), sumsInFP32,
                         sums);
    }
  }

  for (int64_t token = 0; token < tokens; ++token) {
    Pixel pixel = {};
    if (hasResidual)
      pixel = residual.read(0, index, token);
    for (int64_t lane = 0; lane < kLanes; ++lane)
      pixel[lane] =
          finish(sums[token].lanes[lane], index * kLanes + lane, pixel[lane]);
    output.write(0, index, token, pixel);
    if (token == 0)
      std::copy(pixel.begin(), pixel.end(), &logits[index * kLanes]);
  }
}

uint16_t Linear::finish(double sum, int64_t channel, uint16_t residual) const {
  if (hasScaleBias)
    sum = sum * scaleBias[channel].scale + scaleBias[channel].bias;
  if (hasResidual)
    sum = multiplies ? sum * fromHalf(residual) : sum + fromHalf(residual);
  // NaN stays NaN.
  if (isRelu && sum <= 0)
    sum = 0;
  return toHalf(sum);
}

void Linear::writeArgmax() {
  simulate::ArgmaxSearch search;
  search.add(logits, 0, device["Argmax_Tie"] == 1);
  const TaskOperand word(execution, "ArgmaxAddress");
  word.write(0, word.getAddress(), &search.best, 1);
  if (execution.has("Argmax"))
    execution.setResult("Argmax", search.best);
}

void edgellm::executeLinear(TaskExecution &execution) {
  Linear(execution).run();
}
