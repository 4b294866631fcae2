//===- WeightQuantizer.cpp - Matrices as the device holds them ------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DLAVM/Pack/WeightQuantizer.h"
#include "DLAVM/Support/Half.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/bit.h"
#include "llvm/Support/FormatVariadic.h"

#include <cmath>

using namespace dlavm;
using namespace llvm;

static constexpr size_t kBlock = WeightQuantizer::kBlock;
/// The largest magnitude of a value.
static constexpr int kLargest = 7;

/// The FP16 code of a scale that is one and not negative.
static std::optional<uint16_t> getScaleCode(float scale) {
  const uint16_t code = doubleToHalf(scale);
  if (code < kNoScale && halfToFloat(code) == scale)
    return code;
  return std::nullopt;
}

/// The FP16 scale with which a block stays as it is, if there is one.
static std::optional<uint16_t> findExactScale(const int8_t *codes,
                                              const float *scales) {
  // Loops over one type each become vectors.
  uint8_t isBeyond = 0;
  for (size_t i = 0; i < kBlock; ++i)
    isBeyond |= static_cast<uint8_t>(codes[i] + kLargest) > 2 * kLargest;
  if (isBeyond)
    return std::nullopt;
  uint32_t differences = 0;
  for (size_t i = 0; i < kBlock; ++i)
    differences |=
        bit_cast<uint32_t>(scales[i]) ^ bit_cast<uint32_t>(scales[0]);
  const bool isUniform = differences == 0;
  float scale = scales[0];
  if (!isUniform) {
    // Those of zeros do not matter.
    const int8_t *first =
        std::find_if(codes, codes + kBlock, [](int8_t code) { return code; });
    if (first == codes + kBlock)
      return 0;
    scale = scales[first - codes];
    for (size_t i = 0; i < kBlock; ++i)
      if (codes[i] != 0 && scales[i] != scale)
        return std::nullopt;
  }
  return getScaleCode(scale);
}

/// The first column for which findExactScale finds none, and why.
static std::pair<size_t, std::string> explain(const int8_t *codes,
                                              const float *scales) {
  const std::string end = ", so that its block of 128 inputs would have to be "
                          "fitted anew";
  std::optional<float> scale;
  for (size_t i = 0; i < kBlock; ++i) {
    if (std::abs(codes[i]) > kLargest)
      return {i, formatv("its code is {0}, but the device has -7 to 7 only{1}",
                         int(codes[i]), end)};
    if (codes[i] == 0)
      continue;
    if (!getScaleCode(scales[i]))
      return {i, formatv("its scale {0} is no positive FP16 number{1}",
                         scales[i], end)};
    if (scale && scales[i] != *scale)
      return {i, formatv("its scale is {0}, but that of another weight {1}{2}",
                         scales[i], *scale, end)};
    scale = scales[i];
  }
  llvm_unreachable("the block can stay as it is");
}

static void countExact(const int8_t *codes, uint16_t scaleCode,
                       QuantizationError &error) {
  // At most 128 * 49, which fits 16 bits.
  int16_t squares = 0;
  for (size_t i = 0; i < kBlock; ++i)
    squares = static_cast<int16_t>(squares + codes[i] * codes[i]);
  // Padding is no block of the checkpoint.
  if (squares == 0)
    return;
  const double scale = halfToDouble(scaleCode);
  error.squaredWeights += scale * scale * squares;
  ++error.exactBlocks;
}

/// The refusal of a block that RowQuantizer refuses.
static WeightQuantizer::Refusal refuse(ArrayRef<float> weights, size_t block) {
  const size_t first = block * kBlock;
  const size_t worst = first + *findUnroundable(weights.slice(first, kBlock));
  return {static_cast<int64_t>(worst), weights[worst],
          std::isfinite(weights[worst])
              ? "the scale of its block is too large for FP16"
              : "weights must be finite"};
}

std::optional<WeightQuantizer::Refusal> WeightQuantizer::quantizeRow(
    const ParameterRows &rows, int64_t row, MutableArrayRef<int8_t> values,
    MutableArrayRef<uint16_t> scales, QuantizationError &error) const {
  const size_t columns = rows.getNumColumns();
  SmallVector<float, 0> floats;
  floats.resize_for_overwrite(values.size());
  fill(drop_begin(floats, columns), 0.0f);
  MutableArrayRef<float> rowFloats =
      MutableArrayRef<float>(floats).take_front(columns);
  if (!rows.hasCodes()) {
    rows.readRow(row, rowFloats);
    if (!fitsAnew && rows.losesCodes())
      return Refusal{0, rowFloats.front(),
                     "its codes are lost where the model normalizes or "
                     "multiplies the matrix, which would have to be fitted "
                     "anew"};
    if (std::optional<size_t> block =
            quantizer.quantize(floats, values, scales, error))
      return refuse(floats, *block);
    return std::nullopt;
  }
  // The floats are scales for now.
  rows.readCodes(row, values.take_front(columns), rowFloats);
  fill(values.drop_front(columns), 0);
  for (size_t block = 0; block < scales.size(); ++block) {
    const size_t first = block * kBlock;
    int8_t *codes = values.data() + first;
    float *weights = floats.data() + first;
    if (std::optional<uint16_t> scale = findExactScale(codes, weights)) {
      scales[block] = *scale;
      countExact(codes, *scale, error);
      continue;
    }
    if (!fitsAnew) {
      const auto [column, reason] = explain(codes, weights);
      return Refusal{static_cast<int64_t>(first + column),
                     double(codes[column]) * double(weights[column]), reason};
    }
    for (size_t i = 0; i < kBlock; ++i)
      weights[i] *= static_cast<float>(codes[i]);
    if (search.quantize({weights, kBlock}, {codes, kBlock}, scales[block],
                        error))
      return refuse(floats, block);
    ++error.refittedBlocks;
  }
  return std::nullopt;
}
