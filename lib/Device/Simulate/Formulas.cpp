//===- Formulas.cpp - What simulated tasks compute ----------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Formulas.h"
#include "Numbers.h"

#include "llvm/ADT/STLExtras.h"

#include <algorithm>

using namespace dlavm;
using namespace dlavm::simulate;

void simulate::addBlock(const double *inputs, int64_t stride,
                        const WeightBlock &values, const double *scales,
                        int64_t count, bool sumsInFP32,
                        llvm::MutableArrayRef<LaneNumbers> sums) {
  constexpr int64_t numLanes = 32;
  // A piece of the weights stays in the first cache.
  constexpr int64_t piece = kBlock / 2;
  alignas(64) double weights[piece * numLanes];
  const int64_t tokens = sums.size();
  for (int64_t first = 0; first < count; first += piece) {
    const int64_t depth = std::min(piece, count - first);
    getKernels().scale(values, scales, first, depth, weights);
    if (!sumsInFP32) {
      getKernels().accumulate(inputs + first, stride, tokens, weights, depth,
                              sums.front().lanes);
      continue;
    }
    for (int64_t token = 0; token < tokens; ++token)
      for (int64_t i = 0; i < depth; ++i) {
        const auto input =
            static_cast<float>(inputs[token * stride + first + i]);
        for (int64_t lane = 0; lane < numLanes; ++lane) {
          const auto weight = static_cast<float>(weights[i * numLanes + lane]);
          double &sum = sums[token].lanes[lane];
          sum = static_cast<float>(sum) + input * weight;
        }
      }
  }
}

void ArgmaxSearch::add(llvm::ArrayRef<uint16_t> logits, uint32_t first,
                       bool takesLast) {
  for (auto [i, code] : llvm::enumerate(logits)) {
    const float logit = fromHalf(code);
    if (logit > largest || (takesLast && logit == largest)) {
      largest = logit;
      best = first + static_cast<uint32_t>(i);
    }
  }
}

NormTerms simulate::measure(llvm::ArrayRef<double> x, bool isLayerNorm,
                            double reciprocal, double epsilon) {
  double mean = 0;
  if (isLayerNorm) {
    for (double value : x)
      mean += value;
    mean *= reciprocal;
  }
  double squares = 0;
  for (double value : x) {
    const double deviation = isLayerNorm ? value - mean : value;
    squares += deviation * deviation;
  }
  return {mean, std::sqrt(squares * reciprocal + epsilon)};
}

uint16_t simulate::normalize(double x, const NormTerms &terms,
                             const ScaleBias &weight) {
  return toHalf((x - terms.mean) / terms.deviation * weight.scale +
                weight.bias);
}

/// \p T is the precision of every step but the exponential.
template <typename T>
static void computeProbabilities(llvm::MutableArrayRef<double> row) {
  T largest = -HUGE_VAL;
  for (double score : row)
    largest = std::max(largest, static_cast<T>(score));
  T sum = 0;
  for (double &value : row) {
    const T difference = static_cast<T>(value) - largest;
    const T power = static_cast<T>(std::exp(static_cast<double>(difference)));
    value = power;
    sum += power;
  }
  for (double &value : row)
    value = static_cast<T>(value) / sum;
}

void simulate::computeSoftmax(llvm::MutableArrayRef<double> row,
                              int64_t visible, bool isFP32) {
  if (isFP32)
    computeProbabilities<float>(row.take_front(visible));
  else
    computeProbabilities<double>(row.take_front(visible));
  llvm::fill(row.drop_front(visible), 0);
}

PiecewiseLinear::PiecewiseLinear(const Codes &codes, bool holds)
    : holds(holds) {
  std::transform(codes.begin(), codes.end(), numbers.begin(), fromHalf);
}

uint16_t PiecewiseLinear::evaluate(uint16_t code) const {
  double x = fromHalf(code);
  // A NaN lies in no region.
  if (std::isnan(x))
    return toHalf(x);
  int64_t region = 0;
  for (int64_t i = 0; i < numRegions; ++i)
    region += numbers[i] <= x;
  if (region == 0)
    return 0;
  if (region == numRegions && holds)
    x = numbers[numRegions - 1];
  region = std::min(region, numRegions - 1);
  return toHalf(numbers[numRegions + region] * x +
                numbers[2 * numRegions + region]);
}

void simulate::rotate(uint16_t &x0, uint16_t &x1, uint16_t cosine,
                      uint16_t sine) {
  const double a = fromHalf(x0), b = fromHalf(x1);
  const double c = fromHalf(cosine), s = fromHalf(sine);
  x0 = toHalf(a * c - b * s);
  x1 = toHalf(b * c + a * s);
}
