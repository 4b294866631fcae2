//===- LayoutRead.cpp - Parameters as memory holds them -------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The formulas of the ohbm register document, value by value: a second opinion
// on LayoutWrite.cpp, with which it shares nothing.
//
//===----------------------------------------------------------------------===//

#include "Layouts.h"

using namespace dlavm;
using namespace llvm;

/// A little-endian half-word.
static uint16_t readHalf(ArrayRef<uint8_t> bytes, int64_t at) {
  return static_cast<uint16_t>(bytes[at] | bytes[at + 1] << 8);
}

void ohbm::readWeights(ConstPortBytes ports, int64_t o,
                       const DeviceInfo &device, MutableArrayRef<int8_t> values,
                       MutableArrayRef<uint16_t> scales) {
  // Section 3.4, in its letters.
  const int64_t C = values.size(), tin = device["Tin"];
  const int64_t C_p = ((C + 31) / 32 * 32 + tin - 1) / tin * tin;
  const int64_t G = (C_p + 2047) / 2048;
  const int64_t ch_bytes = C_p / 2 + 32 * G;
  const int64_t P = ports.size(), n_sub = 32 / P;
  const int64_t sub = o % 32 / P, tg = o / 32;
  ArrayRef<uint8_t> port = ports[o % P];
  auto block = [&](int64_t c) {
    const int64_t g = c / 2048;
    const int64_t gch = g < G - 1 ? 2048 : C_p - 2048 * (G - 1);
    return tg * n_sub * ch_bytes + g * n_sub * 1056 + sub * (gch / 2 + 32);
  };
  for (int64_t b = 0, end = scales.size(); b < end; ++b)
    scales[b] = readHalf(port, block(128 * b) + 2 * (128 * b % 2048 / 128));
  for (int64_t c = 0; c < C; ++c) {
    const uint8_t byte = port[block(c) + 32 + c % 2048 / 2];
    const int code = c % 2 == 0 ? byte & 15 : byte >> 4;
    values[c] = static_cast<int8_t>(code < 8 ? code : 8 - code);
  }
}

void ohbm::readKernel(ConstPortBytes ports, int64_t o, int64_t C,
                      const DeviceInfo &device,
                      MutableArrayRef<int8_t> values) {
  // Convention A6, in its letters; k is ky * Kx + kx.
  const int64_t K = static_cast<int64_t>(values.size()) / C;
  const int64_t tin = device["Tin"];
  const int64_t C_p = ((C + 31) / 32 * 32 + tin - 1) / tin * tin;
  const int64_t ch_bytes = K * C_p / 2;
  const int64_t P = ports.size(), n_sub = 32 / P, sub = o % 32 / P;
  ArrayRef<uint8_t> port = ports[o % P];
  for (int64_t k = 0; k < K; ++k)
    for (int64_t c = 0; c < C; ++c) {
      const uint8_t byte =
          port[o / 32 * n_sub * ch_bytes + sub * ch_bytes + (k * C_p + c) / 2];
      const int code = c % 2 == 0 ? byte & 15 : byte >> 4;
      values[k * C + c] = static_cast<int8_t>(code < 8 ? code : 8 - code);
    }
}

void ohbm::readPairs(ConstPortBytes ports, const DeviceInfo &device,
                     MutableArrayRef<uint16_t> scales,
                     MutableArrayRef<uint16_t> biases) {
  // Section 3.6 and convention A2: the scale in the upper half of word w.
  const int64_t row_bytes = device["HBM_AXI_DATA_WIDTH"] / 8;
  const int64_t words = ports.size() * row_bytes / 4;
  for (int64_t o = 0, end = scales.size(); o < end; ++o) {
    const int64_t w = o % words;
    const int64_t at = o / words * row_bytes + 4 * (w % (row_bytes / 4));
    biases[o] = readHalf(ports[w / (row_bytes / 4)], at);
    scales[o] = readHalf(ports[w / (row_bytes / 4)], at + 2);
  }
}
