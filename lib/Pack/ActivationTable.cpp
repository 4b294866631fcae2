//===- ActivationTable.cpp - Activations as straight pieces ---------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DLAVM/Pack/ActivationTable.h"
#include "DLAVM/Support/Half.h"
#include "Functions.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringSwitch.h"

#include <algorithm>
#include <cmath>
#include <vector>

using namespace dlavm;
using namespace llvm;

namespace {

/// A straight line with FP16 coefficients.
struct Line {
  uint16_t slope = 0, intercept = 0;
  double at(double x) const {
    return halfToDouble(slope) * x + halfToDouble(intercept);
  }
};

/// What is fitted, and how it goes on beyond the range.
struct Curve {
  double (*function)(double);
  double begin, end;
  /// The breakpoints are multiples of this, which FP16 numbers are all over the
  /// range.
  double step;
  Line right;
  /// Nothing where it is 0.
  std::optional<Line> left;
};

class Fit {
public:
  explicit Fit(const Curve &curve);
  ActivationTable run() const;

private:
  struct Piece {
    Line line;
    double error;
  };
  /// The best line over the samples [first, last].
  Piece fitPiece(size_t first, size_t last) const;
  /// Puts the longest pieces with at most this error in a row. Fails if they
  /// are too many.
  std::optional<ActivationTable> fill(double error) const;
  double measure(const ActivationTable &table) const;

  const Curve &curve;
  std::vector<double> x, y;
};

} // namespace

static constexpr Line zero = {0, 0}, diagonal = {0x3C00, 0};
static constexpr Line one = {0, 0x3C00}, minusOne = {0, 0xBC00};
static constexpr size_t kSegments = 15;

Fit::Fit(const Curve &curve) : curve(curve) {
  for (double at = curve.begin; at <= curve.end; at += curve.step) {
    x.push_back(at);
    y.push_back(curve.function(at));
  }
}

Fit::Piece Fit::fitPiece(size_t first, size_t last) const {
  auto findExtremes = [&](double slope) {
    size_t low = first, high = first;
    double least = y[first] - slope * x[first], most = least;
    for (size_t i = first + 1; i <= last; ++i) {
      const double rest = y[i] - slope * x[i];
      if (rest < least) {
        least = rest;
        low = i;
      } else if (rest > most) {
        most = rest;
        high = i;
      }
    }
    return std::pair(low, high);
  };
  // How far the samples lie apart, seen along a slope, is convex in it, and
  // where the highest one lies to the right a larger slope brings them closer.
  // All slopes of these functions are in between.
  double least = -0.5, most = 1.5;
  for (int i = 0; i < 20; ++i) {
    const double slope = (least + most) / 2;
    auto [low, high] = findExtremes(slope);
    (x[high] > x[low] ? least : most) = slope;
  }
  // FP16 slopes near the best one, with the intercept in the middle.
  Piece best = {zero, HUGE_VAL};
  for (double nudge : {0.0, 0x1p-11, -0x1p-11, 0x1p-10, -0x1p-10}) {
    Line line = {doubleToHalf(least * (1 + nudge)), 0};
    auto [low, high] = findExtremes(halfToDouble(line.slope));
    line.intercept = doubleToHalf(
        ((y[low] - line.at(x[low])) + (y[high] - line.at(x[high]))) / 2);
    const double error = std::max(std::fabs(y[low] - line.at(x[low])),
                                  std::fabs(y[high] - line.at(x[high])));
    if (error < best.error)
      best = {line, error};
  }
  return best;
}

std::optional<ActivationTable> Fit::fill(double error) const {
  auto isClose = [&](size_t i, const Line &line) {
    return std::fabs(y[i] - line.at(x[i])) <= error;
  };
  ActivationTable table = {};
  size_t numPieces = 0, at = 0, end = x.size();
  auto add = [&](const Line &line, size_t last) {
    ++numPieces;
    table.k[numPieces] = line.slope;
    table.b[numPieces] = line.intercept;
    table.x[numPieces] = doubleToHalf(x[last]);
    at = last;
  };
  while (end > 0 && isClose(end - 1, curve.right))
    --end;
  if (end == x.size() || (curve.left && !isClose(0, *curve.left)))
    return std::nullopt;
  table.x[0] = doubleToHalf(x[0]);
  if (curve.left) {
    size_t last = 0;
    while (last + 1 < end && isClose(last + 1, *curve.left))
      ++last;
    // The smallest finite number.
    table.x[0] = 0xFBFF;
    add(*curve.left, last);
  }
  while (at < end) {
    if (numPieces == kSegments - 1)
      return std::nullopt;
    // Longer pieces have larger errors, but for the rounding.
    size_t good = at + 1, bad = end + 1;
    while (good + 1 < bad) {
      const size_t middle = (good + bad) / 2;
      (fitPiece(at, middle).error <= error ? good : bad) = middle;
    }
    const Piece piece = fitPiece(at, good);
    if (piece.error > error)
      return std::nullopt;
    add(piece.line, good);
  }
  // Segments that are not needed are empty.
  const size_t begin = at;
  while (numPieces < kSegments)
    add(curve.right, numPieces + 1 < kSegments ? begin : x.size() - 1);
  return table;
}

double Fit::measure(const ActivationTable &table) const {
  double error = 0;
  for (uint32_t code = 0; code < 0x10000; ++code) {
    if ((code & 0x7C00) == 0x7C00)
      continue;
    const double at = halfToDouble(code);
    size_t region = 0;
    while (region < kSegments && halfToDouble(table.x[region]) <= at)
      ++region;
    const Line line = {table.k[region], table.b[region]};
    error = std::max(error, std::fabs(curve.function(at) - line.at(at)));
  }
  return error;
}

ActivationTable Fit::run() const {
  // The smallest error that there are enough segments for.
  double bad = 0, good = 0.25;
  ActivationTable table = *fill(good);
  for (int i = 0; i < 20; ++i) {
    const double error = (bad + good) / 2;
    if (std::optional<ActivationTable> better = fill(error)) {
      table = *better;
      good = error;
    } else {
      bad = error;
    }
  }
  table.maxError = measure(table);
  return table;
}

static const Curve silu = {exactly::silu, -12, 10, 0x1p-6, diagonal, {}};
static const Curve gelu = {exactly::gelu, -4, 4, 0x1p-7, diagonal, {}};
static const Curve hyperbolicTangent = {exactly::tanh, -4,  4,
                                        0x1p-7,        one, minusOne};
static const Curve sigmoid = {exactly::sigmoid, -8, 8, 0x1p-6, one, {}};

/// Fitting takes some milliseconds, so it is done once.
/// The diagonal from 0 to the largest finite number, in as many segments as
/// there are: exact.
static ActivationTable getReLU() {
  ActivationTable table = {};
  for (size_t i = 1; i <= kSegments; ++i) {
    table.x[i] = doubleToHalf(static_cast<double>(i));
    table.k[i] = diagonal.slope;
  }
  table.x[kSegments] = 0x7BFF;
  return table;
}

template <const Curve &curve> static const ActivationTable &getTable() {
  static const ActivationTable table = Fit(curve).run();
  return table;
}

std::optional<ActivationTable> dlavm::fitActivation(StringRef function) {
  if (function == "relu")
    return getReLU();
  using GetTable = const ActivationTable &(*)();
  const auto get = StringSwitch<GetTable>(function)
                       .Case("silu", getTable<silu>)
                       .Case("gelu", getTable<gelu>)
                       .Case("tanh", getTable<hyperbolicTangent>)
                       .Case("sigmoid", getTable<sigmoid>)
                       .Default(nullptr);
  return get ? std::optional(get()) : std::nullopt;
}
