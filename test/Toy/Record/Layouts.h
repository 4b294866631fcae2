//===- Layouts.h - Sizes and contents of toy objects ------------*- C++ -*-===//
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

#ifndef DLAVM_TEST_TOY_RECORD_LAYOUTS_H
#define DLAVM_TEST_TOY_RECORD_LAYOUTS_H

#include "DLAVM/Device/DeviceInfo.h"

namespace dlavm::toy {

/// Blocks of a weight matrix's inputs; each has a scale.
int64_t inputBlocks(const DeviceInfo &device, int64_t inputChannels);
/// Bytes of one output channel's weights and scales, all in one port.
int64_t rowBytes(const DeviceInfo &device, int64_t inputChannels);

void packWeights(const WeightRows &rows, const DeviceInfo &device,
                 PortBytes ports);
void packPairs(const ChannelPairs &pairs, const DeviceInfo &device,
               PortBytes ports);
void packSegments(const Segments &segments, const DeviceInfo &device,
                  PortBytes ports);
void readWeights(ConstPortBytes ports, int64_t outputChannel,
                 const DeviceInfo &device, llvm::MutableArrayRef<int8_t> values,
                 llvm::MutableArrayRef<uint16_t> scales);
void readPairs(ConstPortBytes ports, const DeviceInfo &device,
               llvm::MutableArrayRef<uint16_t> scales,
               llvm::MutableArrayRef<uint16_t> biases);

} // namespace dlavm::toy

#endif // DLAVM_TEST_TOY_RECORD_LAYOUTS_H
