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

#include "llvm/ADT/ArrayRef.h"
#include "llvm/Support/Error.h"

#include <memory>

namespace dlavm {

/// Element types of checkpoints.
enum class ElementType { F32, F16, BF16 };

/// "F32", as safetensors files spell it.
llvm::StringRef stringify(ElementType type);
/// Bytes of an element.
int64_t getByteSize(ElementType type);

/// A tensor whose elements somebody else owns, row-major and little-endian.
struct TensorView {
  ElementType type = ElementType::F32;
  llvm::SmallVector<int64_t, 2> shape;
  llvm::ArrayRef<uint8_t> bytes;
  /// The file that has it, for messages; lives as long as the bytes.
  llvm::StringRef origin;
  /// Keeps the bytes alive where the source does not.
  std::shared_ptr<const void> owner = {};
};

/// A shape for messages: "[32, 128]".
std::string printShape(llvm::ArrayRef<int64_t> shape);

/// Elements [first, first + out.size()) of a tensor as FP32, which holds every
/// element type exactly.
void convertElements(const TensorView &tensor, int64_t first,
                     llvm::MutableArrayRef<float> out);

/// A checkpoint, or what stands in for one. Safe to use from several threads.
class TensorSource {
public:
  virtual ~TensorSource() = default;
  /// The tensor of this name. Fails, naming the source, if there is none.
  virtual llvm::Expected<TensorView> getTensor(llvm::StringRef name) = 0;
};

/// One layer of a parameter, as rows of FP32.
class ParameterRows {
public:
  /// Looks the tensor up and compares its shape with what \p info wants: as
  /// many rows, or at least those of its slice, and as many columns.
  /// Errors name the file, the tensor, the expected and the found shape. Where
  /// the parameter has no tensor, \p source is not asked. The bytes of the
  /// tensor stay those of \p source, which must outlive the rows.
  static llvm::Expected<ParameterRows>
  open(TensorSource &source, const ParameterInfo &info, int64_t layer);

  /// Rows of a matrix; 1 for a vector.
  int64_t getNumRows() const { return rows; }
  /// Elements of a row.
  int64_t getNumColumns() const { return columns; }
  /// Writes a row; \p out has getNumColumns() elements. Padding is 0.
  void readRow(int64_t row, llvm::MutableArrayRef<float> out) const;
  /// Gives the bytes back; no row can be read any more.
  void release() { tensor = {}; }

private:
  /// Row \p row of the tensor's slice, in the order of the tensor.
  void readSource(int64_t row, llvm::MutableArrayRef<float> out) const;

  ParameterInfo info;
  TensorView tensor;
  int64_t rows = 0, columns = 0;
};

/// Random tensors of FP16 for the parameters of a model, each made when it is
/// asked for and kept while there is room. Values are those of
/// fillRandomTensor.
class RandomTensors : public TensorSource {
public:
  RandomTensors(llvm::ArrayRef<ParameterInfo> parameters, uint64_t seed);
  ~RandomTensors() override;
  llvm::Expected<TensorView> getTensor(llvm::StringRef name) override;

private:
  class Impl;
  std::unique_ptr<Impl> impl;
};

} // namespace dlavm

#endif // DLAVM_CHECKPOINT_TENSORSOURCE_H
