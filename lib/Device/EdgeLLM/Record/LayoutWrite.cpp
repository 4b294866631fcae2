//===- LayoutWrite.cpp - What parameters look like in memory --------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Sections named in comments are those of the EdgeLLM register document.
//
//===----------------------------------------------------------------------===//

#include "Layouts.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/Endian.h"
#include "llvm/Support/MathExtras.h"

#include <algorithm>
#include <array>
#include <cassert>

using namespace dlavm;
using namespace llvm;

int64_t edgellm::inputBlocks(const DeviceInfo &device, int64_t inputChannels) {
  return divideCeil(inputChannels, device["Tin"]);
}

int64_t edgellm::scaleGroups(const DeviceInfo &device, int64_t inputChannels) {
  return divideCeil(device["Tin"] * inputBlocks(device, inputChannels),
                    device["WT_CH_Tgroup"]);
}

int64_t edgellm::packageBytes(const DeviceInfo &device, int64_t inputChannels) {
  const int64_t scaleBytes = device["HBM_AXI_DATA_WIDTH"] / 8;
  const int64_t blockBytes = device["Tin"] * device["MAX_WT_DW"] / 8;
  return scaleBytes * scaleGroups(device, inputChannels) +
         blockBytes * inputBlocks(device, inputChannels);
}

/// Writes FP16 codes and returns what follows them.
static uint8_t *writeCodes(ArrayRef<uint16_t> codes, uint8_t *out) {
  for (uint16_t code : codes) {
    support::endian::write16le(out, code);
    out += 2;
  }
  return out;
}

/// Writes sign-magnitude nibbles (section 1.5), the even channel in the low
/// half. In two plain loops over a few values, which compilers vectorize.
static void writeNibbles(ArrayRef<int8_t> values, uint8_t *out) {
  constexpr size_t step = 128;
  std::array<uint8_t, step> nibbles;
  for (size_t begin = 0; begin < values.size(); begin += step) {
    const size_t count = std::min(step, values.size() - begin);
    const int8_t *in = values.data() + begin;
    for (size_t i = 0; i < count; ++i)
      nibbles[i] = static_cast<uint8_t>(in[i] < 0 ? 8 - in[i] : in[i]);
    for (size_t i = 0; i < count / 2; ++i)
      out[i] = nibbles[2 * i] | nibbles[2 * i + 1] << 4;
    out += count / 2;
  }
}

/// One output channel: groups of scales and the weights that they belong to.
static void writePackage(ArrayRef<int8_t> values, ArrayRef<uint16_t> scales,
                         const DeviceInfo &device,
                         MutableArrayRef<uint8_t> out) {
  const size_t block = device["T_quant_block"];
  const size_t groupBlocks = device["WT_CH_Tgroup"] / block;
  const size_t scaleBytes = device["HBM_AXI_DATA_WIDTH"] / 8;
  uint8_t *next = out.data();
  for (size_t first = 0; first < scales.size(); first += groupBlocks) {
    const size_t count = std::min(groupBlocks, scales.size() - first);
    uint8_t *end = writeCodes(scales.slice(first, count), next);
    next += scaleBytes;
    std::fill(end, next, 0);
    writeNibbles(values.slice(first * block, count * block), next);
    next += count * block / 2;
  }
  assert(next == out.end() &&
         "a package has other bytes than its formula says");
}

void edgellm::packWeights(const WeightRows &rows, const DeviceInfo &device,
                          PortBytes ports) {
  const int64_t blocks = inputBlocks(device, rows.inputChannels);
  const int64_t pitch = blocks * device["T_quant_block"];
  const int64_t package = packageBytes(device, rows.inputChannels);
  const int64_t numRows = rows.scales.size() / blocks;
  const int64_t numPorts = ports.size();
  for (int64_t row = 0, end = alignTo(numRows, numPorts); row < end; ++row) {
    MutableArrayRef<uint8_t> out =
        ports[row % numPorts].slice(row / numPorts * package, package);
    if (row < numRows)
      writePackage(rows.values.slice(row * pitch, pitch),
                   rows.scales.slice(row * blocks, blocks), device, out);
    else
      fill(out, 0);
  }
}

void edgellm::packPairs(const ChannelPairs &pairs, const DeviceInfo &device,
                        PortBytes ports) {
  MutableArrayRef<uint8_t> out = ports.front();
  for (size_t channel = 0; channel < out.size() / 4; ++channel) {
    const bool exists = channel < pairs.scales.size();
    const uint32_t scale = exists ? pairs.scales[channel] : 0;
    const uint32_t bias = exists ? pairs.biases[channel] : pairs.paddingBias;
    support::endian::write32le(&out[4 * channel], scale << 16 | bias);
  }
}

void edgellm::packRotations(const Rotations &rotations,
                            const DeviceInfo &device, PortBytes ports) {
  // Convention U3: planes of Tout pairs each, first the cosines.
  const size_t lanes = device["Tout"];
  const size_t pairs = device["MAX_CH_per_HEAD"] / 2;
  uint8_t *out = ports.front().data();
  for (ArrayRef<uint16_t> values : {rotations.cosines, rotations.sines})
    for (size_t first = 0; first < pairs; first += lanes)
      for (size_t at = first; at < values.size(); at += pairs)
        out = writeCodes(values.slice(at, lanes), out);
  assert(out == ports.front().end() && "the table has another size");
}

void edgellm::packSegments(const Segments &segments, const DeviceInfo &device,
                           PortBytes ports) {
  uint8_t *out = ports.front().data();
  out = writeCodes(segments.breakpoints, out);
  out = writeCodes(segments.slopes, out);
  out = writeCodes(segments.intercepts, out);
  // Convention U4: the rest is zero and never read.
  std::fill(out, ports.front().end(), 0);
}
