//===- PackSupport.cpp - What all objects need --------------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "PackSupport.h"
#include "DLAVM/Support/Half.h"

#include "llvm/Support/FormatVariadic.h"

#include <cmath>

using namespace dlavm;
using namespace llvm;

static constexpr uint16_t kInfinity = 0x7C00;

Error dlavm::refuseValue(const ParameterInfo &info, int64_t layer, int64_t row,
                         int64_t column, double value, StringRef limit) {
  auto getPlace = [](const std::optional<HeadLayout> &heads, int64_t index) {
    return heads ? heads->getSource(index).value_or(index) : index;
  };
  auto getRow = [&](int64_t index) {
    const int64_t place = getPlace(info.rowHeads, index);
    return info.rows ? info.rows->getSource(place) : place;
  };
  std::string place;
  if (info.shape.size() == 2)
    place =
        formatv("[{0}, {1}]", getRow(row), getPlace(info.columnHeads, column));
  else
    place = formatv("[{0}]", getRow(column));
  const std::string tensor =
      info.tensor.empty() ? "the parameter '" + info.name + "'"
                          : "the tensor '" + info.getTensorName(layer) + "'";
  return createStringError(
      formatv("{0} has the value {1} at {2}; {3}", tensor,
              std::isnan(value) ? std::string("nan") : formatv("{0}", value),
              place, limit));
}

std::vector<MutableArrayRef<uint8_t>>
dlavm::cutPorts(MutableArrayRef<uint8_t> bytes, int64_t ports) {
  std::vector<MutableArrayRef<uint8_t>> result;
  const size_t size = bytes.size() / ports;
  for (int64_t port = 0; port < ports; ++port)
    result.push_back(bytes.slice(port * size, size));
  return result;
}

Error dlavm::sendPorts(const PlanObject &object, int64_t layer, int64_t offset,
                       PortBytes ports, size_t bytes, PackSink sink) {
  for (auto [port, content] : llvm::enumerate(ports))
    if (Error error =
            sink(object, layer, port, offset, content.take_front(bytes)))
      return error;
  return Error::success();
}

std::optional<size_t> dlavm::roundToHalf(ArrayRef<double> values,
                                         MutableArrayRef<uint16_t> codes) {
  for (size_t i = 0; i < values.size(); ++i) {
    codes[i] = doubleToHalf(values[i]);
    if ((codes[i] & kInfinity) == kInfinity)
      return i;
  }
  return std::nullopt;
}

Error dlavm::refuseHalf(const ParameterInfo &info, int64_t layer, int64_t row,
                        int64_t column, double value) {
  return refuseValue(info, layer, row, column, value,
                     std::isfinite(value) ? "it is too large for FP16"
                                          : "parameters must be finite");
}
