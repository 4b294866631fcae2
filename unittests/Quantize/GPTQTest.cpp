//===- GPTQTest.cpp - Tests of error-compensated rounding -----------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DLAVM/Quantize/GPTQ.h"
#include "DLAVM/Support/Half.h"

#include "llvm/Support/Parallel.h"
#include "gtest/gtest.h"

#include <random>

using namespace dlavm;
using namespace llvm;

namespace {

std::vector<double> makeInputs(int64_t tokens, int64_t channels,
                               unsigned seed) {
  // Channels of different sizes that depend on each other, as a model's do.
  std::mt19937 random(seed);
  std::normal_distribution<double> normal;
  constexpr int64_t kFactors = 12;
  std::vector<double> mixing(kFactors * channels);
  for (double &value : mixing)
    value = normal(random);
  std::vector<double> inputs;
  for (int64_t token = 0; token < tokens; ++token) {
    double factors[kFactors];
    for (double &factor : factors)
      factor = normal(random);
    for (int64_t channel = 0; channel < channels; ++channel) {
      double value = 0.3 * normal(random);
      for (int64_t i = 0; i < kFactors; ++i)
        value += factors[i] * mixing[i * channels + channel];
      inputs.push_back(value * (1 + channel % 7));
    }
  }
  return inputs;
}

std::vector<float> makeWeights(int64_t rows, int64_t channels, unsigned seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal(0, 0.02f);
  std::vector<float> weights(rows * channels);
  for (float &weight : weights)
    weight = normal(random);
  return weights;
}

Hessian makeHessian(ArrayRef<double> inputs, int64_t channels) {
  Hessian hessian(channels);
  hessian.add(inputs);
  return hessian;
}

QuantizedMatrix quantize(ArrayRef<double> inputs, ArrayRef<float> weights,
                         int64_t channels, double dampening = 0.01) {
  Expected<GPTQ> gptq = GPTQ::create(makeHessian(inputs, channels), dampening);
  EXPECT_TRUE(static_cast<bool>(gptq));
  return gptq->quantize(weights);
}

/// The squared error of the outputs for these inputs.
double getOutputError(ArrayRef<double> inputs, ArrayRef<float> weights,
                      const QuantizedMatrix &matrix) {
  double sum = 0;
  for (size_t token = 0; token < inputs.size() / matrix.columns; ++token)
    for (int64_t row = 0; row < matrix.rows; ++row) {
      double error = 0;
      for (int64_t i = 0; i < matrix.columns; ++i)
        error += inputs[token * matrix.columns + i] *
                 (weights[row * matrix.columns + i] - matrix.getWeight(row, i));
      sum += error * error;
    }
  return sum;
}

/// Each weight to the nearest value.
QuantizedMatrix roundToNearest(ArrayRef<float> weights,
                               const QuantizedMatrix &scales) {
  QuantizedMatrix result = scales;
  for (int64_t row = 0; row < result.rows; ++row)
    for (int64_t i = 0; i < result.columns; ++i) {
      const size_t at = row * result.columns + i;
      const float scale =
          halfToFloat(result.scales[row * result.getNumGroups() + i / 128]);
      result.values[at] = static_cast<int8_t>(
          std::clamp(std::nearbyint(weights[at] / scale), -7.0f, 7.0f));
    }
  return result;
}

} // namespace

TEST(Hessian, IsTheMeanOfProducts) {
  // Two tokens, then one: 2 / 3 * (x x^T + y y^T + z z^T).
  Hessian hessian(3);
  hessian.add({1, 2, 3, 0, -1, 4});
  hessian.add({5, 0, 0.5});
  EXPECT_EQ(hessian.getNumTokens(), 3);
  EXPECT_DOUBLE_EQ(hessian.at(0, 0), 2.0 / 3 * (1 + 25));
  EXPECT_DOUBLE_EQ(hessian.at(1, 0), 2.0 / 3 * 2);
  EXPECT_DOUBLE_EQ(hessian.at(0, 1), 2.0 / 3 * 2);
  EXPECT_DOUBLE_EQ(hessian.at(2, 1), 2.0 / 3 * (6 - 4));
  EXPECT_DOUBLE_EQ(hessian.at(2, 2), 2.0 / 3 * (9 + 16 + 0.25));
}

TEST(GPTQ, TwoChannels) {
  // H = [[4, 2], [2, 3]] without dampening: channel 0 is rounded first. Its
  // error e moves channel 1 by e * 2 / 3, which leaves e^2 * (4 - 4 / 3).
  // The scale is 1 for both: 7.5 / 7.5, and no other one has a smaller error.
  const double root = std::sqrt(2.0);
  const double inputs[] = {root * std::sqrt(2.0), root / std::sqrt(2.0), 0,
                           root * std::sqrt(1.0)};
  Hessian hessian(2);
  hessian.add(inputs);
  ASSERT_DOUBLE_EQ(hessian.at(0, 0), 4);
  ASSERT_DOUBLE_EQ(hessian.at(0, 1), 2);
  ASSERT_DOUBLE_EQ(hessian.at(1, 1), 3);
  Expected<GPTQ> gptq = GPTQ::create(hessian, 0);
  ASSERT_TRUE(static_cast<bool>(gptq));
  const float weights[] = {7.0f, 2.4f, 6.6f, 2.4f, 7.0f, -2.6f};
  const QuantizedMatrix matrix = gptq->quantize(weights);
  for (int64_t row = 0; row < 3; ++row) {
    const float scale = halfToFloat(matrix.scales[row]);
    const double first = matrix.values[2 * row];
    EXPECT_EQ(first, std::nearbyint(weights[2 * row] / scale));
    const double moved =
        weights[2 * row + 1] + (weights[2 * row] - first * scale) * 2 / 3;
    EXPECT_EQ(matrix.values[2 * row + 1], std::nearbyint(moved / scale));
  }
}

TEST(GPTQ, IsBestForEachValueAlone) {
  // With many values, the first ones to be rounded do not know the others. Most
  // of them are no better with a neighbour in the end.
  constexpr int64_t channels = 130;
  const std::vector<double> inputs = makeInputs(400, channels, 7);
  const std::vector<float> weights = makeWeights(4, channels, 8);
  QuantizedMatrix matrix = quantize(inputs, weights, channels);
  const double error = getOutputError(inputs, weights, matrix);
  int worse = 0, all = 0;
  for (int8_t &value : matrix.values)
    for (int step : {-1, 1}) {
      const int8_t before = value;
      if (std::abs(before + step) > 7)
        continue;
      value = static_cast<int8_t>(before + step);
      worse += getOutputError(inputs, weights, matrix) >= error;
      ++all;
      value = before;
    }
  EXPECT_GT(worse, 0.97 * all);
}

TEST(GPTQ, MakesUpForErrors) {
  constexpr int64_t channels = 300;
  const std::vector<double> inputs = makeInputs(500, channels, 1);
  const std::vector<float> weights = makeWeights(150, channels, 2);
  const QuantizedMatrix matrix = quantize(inputs, weights, channels);
  EXPECT_EQ(matrix.getNumGroups(), 3);
  for (int8_t value : matrix.values)
    ASSERT_TRUE(value >= -7 && value <= 7);
  const double error = getOutputError(inputs, weights, matrix);
  const double nearest =
      getOutputError(inputs, weights, roundToNearest(weights, matrix));
  EXPECT_LT(error, 0.1 * nearest);
  // Inputs that were not seen are as those that were.
  const std::vector<double> others = makeInputs(500, channels, 1);
  EXPECT_LT(getOutputError(others, weights, matrix), 0.1 * nearest);
}

TEST(GPTQ, WhatIsExactStays) {
  // Codes and a scale that FP16 has: there is nothing to make up for.
  constexpr int64_t channels = 256;
  std::vector<float> weights(3 * channels);
  for (size_t i = 0; i < weights.size(); ++i)
    weights[i] =
        0.03125f * static_cast<float>(static_cast<int>(i * 5 % 15) - 7);
  const QuantizedMatrix matrix =
      quantize(makeInputs(300, channels, 3), weights, channels);
  for (size_t i = 0; i < weights.size(); ++i)
    EXPECT_EQ(matrix.getWeight(i / channels, i % channels), weights[i]);
}

TEST(GPTQ, ThreadsChangeNothing) {
  constexpr int64_t channels = 260;
  const std::vector<double> inputs = makeInputs(200, channels, 4);
  const std::vector<float> weights = makeWeights(300, channels, 5);
  const QuantizedMatrix all = quantize(inputs, weights, channels);
  // Inside of a task, loops are sequential.
  std::optional<QuantizedMatrix> one;
  parallelFor(0, 1, [&](size_t) { one = quantize(inputs, weights, channels); });
  EXPECT_EQ(all.values, one->values);
  EXPECT_EQ(all.scales, one->scales);
}

TEST(GPTQ, InputsThatAreZero) {
  constexpr int64_t channels = 140;
  const std::vector<float> weights = makeWeights(4, channels, 6);
  std::vector<double> inputs(channels * 10);
  const QuantizedMatrix none = quantize(inputs, weights, channels);
  EXPECT_EQ(none.values, roundToNearest(weights, none).values);
  // One channel that matters is exact to half of a scale.
  for (int64_t token = 0; token < 10; ++token)
    inputs[token * channels + 3] = 1;
  const QuantizedMatrix one = quantize(inputs, weights, channels);
  EXPECT_NEAR(one.getWeight(2, 3), weights[2 * channels + 3],
              halfToFloat(one.scales[4]) / 2);
  // Weights that are 0 have the scale 0.
  const QuantizedMatrix zeros =
      quantize(inputs, std::vector<float>(channels), channels);
  EXPECT_EQ(zeros.scales[0], 0);
  EXPECT_EQ(zeros.getWeight(0, 0), 0);
}

TEST(GPTQ, InputsThatAreNotFinite) {
  Expected<GPTQ> gptq = GPTQ::create(makeHessian({1, NAN}, 2));
  EXPECT_EQ(toString(gptq.takeError()),
            "its inputs are not finite, or too large");
}
