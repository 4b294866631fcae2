//===- Ops.cpp - Linear layers, norms and what works on elements ----------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Ops.h"

#include "llvm/Support/MathExtras.h"
#include "llvm/Support/Parallel.h"

#include <algorithm>
#include <cmath>
#include <limits>

using namespace dlavm;
using namespace dlavm::interpreter;
using llvm::ArrayRef;

MapValue interpreter::createMap(int64_t maps, int64_t tokens,
                                int64_t channels) {
  return {maps, tokens, channels,
          std::vector<double>(maps * tokens * channels)};
}

//===----------------------------------------------------------------------===//
// Linear
//===----------------------------------------------------------------------===//

/// [rows][channels] as [channels][rows].
static std::vector<double> transpose(const MapValue &map) {
  const int64_t rows = map.maps * map.tokens;
  std::vector<double> result(map.values.size());
  for (int64_t row = 0; row < rows; ++row)
    for (int64_t channel = 0; channel < map.channels; ++channel)
      result[channel * rows + row] = map.values[row * map.channels + channel];
  return result;
}

/// The products of the weights of one output channel with all rows of a
/// transposed map, summed up in \p Float. The sums grow together, each in
/// ascending order.
template <typename Float, typename Stored>
static std::vector<double> multiply(ArrayRef<double> columns, int64_t rows,
                                    ArrayRef<Stored> weights) {
  std::vector<Float> sums(rows);
  for (size_t channel = 0; channel < weights.size(); ++channel) {
    const Float weight = static_cast<Float>(weights[channel]);
    const double *column = &columns[channel * rows];
    for (int64_t row = 0; row < rows; ++row)
      sums[row] += static_cast<Float>(column[row]) * weight;
  }
  return {sums.begin(), sums.end()};
}

double LinearEpilogue::apply(const Numerics &numerics, double sum,
                             int64_t index, int64_t output) const {
  double value = sum;
  if (!scale.empty())
    value = value * scale[output] + bias[output];
  if (residual && residualKind == llm::ResidualKind::Add)
    value += residual->values[index];
  else if (residual)
    value *= residual->values[index];
  if (hasRelu)
    value = relu(value);
  return numerics.store(value);
}

void interpreter::applyEpilogue(const Numerics &numerics,
                                const LinearEpilogue &epilogue,
                                MapValue &sums) {
  for (auto [index, value] : llvm::enumerate(sums.values))
    value = epilogue.apply(numerics, value, index, index % sums.channels);
}

MapValue interpreter::linear(const Numerics &numerics, const MapValue &input,
                             const Weight &weight,
                             const LinearEpilogue &epilogue) {
  const int64_t rows = input.maps * input.tokens;
  const int64_t outputs = weight.getNumOutputs();
  MapValue result = createMap(input.maps, input.tokens, outputs);
  const std::vector<double> columns = transpose(input);
  auto computeOutput = [&](int64_t output) {
    std::vector<double> buffer(input.channels), sums;
    weight.withRow(output, buffer, [&](auto weights) {
      sums = numerics.sumsInFP32() ? multiply<float>(columns, rows, weights)
                                   : multiply<double>(columns, rows, weights);
    });
    for (int64_t row = 0; row < rows; ++row) {
      const int64_t index = row * outputs + output;
      result.values[index] = epilogue.apply(numerics, sums[row], index, output);
    }
  };
  // One output channel of one token is less work than to start a task.
  constexpr int64_t perTask = 64;
  llvm::parallelFor(0, llvm::divideCeil(outputs, perTask), [&](size_t task) {
    const int64_t first = static_cast<int64_t>(task) * perTask;
    for (int64_t i = first; i < std::min(first + perTask, outputs); ++i)
      computeOutput(i);
  });
  return result;
}

//===----------------------------------------------------------------------===//
// Convolution
//===----------------------------------------------------------------------===//

/// The pixels under the kernel at one of its places, [rows, columns, channels].
static void gather(const MapValue &image, llm::WindowAttr window, int64_t row,
                   int64_t column, std::vector<double> &pixels) {
  const int64_t channels = image.channels;
  auto out = pixels.begin();
  for (int64_t k = 0; k < window.getKernelRows(); ++k)
    for (int64_t l = 0; l < window.getKernelColumns(); ++l, out += channels) {
      const int64_t y =
          row * window.getRowStride() + k - window.getRowPadding();
      const int64_t x =
          column * window.getColumnStride() + l - window.getColumnPadding();
      if (y < 0 || y >= window.getRows() || x < 0 || x >= window.getColumns())
        std::fill_n(out, channels, 0.0);
      else
        std::copy_n(&image.values[(y * window.getColumns() + x) * channels],
                    channels, out);
    }
}

template <typename Float>
static double multiply(ArrayRef<double> pixels, const double *weights) {
  Float sum = 0;
  for (size_t i = 0; i < pixels.size(); ++i)
    sum += static_cast<Float>(pixels[i]) * static_cast<Float>(weights[i]);
  return sum;
}

MapValue interpreter::conv2d(const Numerics &numerics, const MapValue &input,
                             const Kernels &kernels, Vector scale, Vector bias,
                             bool isRelu, llm::WindowAttr window) {
  const int64_t outputs = kernels.scales.size();
  const int64_t inputs = kernels.weights.size() / outputs;
  const int64_t columns = window.getOutputColumns();
  // The device has one factor, a number in memory.
  std::vector<double> factors(outputs);
  for (int64_t output = 0; output < outputs; ++output)
    factors[output] = numerics.store(scale[output] * kernels.scales[output]);
  MapValue result = createMap(1, window.getOutputPixels(), outputs);
  llvm::parallelFor(0, window.getOutputRows(), [&](size_t row) {
    std::vector<double> pixels(inputs);
    for (int64_t column = 0; column < columns; ++column) {
      const int64_t place = static_cast<int64_t>(row) * columns + column;
      gather(input, window, static_cast<int64_t>(row), column, pixels);
      for (int64_t output = 0; output < outputs; ++output) {
        const double *weights = &kernels.weights[output * inputs];
        double value = numerics.sumsInFP32()
                           ? multiply<float>(pixels, weights)
                           : multiply<double>(pixels, weights);
        value = value * factors[output] + bias[output];
        if (isRelu)
          value = relu(value);
        result.values[place * outputs + output] = numerics.store(value);
      }
    }
  });
  return result;
}

MapValue interpreter::cutPatches(const MapValue &input,
                                 llm::WindowAttr window) {
  MapValue result = createMap(1, window.getOutputPixels(),
                              window.getKernelPixels() * input.channels);
  std::vector<double> pixels(result.channels);
  for (int64_t token = 0; token < result.tokens; ++token) {
    gather(input, window, token / window.getOutputColumns(),
           token % window.getOutputColumns(), pixels);
    std::copy(pixels.begin(), pixels.end(),
              &result.values[token * result.channels]);
  }
  return result;
}

//===----------------------------------------------------------------------===//
// Norms
//===----------------------------------------------------------------------===//

/// x / sqrt(mean(x^2) + epsilon) * weight + bias for each row of \p map, in
/// place.
static void normalize(const Numerics &numerics, MapValue &map, Vector weight,
                      Vector bias, double epsilon) {
  const double reciprocal = numerics.reciprocal(map.channels);
  const double addend = numerics.epsilon(epsilon);
  for (int64_t row = 0; row < map.maps * map.tokens; ++row) {
    double *values = &map.values[row * map.channels];
    double squares = 0;
    for (int64_t c = 0; c < map.channels; ++c)
      squares += values[c] * values[c];
    const double deviation = std::sqrt(squares * reciprocal + addend);
    for (int64_t c = 0; c < map.channels; ++c)
      values[c] = numerics.store(values[c] / deviation * weight[c] + bias[c]);
  }
}

MapValue interpreter::rmsNorm(const Numerics &numerics, const MapValue &input,
                              Vector weight, double epsilon) {
  MapValue result = input;
  const std::vector<double> zeros(input.channels);
  normalize(numerics, result, weight, zeros, epsilon);
  return result;
}

MapValue interpreter::layerNorm(const Numerics &numerics, const MapValue &input,
                                Vector weight, Vector bias, double epsilon) {
  MapValue result = input;
  const double reciprocal = numerics.reciprocal(input.channels);
  for (int64_t row = 0; row < input.maps * input.tokens; ++row) {
    double *values = &result.values[row * input.channels];
    double sum = 0;
    for (int64_t c = 0; c < input.channels; ++c)
      sum += values[c];
    const double mean = sum * reciprocal;
    for (int64_t c = 0; c < input.channels; ++c)
      values[c] -= mean;
  }
  normalize(numerics, result, weight, bias, epsilon);
  return result;
}

//===----------------------------------------------------------------------===//
// Element-wise and selection
//===----------------------------------------------------------------------===//

MapValue interpreter::activation(const Numerics &numerics,
                                 llm::ActivationKind kind,
                                 const MapValue &input) {
  MapValue result = input;
  for (double &value : result.values)
    value = numerics.store(numerics.activate(kind, value));
  return result;
}

MapValue interpreter::add(const Numerics &numerics, const MapValue &lhs,
                          const MapValue &rhs) {
  MapValue result = lhs;
  for (auto [value, other] : llvm::zip_equal(result.values, rhs.values))
    value = numerics.store(value + other);
  return result;
}

MapValue interpreter::sub(const Numerics &numerics, const MapValue &lhs,
                          const MapValue &rhs) {
  MapValue result = lhs;
  for (auto [value, other] : llvm::zip_equal(result.values, rhs.values))
    value = numerics.store(value - other);
  return result;
}

MapValue interpreter::mul(const Numerics &numerics, const MapValue &lhs,
                          const MapValue &rhs) {
  MapValue result = lhs;
  for (auto [value, other] : llvm::zip_equal(result.values, rhs.values))
    value = numerics.store(value * other);
  return result;
}

int32_t interpreter::argmax(const Numerics &numerics, const MapValue &input) {
  int32_t best = 0;
  double largest = -std::numeric_limits<double>::infinity();
  for (int32_t c = 0; c < input.channels; ++c) {
    const double value = input.at(0, 0, c);
    if (value > largest || (value == largest && numerics.takesLastOfEqual())) {
      largest = value;
      best = c;
    }
  }
  return best;
}

//===----------------------------------------------------------------------===//
// Views
//===----------------------------------------------------------------------===//

MapValue interpreter::splitHeads(const MapValue &input, int64_t heads) {
  MapValue result = createMap(heads, input.tokens, input.channels / heads);
  for (int64_t head = 0; head < heads; ++head)
    for (int64_t token = 0; token < input.tokens; ++token)
      for (int64_t c = 0; c < result.channels; ++c)
        result.at(head, token, c) =
            input.at(0, token, head * result.channels + c);
  return result;
}

MapValue interpreter::mergeHeads(const MapValue &input) {
  MapValue result = createMap(1, input.tokens, input.maps * input.channels);
  for (int64_t head = 0; head < input.maps; ++head)
    for (int64_t token = 0; token < input.tokens; ++token)
      for (int64_t c = 0; c < input.channels; ++c)
        result.at(0, token, head * input.channels + c) =
            input.at(head, token, c);
  return result;
}

MapValue interpreter::lastToken(const MapValue &input) {
  MapValue result = createMap(1, 1, input.channels);
  for (int64_t c = 0; c < input.channels; ++c)
    result.at(0, 0, c) = input.at(0, input.tokens - 1, c);
  return result;
}
