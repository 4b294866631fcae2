//===- MatrixReader.h - Rows of weights, fast -----------------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_LIB_PACK_MATRIXREADER_H
#define DLAVM_LIB_PACK_MATRIXREADER_H

#include "DLAVM/Checkpoint/TensorSource.h"

namespace dlavm {

/// What ParameterRows reads, but FP16 rows that lie in one piece are converted
/// by the processor's instruction where it has one: it is half of the time that
/// packing would take.
class MatrixReader {
public:
  /// Fails where ParameterRows::open does. \p useVectors is false in tests.
  static llvm::Expected<MatrixReader> open(TensorSource &source,
                                           const ParameterInfo &info,
                                           int64_t layer,
                                           bool useVectors = true);

  int64_t getNumRows() const { return rows.getNumRows(); }
  int64_t getNumColumns() const { return rows.getNumColumns(); }
  void readRow(int64_t row, llvm::MutableArrayRef<float> out) const;

private:
  explicit MatrixReader(ParameterRows rows) : rows(std::move(rows)) {}

  ParameterRows rows;
  /// FP16 rows of the tensor; empty where there is nothing faster.
  llvm::ArrayRef<uint8_t> halves;
  RowSlice slice;
  std::optional<HeadLayout> rowHeads;
};

} // namespace dlavm

#endif // DLAVM_LIB_PACK_MATRIXREADER_H
