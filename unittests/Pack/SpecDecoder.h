//===- SpecDecoder.h - Port files read as the document describes them -----===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Written from sections 1.5 and 3.2 to 3.6 of the EdgeLLM register document
// alone, without any code of the project: it walks through the streams from
// their first byte to their last, where the document has formulas.
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_UNITTESTS_PACK_SPECDECODER_H
#define DLAVM_UNITTESTS_PACK_SPECDECODER_H

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

namespace specdecoder {

using Bytes = std::vector<uint8_t>;

/// The value of an FP16 code.
inline double decodeHalf(unsigned code) {
  const double sign = code & 0x8000 ? -1 : 1;
  const int exponent = code >> 10 & 31, fraction = code & 1023;
  if (exponent == 31)
    return fraction ? NAN : sign * INFINITY;
  if (exponent == 0)
    return sign * std::ldexp(fraction, -24);
  return sign * std::ldexp(1024 + fraction, exponent - 25);
}

inline unsigned decodeWord16(const Bytes &bytes, size_t at) {
  return bytes.at(at) + 256u * bytes.at(at + 1);
}

struct Matrix {
  /// [output channel][input channel], with the padding of both.
  std::vector<std::vector<int>> values;
  /// [output channel][block]
  std::vector<std::vector<unsigned>> scales;
  /// What does not agree with the document; empty if all does.
  std::string problem;
};

/// Reads the streams of all 32 ports.
inline Matrix decodeMatrix(const std::vector<Bytes> &ports, int inputs) {
  Matrix matrix;
  const int blocks = (inputs + 127) / 128;
  if (ports.size() != 32)
    matrix.problem = "there are not 32 ports";
  for (size_t at = 0; at < ports[0].size();) {
    size_t next = at;
    for (const Bytes &port : ports) {
      std::vector<int> values;
      std::vector<unsigned> scales;
      next = at;
      for (int left = blocks; left > 0; left -= 16) {
        for (int slot = 0; slot < 16; ++slot, next += 2) {
          const unsigned scale = decodeWord16(port, next);
          if (slot < left)
            scales.push_back(scale);
          else if (scale != 0)
            matrix.problem = "the scale of an absent block is not 0";
        }
        for (int pair = 0; pair < 64 * std::min(left, 16); ++pair, ++next)
          for (int nibble : {port.at(next) % 16, port.at(next) / 16}) {
            if (nibble == 8)
              matrix.problem = "there is a nibble 8";
            values.push_back(nibble & 8 ? -(nibble & 7) : nibble);
          }
      }
      matrix.values.push_back(std::move(values));
      matrix.scales.push_back(std::move(scales));
    }
    at = next;
  }
  for (const Bytes &port : ports)
    if (port.size() != ports[0].size())
      matrix.problem = "the ports differ in length";
  return matrix;
}

/// A word of section 3.3 or 3.4.
struct Pair {
  unsigned scale, bias;
};
inline std::vector<Pair> decodePairs(const Bytes &bytes) {
  std::vector<Pair> pairs;
  for (size_t at = 0; at + 3 < bytes.size(); at += 4)
    pairs.push_back({decodeWord16(bytes, at + 2), decodeWord16(bytes, at)});
  return pairs;
}

/// The value of plane \p p, position \p t, lane \p j of a rotary table.
inline double decodeRotation(const Bytes &bytes, int p, int t, int j) {
  return decodeHalf(decodeWord16(bytes, p * 131072 + t * 64 + 2 * j));
}

/// Evaluates an activation table (section 3.6, convention U4).
inline double evaluateTable(const Bytes &bytes, double x) {
  int region = 0;
  for (int i = 0; i < 16; ++i)
    if (decodeHalf(decodeWord16(bytes, 2 * i)) <= x)
      region = std::min(i + 1, 15);
  return decodeHalf(decodeWord16(bytes, 32 + 2 * region)) * x +
         decodeHalf(decodeWord16(bytes, 64 + 2 * region));
}

} // namespace specdecoder

#endif // DLAVM_UNITTESTS_PACK_SPECDECODER_H
