//===- RopeTable.cpp - Angles of rotary embeddings ------------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "RopeTable.h"
#include "DLAVM/Support/Half.h"

#include <cmath>

using namespace dlavm;
using namespace llvm;

/// A positive, finite number of the configuration.
static Error getPositive(const json::Object &config, StringRef key,
                         double &value) {
  const std::optional<double> number = config.getNumber(key);
  if (!number || !std::isfinite(*number) || *number <= 0)
    return createStringError("its configuration has no positive number '" +
                             key + "'");
  value = *number;
  return Error::success();
}

/// By how much each pair turns more slowly.
static Error getDivisors(const json::Object &config, int64_t pairs,
                         std::vector<double> &divisors) {
  divisors.assign(pairs, 1);
  const json::Value *found = config.get("divisors");
  if (!found)
    return Error::success();
  const json::Array *array = found->getAsArray();
  if (!array || static_cast<int64_t>(array->size()) != pairs)
    return createStringError("its 'divisors' are not a list of " +
                             Twine(pairs) + " numbers");
  for (auto [divisor, value] : zip_equal(divisors, *array)) {
    divisor = value.getAsNumber().value_or(0);
    if (!std::isfinite(divisor) || divisor <= 0)
      return createStringError("its 'divisors' are not all positive numbers");
  }
  return Error::success();
}

Expected<RopeTable> dlavm::computeRopeTable(const json::Object &config,
                                            int64_t positions, int64_t pairs) {
  const std::optional<int64_t> rotary = config.getInteger("rotary");
  if (!rotary || *rotary < 2 || *rotary % 2 != 0 || *rotary > 2 * pairs)
    return createStringError("it needs an even number 'rotary' of rotated "
                             "channels, from 2 to " +
                             Twine(2 * pairs));
  // Devices pair halves of whole heads; a pass permutes weights for the rest.
  const std::optional<StringRef> style = config.getString("style");
  if (style != "interleaved" &&
      !(style == "half_split" && *rotary == 2 * pairs))
    return createStringError("its style is '" + style.value_or("") +
                             "', but only 'interleaved' can be packed, and "
                             "'half_split' if it rotates all " +
                             Twine(2 * pairs) +
                             " channels of a head; compile the model again");
  double theta;
  if (Error error = getPositive(config, "theta", theta))
    return error;
  std::vector<double> divisors;
  if (Error error = getDivisors(config, *rotary / 2, divisors))
    return error;
  double factor = 1;
  if (config.get("attention_factor"))
    if (Error error = getPositive(config, "attention_factor", factor))
      return error;

  std::vector<double> frequencies(pairs, 0);
  for (int64_t pair = 0; pair < *rotary / 2; ++pair)
    frequencies[pair] = std::pow(theta, -2.0 * static_cast<double>(pair) /
                                            static_cast<double>(*rotary)) /
                        divisors[pair];
  RopeTable table;
  table.cosines.reserve(positions * pairs);
  table.sines.reserve(positions * pairs);
  for (int64_t position = 0; position < positions; ++position)
    for (int64_t pair = 0; pair < pairs; ++pair) {
      const double angle = static_cast<double>(position) * frequencies[pair];
      const double scale = pair < *rotary / 2 ? factor : 1;
      table.cosines.push_back(doubleToHalf(std::cos(angle) * scale));
      table.sines.push_back(doubleToHalf(std::sin(angle) * scale));
    }
  return table;
}
