//===- LayoutRead.cpp - Parameters as memory holds them -------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A second opinion on LayoutWrite.cpp, with which it shares nothing.
//
//===----------------------------------------------------------------------===//

#include "Layouts.h"

using namespace dlavm;
using namespace llvm;

/// A little-endian half-word.
static uint16_t readHalf(ArrayRef<uint8_t> bytes, int64_t at) {
  return static_cast<uint16_t>(bytes[at] | bytes[at + 1] << 8);
}

void toy::readWeights(ConstPortBytes ports, int64_t o, const DeviceInfo &,
                      MutableArrayRef<int8_t> values,
                      MutableArrayRef<uint16_t> scales) {
  ArrayRef<uint8_t> row =
      ports[o % 4].drop_front(o / 4 * ((values.size() + 127) / 128 * 66));
  for (size_t b = 0; b < scales.size(); ++b)
    scales[b] = readHalf(row, 66 * b);
  for (size_t c = 0; c < values.size(); ++c) {
    const uint8_t byte = row[c / 128 * 66 + 2 + c % 128 / 2];
    const int nibble = c % 2 == 0 ? byte >> 4 : byte & 15;
    values[c] = static_cast<int8_t>(nibble < 8 ? nibble : nibble - 16);
  }
}

void toy::readPairs(ConstPortBytes ports, const DeviceInfo &,
                    MutableArrayRef<uint16_t> scales,
                    MutableArrayRef<uint16_t> biases) {
  for (size_t o = 0; o < scales.size(); ++o) {
    scales[o] = readHalf(ports[o % 4], o / 4 * 4);
    biases[o] = readHalf(ports[o % 4], o / 4 * 4 + 2);
  }
}
