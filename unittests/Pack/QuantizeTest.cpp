//===- QuantizeTest.cpp - Tests of rounding to INT4 -----------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DLAVM/Pack/RowQuantizer.h"
#include "DLAVM/Support/Half.h"

#include "llvm/ADT/bit.h"
#include "gtest/gtest.h"

#include <random>

using namespace dlavm;
using namespace llvm;

namespace {

struct Row {
  std::vector<int8_t> values;
  std::vector<uint16_t> scales;
  QuantizationError error;
  std::optional<size_t> refused;
};

Row quantizeRow(ArrayRef<float> weights, ScaleChoice choice, bool useVectors) {
  Row row;
  row.values.resize(weights.size());
  row.scales.resize(weights.size() / RowQuantizer::kBlock);
  row.refused = RowQuantizer(choice, useVectors)
                    .quantize(weights, row.values, row.scales, row.error);
  return row;
}

/// Both kernels against the definition, and the errors of one against those of
/// the other.
void checkRow(ArrayRef<float> weights, ScaleChoice choice) {
  const Row portable = quantizeRow(weights, choice, false);
  const Row fast = quantizeRow(weights, choice, true);
  ASSERT_FALSE(portable.refused || fast.refused);
  ASSERT_EQ(portable.values, fast.values);
  ASSERT_EQ(portable.scales, fast.scales);
  ASSERT_EQ(portable.error.squaredErrors, fast.error.squaredErrors);
  ASSERT_EQ(portable.error.squaredWeights, fast.error.squaredWeights);
  ASSERT_EQ(portable.error.largest, fast.error.largest);
  double squaredErrors = 0, squaredWeights = 0;
  float largest = 0;
  for (size_t block = 0; block < fast.scales.size(); ++block) {
    int8_t values[RowQuantizer::kBlock];
    const ArrayRef<float> in =
        weights.slice(block * RowQuantizer::kBlock, RowQuantizer::kBlock);
    const uint16_t scale = quantizeBlock(in, choice, values);
    ASSERT_EQ(scale, fast.scales[block]) << "block " << block;
    for (size_t i = 0; i < in.size(); ++i) {
      const size_t at = block * RowQuantizer::kBlock + i;
      ASSERT_EQ(values[i], fast.values[at]) << "weight " << in[i];
      const double error = in[i] - halfToDouble(scale) * values[i];
      squaredErrors += error * error;
      squaredWeights += static_cast<double>(in[i]) * in[i];
      largest = std::max(largest, static_cast<float>(std::fabs(error)));
    }
  }
  // Of the squares, FP32 has no smaller ones.
  const double tiny = 128 * 0x1p-126;
  EXPECT_NEAR(fast.error.squaredErrors, squaredErrors,
              1e-4 * squaredErrors + tiny);
  EXPECT_NEAR(fast.error.squaredWeights, squaredWeights,
              1e-4 * squaredWeights + tiny);
  EXPECT_FLOAT_EQ(fast.error.largest, largest);
}

class QuantizeTest : public testing::TestWithParam<ScaleChoice> {};

} // namespace

TEST(QuantizeLoss, BlocksWithAtMostOneWeightLeft) {
  constexpr size_t block = RowQuantizer::kBlock;
  std::vector<float> weights(6 * block, 0.0f);
  // Nothing was there; all is below half of the smallest scale.
  std::fill_n(weights.begin() + block, block, 1e-7f);
  // One among zeros is all there is; one among others is not, nor are two.
  weights[2 * block + 3] = 1;
  std::fill_n(weights.begin() + 3 * block, 3 * block, 0.01f);
  weights[3 * block + 127] = -1;
  weights[4 * block] = weights[4 * block + 64] = 1;
  for (bool useVectors : {false, true}) {
    const Row row = quantizeRow(weights, ScaleChoice::AbsMax, useVectors);
    EXPECT_EQ(row.error.vanishedBlocks, 1);
    EXPECT_EQ(row.error.outlierBlocks, 1);
  }
}

TEST(QuantizeDefinition, AbsMax) {
  // A scale of 1: halves go to the even neighbour, and nothing is below -7.
  const float weights[] = {7.5f,  -7.5f, 0.5f, 1.5f,  2.5f,  -0.5f, -1.5f,
                           -2.5f, 3.49f, 3.5f, -3.5f, 6.51f, 0,     -0.0f};
  const int8_t expected[] = {7, -7, 0, 2, 2, 0, -2, -2, 3, 4, -4, 7, 0, 0};
  int8_t values[std::size(weights)];
  EXPECT_EQ(quantizeBlock(weights, ScaleChoice::AbsMax, values), 0x3C00);
  EXPECT_EQ(ArrayRef(values), ArrayRef(expected));
}

TEST(QuantizeDefinition, SmallScales) {
  int8_t values[2];
  // 2^-25 is in the middle between 0 and the smallest number: 0 is even.
  EXPECT_EQ(quantizeBlock({7.5f * 0x1p-25f, 0}, ScaleChoice::AbsMax, values),
            0);
  EXPECT_EQ(values[0], 0);
  EXPECT_EQ(quantizeBlock({7.6f * 0x1p-25f, 0}, ScaleChoice::AbsMax, values),
            1);
  EXPECT_EQ(values[0], 4);
  EXPECT_EQ(quantizeBlock({0, 0}, ScaleChoice::AbsMax, values), 0);
  EXPECT_EQ(values[0], 0);
}

TEST(QuantizeDefinition, WhatHasNoScale) {
  const float tooLarge = 65520.0f * 7.5f;
  for (ScaleChoice choice : {ScaleChoice::AbsMax, ScaleChoice::Search})
    for (float bad : {NAN, -NAN, HUGE_VALF, -HUGE_VALF, tooLarge}) {
      const float weights[] = {1, -7.5f, bad, 2 * bad};
      const int8_t zeros[4] = {};
      int8_t values[4] = {1, 2, 3, 4};
      EXPECT_EQ(quantizeBlock(weights, choice, values), kNoScale) << bad;
      EXPECT_EQ(ArrayRef(values), ArrayRef(zeros)) << bad;
      // The last one is the largest, but the one before is not finite either.
      EXPECT_EQ(findUnroundable(weights), bad == tooLarge ? 3u : 2u) << bad;
    }
  EXPECT_EQ(findUnroundable({1, std::nextafter(tooLarge, 0.0f)}), std::nullopt);
}

TEST(QuantizeDefinition, Search) {
  // One large weight and many that are multiples of 15/16: that scale, of k =
  // 4, makes no error but that of the large one.
  std::vector<float> weights;
  for (int i = 0; i < 128; ++i)
    weights.push_back(static_cast<float>(i % 7 + 1) * 15.0f / 16);
  weights[0] = 7.5f;
  std::vector<int8_t> values(128);
  EXPECT_EQ(quantizeBlock(weights, ScaleChoice::Search, values),
            doubleToHalf(15.0 / 16));
  EXPECT_EQ(values[0], 7);
  EXPECT_EQ(values[2], 3);
}

TEST(QuantizeDefinition, SearchOfLargerScales) {
  // 7.5 is a multiple of 7.5 / 7, the scale of k = -4.57: k = -5 is nearest.
  std::vector<float> weights(128, 7.5f);
  std::vector<int8_t> values(128);
  EXPECT_EQ(quantizeBlock(weights, ScaleChoice::Search, values),
            doubleToHalf(69.0 / 64));
  EXPECT_EQ(values[0], 7);
}

TEST(QuantizeDefinition, SearchDoesNotLeaveFP16) {
  // The best scale would be larger than the full one, and infinite.
  std::vector<float> weights(128, 65504.0f * 7.4f);
  checkRow(weights, ScaleChoice::Search);
  std::vector<int8_t> values(128);
  EXPECT_LT(quantizeBlock(weights, ScaleChoice::Search, values), kNoScale);
}

TEST(QuantizeDefinition, SearchIsNeverWorse) {
  std::mt19937 random(5);
  std::normal_distribution<float> normal(0, 0.02f);
  std::vector<float> weights(128 * 64);
  for (float &weight : weights)
    weight = normal(random);
  const Row absmax = quantizeRow(weights, ScaleChoice::AbsMax, true);
  const Row search = quantizeRow(weights, ScaleChoice::Search, true);
  EXPECT_LT(search.error.squaredErrors, absmax.error.squaredErrors);
  EXPECT_NE(absmax.scales, search.scales);
}

TEST_P(QuantizeTest, RandomWeights) {
  std::mt19937 random(1);
  for (int round = 0; round < 200; ++round) {
    std::normal_distribution<float> normal(
        0, std::ldexp(1.0f, static_cast<int>(random() % 30) - 18));
    std::vector<float> weights(128 * (1 + random() % 5));
    for (float &weight : weights)
      weight = normal(random);
    // What checkpoints have.
    if (round % 3 == 1)
      for (float &weight : weights)
        weight = halfToFloat(doubleToHalf(weight));
    if (round % 3 == 2)
      for (float &weight : weights)
        weight = bfloatToFloat(floatToBFloat(weight));
    checkRow(weights, GetParam());
  }
}

/// Multiples of half a scale, where rounding is decided by one bit.
TEST_P(QuantizeTest, Ties) {
  std::mt19937 random(2);
  for (int round = 0; round < 200; ++round) {
    const float scale =
        halfToFloat(static_cast<uint16_t>(0x0400 + random() % 0x7000));
    std::vector<float> weights(256);
    for (float &weight : weights)
      weight = scale * 0.5f * (static_cast<int>(random() % 31) - 15);
    // Some one unit beside the tie.
    for (size_t i = 0; i < weights.size(); i += 3)
      weights[i] = std::nextafter(weights[i], i % 2 ? HUGE_VALF : -HUGE_VALF);
    checkRow(weights, GetParam());
  }
}

TEST_P(QuantizeTest, Extremes) {
  const float extremes[] = {
      0.0f,      -0.0f,       0x1p-149f,  -0x1p-149f, 0x1p-126f, 0x1p-24f,
      0x1p-25f,  -0x1.8p-25f, 0x1.fp-23f, 1e-7f,      4e-7f,     1e-6f,
      -65504.0f, 491000.0f,   -491300.0f, 491399.0f,  1.0f,      -7.5f};
  std::mt19937 random(3);
  for (int round = 0; round < 400; ++round) {
    // Blocks in which no magnitude is above that of one extreme.
    const float most = std::fabs(extremes[random() % std::size(extremes)]);
    std::vector<float> weights(128);
    for (float &weight : weights) {
      weight = extremes[random() % std::size(extremes)];
      if (std::fabs(weight) > most)
        weight = most;
    }
    checkRow(weights, GetParam());
  }
}

TEST_P(QuantizeTest, RefusesWhatHasNoScale) {
  // 65520 is the first that rounds to infinity.
  const float tooLarge = 65520.0f * 7.5f;
  for (bool useVectors : {false, true})
    for (float bad : {NAN, -NAN, HUGE_VALF, -HUGE_VALF, tooLarge}) {
      std::vector<float> weights(3 * 128, 1.0f);
      weights[128 + 77] = bad;
      EXPECT_EQ(quantizeRow(weights, GetParam(), useVectors).refused, 1u)
          << bad;
      weights[128 + 77] = std::nextafter(tooLarge, 0.0f);
      EXPECT_EQ(quantizeRow(weights, GetParam(), useVectors).refused,
                std::nullopt);
    }
}

INSTANTIATE_TEST_SUITE_P(, QuantizeTest,
                         testing::Values(ScaleChoice::AbsMax,
                                         ScaleChoice::Search));
