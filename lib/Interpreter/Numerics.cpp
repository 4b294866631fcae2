//===- Numerics.cpp - How the interpreter rounds --------------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Numerics.h"

#include "llvm/Support/ErrorHandling.h"
#include "llvm/Support/MathExtras.h"

#include <algorithm>
#include <cmath>

using namespace dlavm;
using namespace dlavm::interpreter;

double interpreter::roundToFP20(double value) {
  // The document converts from FP32.
  const double magnitude = std::fabs(static_cast<float>(value));
  if (magnitude < std::ldexp(1.0, -43))
    return 0;
  // Infinities and NaN saturate as well.
  const double largest = std::ldexp(2 - std::ldexp(1.0, -13), 31);
  if (!(magnitude < largest))
    return std::copysign(largest, value);
  // Below 2^-30 all numbers have the same distance. std::round rounds half away
  // from zero, as the document does.
  const int exponent = std::max(std::ilogb(magnitude), -30);
  const double distance = std::ldexp(1.0, exponent - 13);
  const double rounded = std::round(magnitude / distance) * distance;
  return std::copysign(std::min(rounded, largest), value);
}

double Numerics::reciprocal(int64_t channels) const {
  if (!device)
    return 1.0 / static_cast<double>(channels);
  const auto padded = llvm::alignTo(channels, traits.channelGranularity);
  return roundToFP20(1.0 / static_cast<double>(padded));
}

//===----------------------------------------------------------------------===//
// Activation functions
//===----------------------------------------------------------------------===//

static double computeActivation(llm::ActivationKind kind, double x) {
  switch (kind) {
  case llm::ActivationKind::SiLU:
    return x / (1 + std::exp(-x));
  case llm::ActivationKind::GELU:
    return x * 0.5 * (1 + std::erf(x / std::sqrt(2.0)));
  case llm::ActivationKind::Tanh:
    return std::tanh(x);
  case llm::ActivationKind::Sigmoid:
    return 1 / (1 + std::exp(-x));
  case llm::ActivationKind::ReLU:
    return relu(x);
  }
  llvm_unreachable("unknown activation");
}

/// A line per region between the breakpoints. Left of the first one the result
/// is 0, and right of the last one either the last line goes on or its value at
/// that breakpoint stays. A NaN lies in no region.
double Numerics::lookUp(const ActivationTable &table, double x) const {
  if (std::isnan(x))
    return x;
  const double last = halfToDouble(table.x.back());
  if (traits.holdsLastSegment)
    x = std::min(x, last);
  size_t region = 0;
  while (region < table.x.size() - 1 && halfToDouble(table.x[region]) <= x)
    ++region;
  if (region == 0)
    return 0;
  return halfToDouble(table.k[region]) * x + halfToDouble(table.b[region]);
}

bool Numerics::addActivation(llm::ActivationKind kind) {
  if (!device)
    return true;
  std::optional<ActivationTable> table =
      fitActivation(llm::stringifyActivationKind(kind));
  if (table)
    tables[kind] = *table;
  return table.has_value();
}

double Numerics::activate(llm::ActivationKind kind, double x) const {
  return device ? lookUp(tables.at(kind), x) : computeActivation(kind, x);
}
