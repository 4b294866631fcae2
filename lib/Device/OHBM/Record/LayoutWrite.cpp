//===- LayoutWrite.cpp - What parameters look like in memory --------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Sections named in comments are those of the ohbm register document; A1 to A6
// are conventions of its additions.
//
//===----------------------------------------------------------------------===//

#include "DLAVM/Support/SaturatingProduct.h"
#include "Layouts.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/Endian.h"
#include "llvm/Support/MathExtras.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <vector>

using namespace dlavm;
using namespace llvm;

//===----------------------------------------------------------------------===//
// Sizes
//===----------------------------------------------------------------------===//

int64_t ohbm::rowBytes(const DeviceInfo &device) {
  return device["HBM_AXI_DATA_WIDTH"] / 8;
}

int64_t ohbm::lanes(const DeviceInfo &device) {
  return device["HBM_Port"] * device["HBM_AXI_DATA_WIDTH"] /
         device["MAX_DAT_DW"];
}

int64_t ohbm::headsPerRow(const DeviceInfo &device) {
  return lanes(device) / device["MAX_CH_per_HEAD"];
}

int64_t ohbm::groupChannels(const DeviceInfo &device) {
  return device["T_quant_block"] * device["Scale_Record_Bits"] /
         device["MAX_DAT_DW"];
}

int64_t ohbm::portChannels(const DeviceInfo &device) {
  return device["Tout"] / device["HBM_Port"];
}

int64_t ohbm::imageRows(const DeviceInfo &device, int64_t columns,
                        int64_t channels) {
  const int64_t rows = divideCeil(channels, lanes(device));
  return device["Activation_Memory_Bits"] /
         saturatingProduct(saturatingProduct(columns, rows),
                           lanes(device) * device["MAX_DAT_DW"]);
}

int64_t ohbm::paddedInputs(const DeviceInfo &device, int64_t inputChannels) {
  return alignTo(alignTo(inputChannels, device["Tout"]), device["Tin"]);
}

int64_t ohbm::scaleGroups(const DeviceInfo &device, int64_t inputChannels) {
  return divideCeil(paddedInputs(device, inputChannels), groupChannels(device));
}

int64_t ohbm::channelBytes(const DeviceInfo &device, int64_t inputChannels) {
  return paddedInputs(device, inputChannels) * device["MAX_WT_DW"] / 8 +
         scaleGroups(device, inputChannels) * device["Scale_Record_Bits"] / 8;
}

int64_t ohbm::kernelBytes(const DeviceInfo &device, int64_t pixels,
                          int64_t inputChannels) {
  return saturatingProduct(pixels, paddedInputs(device, inputChannels) *
                                       device["MAX_WT_DW"] / 8);
}

int64_t ohbm::cacheHeadBytes(const DeviceInfo &device) {
  return device["MAX_CH_per_HEAD"] * device["MAX_DAT_DW"] / 8 *
         device["MAX_TOKEN"] / device["HBM_Port"];
}

int64_t ohbm::cacheLineBytes(const DeviceInfo &device) {
  return device["Tout"] * device["MAX_DAT_DW"] / 8 * device["MAX_TOKEN"] /
         device["HBM_Port"];
}

//===----------------------------------------------------------------------===//
// Places
//===----------------------------------------------------------------------===//

ElementPlace ohbm::placeLane(const DeviceInfo &device, int64_t lane) {
  const int64_t share = lanes(device) / device["HBM_Port"];
  return {lane / share, lane % share * (device["MAX_DAT_DW"] / 8)};
}

ElementPlace ohbm::placeCacheElement(const DeviceInfo &device, bool isKeys,
                                     int64_t head, int64_t token,
                                     int64_t channel) {
  // The cache is like weights whose output channel is the token of keys and the
  // channel of values.
  const int64_t ports = device["HBM_Port"], tout = device["Tout"];
  const int64_t output = isKeys ? token : channel;
  const int64_t input = isKeys ? channel : token;
  const int64_t elementBytes = device["MAX_DAT_DW"] / 8;
  const int64_t outputBytes =
      elementBytes * (isKeys ? device["MAX_CH_per_HEAD"] : device["MAX_TOKEN"]);
  return {output % ports,
          head * cacheHeadBytes(device) +
              (output / tout * portChannels(device) + output % tout / ports) *
                  outputBytes +
              elementBytes * input};
}

//===----------------------------------------------------------------------===//
// Weights
//===----------------------------------------------------------------------===//

/// Writes FP16 codes, and zeros up to the end.
static void writeCodes(ArrayRef<uint16_t> codes, MutableArrayRef<uint8_t> out) {
  for (size_t i = 0; i < codes.size(); ++i)
    support::endian::write16le(&out[2 * i], codes[i]);
  fill(out.drop_front(2 * codes.size()), 0);
}

/// Writes sign-magnitude nibbles, the even channel in the low half. Two plain
/// loops, which compilers vectorize.
static void writeNibbles(ArrayRef<int8_t> values,
                         MutableArrayRef<uint8_t> out) {
  constexpr size_t step = 128;
  std::array<uint8_t, step> nibbles;
  for (size_t begin = 0; begin < values.size(); begin += step) {
    const size_t count = std::min(step, values.size() - begin);
    const int8_t *in = values.data() + begin;
    for (size_t i = 0; i < count; ++i)
      nibbles[i] = static_cast<uint8_t>(in[i] < 0 ? 8 - in[i] : in[i]);
    for (size_t i = 0; i < count / 2; ++i)
      out[begin / 2 + i] = nibbles[2 * i] | nibbles[2 * i + 1] << 4;
  }
}

void ohbm::packWeights(const WeightRows &rows, const DeviceInfo &device,
                       PortBytes ports) {
  const int64_t inputs = paddedInputs(device, rows.inputChannels);
  const int64_t blockChannels = device["T_quant_block"];
  const int64_t blocks = divideCeil(rows.inputChannels, blockChannels);
  const int64_t numRows = rows.scales.size() / blocks;
  const int64_t numPorts = ports.size(), tout = device["Tout"];
  const int64_t recordBytes = device["Scale_Record_Bits"] / 8;
  // Of 32 output channels, those of a port have the weights of one scale record
  // side by side, and then those of the next.
  SmallVector<size_t, 32> next(numPorts, 0);
  auto take = [&](int64_t port, int64_t bytes) {
    MutableArrayRef<uint8_t> out = ports[port].slice(next[port], bytes);
    next[port] += bytes;
    return out;
  };
  for (int64_t first = 0; first < numRows; first += tout)
    for (int64_t c = 0; c < inputs; c += groupChannels(device))
      for (int64_t row = first; row < first + tout; ++row) {
        const int64_t port = row % numPorts;
        const int64_t count = std::min(groupChannels(device), inputs - c);
        MutableArrayRef<uint8_t> record = take(port, recordBytes);
        MutableArrayRef<uint8_t> nibbles = take(port, count / 2);
        if (row >= numRows) {
          fill(record, 0);
          fill(nibbles, 0);
          continue;
        }
        const int64_t block = c / blockChannels;
        const int64_t numBlocks =
            std::min<int64_t>(divideCeil(count, blockChannels), blocks - block);
        writeCodes(rows.scales.slice(row * blocks + block, numBlocks), record);
        writeNibbles(
            rows.values.slice((row * blocks + block) * blockChannels, count),
            nibbles);
      }
  assert(all_of(enumerate(ports),
                [&](auto entry) {
                  return next[entry.index()] == entry.value().size();
                }) &&
         "the matrix has other bytes than its formula says");
}

void ohbm::packKernels(const KernelRows &rows, const DeviceInfo &device,
                       PortBytes ports) {
  // A6: the channels of a port lie one after the other, in each the pixels of
  // the kernel.
  const int64_t channels = rows.inputChannels;
  std::vector<int8_t> padded(paddedInputs(device, channels), 0);
  const size_t pixelBytes = padded.size() / 2;
  for (MutableArrayRef<uint8_t> port : ports)
    fill(port, 0);
  std::vector<size_t> next(ports.size(), 0);
  for (size_t first = 0, row = 0; first < rows.values.size(); ++row) {
    const size_t port = row % ports.size();
    for (int64_t pixel = 0; pixel < rows.pixels; ++pixel, first += channels) {
      copy(rows.values.slice(first, channels), padded.begin());
      writeNibbles(padded, ports[port].slice(next[port], pixelBytes));
      next[port] += pixelBytes;
    }
  }
}

//===----------------------------------------------------------------------===//
// Rows of other parameters
//===----------------------------------------------------------------------===//

/// Writes one number of a row.
static void writeLane(uint16_t code, int64_t row, int64_t lane,
                      const DeviceInfo &device, PortBytes ports) {
  const ElementPlace place = ohbm::placeLane(device, lane);
  support::endian::write16le(
      &ports[place.port][row * ohbm::rowBytes(device) + place.offset], code);
}

void ohbm::packPairs(const ChannelPairs &pairs, const DeviceInfo &device,
                     PortBytes ports) {
  // A2: a word is two lanes, first the bias.
  const size_t words = lanes(device) / 2;
  const size_t channels = ports.front().size() / rowBytes(device) * words;
  for (size_t channel = 0; channel < channels; ++channel) {
    const bool exists = channel < pairs.scales.size();
    const int64_t row = channel / words, lane = channel % words * 2;
    writeLane(exists ? pairs.biases[channel] : pairs.paddingBias, row, lane,
              device, ports);
    writeLane(exists ? pairs.scales[channel] : 0, row, lane + 1, device, ports);
  }
}

void ohbm::packRotations(const Rotations &rotations, const DeviceInfo &device,
                         PortBytes ports) {
  // A3: cosines and then sines of all pairs, again for each head of a row.
  const int64_t pairs = device["MAX_CH_per_HEAD"] / 2;
  const int64_t positions = rotations.cosines.size() / pairs;
  for (int64_t position = 0; position < positions; ++position)
    for (int64_t lane = 0, end = lanes(device); lane < end; ++lane) {
      const bool isCosine = lane / pairs % 2 == 0;
      writeLane((isCosine ? rotations.cosines
                          : rotations.sines)[position * pairs + lane % pairs],
                position, lane, device, ports);
    }
}

void ohbm::packSegments(const Segments &segments, const DeviceInfo &device,
                        PortBytes ports) {
  // A4: the rest is zero and never read.
  for (MutableArrayRef<uint8_t> port : ports)
    fill(port, 0);
  int64_t lane = 0;
  for (ArrayRef<uint16_t> codes :
       {segments.breakpoints, segments.slopes, segments.intercepts})
    for (uint16_t code : codes)
      writeLane(code, 0, lane++, device, ports);
}
