//===- Numbers.h - Number formats of simulated tasks ---------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// The simulator's own conversions: the packer and the reference interpreter
// have others, so that a mistake in one shows.

#ifndef DLAVM_LIB_DEVICE_SIMULATE_NUMBERS_H
#define DLAVM_LIB_DEVICE_SIMULATE_NUMBERS_H

#include "llvm/ADT/bit.h"

#include <cmath>
#include <cstdint>

namespace dlavm::simulate {

/// The value of an FP16 code.
inline float fromHalf(uint16_t code) {
  // In place of an FP32 number's fraction and exponent, the code is 2^-112 of
  // its value; that holds for subnormal numbers too.
  const uint32_t sign = uint32_t(code & 0x8000) << 16;
  const uint32_t magnitude = uint32_t(code & 0x7fff) << 13;
  const uint32_t finite =
      llvm::bit_cast<uint32_t>(llvm::bit_cast<float>(magnitude) * 0x1p112f);
  return llvm::bit_cast<float>(
      sign | ((code & 0x7c00) == 0x7c00 ? magnitude | 0x7f800000 : finite));
}

/// The FP16 code nearest to \p value, the even one of two; beyond the largest
/// finite number infinity. A NaN keeps its sign and leading fraction bits.
inline uint16_t toHalf(double value) {
  const uint64_t bits = llvm::bit_cast<uint64_t>(value);
  const auto sign = static_cast<uint16_t>(bits >> 48 & 0x8000);
  const uint64_t magnitude = bits & 0x7fffffffffffffff;
  if (magnitude >= llvm::bit_cast<uint64_t>(65520.0)) {
    if (magnitude <= 0x7ff0000000000000)
      return sign | 0x7c00;
    return static_cast<uint16_t>(sign | 0x7e00 | (magnitude >> 42 & 0x1ff));
  }
  if (magnitude < llvm::bit_cast<uint64_t>(0x1p-14)) {
    // The sum has units of 2^-24, those of subnormal codes.
    const double sum = std::fabs(value) + 0x1p28;
    return static_cast<uint16_t>(sign |
                                 (llvm::bit_cast<uint64_t>(sum) & 0x7ff));
  }
  // 42 fraction bits go; a carry runs into the exponent, as it should.
  const uint64_t rounded = magnitude + 0x1ffffffffff + (magnitude >> 42 & 1);
  return static_cast<uint16_t>(sign | ((rounded >> 42) - ((1023 - 15) << 10)));
}

/// The value of an FP20 code; bits above it do not matter.
inline double fromFP20(int64_t code) {
  const int exponent = static_cast<int>(code >> 13 & 63);
  const auto fraction = static_cast<double>(code & 8191);
  const double magnitude = exponent == 0
                               ? std::ldexp(fraction, -43)
                               : std::ldexp(8192 + fraction, exponent - 44);
  return code >> 19 & 1 ? -magnitude : magnitude;
}

} // namespace dlavm::simulate

#endif // DLAVM_LIB_DEVICE_SIMULATE_NUMBERS_H
