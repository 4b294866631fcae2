//===- Tensor.cpp - Tensors of checkpoints --------------------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DLAVM/Checkpoint/Tensor.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/ErrorHandling.h"
#include "llvm/Support/raw_ostream.h"

using namespace dlavm;
using namespace llvm;

StringRef dlavm::stringify(ElementType type) {
  switch (type) {
  case ElementType::F64:
    return "F64";
  case ElementType::F32:
    return "F32";
  case ElementType::F16:
    return "F16";
  case ElementType::BF16:
    return "BF16";
  }
  llvm_unreachable("all element types are handled");
}

std::optional<ElementType> dlavm::parseElementType(StringRef name) {
  for (ElementType type : {ElementType::F64, ElementType::F32, ElementType::F16,
                           ElementType::BF16})
    if (name == stringify(type))
      return type;
  return std::nullopt;
}

int64_t dlavm::getByteSize(ElementType type) {
  switch (type) {
  case ElementType::F64:
    return 8;
  case ElementType::F32:
    return 4;
  case ElementType::F16:
  case ElementType::BF16:
    return 2;
  }
  llvm_unreachable("all element types are handled");
}

std::string dlavm::printShape(ArrayRef<int64_t> shape) {
  std::string text;
  raw_string_ostream os(text);
  constexpr size_t most = 16;
  os << "[";
  interleaveComma(shape.take_front(most), os);
  os << (shape.size() > most ? ", ...]" : "]");
  return text;
}

Tensor::~Tensor() = default;

int64_t Tensor::getRowSize() const {
  int64_t size = 1;
  for (int64_t dim : getShape().drop_front(getShape().size() > 1 ? 1 : 0))
    size *= dim;
  return size;
}

void Tensor::readCodes(int64_t, MutableArrayRef<int8_t>,
                       MutableArrayRef<float>) const {
  llvm_unreachable("the elements are no products of codes and scales");
}

ArrayRef<uint8_t> FloatTensor::getRow(int64_t row, size_t size) const {
  assert(static_cast<int64_t>(size) == getRowSize() && "wants whole rows");
  const size_t rowBytes = size * getByteSize(type);
  return bytes.slice(row * rowBytes, rowBytes);
}

void FloatTensor::readRow(int64_t row, MutableArrayRef<double> out) const {
  convertElements(type, getRow(row, out.size()), out);
}

void FloatTensor::readRow(int64_t row, MutableArrayRef<float> out) const {
  convertElements(type, getRow(row, out.size()), out);
}
