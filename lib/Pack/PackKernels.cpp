//===- PackKernels.cpp - Weights of convolutions --------------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// All weights of an output channel have one scale, which has no place beside
// them: it is multiplied into the scale of the channel.
//
//===----------------------------------------------------------------------===//

#include "DLAVM/Support/Half.h"
#include "ObjectPacker.h"
#include "PackSupport.h"

#include <cmath>

using namespace dlavm;
using namespace llvm;

Expected<uint16_t>
ObjectPacker::quantizeKernel(const ParameterInfo &info, int64_t layer,
                             const ParameterRows &rows, int64_t row,
                             MutableArrayRef<float> weights,
                             MutableArrayRef<int8_t> values) const {
  rows.readRow(row, weights);
  if (std::optional<size_t> worst = findUnroundable(weights))
    return refuseValue(info, layer, row, *worst, weights[*worst],
                       std::isfinite(weights[*worst])
                           ? "the scale of its channel is too large for FP16"
                           : "weights must be finite");
  return quantizeBlock(weights, choice, values);
}

Error ObjectPacker::packKernels(const PlanObject &object, int64_t layer,
                                PackSink sink, QuantizationError &error) const {
  const ParameterInfo &info = *plan.getParameter(object.from[0]);
  Expected<ParameterRows> rows = ParameterRows::open(source, info, layer);
  if (!rows)
    return rows.takeError();
  const int64_t columns = rows->getNumColumns();
  std::vector<float> weights(columns);
  std::vector<int8_t> values(rows->getNumRows() * columns);
  for (int64_t row = 0; row < rows->getNumRows(); ++row) {
    const auto out = MutableArrayRef(values).slice(row * columns, columns);
    Expected<uint16_t> code =
        quantizeKernel(info, layer, *rows, row, weights, out);
    if (!code)
      return code.takeError();
    for (int64_t i = 0; i < columns; ++i) {
      const float difference = std::fabs(
          weights[i] - halfToFloat(*code) * static_cast<float>(out[i]));
      error.squaredErrors += difference * difference;
      error.squaredWeights += weights[i] * weights[i];
      error.largest = std::max(error.largest, difference);
    }
  }
  std::vector<uint8_t> bytes(object.bytes * object.ports);
  const auto ports = cutPorts(bytes, object.ports);
  device.getObject(object.kind)
      ->packKernels(
          {object.shape[1] * object.shape[2], object.shape[3], values}, device,
          ports);
  return sendPorts(object, layer, 0, ports, object.bytes, sink);
}

Error ObjectPacker::multiplyScales(const PlanObject &object, int64_t layer,
                                   std::vector<uint16_t> &scales) const {
  const ParameterInfo &info = *plan.getParameter(object.from[2]);
  Expected<ParameterRows> rows = ParameterRows::open(source, info, layer);
  if (!rows)
    return rows.takeError();
  std::vector<float> weights(rows->getNumColumns());
  std::vector<int8_t> values(weights.size());
  for (size_t row = 0; row < scales.size(); ++row) {
    Expected<uint16_t> code = quantizeKernel(
        info, layer, *rows, static_cast<int64_t>(row), weights, values);
    if (!code)
      return code.takeError();
    const double product = halfToDouble(scales[row]) * halfToDouble(*code);
    scales[row] = doubleToHalf(product);
    if (!std::isfinite(halfToDouble(scales[row])))
      return refuseHalf(*plan.getParameter(object.from[0]), layer, 0,
                        static_cast<int64_t>(row), product);
  }
  return Error::success();
}
