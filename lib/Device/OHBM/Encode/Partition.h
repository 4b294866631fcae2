//===- Partition.h - Parts of a task that the chip holds ------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_LIB_DEVICE_OHBM_ENCODE_PARTITION_H
#define DLAVM_LIB_DEVICE_OHBM_ENCODE_PARTITION_H

#include "DLAVM/Device/DeviceInfo.h"
#include "DLAVM/Dialect/LLM/IR/LLM.h"
#include "DLAVM/Encoding/Partition.h"

namespace dlavm::ohbm {

/// Bits that move per clock, those of a row of all ports.
int64_t clockBits(const DeviceInfo &device);
/// Channels of whole rows, `C_row`.
int64_t rowChannels(const DeviceInfo &device, int64_t channels);

/// Tokens of this many channels that the activation memory holds (register
/// document, section 5.2); 0 if not even one fits.
int64_t linearTokens(const DeviceInfo &device, int64_t inputChannels);
/// Output channels of a start of an INT4 product, `c_slice`; 0 if the weight
/// memory does not hold 32.
int64_t linearChannels(const DeviceInfo &device, int64_t inputChannels,
                       int64_t outputChannels);

/// The clocks of a product by the document's estimates, whose comparison
/// decides the order of the loops.
struct Clocks {
  Word keepingWeight;
  Word keepingInput;
};
Clocks estimateLinear(const DeviceInfo &device, int64_t inputChannels,
                      int64_t outputChannels, const Word &tokens);

/// Loops over output channels and tokens in the order that takes the fewest
/// clocks: \p loops where keeping the weight does, else the other way round.
/// The driver compares only where calls differ. Clocks of \p total tokens
/// change with their parts of \p totalStep.
dlavm::Partition orderLoops(
    llvm::SmallVector<PartitionLoop, 2> loops, const TaskCounts &counts,
    int64_t totalStep,
    llvm::function_ref<Clocks(const Word &seq, const Word &total)> estimate);

/// Tokens of a KV head's \p group queries that the activation memory holds
/// (section 5.3).
int64_t scoresTokens(const DeviceInfo &device, int64_t group);
/// Keys of a start.
int64_t scoresKeys(const DeviceInfo &device);
Clocks estimateScores(const DeviceInfo &device, int64_t group,
                      const Word &tokens, const Word &keys);
/// Tokens of the probabilities of all heads that the activation memory holds.
Word valuesTokens(const DeviceInfo &device, int64_t heads, const Word &keys);
/// Channels of V that the weight memory holds with so many tokens.
int64_t valuesChannels(const DeviceInfo &device, int64_t keys);

/// Output channels of a start of a convolution; 0 if the weight memory does not
/// hold 32.
int64_t kernelChannels(const DeviceInfo &device, llm::WindowAttr window,
                       int64_t inputChannels);
/// How starts share the rows of the output image.
struct RowSlices {
  /// Of the first start, and of those between it and the last.
  int64_t first, middle;
  int64_t count;
};
RowSlices sliceRows(const DeviceInfo &device, llm::WindowAttr window,
                    int64_t inputChannels);
/// Whether a convolution in these slices keeps its weights on the chip.
bool keepsKernels(const DeviceInfo &device, llm::WindowAttr window,
                  int64_t inputChannels, int64_t outputChannels);

/// What on the chip holds no more, for the report.
std::string describeActivationMemory(const DeviceInfo &device);
std::string describeWeightMemory(const DeviceInfo &device);
/// The same for starts of \p channels output channels.
std::string describeChannels(const DeviceInfo &device, int64_t channels);

/// Tokens of a task of the misc unit, on whose rows \p heads maps of \p
/// channels channels lie (section 5.1).
Partition partitionRows(const DeviceInfo &device, const Word &channels,
                        int64_t heads = 1);

} // namespace dlavm::ohbm

#endif // DLAVM_LIB_DEVICE_OHBM_ENCODE_PARTITION_H
