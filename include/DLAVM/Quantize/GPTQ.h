//===- GPTQ.h - Rounding that makes up for its errors -----------*- C++ -*-===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

//
// GPTQ (Frantar et al., 2023) in the device's format: INT4 values -7 to 7, and
// an FP16 scale for 128 inputs of each output channel. Columns are rounded one
// after the other, and each time those that are left are changed so that the
// outputs of the layer change least. In the end, each value is looked at once
// more: it may be better now to take a neighbour.
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_QUANTIZE_GPTQ_H
#define DLAVM_QUANTIZE_GPTQ_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/Support/Error.h"

#include <cstdint>
#include <vector>

namespace dlavm {

/// How much the squared error of a linear layer's outputs depends on the errors
/// of its weights: 2 / n * the sum of x x^T over n tokens with inputs x. It is
/// the Hessian of each output channel.
class Hessian {
public:
  explicit Hessian(int64_t channels)
      : channels(channels), sums(channels * channels) {}

  /// Adds tokens, [tokens][channels].
  void add(llvm::ArrayRef<double> inputs);

  int64_t getNumChannels() const { return channels; }
  int64_t getNumTokens() const { return tokens; }
  double at(int64_t row, int64_t column) const {
    return sums[std::max(row, column) * channels + std::min(row, column)] * 2 /
           static_cast<double>(tokens);
  }

private:
  int64_t channels, tokens = 0;
  /// Row-major; nobody looks above the diagonal.
  std::vector<double> sums;
};

/// A matrix [rows, columns] as INT4.
struct QuantizedMatrix {
  /// Inputs that share a scale.
  static constexpr int64_t kGroup = 128;

  QuantizedMatrix(int64_t rows, int64_t columns)
      : rows(rows), columns(columns), values(rows * columns),
        scales(rows * getNumGroups()) {}
  int64_t getNumGroups() const { return (columns + kGroup - 1) / kGroup; }
  /// The weight that a value stands for, which FP32 holds.
  float getWeight(int64_t row, int64_t column) const;

  int64_t rows, columns;
  /// -7 to 7, row-major.
  std::vector<int8_t> values;
  /// FP16 codes, [rows][groups]. The last group of a row may be smaller.
  std::vector<uint16_t> scales;
};

/// Rounds the matrices whose inputs a Hessian describes.
class GPTQ {
public:
  /// Adds \p dampening times the mean of its diagonal to the diagonal of \p
  /// hessian, and inverts it. Inputs that are always 0 do not matter. Fails if
  /// the inputs were not finite, or too large to be squared. For n channels it
  /// needs 16 n^2 bytes on the way, and keeps 8 n^2.
  static llvm::Expected<GPTQ> create(Hessian hessian, double dampening = 0.01);

  /// Rounds a matrix [rows][channels of the Hessian]. First each group gets the
  /// scale of the least squared error, where errors of an input count as much
  /// as the squares of that input do. So the order in which columns are
  /// rounded, the largest inputs first, does not change which columns share a
  /// scale. All weights must be finite, with absmax / 7.5 in the range of FP16.
  ///
  /// The result does not depend on the number of threads.
  QuantizedMatrix quantize(llvm::ArrayRef<float> weights) const;

private:
  GPTQ() = default;
  struct Panel;
  void chooseScales(const float *weights, uint16_t *scales) const;
  /// Rounds column after column.
  void round(Panel &panel) const;
  /// One round of coordinate descent.
  void improve(Panel &panel) const;

  int64_t channels = 0;
  /// The diagonal of the Hessian, by channel.
  std::vector<double> importance;
  /// The channels by their importance, the least one first; ones behind are
  /// rounded before.
  std::vector<int64_t> order;
  /// The Hessian with its dampening, in that order, [channels][channels].
  std::vector<float> hessian;
  /// Lower triangle, in that order: the inverse of L, where L L^T is the
  /// Hessian. The last row of what remains is what the last of the channels
  /// that remain adds to the others.
  std::vector<float> inverse;
};

} // namespace dlavm

#endif // DLAVM_QUANTIZE_GPTQ_H
