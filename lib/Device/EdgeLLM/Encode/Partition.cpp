//===- Partition.cpp - Parts of a matrix that the buffers hold ------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Partition.h"
#include "../Record/Layouts.h"

#include "llvm/ADT/bit.h"
#include "llvm/Support/MathExtras.h"

#include <algorithm>

using namespace dlavm;
using namespace dlavm::edgellm;
using llvm::alignTo;
using llvm::divideCeil;

int64_t edgellm::lastGroupChannels(const DeviceInfo &device,
                                   int64_t inputChannels) {
  return device["Tin"] * inputBlocks(device, inputChannels) -
         device["WT_CH_Tgroup"] * (scaleGroups(device, inputChannels) - 1);
}

int64_t edgellm::weightBufferChannels(const DeviceInfo &device,
                                      int64_t inputChannels) {
  const int64_t wordsPerBlock =
      device["Tin"] * device["MAX_WT_DW"] / device["HBM_AXI_DATA_WIDTH"];
  return device["WT_BRAM_DEPTH"] * device["ASYN_FACTOR"] /
         (wordsPerBlock * inputBlocks(device, inputChannels)) *
         device["HBM_Port"];
}

OutputPartition edgellm::partitionOutputChannels(const DeviceInfo &device,
                                                 int64_t inputChannels,
                                                 int64_t outputChannels,
                                                 bool hasScaleBias) {
  const int64_t channels = alignTo(outputChannels, device["Tout"]);
  int64_t slice = weightBufferChannels(device, inputChannels);
  if (device["Slice_Power_Of_2"])
    slice = llvm::bit_floor(static_cast<uint64_t>(slice));
  if (hasScaleBias)
    slice = std::min(slice, device["BN_limit"]);
  slice = std::min(slice, channels);
  const int64_t rest = channels % slice;
  return {slice, rest == 0 ? slice : rest,
          static_cast<int64_t>(divideCeil(channels, slice))};
}

int64_t edgellm::linearTokens(const DeviceInfo &device, int64_t inputChannels) {
  return device["DAT_BRAM_DEPTH"] / inputBlocks(device, inputChannels);
}
