//===- Layouts.h - Sizes and contents of ohbm objects ---------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// For the compiler and the packer. What checks or simulates a driver has
// formulas of its own. Bytes are those of one port unless something else is
// said.
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_LIB_DEVICE_OHBM_RECORD_LAYOUTS_H
#define DLAVM_LIB_DEVICE_OHBM_RECORD_LAYOUTS_H

#include "DLAVM/Device/DeviceInfo.h"

namespace dlavm::ohbm {

// Derived values (register document, section 2.2).
int64_t rowBytes(const DeviceInfo &device);
/// Channels of a row over all ports.
int64_t lanes(const DeviceInfo &device);
int64_t headsPerRow(const DeviceInfo &device);
/// Input channels that share a scale record, `wgroup`.
int64_t groupChannels(const DeviceInfo &device);
/// Output channels of a group of 32 that share a port, `n_sub`.
int64_t portChannels(const DeviceInfo &device);

/// Rows of an image that the activation memory holds, `cap` (section 5.4).
int64_t imageRows(const DeviceInfo &device, int64_t columns, int64_t channels);

/// Input channels that a matrix has weights for, `C_p` (section 3.4).
int64_t paddedInputs(const DeviceInfo &device, int64_t inputChannels);
/// Scale records of an output channel, `G`.
int64_t scaleGroups(const DeviceInfo &device, int64_t inputChannels);
/// Bytes of one output channel's weights and scales, all in one port.
int64_t channelBytes(const DeviceInfo &device, int64_t inputChannels);

/// Bytes of one output channel of a convolution, all in one port (section 3.5).
int64_t kernelBytes(const DeviceInfo &device, int64_t pixels,
                    int64_t inputChannels);

/// Distance between the heads of a KV cache (section 3.10).
int64_t cacheHeadBytes(const DeviceInfo &device);
/// Distance between the groups of 32 channels of a head of a V cache.
int64_t cacheLineBytes(const DeviceInfo &device);

/// Conventions A1 and A5 of the additions to the document.
ElementPlace placeLane(const DeviceInfo &device, int64_t lane);
ElementPlace placeCacheElement(const DeviceInfo &device, bool isKeys,
                               int64_t head, int64_t token, int64_t channel);

// Contents of objects (sections 3.4 to 3.9, conventions A2 to A4 and A6). The
// functions that read share nothing with those that write.
void packWeights(const WeightRows &rows, const DeviceInfo &device,
                 PortBytes ports);
void packKernels(const KernelRows &rows, const DeviceInfo &device,
                 PortBytes ports);
void packPairs(const ChannelPairs &pairs, const DeviceInfo &device,
               PortBytes ports);
void packRotations(const Rotations &rotations, const DeviceInfo &device,
                   PortBytes ports);
void packSegments(const Segments &segments, const DeviceInfo &device,
                  PortBytes ports);
void readWeights(ConstPortBytes ports, int64_t outputChannel,
                 const DeviceInfo &device, llvm::MutableArrayRef<int8_t> values,
                 llvm::MutableArrayRef<uint16_t> scales);
void readKernel(ConstPortBytes ports, int64_t outputChannel,
                int64_t inputChannels, const DeviceInfo &device,
                llvm::MutableArrayRef<int8_t> values);
void readPairs(ConstPortBytes ports, const DeviceInfo &device,
               llvm::MutableArrayRef<uint16_t> scales,
               llvm::MutableArrayRef<uint16_t> biases);

} // namespace dlavm::ohbm

#endif // DLAVM_LIB_DEVICE_OHBM_RECORD_LAYOUTS_H
