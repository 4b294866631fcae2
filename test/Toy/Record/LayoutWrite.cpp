//===- LayoutWrite.cpp - What parameters look like in memory --------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Layouts.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/Endian.h"
#include "llvm/Support/MathExtras.h"

using namespace dlavm;
using namespace llvm;

int64_t toy::inputBlocks(const DeviceInfo &device, int64_t inputChannels) {
  return divideCeil(inputChannels, device["Block"]);
}

int64_t toy::rowBytes(const DeviceInfo &device, int64_t inputChannels) {
  return inputBlocks(device, inputChannels) * (2 + device["Block"] / 2);
}

void toy::packWeights(const WeightRows &rows, const DeviceInfo &device,
                      PortBytes ports) {
  const int64_t blocks = inputBlocks(device, rows.inputChannels);
  const int64_t block = device["Block"];
  const int64_t bytes = rowBytes(device, rows.inputChannels);
  const int64_t numPorts = ports.size();
  const int64_t numRows = rows.scales.size() / blocks;
  for (MutableArrayRef<uint8_t> port : ports)
    fill(port, 0);
  for (int64_t row = 0; row < numRows; ++row) {
    uint8_t *out = &ports[row % numPorts][row / numPorts * bytes];
    for (int64_t b = 0; b < blocks; ++b) {
      const int64_t first = row * blocks + b;
      support::endian::write16le(out, rows.scales[first]);
      out += 2;
      // Two's complement, the even channel in the upper half.
      for (int64_t i = 0; i < block; i += 2)
        *out++ = (rows.values[first * block + i] & 15) << 4 |
                 (rows.values[first * block + i + 1] & 15);
    }
  }
}

void toy::packPairs(const ChannelPairs &pairs, const DeviceInfo &,
                    PortBytes ports) {
  const size_t channels = ports.size() * ports.front().size() / 4;
  for (size_t channel = 0; channel < channels; ++channel) {
    const bool exists = channel < pairs.scales.size();
    uint8_t *out = &ports[channel % ports.size()][channel / ports.size() * 4];
    support::endian::write16le(out, exists ? pairs.scales[channel] : 0);
    support::endian::write16le(out + 2, exists ? pairs.biases[channel]
                                               : pairs.paddingBias);
  }
}

void toy::packSegments(const Segments &segments, const DeviceInfo &,
                       PortBytes ports) {
  size_t index = 0;
  for (ArrayRef<uint16_t> codes :
       {segments.breakpoints, segments.slopes, segments.intercepts})
    for (uint16_t code : codes) {
      support::endian::write16le(
          &ports[index % ports.size()][index / ports.size() * 2], code);
      ++index;
    }
}
