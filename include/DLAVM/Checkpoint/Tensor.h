//===- Tensor.h - Tensors of checkpoints ----------------------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_CHECKPOINT_TENSOR_H
#define DLAVM_CHECKPOINT_TENSOR_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringRef.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

namespace dlavm {

/// Element types of floating point.
enum class ElementType { F64, F32, F16, BF16 };

/// "F32", as safetensors files spell it.
llvm::StringRef stringify(ElementType type);
/// The type that a file spells so, if it is one of floating point.
std::optional<ElementType> parseElementType(llvm::StringRef name);
/// Bytes of an element.
int64_t getByteSize(ElementType type);

/// A shape for messages: "[32, 128]".
std::string printShape(llvm::ArrayRef<int64_t> shape);

/// The elements at the beginning of \p bytes, little-endian, as FP32, which
/// holds those of all types but F64 exactly.
void convertElements(ElementType type, llvm::ArrayRef<uint8_t> bytes,
                     llvm::MutableArrayRef<float> out);
/// The same as FP64, which holds all of them.
void convertElements(ElementType type, llvm::ArrayRef<uint8_t> bytes,
                     llvm::MutableArrayRef<double> out);

/// A tensor, whatever its encoding. It is read by rows: a row of a tensor of
/// two and more dimensions is all that has one index in the first of them; a
/// vector is one row. Safe to use from several threads, and fast where rows are
/// read one after the other.
class Tensor {
public:
  virtual ~Tensor();

  llvm::ArrayRef<int64_t> getShape() const { return shape; }
  /// The file that has it, for messages.
  llvm::StringRef getOrigin() const { return origin; }
  /// Elements of a row.
  int64_t getRowSize() const;

  // \p out has getRowSize() elements.

  /// Writes the elements of a row, which are exact.
  virtual void readRow(int64_t row,
                       llvm::MutableArrayRef<double> out) const = 0;
  /// The same, each rounded to FP32 once.
  virtual void readRow(int64_t row, llvm::MutableArrayRef<float> out) const = 0;
  /// Whether FP32 holds all elements exactly.
  virtual bool fitsFloat() const = 0;

  /// Whether each element is the product of a small integer, its code, and a
  /// scale.
  virtual bool hasCodes() const { return false; }
  /// Writes the codes of a row, zero points subtracted, and the scale of each.
  virtual void readCodes(int64_t row, llvm::MutableArrayRef<int8_t> codes,
                         llvm::MutableArrayRef<float> scales) const;

protected:
  /// The \p origin is somebody else's, who keeps it.
  Tensor(llvm::ArrayRef<int64_t> shape, llvm::StringRef origin)
      : shape(shape), origin(origin) {}

private:
  llvm::SmallVector<int64_t, 2> shape;
  llvm::StringRef origin;
};

/// A tensor of floating-point elements one after the other, row-major.
class FloatTensor : public Tensor {
public:
  /// Somebody else owns the bytes: who asks for the tensor, or \p owner.
  FloatTensor(ElementType type, llvm::ArrayRef<int64_t> shape,
              llvm::ArrayRef<uint8_t> bytes, llvm::StringRef origin,
              std::shared_ptr<const void> owner = {})
      : Tensor(shape, origin), type(type), bytes(bytes),
        owner(std::move(owner)) {}

  ElementType getType() const { return type; }
  llvm::ArrayRef<uint8_t> getBytes() const { return bytes; }

  void readRow(int64_t row, llvm::MutableArrayRef<double> out) const override;
  void readRow(int64_t row, llvm::MutableArrayRef<float> out) const override;
  bool fitsFloat() const override { return type != ElementType::F64; }

private:
  llvm::ArrayRef<uint8_t> getRow(int64_t row, size_t size) const;

  ElementType type;
  llvm::ArrayRef<uint8_t> bytes;
  std::shared_ptr<const void> owner;
};

} // namespace dlavm

#endif // DLAVM_CHECKPOINT_TENSOR_H
