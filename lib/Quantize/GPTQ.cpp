//===- GPTQ.cpp - Rounding that makes up for its errors -------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DLAVM/Quantize/GPTQ.h"
#include "Blas.h"
#include "DLAVM/Support/Half.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/MathExtras.h"
#include "llvm/Support/Parallel.h"

#include <cmath>
#include <numeric>

using namespace dlavm;
using namespace dlavm::quantize;
using namespace llvm;

/// The pieces that threads work on. Their size is fixed, so that results do not
/// depend on the number of threads.
static constexpr int64_t kPanel = 256;
/// The columns whose errors the others make up for at once.
static constexpr int64_t kBlock = 128;

/// Calls \p work with the first index and the size of each panel.
static void forPanels(int64_t size,
                      function_ref<void(int64_t first, int64_t count)> work) {
  parallelFor(0, divideCeil(size, kPanel), [&](size_t panel) {
    const int64_t first = static_cast<int64_t>(panel) * kPanel;
    work(first, std::min(kPanel, size - first));
  });
}

void Hessian::add(ArrayRef<double> inputs) {
  const int64_t added = static_cast<int64_t>(inputs.size()) / channels;
  forPanels(channels, [&](int64_t first, int64_t count) {
    multiply(count, first + count, added, 1.0,
             {inputs.data() + first, channels, /*isTransposed=*/true},
             {inputs.data(), channels}, 1.0,
             {&sums[first * channels], channels});
  });
  tokens += added;
}

std::vector<double> Hessian::take() && {
  // Each panel writes what is right of its part of the diagonal, which no other
  // one reads.
  forPanels(channels, [&](int64_t first, int64_t count) {
    for (int64_t row = first; row < first + count; ++row)
      for (int64_t column = row; column < channels; ++column)
        sums[row * channels + column] = at(row, column);
  });
  forPanels(channels, [&](int64_t first, int64_t count) {
    for (int64_t row = first; row < first + count; ++row)
      for (int64_t column = 0; column < row; ++column)
        sums[row * channels + column] = sums[column * channels + row];
  });
  return std::move(sums);
}

float QuantizedMatrix::getWeight(int64_t row, int64_t column) const {
  return halfToFloat(scales[row * getNumGroups() + column / kGroup]) *
         static_cast<float>(values[row * columns + column]);
}

Expected<GPTQ> GPTQ::create(Hessian hessian, double dampening) {
  const int64_t n = hessian.getNumChannels();
  GPTQ result;
  result.channels = n;
  result.importance.resize(n);
  for (int64_t i = 0; i < n; ++i)
    result.importance[i] = hessian.at(i, i);
  const double mean =
      std::accumulate(result.importance.begin(), result.importance.end(), 0.0) /
      static_cast<double>(n);
  if (!std::isfinite(mean))
    return createStringError("its inputs are not finite, or too large");
  result.order.resize(n);
  std::iota(result.order.begin(), result.order.end(), 0);
  llvm::stable_sort(result.order, [&](int64_t a, int64_t b) {
    return result.importance[a] < result.importance[b];
  });
  result.dampened = std::move(hessian).take();
  result.inverse.resize(n * n);
  // Where all inputs are 0, any order and scale is as good.
  const double addend = mean == 0 ? 1 : dampening * mean;
  for (int64_t i = 0; i < n; ++i)
    result.dampened[i * n + i] += addend;
  forPanels(n, [&](int64_t first, int64_t count) {
    for (int64_t i = first; i < first + count; ++i)
      for (int64_t j = 0; j <= i; ++j)
        result.inverse[i * n + j] =
            result.dampened[result.order[i] * n + result.order[j]];
  });
  if (!invertCholesky(result.inverse.data(), n))
    return createStringError("its inputs cannot be told apart; more dampening "
                             "or more calibration tokens may help");
  return result;
}

//===----------------------------------------------------------------------===//
// Scales
//===----------------------------------------------------------------------===//

/// A candidate of the search is absmax / 7.5 times 1 - k / 64, for k from
/// kFirstStep on: absmax divided by 6 to 11.2. The last one is absmax / 7, with
/// which weights that are INT4 already stay what they are.
static constexpr int kFirstStep = -16;
static constexpr size_t kSteps = 40;

/// The nearest integer, the even one of two as near, from -7 to 7.
static float roundToINT4(float value) {
  // See quantizeBlock.
  constexpr float integers = 3 << 22;
  value = value < 7.0f ? value : 7.0f;
  value = value > -7.0f ? value : -7.0f;
  return value + integers - integers;
}

/// The scale of one group of weights, which are as important as \p importance
/// says. All candidates are tried side by side.
static uint16_t chooseScale(ArrayRef<float> weights,
                            ArrayRef<double> importance) {
  float absmax = 0;
  for (float weight : weights)
    absmax = std::max(absmax, std::fabs(weight));
  const float fullScale = absmax / 7.5f;
  const uint16_t fullCode = doubleToHalf(fullScale);
  if (fullCode == 0)
    return 0;
  uint16_t codes[kSteps];
  float scales[kSteps], inverses[kSteps];
  for (size_t i = 0; i < kSteps; ++i) {
    const int k = kFirstStep + static_cast<int>(i);
    codes[i] = doubleToHalf(
        i + 1 < kSteps ? fullScale * (1 - static_cast<float>(k) / 64.0f)
                       : absmax / 7.0f);
    // Where FP16 has no such scale, the full one takes its place.
    if (codes[i] == 0 || codes[i] >= 0x7C00)
      codes[i] = fullCode;
    scales[i] = halfToFloat(codes[i]);
    inverses[i] = 1 / scales[i];
  }
  float errors[kSteps] = {};
  // Only ratios count, and FP32 holds all of them.
  const double largest =
      *std::max_element(importance.begin(), importance.end());
  for (auto [weight, square] : llvm::zip_equal(weights, importance)) {
    const auto factor = static_cast<float>(largest == 0 ? 1 : square / largest);
    for (size_t i = 0; i < kSteps; ++i) {
      // In units of the full scale, as squares of small weights are 0 in FP32.
      const float error =
          (weight - scales[i] * roundToINT4(weight * inverses[i])) / fullScale;
      errors[i] += factor * error * error;
    }
  }
  return codes[std::min_element(errors, errors + kSteps) - errors];
}

void GPTQ::chooseScales(const float *weights, uint16_t *scales) const {
  for (int64_t first = 0; first < channels; first += QuantizedMatrix::kGroup) {
    const int64_t count = std::min(QuantizedMatrix::kGroup, channels - first);
    *scales++ = chooseScale(ArrayRef(weights + first, count),
                            ArrayRef(importance).slice(first, count));
  }
}

//===----------------------------------------------------------------------===//
// Rounding
//===----------------------------------------------------------------------===//

QuantizedMatrix GPTQ::quantize(ArrayRef<float> weights) const {
  QuantizedMatrix result(static_cast<int64_t>(weights.size()) / channels,
                         channels);
  forPanels(result.rows, [&](int64_t first, int64_t count) {
    quantizeRows(weights, first, count, result);
    improveRows(weights, first, count, result);
  });
  return result;
}

void GPTQ::quantizeRows(ArrayRef<float> weights, int64_t first, int64_t count,
                        QuantizedMatrix &result) const {
  const int64_t groups = result.getNumGroups();
  // What remains to be rounded, [rows][channels in order], with what makes up
  // for the errors so far.
  std::vector<double> remaining(count * channels);
  for (int64_t row = 0; row < count; ++row) {
    const float *in = &weights[(first + row) * channels];
    chooseScales(in, &result.scales[(first + row) * groups]);
    for (int64_t i = 0; i < channels; ++i)
      remaining[row * channels + i] = in[order[i]];
  }
  std::vector<double> errors(count * kBlock);
  for (int64_t end = channels; end > 0;) {
    const int64_t begin = std::max<int64_t>(0, end - kBlock);
    const int64_t size = end - begin;
    for (int64_t row = 0; row < count; ++row) {
      double *out = &remaining[row * channels];
      for (int64_t i = end - 1; i >= begin; --i) {
        const int64_t channel = order[i];
        const float scale =
            halfToFloat(result.scales[(first + row) * groups +
                                      channel / QuantizedMatrix::kGroup]);
        const float value =
            scale == 0 ? 0 : roundToINT4(static_cast<float>(out[i] / scale));
        result.values[(first + row) * channels + channel] =
            static_cast<int8_t>(value);
        const double *factors = &inverse[i * channels];
        const double error =
            (out[i] - static_cast<double>(scale) * value) / factors[i];
        errors[row * size + i - begin] = error;
        for (int64_t j = begin; j < i; ++j)
          out[j] -= error * factors[j];
      }
    }
    // The others make up for all errors of the block at once.
    if (begin > 0)
      multiply(count, begin, size, -1.0, {errors.data(), size},
               {&inverse[begin * channels], channels}, 1.0,
               {remaining.data(), channels});
    end = begin;
  }
}

void GPTQ::improveRows(ArrayRef<float> weights, int64_t first, int64_t count,
                       QuantizedMatrix &result) const {
  const int64_t groups = result.getNumGroups();
  // Half of how fast the squared error of the outputs falls with each weight.
  std::vector<double> errors(count * channels), slopes(count * channels);
  for (int64_t row = 0; row < count; ++row)
    for (int64_t i = 0; i < channels; ++i)
      errors[row * channels + i] =
          weights[(first + row) * channels + i] -
          static_cast<double>(result.getWeight(first + row, i));
  multiply(count, channels, channels, 1.0, {errors.data(), channels},
           {dampened.data(), channels}, 0.0, {slopes.data(), channels});
  for (int64_t row = 0; row < count; ++row) {
    double *slope = &slopes[row * channels];
    int8_t *values = &result.values[(first + row) * channels];
    for (int64_t i : llvm::reverse(order)) {
      const double scale = halfToDouble(
          result.scales[(first + row) * groups + i / QuantizedMatrix::kGroup]);
      const double *products = &dampened[i * channels];
      if (scale == 0)
        continue;
      const double best = std::clamp(
          std::nearbyint(values[i] + slope[i] / (scale * products[i])), -7.0,
          7.0);
      if (best == values[i])
        continue;
      const double step = (best - values[i]) * scale;
      for (int64_t j = 0; j < channels; ++j)
        slope[j] -= step * products[j];
      values[i] = static_cast<int8_t>(best);
    }
  }
}
