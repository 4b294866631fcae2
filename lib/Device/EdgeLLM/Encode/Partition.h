//===- Partition.h - Parts of a matrix that the buffers hold --------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_LIB_DEVICE_EDGELLM_ENCODE_PARTITION_H
#define DLAVM_LIB_DEVICE_EDGELLM_ENCODE_PARTITION_H

#include "DLAVM/Device/DeviceInfo.h"

namespace dlavm::edgellm {

/// How the MVM engine walks the output channels of a matrix (registers 7, 8
/// and 14; register document, section 5.2).
struct OutputPartition {
  int64_t sliceChannels;
  int64_t lastSliceChannels;
  int64_t slices;
};
OutputPartition partitionOutputChannels(const DeviceInfo &device,
                                        int64_t inputChannels,
                                        int64_t outputChannels,
                                        bool hasScaleBias);

/// Input channels of the last scale group (register 24).
int64_t lastGroupChannels(const DeviceInfo &device, int64_t inputChannels);
/// Output channels whose weights fit the weight buffer, `cap` (section 5.2).
int64_t weightBufferChannels(const DeviceInfo &device, int64_t inputChannels);
/// Tokens per start of the MVM engine (section 5.1); 0 if not even one fits.
int64_t linearTokens(const DeviceInfo &device, int64_t inputChannels);

} // namespace dlavm::edgellm

#endif // DLAVM_LIB_DEVICE_EDGELLM_ENCODE_PARTITION_H
