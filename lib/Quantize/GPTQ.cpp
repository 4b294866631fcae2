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

#include <cmath>
#include <numeric>

using namespace dlavm;
using namespace dlavm::quantize;
using namespace llvm;

/// The columns that are rounded before the next ones make up for their errors.
static constexpr int64_t kBlock = 128;

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
  // Where all inputs are 0, any order and scale is as good.
  const double addend = mean == 0 ? 1 : dampening * mean;
  std::vector<double> dampened(n * n);
  result.hessian.resize(n * n);
  forPanels(n, [&](int64_t first, int64_t count) {
    for (int64_t i = first; i < first + count; ++i) {
      double *row = &dampened[i * n];
      for (int64_t j = 0; j < n; ++j)
        row[j] = hessian.at(result.order[i], result.order[j]);
      row[i] += addend;
      std::copy_n(row, n, &result.hessian[i * n]);
    }
  });
  hessian = Hessian(0);
  if (!invertCholesky(dampened.data(), n))
    return createStringError("its inputs cannot be told apart; more dampening "
                             "or more calibration tokens may help");
  result.inverse.assign(dampened.begin(), dampened.end());
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

/// Some rows of a matrix, in the order of the channels.
struct GPTQ::Panel {
  Panel(int64_t rows, int64_t channels)
      : rows(rows), weights(rows * channels), scales(rows * channels),
        values(rows * channels), errors(rows * channels) {}

  int64_t rows;
  /// [rows][channels], also the others.
  std::vector<float> weights, scales, values;
  /// What errors of values that are rounded mean for those that are not.
  std::vector<float> errors;
};

/// Calls \p work with the first column and the size of each block, the last
/// block first.
static void forBlocks(int64_t channels,
                      function_ref<void(int64_t begin, int64_t size)> work) {
  for (int64_t end = channels; end > 0;) {
    const int64_t begin = std::max<int64_t>(0, end - kBlock);
    work(begin, end - begin);
    end = begin;
  }
}

QuantizedMatrix GPTQ::quantize(ArrayRef<float> weights) const {
  QuantizedMatrix result(static_cast<int64_t>(weights.size()) / channels,
                         channels);
  forPanels(result.rows, [&](int64_t first, int64_t count) {
    Panel panel(count, channels);
    for (int64_t row = 0; row < count; ++row) {
      const float *in = &weights[(first + row) * channels];
      uint16_t *scales = &result.scales[(first + row) * result.getNumGroups()];
      chooseScales(in, scales);
      for (int64_t i = 0; i < channels; ++i) {
        panel.weights[row * channels + i] = in[order[i]];
        panel.scales[row * channels + i] =
            halfToFloat(scales[order[i] / QuantizedMatrix::kGroup]);
      }
    }
    round(panel);
    improve(panel);
    for (int64_t row = 0; row < count; ++row)
      for (int64_t i = 0; i < channels; ++i)
        result.values[(first + row) * channels + order[i]] =
            static_cast<int8_t>(panel.values[row * channels + i]);
  });
  return result;
}

void GPTQ::round(Panel &panel) const {
  std::vector<float> wanted(panel.rows * kBlock);
  forBlocks(channels, [&](int64_t begin, int64_t size) {
    const int64_t end = begin + size;
    for (int64_t row = 0; row < panel.rows; ++row)
      std::copy_n(&panel.weights[row * channels + begin], size,
                  &wanted[row * size]);
    // The block makes up for all errors so far at once.
    if (end < channels)
      multiply(panel.rows, size, channels - end, -1.0f,
               {&panel.errors[end], channels},
               {&inverse[end * channels + begin], channels}, 1.0f,
               {wanted.data(), size});
    for (int64_t row = 0; row < panel.rows; ++row) {
      float *out = &wanted[row * size];
      for (int64_t i = size - 1; i >= 0; --i) {
        const int64_t place = row * channels + begin + i;
        const float scale = panel.scales[place];
        const float value = scale == 0 ? 0 : roundToINT4(out[i] / scale);
        panel.values[place] = value;
        const float *factors = &inverse[(begin + i) * channels + begin];
        const float error = (out[i] - scale * value) / factors[i];
        panel.errors[place] = error;
        for (int64_t j = 0; j < i; ++j)
          out[j] -= error * factors[j];
      }
    }
  });
}

void GPTQ::improve(Panel &panel) const {
  for (size_t i = 0; i < panel.errors.size(); ++i)
    panel.errors[i] = panel.weights[i] - panel.scales[i] * panel.values[i];
  // Half of how fast the squared error of the outputs falls with each weight.
  std::vector<float> slopes(panel.rows * kBlock);
  forBlocks(channels, [&](int64_t begin, int64_t size) {
    multiply(panel.rows, size, channels, 1.0f, {panel.errors.data(), channels},
             {&hessian[begin * channels], channels, /*isTransposed=*/true},
             0.0f, {slopes.data(), size});
    for (int64_t row = 0; row < panel.rows; ++row) {
      float *slope = &slopes[row * size];
      for (int64_t i = size - 1; i >= 0; --i) {
        const int64_t place = row * channels + begin + i;
        const float scale = panel.scales[place];
        if (scale == 0)
          continue;
        const float *products = &hessian[(begin + i) * channels + begin];
        const float best =
            roundToINT4(panel.values[place] + slope[i] / (scale * products[i]));
        if (best == panel.values[place])
          continue;
        const float step = (best - panel.values[place]) * scale;
        panel.values[place] = best;
        panel.errors[place] -= step;
        for (int64_t j = 0; j < size; ++j)
          slope[j] -= step * products[j];
      }
    }
  });
}
