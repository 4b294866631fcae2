//===- Attention.cpp - Rotary embedding, KV caches and attention ----------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Ops.h"

#include "llvm/Support/Parallel.h"

#include <algorithm>
#include <cmath>
#include <limits>

using namespace dlavm;
using namespace dlavm::interpreter;
using llvm::ArrayRef;

//===----------------------------------------------------------------------===//
// Rotary embedding
//===----------------------------------------------------------------------===//

RopeAngles interpreter::getRopeAngles(llm::RopeOp op) {
  const double theta = op.getTheta().convertToDouble();
  const auto rotary = static_cast<int64_t>(op.getRotary());
  RopeAngles angles;
  for (int64_t i = 0; i < rotary / 2; ++i)
    angles.frequencies.push_back(std::pow(
        theta, -2.0 * static_cast<double>(i) / static_cast<double>(rotary)));
  if (mlir::ArrayAttr divisors = op.getDivisorsAttr())
    for (auto [frequency, divisor] : llvm::zip_equal(
             angles.frequencies, divisors.getAsValueRange<mlir::FloatAttr>()))
      frequency /= divisor.convertToDouble();
  if (std::optional<llvm::APFloat> factor = op.getAttentionFactor())
    angles.factor = factor->convertToDouble();
  return angles;
}

namespace {
/// Two channels of a head and the sine and cosine of the angle between them.
struct RotatedPair {
  int64_t first, second;
  double cosine, sine;
};
} // namespace

static RotatedPair getPair(const Numerics &numerics, llm::RopeStyle style,
                           const RopeAngles &angles, int64_t pair,
                           int64_t position) {
  const int64_t rotated = angles.frequencies.size();
  // What is not rotated is multiplied by 1 and 0, as the device's table has it.
  if (pair >= rotated)
    return {2 * pair, 2 * pair + 1, 1, 0};
  const double angle = static_cast<double>(position) * angles.frequencies[pair];
  const bool isHalfSplit = style == llm::RopeStyle::HalfSplit;
  return {isHalfSplit ? pair : 2 * pair,
          isHalfSplit ? pair + rotated : 2 * pair + 1,
          numerics.store(std::cos(angle) * angles.factor),
          numerics.store(std::sin(angle) * angles.factor)};
}

MapValue interpreter::rope(const Numerics &numerics, const MapValue &input,
                           llm::RopeStyle style, const RopeAngles &angles,
                           int64_t past) {
  // With an odd number of channels the last one is in no pair.
  MapValue result = input;
  for (int64_t token = 0; token < input.tokens; ++token)
    for (int64_t i = 0; i < input.channels / 2; ++i) {
      const RotatedPair pair =
          getPair(numerics, style, angles, i, past + token);
      for (int64_t head = 0; head < input.maps; ++head) {
        const double x0 = input.at(head, token, pair.first);
        const double x1 = input.at(head, token, pair.second);
        result.at(head, token, pair.first) =
            numerics.store(x0 * pair.cosine - x1 * pair.sine);
        result.at(head, token, pair.second) =
            numerics.store(x1 * pair.cosine + x0 * pair.sine);
      }
    }
  return result;
}

//===----------------------------------------------------------------------===//
// KV caches
//===----------------------------------------------------------------------===//

void interpreter::kvAppend(KVCache &cache, const MapValue &input,
                           int64_t past) {
  cache.values.resize((past + input.tokens) * cache.heads * cache.channels);
  for (int64_t token = 0; token < input.tokens; ++token)
    for (int64_t head = 0; head < cache.heads; ++head)
      for (int64_t c = 0; c < cache.channels; ++c)
        cache.values[((past + token) * cache.heads + head) * cache.channels +
                     c] = input.at(head, token, c);
}

//===----------------------------------------------------------------------===//
// Attention
//===----------------------------------------------------------------------===//

MapValue interpreter::attentionScores(const Numerics &numerics,
                                      const MapValue &input,
                                      const KVCache &cache, double scale,
                                      int64_t heads) {
  const int64_t group = heads / cache.heads, slots = input.maps / cache.heads;
  const double factor = numerics.scale(scale);
  MapValue result = createMap(heads, input.tokens, cache.getTokens());
  llvm::parallelFor(0, heads, [&](size_t head) {
    const int64_t kvHead = head / group;
    const int64_t slot = kvHead * slots + head % group;
    for (int64_t token = 0; token < input.tokens; ++token)
      for (int64_t key = 0; key < result.channels; ++key) {
        const double *query =
            &input.values[(slot * input.tokens + token) * input.channels];
        double sum = 0;
        for (auto [c, value] : llvm::enumerate(cache.getRow(kvHead, key)))
          sum += query[c] * value;
        result.at(head, token, key) = numerics.store(sum * factor);
      }
  });
  return result;
}

/// Softmax of \p row, computed in \p Float, the type of its operations; the
/// exponential is exact before it is rounded to that type.
template <typename Float>
static void softmaxRow(const Numerics &numerics,
                       llvm::MutableArrayRef<double> row) {
  Float largest = -std::numeric_limits<Float>::infinity();
  for (double value : row)
    largest = std::max(largest, static_cast<Float>(value));
  Float sum = 0;
  for (double &value : row) {
    const Float difference = static_cast<Float>(value) - largest;
    const auto exponential =
        static_cast<Float>(std::exp(static_cast<double>(difference)));
    sum += exponential;
    value = exponential;
  }
  for (double &value : row)
    value = numerics.store(static_cast<Float>(value) / sum);
}

MapValue interpreter::softmax(const Numerics &numerics, const MapValue &input,
                              int64_t past, bool isMasked) {
  MapValue result = createMap(input.maps, input.tokens, input.channels);
  llvm::parallelFor(0, input.maps, [&](size_t head) {
    for (int64_t token = 0; token < input.tokens; ++token) {
      // Later tokens are not seen.
      llvm::MutableArrayRef<double> row(&result.at(head, token, 0),
                                        isMasked ? past + token + 1
                                                 : input.channels);
      std::copy_n(&input.values[(head * input.tokens + token) * input.channels],
                  row.size(), row.begin());
      if (numerics.hasSoftmaxInFP32())
        softmaxRow<float>(numerics, row);
      else
        softmaxRow<double>(numerics, row);
    }
  });
  return result;
}

MapValue interpreter::attentionValues(const Numerics &numerics,
                                      const MapValue &input,
                                      const KVCache &cache, int64_t heads) {
  const int64_t group = input.maps / cache.heads, slots = heads / cache.heads;
  MapValue result = createMap(heads, input.tokens, cache.channels);
  llvm::parallelFor(0, input.maps, [&](size_t head) {
    const int64_t kvHead = head / group;
    const int64_t slot = kvHead * slots + head % group;
    for (int64_t token = 0; token < input.tokens; ++token) {
      double *sums = &result.at(slot, token, 0);
      for (int64_t key = 0; key < input.channels; ++key) {
        const double probability = input.at(head, token, key);
        for (auto [c, value] : llvm::enumerate(cache.getRow(kvHead, key)))
          sums[c] += probability * value;
      }
      for (int64_t c = 0; c < cache.channels; ++c)
        sums[c] = numerics.store(sums[c]);
    }
  });
  return result;
}
