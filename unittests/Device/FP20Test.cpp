//===- FP20Test.cpp - Codes of the 20-bit floating point ------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DLAVM/Device/FP20.h"

#include "gtest/gtest.h"

#include <cmath>
#include <limits>

using namespace dlavm;

namespace {

constexpr uint32_t largestCode = 516095;
constexpr uint32_t signBit = 1u << 19;

/// The value of a code, from the definition of the format.
double decode(uint32_t code) {
  const int exponent = code >> 13 & 63;
  const double fraction = (code & 8191) / 8192.0;
  const double magnitude = exponent == 0
                               ? std::ldexp(fraction, -30)
                               : std::ldexp(1 + fraction, exponent - 31);
  return code & signBit ? -magnitude : magnitude;
}

TEST(FP20, WorkedExamples) {
  EXPECT_EQ(encodeFP20(1.0f), 0x3E000u);
  EXPECT_EQ(encodeFP20(0.5f), 0x3C000u);
  EXPECT_EQ(encodeFP20(2.0f), 0x40000u);
  EXPECT_EQ(encodeFP20(-1.0f), 0xBE000u);
  EXPECT_EQ(encodeFP20(1.0f / 2048), 0x28000u);
  EXPECT_EQ(encodeFP20(std::ldexp(1.0f, -30)), 0x2000u);
  EXPECT_EQ(encodeFP20(std::ldexp(1.0f, -43)), 1u);
  EXPECT_EQ(encodeFP20(1e10f), 0x7DFFFu);
  EXPECT_EQ(encodeFP20(1.0f / 4096), 0x26000u);
  EXPECT_EQ(encodeFP20(1.0f / 3584), 0x26492u);
  EXPECT_EQ(encodeFP20(static_cast<float>(1 / std::sqrt(128.0))), 0x36D41u);
  EXPECT_EQ(encodeFP20(0.1f), 0x37333u);
  EXPECT_EQ(encodeFP20(65504.0f), 0x5DFF8u);
  EXPECT_EQ(encodeFP20(std::ldexp(1.0f, -31)), 0x1000u);
  EXPECT_EQ(encodeFP20(std::ldexp(1.0f, -44)), 0u);
  EXPECT_EQ(encodeFP20(2.0f / 3), 0x3CAABu);
}

// The original software lost the carry and encoded 0.5.
TEST(FP20, CarryOfTheFractionRunsIntoTheExponent) {
  EXPECT_EQ(encodeFP20(1 - std::ldexp(1.0f, -20)), encodeFP20(1.0f));
  EXPECT_EQ(encodeFP20(-1 + std::ldexp(1.0f, -20)), encodeFP20(-1.0f));
  // From the subnormal codes into the first normal one.
  EXPECT_EQ(encodeFP20(std::nextafter(std::ldexp(1.0f, -30), 0.0f)), 0x2000u);
}

TEST(FP20, SaturatesAtTheLargestCode) {
  const float infinity = std::numeric_limits<float>::infinity();
  const float nan = std::numeric_limits<float>::quiet_NaN();
  EXPECT_EQ(decode(largestCode), std::ldexp(2 - std::ldexp(1.0, -13), 31));
  // Would carry into the exponent 63, which no code has.
  EXPECT_EQ(encodeFP20(std::nextafter(std::ldexp(1.0f, 32), 0.0f)),
            largestCode);
  for (float value : {std::ldexp(1.0f, 32), 3e38f, infinity}) {
    EXPECT_EQ(encodeFP20(value), largestCode) << value;
    EXPECT_EQ(encodeFP20(-value), signBit | largestCode) << value;
  }
  EXPECT_EQ(encodeFP20(std::copysign(nan, 1.0f)), largestCode);
  EXPECT_EQ(encodeFP20(std::copysign(nan, -1.0f)), signBit | largestCode);
}

TEST(FP20, WhatIsTooSmallBecomesZeroWithoutSign) {
  const float tooSmall = std::nextafter(std::ldexp(1.0f, -43), 0.0f);
  for (float value : {0.0f, 1e-40f, std::ldexp(1.0f, -44), tooSmall}) {
    EXPECT_EQ(encodeFP20(value), 0u) << value;
    EXPECT_EQ(encodeFP20(-value), 0u) << value;
  }
  EXPECT_EQ(encodeFP20(-std::ldexp(1.0f, -43)), signBit | 1u);
}

TEST(FP20, EveryCodeIsTheCodeOfItsValue) {
  for (uint32_t code = 1; code <= largestCode; ++code) {
    const auto value = static_cast<float>(decode(code));
    ASSERT_EQ(encodeFP20(value), code);
    ASSERT_EQ(encodeFP20(-value), signBit | code);
  }
}

TEST(FP20, RoundsHalfAwayFromZero) {
  for (uint32_t code = 1; code < largestCode; ++code) {
    const auto middle =
        static_cast<float>((decode(code) + decode(code + 1)) / 2);
    ASSERT_EQ(encodeFP20(middle), code + 1);
    ASSERT_EQ(encodeFP20(-middle), signBit | (code + 1));
    ASSERT_EQ(encodeFP20(std::nextafter(middle, 0.0f)), code);
  }
}

TEST(FP20, LargerValuesNeverHaveSmallerCodes) {
  uint32_t last = 0;
  for (float value = 1e-14f; value < 1e10f; value *= 1.00001f) {
    const uint32_t code = encodeFP20(value);
    ASSERT_GE(code, last) << value;
    last = code;
  }
  EXPECT_EQ(last, largestCode);
}

} // namespace
