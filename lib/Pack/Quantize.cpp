//===- Quantize.cpp - Weights as INT4 -------------------------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DLAVM/Pack/Quantize.h"
#include "DLAVM/Support/Half.h"

#include "llvm/ADT/STLExtras.h"

#include <algorithm>
#include <cmath>

using namespace dlavm;
using namespace llvm;

/// The INT4 value of a weight.
static float roundWeight(float weight, float scale) {
  if (scale == 0)
    return 0;
  // The sum is at least 2^23, where FP32 has no fractions: it rounds to the
  // nearest integer, the even one of two as near. std::nearbyint depends on the
  // rounding mode and is slow.
  constexpr float integers = 3 << 22;
  const float value = std::clamp(weight / scale, -7.0f, 7.0f);
  return value + integers - integers;
}

static double getSquaredError(ArrayRef<float> weights, float scale) {
  double sum = 0;
  for (float weight : weights) {
    const double error =
        static_cast<double>(weight) -
        static_cast<double>(scale) * roundWeight(weight, scale);
    sum += error * error;
  }
  return sum;
}

std::optional<size_t> dlavm::findUnroundable(ArrayRef<float> weights) {
  size_t largest = 0;
  for (size_t i = 0; i < weights.size(); ++i) {
    if (!std::isfinite(weights[i]))
      return i;
    if (std::fabs(weights[i]) > std::fabs(weights[largest]))
      largest = i;
  }
  if (doubleToHalf(std::fabs(weights[largest]) / 7.5f) >= kNoScale)
    return largest;
  return std::nullopt;
}

uint16_t dlavm::quantizeBlock(ArrayRef<float> weights, ScaleChoice choice,
                              MutableArrayRef<int8_t> values) {
  if (findUnroundable(weights)) {
    llvm::fill(values, 0);
    return kNoScale;
  }
  float absmax = 0;
  for (float weight : weights)
    absmax = std::max(absmax, std::fabs(weight));
  uint16_t code = doubleToHalf(absmax / 7.5f);
  if (choice == ScaleChoice::Search) {
    double least = getSquaredError(weights, halfToFloat(code));
    auto tryStep = [&](int k) {
      const uint16_t other = doubleToHalf(absmax / 7.5f * (1 - k / 64.0f));
      // NaN where the scale is infinite.
      const double error = getSquaredError(weights, halfToFloat(other));
      if (error < least) {
        least = error;
        code = other;
      }
    };
    for (int k = 1; k <= 18; ++k)
      tryStep(k);
    for (int k = -1; k >= -13; --k)
      tryStep(k);
  }
  const float scale = halfToFloat(code);
  for (size_t i = 0; i < weights.size(); ++i)
    values[i] = static_cast<int8_t>(roundWeight(weights[i], scale));
  return code;
}
