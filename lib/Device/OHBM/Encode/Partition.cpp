//===- Partition.cpp - Parts of a task that the chip holds ----------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Sections named in comments are those of the ohbm register document.
//
//===----------------------------------------------------------------------===//

#include "Partition.h"
#include "../Record/Layouts.h"
#include "DLAVM/Support/SaturatingProduct.h"

#include "llvm/ADT/bit.h"
#include "llvm/Support/MathExtras.h"

#include <algorithm>

using namespace dlavm;
using namespace dlavm::ohbm;
using llvm::alignTo;
using llvm::divideCeil;

int64_t ohbm::clockBits(const DeviceInfo &device) {
  return device["HBM_Port"] * device["HBM_AXI_DATA_WIDTH"];
}

int64_t ohbm::rowChannels(const DeviceInfo &device, int64_t channels) {
  return alignTo(channels, lanes(device));
}

int64_t ohbm::linearTokens(const DeviceInfo &device, int64_t inputChannels) {
  return device["Activation_Memory_Bits"] /
         (rowChannels(device, inputChannels) * device["MAX_DAT_DW"]);
}

/// Output channels whose weights the weight memory holds, if they have so many
/// bits each: a power of two; 0 if it does not hold those of one cycle.
static int64_t countHeldChannels(const DeviceInfo &device,
                                 int64_t channelBits) {
  const int64_t tout = device["Tout"];
  const int64_t groups =
      device["Weight_Memory_Bits"] / saturatingProduct(channelBits, tout);
  return llvm::bit_floor(static_cast<uint64_t>(groups * tout));
}

/// The same for what has an upper limit for the channels of a start.
static int64_t countChannels(const DeviceInfo &device, int64_t channelBits) {
  return std::min(countHeldChannels(device, channelBits),
                  device["Max_Slice_Channels"]);
}

int64_t ohbm::linearChannels(const DeviceInfo &device, int64_t inputChannels,
                             int64_t outputChannels) {
  return std::min<int64_t>(
      countChannels(device,
                    paddedInputs(device, inputChannels) * device["MAX_WT_DW"]),
      alignTo(outputChannels, device["Tout"]));
}

/// The clocks of \p channels output channels, cut to \p slices and so many
/// parts of the tokens, whose input has \p rows rows a token.
static Clocks estimate(const DeviceInfo &device, int64_t rows,
                       const Word &tokens, const Word &slices,
                       const Word &parts, int64_t weightBytes) {
  // A row takes one clock. The document counts bytes as bits here.
  const int64_t bits = clockBits(device), start = 20;
  return {rows * slices * tokens + (weightBytes / bits + start),
          rows * tokens + floorDiv(weightBytes * parts, bits) + start};
}

/// Rows of so many channels.
static int64_t countRows(const DeviceInfo &device, int64_t channels) {
  return divideCeil(channels, lanes(device));
}

Clocks ohbm::estimateLinear(const DeviceInfo &device, int64_t inputChannels,
                            int64_t outputChannels, const Word &tokens) {
  const int64_t channels = alignTo(outputChannels, device["Tout"]);
  return estimate(device, countRows(device, inputChannels), tokens,
                  divideCeil(channels, linearChannels(device, inputChannels,
                                                      outputChannels)),
                  ceilDiv(tokens, linearTokens(device, inputChannels)),
                  channelBytes(device, inputChannels) * channels);
}

dlavm::Partition ohbm::orderLoops(
    llvm::SmallVector<PartitionLoop, 2> loops, const TaskCounts &counts,
    int64_t totalStep,
    llvm::function_ref<Clocks(const Word &seq, const Word &total)> estimate) {
  bool keepsWeight = false, keepsInput = false;
  const int64_t most = counts.total.getMax();
  for (int64_t seq = counts.tokens.getMin(); seq <= counts.tokens.getMax();
       ++seq)
    for (int64_t total = seq; total <= most;
         total = alignTo(total, totalStep) + 1) {
      const Clocks clocks = estimate(seq, total);
      const bool isListed = clocks.keepingWeight.getConstant() <
                            clocks.keepingInput.getConstant();
      (isListed ? keepsWeight : keepsInput) = true;
    }
  if (keepsWeight && keepsInput) {
    const Clocks clocks = estimate(counts.tokens, counts.total);
    return {std::move(loops),
            {{clocks.keepingWeight.named("clocks_keeping_weight"),
              clocks.keepingInput.named("clocks_keeping_input")}}};
  }
  if (keepsInput)
    std::swap(loops.front(), loops.back());
  return {std::move(loops)};
}

int64_t ohbm::scoresTokens(const DeviceInfo &device, int64_t group) {
  return linearTokens(device, group * device["MAX_CH_per_HEAD"]);
}

int64_t ohbm::scoresKeys(const DeviceInfo &device) {
  return countChannels(device,
                       device["MAX_CH_per_HEAD"] * device["MAX_DAT_DW"]);
}

Clocks ohbm::estimateScores(const DeviceInfo &device, int64_t group,
                            const Word &tokens, const Word &keys) {
  // The cache counts with the channels of a head for both of its sides.
  const int64_t channels = device["MAX_CH_per_HEAD"];
  return estimate(device, countRows(device, group * channels), tokens,
                  ceilDiv(keys, scoresKeys(device)),
                  ceilDiv(tokens, scoresTokens(device, group)),
                  channels * channels * device["MAX_DAT_DW"] / 8);
}

Word ohbm::valuesTokens(const DeviceInfo &device, int64_t heads,
                        const Word &keys) {
  return floorDiv(device["Activation_Memory_Bits"],
                  heads * device["MAX_DAT_DW"] * roundUp(keys, lanes(device)));
}

int64_t ohbm::valuesChannels(const DeviceInfo &device, int64_t keys) {
  return countChannels(device,
                       alignTo(keys, device["Tout"]) * device["MAX_DAT_DW"]);
}

/// Bits of a row of the input image.
static int64_t lineBits(const DeviceInfo &device, llm::WindowAttr window,
                        int64_t inputChannels) {
  return window.getColumns() * rowChannels(device, inputChannels) *
         device["MAX_DAT_DW"];
}

int64_t ohbm::kernelChannels(const DeviceInfo &device, llm::WindowAttr window,
                             int64_t inputChannels) {
  return countHeldChannels(
      device, saturatingProduct(8, kernelBytes(device, window.getKernelPixels(),
                                               inputChannels)));
}

RowSlices ohbm::sliceRows(const DeviceInfo &device, llm::WindowAttr window,
                          int64_t inputChannels) {
  const int64_t rows = window.getOutputRows();
  const int64_t most = imageRows(device, window.getColumns(), inputChannels);
  RowSlices slices = {rows, rows, 1};
  if (window.getRows() <= most)
    return slices;
  const int64_t kernel = window.getKernelRows(), step = window.getRowStride();
  slices.first =
      std::min(rows, (most + window.getRowPadding() - kernel) / step + 1);
  slices.middle = (most - kernel) / step + 1;
  slices.count = 1 + divideCeil(rows - slices.first, slices.middle);
  return slices;
}

bool ohbm::keepsKernels(const DeviceInfo &device, llm::WindowAttr window,
                        int64_t inputChannels, int64_t outputChannels) {
  const int64_t channels = alignTo(outputChannels, device["Tout"]);
  const int64_t parts =
      divideCeil(channels, kernelChannels(device, window, inputChannels));
  const int64_t slices = sliceRows(device, window, inputChannels).count;
  const int64_t overlap = window.getKernelRows() - window.getRowStride();
  // The document multiplies bits by 16 once more, and counts bytes as bits.
  const int64_t bits = clockBits(device);
  const int64_t input = lineBits(device, window, inputChannels) *
                        (window.getRows() + overlap * (slices - 1)) *
                        device["MAX_DAT_DW"];
  const int64_t weight =
      kernelBytes(device, window.getKernelPixels(), inputChannels) * channels;
  return saturatingProduct(input, parts) / bits + weight / bits <
         input / bits + saturatingProduct(weight, slices) / bits;
}

std::string ohbm::describeActivationMemory(const DeviceInfo &device) {
  return "activation memory of " +
         std::to_string(device["Activation_Memory_Bits"] /
                        device["MAX_DAT_DW"]) +
         " values";
}

std::string ohbm::describeWeightMemory(const DeviceInfo &device) {
  return "weight memory of " + std::to_string(device["Weight_Memory_Bits"]) +
         " bits";
}

std::string ohbm::describeChannels(const DeviceInfo &device, int64_t channels) {
  if (channels == device["Max_Slice_Channels"])
    return std::to_string(channels) + " output channels of a start";
  return describeWeightMemory(device);
}

Partition ohbm::partitionRows(const DeviceInfo &device, const Word &channels,
                              int64_t heads) {
  const int64_t memory = device["Activation_Memory_Bits"];
  const Word rowBits = device["MAX_DAT_DW"] * channels;
  // No call of a version that looks at bursts is long enough to reach both
  // sides of the condition with one task.
  const bool fits = device["Cut_By_Call"] == 0 &&
                    device["AXI_BURST_LEN"] * rowBits.getMax() <= memory;
  if (fits)
    return {};
  return {{{TaskDimension::Tokens, floorDiv(memory, heads * rowBits),
            describeActivationMemory(device)}}};
}
