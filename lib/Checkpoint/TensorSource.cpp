//===- TensorSource.cpp - Where tensors come from -------------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DLAVM/Checkpoint/TensorSource.h"

#include "DLAVM/Support/Half.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/Endian.h"
#include "llvm/Support/ErrorHandling.h"
#include "llvm/Support/raw_ostream.h"

using namespace dlavm;
using namespace llvm;

StringRef dlavm::stringify(ElementType type) {
  switch (type) {
  case ElementType::F32:
    return "F32";
  case ElementType::F16:
    return "F16";
  case ElementType::BF16:
    return "BF16";
  }
  llvm_unreachable("all element types are handled");
}

int64_t dlavm::getByteSize(ElementType type) {
  return type == ElementType::F32 ? 4 : 2;
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

/// Converts codes, which need not be aligned, by way of an array that is: loops
/// over unaligned ones do not vectorize.
template <typename Code, typename Convert>
static void convertCodes(const uint8_t *codes, MutableArrayRef<float> out,
                         Convert convert) {
  constexpr size_t kBlock = 1024;
  Code block[kBlock];
  while (!out.empty()) {
    const size_t size = std::min(out.size(), kBlock);
    std::memcpy(block, codes, size * sizeof(Code));
    float *result = out.data();
    for (size_t i = 0; i < size; ++i)
      result[i] =
          convert(support::endian::byte_swap(block[i], endianness::little));
    codes += size * sizeof(Code);
    out = out.drop_front(size);
  }
}

void dlavm::convertElements(const TensorView &tensor, int64_t first,
                            MutableArrayRef<float> out) {
  assert(first >= 0 &&
         static_cast<uint64_t>(first) + out.size() <=
             tensor.bytes.size() / getByteSize(tensor.type) &&
         "elements must lie in the tensor");
  const uint8_t *codes = tensor.bytes.data() + first * getByteSize(tensor.type);
  switch (tensor.type) {
  case ElementType::F32:
    return convertCodes<uint32_t>(
        codes, out, [](uint32_t code) { return detail::bitCast<float>(code); });
  case ElementType::F16:
    return convertCodes<uint16_t>(
        codes, out, [](uint16_t code) { return halfToFloat(code); });
  case ElementType::BF16:
    return convertCodes<uint16_t>(
        codes, out, [](uint16_t code) { return bfloatToFloat(code); });
  }
}
