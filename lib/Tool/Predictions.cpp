//===- Predictions.cpp - What logits say about tokens ---------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Predictions.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/Twine.h"

#include <algorithm>
#include <cmath>

using namespace dlavm;
using namespace llvm;

std::vector<double> dlavm::getLogProbabilities(ArrayRef<double> logits) {
  const double largest = *std::max_element(logits.begin(), logits.end());
  double sum = 0;
  for (double logit : logits)
    sum += std::exp(logit - largest);
  const double logSum = std::log(sum);
  std::vector<double> result;
  result.reserve(logits.size());
  for (double logit : logits)
    result.push_back(logit - largest - logSum);
  return result;
}

std::string dlavm::describeBeyondRange(int64_t layer, StringRef name,
                                       const MapValue &value, int64_t end) {
  const auto found = find_if_not(
      value.values, [](double number) { return std::isfinite(number); });
  if (found == value.values.end())
    return "";
  const int64_t index = found - value.values.begin();
  const std::string place =
      layer < 0 ? "" : "layer " + std::to_string(layer) + ": ";
  return (place + "the result of " + name + " for the token at position " +
          Twine(end - value.tokens + index / value.channels % value.tokens) +
          " is " + (std::isnan(*found) ? "NaN" : "infinite") + " in channel " +
          Twine(index % value.channels) +
          ": values of the model exceed the range of its arithmetic")
      .str();
}
