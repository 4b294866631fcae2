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

namespace {
/// The frequencies of Llama 3.1, which turn the slow pairs even more slowly.
struct Scaling {
  double factor = 1, low = 0, high = 0, context = 0;

  Error read(const json::Object &config) {
    if (Error error = joinErrors(
            joinErrors(getPositive(config, "factor", factor),
                       getPositive(config, "low_frequency_factor", low)),
            joinErrors(getPositive(config, "high_frequency_factor", high),
                       getPositive(config, "original_context", context))))
      return error;
    if (low >= high)
      return createStringError("its low_frequency_factor is not below its "
                               "high_frequency_factor");
    return Error::success();
  }

  double apply(double frequency) const {
    const double turns = context * frequency / (2 * M_PI);
    if (turns > high)
      return frequency;
    if (turns < low)
      return frequency / factor;
    const double share = (turns - low) / (high - low);
    return (1 - share) * frequency / factor + share * frequency;
  }
};
} // namespace

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
  std::optional<Scaling> scaling;
  if (const json::Object *object = config.getObject("scaling"))
    if (Error error = scaling.emplace().read(*object))
      return error;

  std::vector<double> frequencies(pairs, 0);
  for (int64_t pair = 0; pair < *rotary / 2; ++pair) {
    const double frequency = std::pow(theta, -2.0 * static_cast<double>(pair) /
                                                 static_cast<double>(*rotary));
    frequencies[pair] = scaling ? scaling->apply(frequency) : frequency;
  }
  RopeTable table;
  table.cosines.reserve(positions * pairs);
  table.sines.reserve(positions * pairs);
  for (int64_t position = 0; position < positions; ++position)
    for (double frequency : frequencies) {
      const double angle = static_cast<double>(position) * frequency;
      table.cosines.push_back(doubleToHalf(std::cos(angle)));
      table.sines.push_back(doubleToHalf(std::sin(angle)));
    }
  return table;
}
