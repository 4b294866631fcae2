//===- HalfTest.cpp - FP16 and BF16 against llvm::APFloat -----------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DLAVM/Support/Half.h"

#include "llvm/ADT/APFloat.h"
#include "gtest/gtest.h"

#include <cmath>
#include <limits>
#include <random>

using namespace dlavm;
using llvm::APFloat;
using llvm::APInt;

static APFloat convert(APFloat value, const llvm::fltSemantics &to) {
  bool losesInfo;
  value.convert(to, APFloat::rmNearestTiesToEven, &losesInfo);
  return value;
}

static uint64_t getBits(const APFloat &value) {
  return value.bitcastToAPInt().getZExtValue();
}

static uint16_t expectHalf(double value) {
  return getBits(convert(APFloat(value), APFloat::IEEEhalf()));
}

static uint64_t bitsOf(double value) {
  return dlavm::detail::bitCast<uint64_t>(value);
}
static uint32_t bitsOf(float value) {
  return dlavm::detail::bitCast<uint32_t>(value);
}

TEST(HalfTest, EveryCode) {
  for (uint32_t code = 0; code < 0x10000; ++code) {
    const APFloat half(APFloat::IEEEhalf(), APInt(16, code));
    ASSERT_EQ(bitsOf(halfToFloat(code)),
              getBits(convert(half, APFloat::IEEEsingle())))
        << code;
    ASSERT_EQ(bitsOf(halfToDouble(code)),
              getBits(convert(half, APFloat::IEEEdouble())))
        << code;
    const APFloat bfloat(APFloat::BFloat(), APInt(16, code));
    ASSERT_EQ(bitsOf(bfloatToFloat(code)),
              getBits(convert(bfloat, APFloat::IEEEsingle())))
        << code;
  }
}

// Every number that FP16 has, and what lies halfway between two and just beside
// that; the largest one's other neighbour is 2^16, where infinity begins.
TEST(HalfTest, Halfway) {
  for (uint32_t code = 0; code < 0x7C00; ++code) {
    const double low = halfToDouble(code);
    const double high = code == 0x7BFF ? 65536 : halfToDouble(code + 1);
    const double middle = (low + high) / 2;
    for (double value : {low, middle, std::nextafter(middle, low),
                         std::nextafter(middle, high)}) {
      ASSERT_EQ(doubleToHalf(value), expectHalf(value)) << value;
      ASSERT_EQ(doubleToHalf(-value), expectHalf(-value)) << -value;
    }
    ASSERT_EQ(doubleToHalf(low), code);
    ASSERT_EQ(doubleToHalf(middle), code + (code & 1)) << middle;
  }
}

TEST(HalfTest, Extremes) {
  using Limits = std::numeric_limits<double>;
  EXPECT_EQ(doubleToHalf(65519.999), 0x7BFF);
  EXPECT_EQ(doubleToHalf(65520), 0x7C00);
  EXPECT_EQ(doubleToHalf(-1e300), 0xFC00);
  EXPECT_EQ(doubleToHalf(-Limits::infinity()), 0xFC00);
  EXPECT_EQ(doubleToHalf(0x1p-25), 0);
  EXPECT_EQ(doubleToHalf(std::nextafter(0x1p-25, 1)), 1);
  EXPECT_EQ(doubleToHalf(-Limits::denorm_min()), 0x8000);
  EXPECT_EQ(doubleToHalf(-0.0), 0x8000);
  // One rounding, not two: FP32 would make a tie of this.
  EXPECT_EQ(doubleToHalf(1 + 0x1p-11 + 0x1p-40), 0x3C01);
}

TEST(HalfTest, RandomBits) {
  std::mt19937_64 generator(1);
  for (int i = 0; i < 1000000; ++i) {
    uint64_t bits = generator();
    // Most exponents of FP64 are far from FP16's; half of the tries are not.
    if (i % 2)
      bits = (bits & ~(0x7FFull << 52)) | (1023 - 30 + bits % 50) << 52;
    const double value = dlavm::detail::bitCast<double>(bits);
    ASSERT_EQ(doubleToHalf(value), expectHalf(value)) << bits;
  }
}

TEST(HalfTest, FloatToBFloat) {
  std::mt19937 generator(1);
  for (uint32_t i = 0; i < 1000000; ++i) {
    uint32_t bits = generator();
    // The lower half of every fourth is a tie.
    if (i % 4 == 0)
      bits = (bits & 0xFFFF0000) | 0x8000;
    const float value = dlavm::detail::bitCast<float>(bits);
    ASSERT_EQ(floatToBFloat(value),
              getBits(convert(APFloat(value), APFloat::BFloat())))
        << bits;
  }
}
