//===- GGUFTensor.cpp - A tensor in an encoding of GGUF -------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DLAVM/Checkpoint/GGUFModel.h"

#include "llvm/ADT/STLExtras.h"

using namespace dlavm;
using namespace llvm;

Expected<std::shared_ptr<const Tensor>> GGUFModel::Tensor::open() const {
  const GGUFEncoding &encoding = *stored.encoding;
  if (!encoding.isSupported())
    return createStringError(
        file + ": the tensor '" + stored.name + "' has the encoding " +
        encoding.name +
        ", which is not supported; quantize the model to another one, Q4_K_M "
        "for instance, or take it in floating point");
  const std::optional<ElementType> type = parseElementType(encoding.name);
  if (type && pairedHeads == 0)
    return std::make_shared<FloatTensor>(*type, stored.shape, stored.bytes,
                                         file);
  return std::make_shared<GGUFTensor>(encoding, stored.shape, stored.bytes,
                                      pairedHeads, file);
}

int64_t GGUFTensor::getStored(int64_t index) const {
  if (pairedHeads == 0)
    return index;
  const int64_t channels = getShape()[0] / pairedHeads;
  const int64_t channel = index % channels, half = channels / 2;
  return index - channel + channel % half * 2 + channel / half;
}

const uint8_t *GGUFTensor::getBlocks(int64_t row) const {
  const int64_t rowBlocks = getRowSize() / encoding.elements;
  const int64_t place = getShape().size() > 1 ? getStored(row) : 0;
  return bytes.data() + place * rowBlocks * encoding.bytes;
}

/// Reorders a vector with paired heads.
template <typename T, typename GetStored>
static void reorder(MutableArrayRef<T> out, GetStored getStored) {
  const SmallVector<T, 0> stored(out.begin(), out.end());
  for (auto [i, element] : enumerate(out))
    element = stored[getStored(i)];
}

template <typename T>
void GGUFTensor::read(int64_t row, MutableArrayRef<T> out,
                      void (*decode)(const uint8_t *, int64_t, T *)) const {
  assert(static_cast<int64_t>(out.size()) == getRowSize() &&
         "wants whole rows");
  decode(getBlocks(row), out.size() / encoding.elements, out.data());
  if (pairedHeads != 0 && getShape().size() == 1)
    reorder(out, [&](int64_t i) { return getStored(i); });
}

void GGUFTensor::readRow(int64_t row, MutableArrayRef<double> out) const {
  read(row, out, encoding.decodeDoubles);
}

void GGUFTensor::readRow(int64_t row, MutableArrayRef<float> out) const {
  read(row, out, encoding.decodeFloats);
}

bool GGUFTensor::hasCodes() const {
  return encoding.name == "Q4_0" && getShape().size() > 1;
}

void GGUFTensor::readCodes(int64_t row, MutableArrayRef<int8_t> codes,
                           MutableArrayRef<float> scales) const {
  assert(hasCodes() && static_cast<int64_t>(codes.size()) == getRowSize() &&
         "wants whole rows");
  decodeQ4_0Codes(getBlocks(row), codes.size() / encoding.elements,
                  codes.data(), scales.data());
}
