//===- SafetensorsWriter.cpp - Writing the file format safetensors --------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DLAVM/Checkpoint/Safetensors.h"
#include "DLAVM/Support/Half.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/EndianStream.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/raw_ostream.h"

using namespace dlavm;
using namespace llvm;

static int64_t getNumElements(const TensorDeclaration &tensor) {
  int64_t size = 1;
  for (int64_t dim : tensor.shape)
    size *= dim;
  return size;
}

static std::string getHeader(ArrayRef<TensorDeclaration> tensors,
                             ElementType type) {
  std::string header;
  raw_string_ostream os(header);
  json::OStream json(os);
  int64_t end = 0;
  json.object([&] {
    json.attributeObject("__metadata__",
                         [&] { json.attribute("format", "pt"); });
    for (const TensorDeclaration &tensor : tensors) {
      const int64_t begin = end;
      end += getNumElements(tensor) * getByteSize(type);
      json.attributeObject(tensor.name, [&] {
        json.attribute("dtype", stringify(type));
        json.attribute("shape", json::Array(tensor.shape));
        json.attribute("data_offsets", json::Array{begin, end});
      });
    }
  });
  // Readers map the file and like the data aligned.
  header.resize(alignTo(header.size(), 8), ' ');
  return header;
}

static void writeElements(support::endian::Writer &writer, ElementType type,
                          ArrayRef<float> values) {
  for (float value : values) {
    switch (type) {
    case ElementType::F64:
      writer.write<double>(value);
      break;
    case ElementType::F32:
      writer.write(value);
      break;
    case ElementType::F16:
      writer.write(doubleToHalf(value));
      break;
    case ElementType::BF16:
      writer.write(floatToBFloat(value));
      break;
    }
  }
}

void dlavm::writeSafetensors(
    raw_ostream &os, ArrayRef<TensorDeclaration> tensors, ElementType type,
    function_ref<bool(size_t tensor, int64_t first, MutableArrayRef<float> out)>
        fill) {
  support::endian::Writer writer(os, endianness::little);
  const std::string header = getHeader(tensors, type);
  writer.write<uint64_t>(header.size());
  os << header;
  constexpr int64_t kPiece = 65536;
  std::vector<float> piece(kPiece);
  for (auto [number, tensor] : enumerate(tensors)) {
    const int64_t size = getNumElements(tensor);
    for (int64_t first = 0; first < size; first += kPiece) {
      MutableArrayRef<float> values = MutableArrayRef<float>(piece).take_front(
          std::min(kPiece, size - first));
      if (!fill(number, first, values))
        return;
      writeElements(writer, type, values);
    }
  }
}
