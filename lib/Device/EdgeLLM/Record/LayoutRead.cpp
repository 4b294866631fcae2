//===- LayoutRead.cpp - Parameters as memory holds them -------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The formulas of the EdgeLLM register document, value by value: a second
// opinion on LayoutWrite.cpp, with which it shares nothing.
//
//===----------------------------------------------------------------------===//

#include "Layouts.h"

using namespace dlavm;
using namespace llvm;

/// A little-endian half-word.
static uint16_t readHalf(ArrayRef<uint8_t> bytes, int64_t at) {
  return static_cast<uint16_t>(bytes[at] | bytes[at + 1] << 8);
}

void edgellm::readWeights(ConstPortBytes ports, int64_t o, const DeviceInfo &,
                          MutableArrayRef<int8_t> values,
                          MutableArrayRef<uint16_t> scales) {
  // Section 3.2, in its letters.
  const int64_t nblk = (values.size() + 127) / 128;
  const int64_t ng = (128 * nblk + 2047) / 2048;
  const int64_t package = o / 32 * (32 * ng + 64 * nblk);
  ArrayRef<uint8_t> port = ports[o % 32];
  for (int64_t b = 0; b < nblk; ++b)
    scales[b] = readHalf(port, package + b / 16 * 1056 + 2 * (b % 16));
  for (int64_t c = 0, end = values.size(); c < end; ++c) {
    const uint8_t byte = port[package + c / 2048 * 1056 + 32 + c % 2048 / 2];
    const int nibble = c % 2 == 0 ? byte & 15 : byte >> 4;
    values[c] = static_cast<int8_t>(nibble < 8 ? nibble : 8 - nibble);
  }
}

void edgellm::readPairs(ConstPortBytes ports, const DeviceInfo &,
                        MutableArrayRef<uint16_t> scales,
                        MutableArrayRef<uint16_t> biases) {
  // Section 3.3: the scale in the upper half of a word.
  for (int64_t o = 0, end = scales.size(); o < end; ++o) {
    biases[o] = readHalf(ports.front(), 4 * o);
    scales[o] = readHalf(ports.front(), 4 * o + 2);
  }
}
