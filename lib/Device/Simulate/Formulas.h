//===- Formulas.h - What simulated tasks compute ------------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The formulas of docs/Numerics.md that families share, on numbers that their
// simulators have read. The reference interpreter has others.
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_LIB_DEVICE_SIMULATE_FORMULAS_H
#define DLAVM_LIB_DEVICE_SIMULATE_FORMULAS_H

#include "Kernels.h"

#include "llvm/ADT/ArrayRef.h"

#include <array>
#include <cmath>
#include <cstdint>

namespace dlavm::simulate {

/// A number of 32 output channels, keys or channels of values.
struct alignas(64) LaneNumbers {
  double lanes[32] = {};
};

/// Adds the products with input channels first .. first + count - 1 of a block
/// of 128 weights to the sums of each token. \p inputs has the input channels
/// of the block, tokens \p stride apart; \p scales has one number for each
/// output channel.
void addBlock(const double *inputs, int64_t stride, const WeightBlock &values,
              const double *scales, int64_t count, bool sumsInFP32,
              llvm::MutableArrayRef<LaneNumbers> sums);

/// The search for the largest logit, which may come in several parts.
struct ArgmaxSearch {
  float largest = -HUGE_VALF;
  uint32_t best = 0;

  /// FP16 codes of the logits from \p first on. Of equal ones the last or the
  /// first is the largest.
  void add(llvm::ArrayRef<uint16_t> logits, uint32_t first, bool takesLast);
};

/// The scale (gamma) and the bias of a channel.
struct ScaleBias {
  double scale, bias;
};

/// Of a norm, what is subtracted from a token's channels, and what divides
/// them.
struct NormTerms {
  double mean, deviation;
};
NormTerms measure(llvm::ArrayRef<double> x, bool isLayerNorm, double reciprocal,
                  double epsilon);
/// One channel of a norm, an FP16 code.
uint16_t normalize(double x, const NormTerms &terms, const ScaleBias &weight);

/// Replaces the first \p visible scores by probabilities, the others by 0.
/// Every step but the exponential is FP32 or FP64.
void computeSoftmax(llvm::MutableArrayRef<double> row, int64_t visible,
                    bool isFP32);

/// A piecewise-linear function.
class PiecewiseLinear {
public:
  static constexpr int64_t numRegions = 16;
  /// Breakpoints, slopes, intercepts.
  using Codes = std::array<uint16_t, 3 * numRegions>;

  /// \p holds says that the function stays what it is at the last breakpoint.
  PiecewiseLinear(const Codes &codes, bool holds);
  uint16_t evaluate(uint16_t code) const;

private:
  std::array<double, 3 * numRegions> numbers;
  bool holds;
};

/// The two channels of a rotated pair, FP16 codes.
void rotate(uint16_t &x0, uint16_t &x1, uint16_t cosine, uint16_t sine);

} // namespace dlavm::simulate

#endif // DLAVM_LIB_DEVICE_SIMULATE_FORMULAS_H
