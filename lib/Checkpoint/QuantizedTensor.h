//===- QuantizedTensor.h - Matrices of INT4 and FP8 -----------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_LIB_CHECKPOINT_QUANTIZEDTENSOR_H
#define DLAVM_LIB_CHECKPOINT_QUANTIZEDTENSOR_H

#include "DLAVM/Checkpoint/Tensor.h"

#include <array>
#include <vector>

namespace dlavm {

/// A matrix of 4-bit numbers, eight in a little-endian word of 32 bits that
/// holds neighbours of a column or of a row.
struct Nibbles {
  llvm::ArrayRef<uint8_t> bytes;
  int64_t rows = 0, columns = 0;
  /// Whether a word holds neighbours of a column.
  bool isAlongRows = false;
  /// Where the word has the neighbours: the number of bits below each.
  std::array<uint8_t, 8> shifts = {0, 4, 8, 12, 16, 20, 24, 28};

  uint8_t get(int64_t row, int64_t column) const;
  void readRow(int64_t row, llvm::MutableArrayRef<int8_t> out) const;
  /// Writes neighbouring columns as rows that are \p pitch apart.
  void readColumns(int64_t first, int64_t count, int8_t *out,
                   int64_t pitch) const;
};

/// A matrix [outputs, inputs] of integers less a zero point, times a scale,
/// both of which some inputs of an output share: a group.
class GroupedTensor : public Tensor {
public:
  /// What it is made of. Matrices are stored as [outputs, inputs or groups], or
  /// transposed.
  struct Parts {
    bool isTransposed = false;
    Nibbles codes;
    ElementType scaleType = ElementType::F16;
    llvm::ArrayRef<uint8_t> scales;
    /// Zero points as nibbles, or as bytes; where there are neither, it is 8.
    std::optional<Nibbles> zeros;
    llvm::ArrayRef<uint8_t> zeroBytes;
    /// What is to be added to all zero points.
    int64_t zeroOffset = 0;
    int64_t groups = 0;
    /// Inputs of a group.
    int64_t groupSize = 0;
    /// The group of each input; empty where neighbours share one.
    std::vector<int32_t> groupOfInput;
  };
  GroupedTensor(llvm::ArrayRef<int64_t> shape, llvm::StringRef origin,
                Parts parts);

  void readRow(int64_t row, llvm::MutableArrayRef<double> out) const override;
  void readRow(int64_t row, llvm::MutableArrayRef<float> out) const override;
  bool fitsFloat() const override;
  bool hasCodes() const override { return true; }
  void readCodes(int64_t row, llvm::MutableArrayRef<int8_t> codes,
                 llvm::MutableArrayRef<float> scales) const override;

  /// The zero point of a group.
  int64_t getZero(int64_t row, int64_t group) const;

private:
  void readStoredCodes(int64_t row, llvm::MutableArrayRef<int8_t> codes) const;
  float getScale(int64_t row, int64_t group) const;
  template <typename Float>
  void read(int64_t row, llvm::MutableArrayRef<Float> out) const;

  Parts parts;
  /// No other tensor has it.
  uint64_t number;
};

/// A matrix of 8-bit floating-point numbers (E4M3, with NaN and without
/// infinities), times a scale that a block of them shares.
class FP8Tensor : public Tensor {
public:
  struct Parts {
    llvm::ArrayRef<uint8_t> codes;
    ElementType scaleType = ElementType::F32;
    /// [blocks of outputs, blocks of inputs]
    llvm::ArrayRef<uint8_t> scales;
    int64_t blockRows = 0, blockColumns = 0;
  };
  FP8Tensor(llvm::ArrayRef<int64_t> shape, llvm::StringRef origin, Parts parts)
      : Tensor(shape, origin), parts(parts) {}

  void readRow(int64_t row, llvm::MutableArrayRef<double> out) const override;
  void readRow(int64_t row, llvm::MutableArrayRef<float> out) const override;
  bool fitsFloat() const override;

private:
  template <typename Float>
  void read(int64_t row, llvm::MutableArrayRef<Float> out) const;

  Parts parts;
};

} // namespace dlavm

#endif // DLAVM_LIB_CHECKPOINT_QUANTIZEDTENSOR_H
