//===- RowQuantizer.cpp - Rows of weights as INT4 -------------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DLAVM/Pack/RowQuantizer.h"
#include "DLAVM/Support/Half.h"
#include "QuantizeKernels.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/bit.h"

using namespace dlavm;
using namespace llvm;

/// What loops are cut into, so that compilers can make vectors of them. Sums
/// are kept per lane, in all kernels alike.
static constexpr size_t kLanes = 8;

static uint32_t findLargest(const float *weights) {
  uint32_t largest = 0;
  for (size_t i = 0; i < RowQuantizer::kBlock; ++i)
    largest = std::max(largest, bit_cast<uint32_t>(weights[i]) & 0x7FFFFFFF);
  return largest;
}

/// See quantizeBlock for the rounding.
static float roundWeight(float weight, float scale) {
  constexpr float integers = 3 << 22;
  float value = weight / scale;
  value = value < 7.0f ? value : 7.0f;
  value = value > -7.0f ? value : -7.0f;
  return value + integers - integers;
}

/// Adds up eight lanes in the order that is best for vectors.
static float addLanes(const float *lanes) {
  return ((lanes[0] + lanes[4]) + (lanes[2] + lanes[6])) +
         ((lanes[1] + lanes[5]) + (lanes[3] + lanes[7]));
}

static void roundBlock(const float *weights, float scale, int8_t *values,
                       QuantizationError &error) {
  float errors[kLanes] = {}, squares[kLanes] = {}, largest[kLanes] = {};
  for (size_t i = 0; i < RowQuantizer::kBlock; i += kLanes)
    for (size_t lane = 0; lane < kLanes; ++lane) {
      const float weight = weights[i + lane];
      const float value = roundWeight(weight, scale);
      values[i + lane] = static_cast<int8_t>(value);
      const float difference = std::fabs(weight - scale * value);
      errors[lane] += difference * difference;
      squares[lane] += weight * weight;
      largest[lane] = std::max(largest[lane], difference);
    }
  error.squaredErrors += addLanes(errors);
  error.squaredWeights += addLanes(squares);
  error.largest =
      std::max(error.largest, *std::max_element(largest, largest + kLanes));
}

std::array<uint16_t, kSearchSteps> dlavm::getSearchCodes(float fullScale) {
  std::array<uint16_t, kSearchSteps> codes;
  constexpr int smaller = 18;
  for (int i = 0; i < static_cast<int>(kSearchSteps); ++i) {
    const int k = i <= smaller ? i : smaller - i;
    codes[i] = doubleToHalf(fullScale * (1 - static_cast<float>(k) / 64.0f));
  }
  return codes;
}

uint16_t dlavm::chooseCode(ArrayRef<uint16_t> codes, ArrayRef<double> errors) {
  size_t best = 0;
  for (size_t k = 1; k < codes.size(); ++k)
    if (errors[k] < errors[best])
      best = k;
  return codes[best];
}

/// All candidates side by side, so that each sum keeps the order of channels.
static uint16_t searchScale(const float *weights, float fullScale) {
  const std::array<uint16_t, kSearchSteps> codes = getSearchCodes(fullScale);
  float scales[kSearchSteps];
  for (size_t k = 0; k < kSearchSteps; ++k)
    scales[k] = halfToFloat(codes[k]);
  double errors[kSearchSteps] = {};
  for (size_t i = 0; i < RowQuantizer::kBlock; ++i)
    for (size_t k = 0; k < kSearchSteps; ++k) {
      // The product has 14 significant bits.
      const float rounded = scales[k] * roundWeight(weights[i], scales[k]);
      const double error =
          static_cast<double>(weights[i]) - static_cast<double>(rounded);
      errors[k] += error * error;
    }
  return chooseCode(codes, errors);
}

QuantizeKernels dlavm::getPortableKernels() {
  return {findLargest, roundBlock, searchScale};
}

RowQuantizer::RowQuantizer(ScaleChoice choice, bool useVectors)
    : choice(choice) {
  QuantizeKernels kernels = getPortableKernels();
  if (useVectors)
    kernels = getAVX2Kernels().value_or(kernels);
  findLargest = kernels.findLargest;
  roundBlock = kernels.roundBlock;
  searchScale = kernels.searchScale;
}

/// Counts a block that has lost all its weights but for at most one. The error
/// relative to the weights does not show that: the one is most of their sum.
static void countLost(const float *weights, const int8_t *values,
                      QuantizationError &error) {
  size_t left = 0;
  // Most blocks are known by their first weights.
  for (size_t i = 0; i < RowQuantizer::kBlock; ++i)
    if (values[i] != 0 && ++left > 1)
      return;
  const auto all = std::count_if(weights, weights + RowQuantizer::kBlock,
                                 [](float weight) { return weight != 0; });
  if (static_cast<size_t>(all) > left)
    ++(left == 0 ? error.vanishedBlocks : error.outlierBlocks);
}

std::optional<size_t> RowQuantizer::quantize(ArrayRef<float> weights,
                                             MutableArrayRef<int8_t> values,
                                             MutableArrayRef<uint16_t> scales,
                                             QuantizationError &error) const {
  for (size_t block = 0; block < scales.size(); ++block) {
    const float *in = weights.data() + block * kBlock;
    int8_t *out = values.data() + block * kBlock;
    const float fullScale = bit_cast<float>(findLargest(in)) / 7.5f;
    uint16_t code = doubleToHalf(fullScale);
    // That of a number that is not finite is none either.
    if (code >= kNoScale)
      return block;
    // The smallest scale of the search is 46/64 of the full one.
    if (code <= 1) {
      // So small that scales may be 0, by which nobody can divide.
      code = quantizeBlock({in, kBlock}, choice, {out, kBlock});
      for (size_t i = 0; i < kBlock; ++i) {
        const float difference =
            std::fabs(in[i] - halfToFloat(code) * static_cast<float>(out[i]));
        error.squaredErrors += difference * difference;
        error.squaredWeights += in[i] * in[i];
        error.largest = std::max(error.largest, difference);
      }
    } else {
      if (choice == ScaleChoice::Search)
        code = searchScale(in, fullScale);
      roundBlock(in, halfToFloat(code), out, error);
    }
    countLost(in, out, error);
    scales[block] = code;
  }
  return std::nullopt;
}
