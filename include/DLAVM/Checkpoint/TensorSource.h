//===- TensorSource.h - Where tensors come from ---------------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_CHECKPOINT_TENSORSOURCE_H
#define DLAVM_CHECKPOINT_TENSORSOURCE_H

#include "DLAVM/Checkpoint/Parameter.h"
#include "DLAVM/Checkpoint/Tensor.h"

#include "llvm/Support/Error.h"

#include <memory>
#include <vector>

namespace dlavm {

/// A checkpoint, or what stands in for one. Safe to use from several threads.
class TensorSource {
public:
  virtual ~TensorSource() = default;
  /// The tensor of this name. Fails, naming the source, if there is none.
  virtual llvm::Expected<std::shared_ptr<const Tensor>>
  getTensor(llvm::StringRef name) = 0;
};

/// One layer of a parameter, row by row.
class ParameterRows {
public:
  /// Looks the tensor up and compares its shape with what \p info wants: as
  /// many rows, or at least those of a slice, and as many columns. Errors name
  /// the file, the tensor, the expected and the found shape. Where the
  /// parameter has no tensor, \p source is not asked. The bytes of the tensor
  /// stay those of \p source, which must outlive the rows.
  static llvm::Expected<ParameterRows>
  open(TensorSource &source, const ParameterInfo &info, int64_t layer);

  /// Rows of a matrix; 1 for a vector.
  int64_t getNumRows() const { return rows; }
  /// Elements of a row.
  int64_t getNumColumns() const { return columns; }
  /// Writes a row; \p out has getNumColumns() elements. Padding is 0. Elements
  /// are exact, but for what FP64 rounds where they are normalized or have a
  /// factor.
  void readRow(int64_t row, llvm::MutableArrayRef<double> out) const;
  /// The same, rounded to FP32.
  void readRow(int64_t row, llvm::MutableArrayRef<float> out) const;
  /// Whether FP32 holds all elements exactly.
  bool fitsFloat() const;

  /// Whether elements are Tensor's products of codes and scales.
  bool hasCodes() const { return isStored() && tensor->hasCodes(); }
  /// Whether the tensor has codes that are lost in what is computed from it.
  bool losesCodes() const {
    return tensor && tensor->hasCodes() && !isStored();
  }
  /// Writes the codes of a row and their scales. Padding is 0 times 0.
  void readCodes(int64_t row, llvm::MutableArrayRef<int8_t> codes,
                 llvm::MutableArrayRef<float> scales) const;
  /// Gives the bytes back; no row can be read any more.
  void release() { tensor.reset(); }

private:
  /// Whether elements are those of the tensor, and not computed from them.
  bool isStored() const {
    return tensor && !info.isNormalized && info.factor == 1;
  }
  /// The tensor's row that has row \p row; nothing where that is padding.
  std::optional<int64_t> getTensorRow(int64_t row) const;
  template <typename Float>
  void read(int64_t row, llvm::MutableArrayRef<Float> out) const;
  /// Moves elements of that row to their places.
  template <typename T>
  void arrange(llvm::ArrayRef<T> from, llvm::MutableArrayRef<T> out) const;

  ParameterInfo info;
  std::shared_ptr<const Tensor> tensor;
  int64_t rows = 0, columns = 0;
  /// The column of the tensor for each of the parameter's, or kPadding; empty
  /// where they are the same.
  std::vector<int64_t> places;
};

/// Random tensors of FP16 for the parameters of a model, each made when it is
/// asked for and kept while there is room. Values are those of
/// fillRandomTensor.
class RandomTensors : public TensorSource {
public:
  RandomTensors(llvm::ArrayRef<ParameterInfo> parameters, uint64_t seed);
  ~RandomTensors() override;
  llvm::Expected<std::shared_ptr<const Tensor>>
  getTensor(llvm::StringRef name) override;

private:
  class Impl;
  std::unique_ptr<Impl> impl;
};

} // namespace dlavm

#endif // DLAVM_CHECKPOINT_TENSORSOURCE_H
