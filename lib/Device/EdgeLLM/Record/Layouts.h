//===- Layouts.h - Sizes and contents of edgellm objects ------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// For the compiler and the packer. What checks or simulates a driver has
// formulas of its own.
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_LIB_DEVICE_EDGELLM_RECORD_LAYOUTS_H
#define DLAVM_LIB_DEVICE_EDGELLM_RECORD_LAYOUTS_H

#include "DLAVM/Device/DeviceInfo.h"

namespace dlavm::edgellm {

/// 128-channel blocks of a weight matrix's inputs, `nblk`.
int64_t inputBlocks(const DeviceInfo &device, int64_t inputChannels);
/// Scale groups of a weight matrix, `ng`.
int64_t scaleGroups(const DeviceInfo &device, int64_t inputChannels);
/// Bytes of one output channel's weights and scales in its port, `PKG`.
int64_t packageBytes(const DeviceInfo &device, int64_t inputChannels);

// Contents of objects (register document, sections 3.2 to 3.6). The functions
// that read share nothing with those that write.
void packWeights(const WeightRows &rows, const DeviceInfo &device,
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
void readPairs(ConstPortBytes ports, const DeviceInfo &device,
               llvm::MutableArrayRef<uint16_t> scales,
               llvm::MutableArrayRef<uint16_t> biases);

/// Keys or values of so many heads (section 3.7).
int64_t cacheBytes(const DeviceInfo &device, int64_t heads);

} // namespace dlavm::edgellm

#endif // DLAVM_LIB_DEVICE_EDGELLM_RECORD_LAYOUTS_H
