//===- Half.h - FP16 and BF16 as codes ------------------------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_SUPPORT_HALF_H
#define DLAVM_SUPPORT_HALF_H

#include <cstdint>
#include <cstring>

namespace dlavm {

namespace detail {
template <typename To, typename From> To bitCast(From from) {
  static_assert(sizeof(To) == sizeof(From), "bits are neither lost nor made");
  To to;
  std::memcpy(&to, &from, sizeof(to));
  return to;
}
} // namespace detail

/// The value of an FP16 code; exact, NaNs become quiet and keep their payload.
/// No branches, so that loops over it vectorize.
inline float halfToFloat(uint16_t code) {
  const uint32_t magnitude = code & 0x7FFF;
  // With exponent and fraction in their FP32 places, subnormal numbers
  // included, only the bias of the exponent differs.
  const float value = detail::bitCast<float>(magnitude << 13) * 0x1p112f;
  const uint32_t infinity = magnitude >= 0x7C00 ? 0x7F800000 : 0;
  const uint32_t quiet = magnitude > 0x7C00 ? 0x00400000 : 0;
  return detail::bitCast<float>(detail::bitCast<uint32_t>(value) | infinity |
                                quiet | uint32_t(code & 0x8000) << 16);
}

/// The value of an FP16 code; exact.
inline double halfToDouble(uint16_t code) { return halfToFloat(code); }

/// The FP16 code next to \p value, the even one of two as near. Overflows to
/// infinity; NaNs become quiet and keep the upper bits of their payload.
inline uint16_t doubleToHalf(double value) {
  const uint64_t bits = detail::bitCast<uint64_t>(value);
  const uint16_t sign = bits >> 48 & 0x8000;
  const uint64_t magnitude = bits & ~(1ull << 63);
  const uint64_t fraction = bits & ((1ull << 52) - 1);
  const int exponent = static_cast<int>(magnitude >> 52) - 1023;
  if (magnitude > 0x7FFull << 52)
    return sign | 0x7E00 | fraction >> 42;
  if (exponent > 15)
    return sign | 0x7C00;
  // Below half of the smallest subnormal number, 2^-24.
  if (exponent < -25)
    return sign;
  const bool isSubnormal = exponent < -14;
  const int shift = isSubnormal ? 28 - exponent : 42;
  const uint64_t significand = fraction | 1ull << 52;
  const uint64_t kept = significand >> shift;
  const uint64_t rest = significand & ((1ull << shift) - 1);
  const uint64_t half = 1ull << (shift - 1);
  const uint64_t up = rest > half || (rest == half && (kept & 1));
  // The implicit bit of `kept` counts the exponent up by one, and so does a
  // carry out of the fraction.
  const uint64_t base = isSubnormal ? 0 : uint64_t(exponent + 14) << 10;
  return sign | static_cast<uint16_t>(base + kept + up);
}

/// The value of a BF16 code; exact, NaNs become quiet.
inline float bfloatToFloat(uint16_t code) {
  const uint32_t quiet = (code & 0x7FFF) > 0x7F80 ? 1u << 22 : 0;
  return detail::bitCast<float>(uint32_t(code) << 16 | quiet);
}

/// The BF16 code next to \p value, the even one of two as near; NaNs become
/// quiet.
inline uint16_t floatToBFloat(float value) {
  const uint32_t bits = detail::bitCast<uint32_t>(value);
  if ((bits & 0x7FFFFFFF) > 0x7F800000)
    return bits >> 16 | 0x0040;
  return (bits + 0x7FFF + (bits >> 16 & 1)) >> 16;
}

} // namespace dlavm

#endif // DLAVM_SUPPORT_HALF_H
