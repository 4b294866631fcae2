//===- ExecuteMaps.cpp - Simulated tasks on whole maps -------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// One function per task; the numbers are those of docs/Numerics.md.
//
//===----------------------------------------------------------------------===//

#include "Execute.h"

using namespace dlavm;
using namespace dlavm::edgellm;

//===----------------------------------------------------------------------===//
// Norm
//===----------------------------------------------------------------------===//

/// The denominators of a token: what is subtracted, and what is divided by.
static std::pair<double, double> measure(llvm::ArrayRef<double> x,
                                         bool isLayerNorm, double reciprocal,
                                         double epsilon) {
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

void edgellm::executeNorm(TaskExecution &execution) {
  if (!checkCounts(execution, {"ChannelGroups", "Rows", "Width"}) ||
      !checkCounts(execution, {"Pixels"}))
    return;
  const int64_t groups = execution["ChannelGroups"];
  const int64_t width = execution["Width"];
  const int64_t tokens =
      std::min(execution["Pixels"], execution["Rows"] * width);
  const MapStrides strides = getMapStrides(execution, "Output", width);
  const Map input(execution, "InputAddress",
                  getMapStrides(execution, "Input", width));
  const Map output(execution, "OutputAddress", strides);
  checkOverlap(execution, strides, groups, tokens);
  const bool isLayerNorm = execution["Kind"] & 1;
  const double reciprocal = fromFP20(execution["Reciprocal"]);
  const double epsilon = execution.getDevice().getTraits().normEpsilon;
  const std::vector<ScaleBias> weights =
      readScaleBias(execution, "WeightAddress", groups * kLanes);

  execution.parallelFor(tokens, [&](int64_t token) {
    std::vector<double> x(groups * kLanes);
    for (int64_t group = 0; group < groups; ++group) {
      const Pixel pixel = input.read(0, group, token);
      for (int64_t lane = 0; lane < kLanes; ++lane)
        x[group * kLanes + lane] = fromHalf(pixel[lane]);
    }
    const auto [mean, deviation] = measure(x, isLayerNorm, reciprocal, epsilon);
    for (int64_t group = 0; group < groups; ++group) {
      Pixel pixel;
      for (int64_t lane = 0; lane < kLanes; ++lane) {
        const int64_t channel = group * kLanes + lane;
        const auto &[gamma, beta] = weights[channel];
        pixel[lane] = toHalf((x[channel] - mean) / deviation * gamma + beta);
      }
      output.write(0, group, token, pixel);
    }
  });
}

//===----------------------------------------------------------------------===//
// Activation
//===----------------------------------------------------------------------===//

namespace {
/// A piecewise-linear function (section 3.6).
class PiecewiseLinear {
public:
  PiecewiseLinear(TaskExecution &execution, llvm::StringRef reg)
      : holds(execution.getDevice()["Activation_Beyond_Table"] == 1) {
    const TaskOperand operand(execution, reg);
    operand.read(0, operand.getAddress(), codes.data(), codes.size());
    for (size_t i = 0; i < numbers.size(); ++i)
      numbers[i] = fromHalf(codes[i]);
  }

  uint16_t evaluate(uint16_t code) const {
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

private:
  static constexpr int64_t numRegions = 16;
  /// Breakpoints, slopes, intercepts.
  std::array<uint16_t, 3 * numRegions> codes;
  std::array<double, 3 * numRegions> numbers;
  bool holds;
};
} // namespace

void edgellm::executeActivation(TaskExecution &execution) {
  if (!checkCounts(execution, {"ChannelGroups", "Rows", "Width"}) ||
      !checkCounts(execution, {"Pixels"}) ||
      !checkCounts(execution, {"ChannelGroups2"}) ||
      !checkCounts(execution, {"Channels"}))
    return;
  const int64_t groups =
      std::min(execution["ChannelGroups"], execution["ChannelGroups2"]);
  const int64_t channels = execution["Channels"];
  const int64_t width = execution["Width"];
  const int64_t tokens =
      std::min(execution["Pixels"], execution["Rows"] * width);
  const MapStrides strides = getMapStrides(execution, "Output", width);
  const Map input(execution, "InputAddress",
                  getMapStrides(execution, "Input", width));
  const Map output(execution, "OutputAddress", strides);
  checkOverlap(execution, strides, groups, tokens);
  const PiecewiseLinear function(execution, "TableAddress");

  // An input has 2^16 values; many elements are looked up.
  std::vector<uint16_t> values;
  if (groups * tokens * kLanes > (1 << 18)) {
    values.resize(1 << 16);
    for (size_t code = 0; code < values.size(); ++code)
      values[code] = function.evaluate(static_cast<uint16_t>(code));
  }
  execution.parallelFor(groups, [&](int64_t group) {
    for (int64_t token = 0; token < tokens; ++token) {
      Pixel pixel = input.read(0, group, token);
      for (int64_t lane = 0; lane < kLanes; ++lane) {
        if (group * kLanes + lane >= channels)
          pixel[lane] = 0;
        else
          pixel[lane] = values.empty() ? function.evaluate(pixel[lane])
                                       : values[pixel[lane]];
      }
      output.write(0, group, token, pixel);
    }
  });
}

//===----------------------------------------------------------------------===//
// Element-wise sum and product
//===----------------------------------------------------------------------===//

void edgellm::executeElementwise(TaskExecution &execution) {
  if (!checkCounts(execution, {"ChannelGroups", "Rows", "Width"}))
    return;
  const int64_t groups = execution["ChannelGroups"];
  const int64_t width = execution["Width"];
  const int64_t tokens = execution["Rows"] * width;
  const bool multiplies = execution["Mode"] >> 1 & 1;
  // Both operands have the same strides.
  const MapStrides inputs = getMapStrides(execution, "Input", width);
  const MapStrides strides = getMapStrides(execution, "Output", width);
  const Map input(execution, "InputAddress", inputs);
  const Map other(execution, "OtherAddress", inputs);
  const Map output(execution, "OutputAddress", strides);
  checkOverlap(execution, strides, groups, tokens);

  execution.parallelFor(groups, [&](int64_t group) {
    for (int64_t token = 0; token < tokens; ++token) {
      Pixel pixel = input.read(0, group, token);
      const Pixel operand = other.read(0, group, token);
      for (int64_t lane = 0; lane < kLanes; ++lane) {
        const double a = fromHalf(pixel[lane]);
        const double b = fromHalf(operand[lane]);
        pixel[lane] = toHalf(multiplies ? a * b : a + b);
      }
      output.write(0, group, token, pixel);
    }
  });
}
