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
    const simulate::NormTerms terms =
        simulate::measure(x, isLayerNorm, reciprocal, epsilon);
    for (int64_t group = 0; group < groups; ++group) {
      Pixel pixel;
      for (int64_t lane = 0; lane < kLanes; ++lane) {
        const int64_t channel = group * kLanes + lane;
        pixel[lane] = simulate::normalize(x[channel], terms, weights[channel]);
      }
      output.write(0, group, token, pixel);
    }
  });
}

//===----------------------------------------------------------------------===//
// Activation
//===----------------------------------------------------------------------===//

/// A piecewise-linear function (section 3.6).
static simulate::PiecewiseLinear readFunction(TaskExecution &execution,
                                              llvm::StringRef reg) {
  const TaskOperand operand(execution, reg);
  simulate::PiecewiseLinear::Codes codes;
  operand.read(0, operand.getAddress(), codes.data(), codes.size());
  return {codes, execution.getDevice()["Activation_Beyond_Table"] == 1};
}

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
  const simulate::PiecewiseLinear function =
      readFunction(execution, "TableAddress");

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
