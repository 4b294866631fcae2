//===- ConvertElements.cpp - Numbers of floating-point formats ------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DLAVM/Checkpoint/Tensor.h"
#include "DLAVM/Support/Half.h"

#include "llvm/ADT/bit.h"
#include "llvm/Support/Endian.h"
#include "llvm/Support/ErrorHandling.h"

using namespace dlavm;
using namespace llvm;

/// Converts codes, which need not be aligned, by way of an array that is: loops
/// over unaligned ones do not vectorize. \p convert has a type of its own, so
/// that it is inlined.
template <typename Code, typename Float, typename Convert>
static void convertCodes(const uint8_t *codes, MutableArrayRef<Float> out,
                         Convert convert) {
  constexpr size_t kBlock = 1024;
  Code block[kBlock];
  while (!out.empty()) {
    const size_t size = std::min(out.size(), kBlock);
    std::memcpy(block, codes, size * sizeof(Code));
    Float *result = out.data();
    for (size_t i = 0; i < size; ++i)
      result[i] = static_cast<Float>(
          convert(support::endian::byte_swap(block[i], endianness::little)));
    codes += size * sizeof(Code);
    out = out.drop_front(size);
  }
}

template <typename Float>
static void convert(ElementType type, ArrayRef<uint8_t> bytes,
                    MutableArrayRef<Float> out) {
  assert(out.size() <= bytes.size() / getByteSize(type) &&
         "there must be as many elements");
  switch (type) {
  case ElementType::F64:
    return convertCodes<uint64_t>(bytes.data(), out, [](uint64_t code) {
      return bit_cast<double>(code);
    });
  case ElementType::F32:
    return convertCodes<uint32_t>(
        bytes.data(), out, [](uint32_t code) { return bit_cast<float>(code); });
  case ElementType::F16:
    return convertCodes<uint16_t>(
        bytes.data(), out, [](uint16_t code) { return halfToFloat(code); });
  case ElementType::BF16:
    return convertCodes<uint16_t>(
        bytes.data(), out, [](uint16_t code) { return bfloatToFloat(code); });
  }
  llvm_unreachable("all element types are handled");
}

void dlavm::convertElements(ElementType type, ArrayRef<uint8_t> bytes,
                            MutableArrayRef<double> out) {
  convert(type, bytes, out);
}

#if defined(__x86_64__) && defined(__GNUC__)

#include <immintrin.h>

/// Half of the time that packing FP16 would take is in its conversion, unless
/// the processor's instruction does it.
static bool canConvertHalves() { return __builtin_cpu_supports("f16c"); }

__attribute__((target("avx,f16c"))) static void
convertHalves(const uint8_t *in, MutableArrayRef<float> out) {
  size_t i = 0;
  for (; i + 8 <= out.size(); i += 8)
    _mm256_storeu_ps(out.data() + i,
                     _mm256_cvtph_ps(_mm_loadu_si128(
                         reinterpret_cast<const __m128i *>(in + 2 * i))));
  for (; i < out.size(); ++i)
    out[i] = halfToFloat(support::endian::read16le(in + 2 * i));
}

#else

static bool canConvertHalves() { return false; }
static void convertHalves(const uint8_t *, MutableArrayRef<float>) {}

#endif

void dlavm::convertElements(ElementType type, ArrayRef<uint8_t> bytes,
                            MutableArrayRef<float> out) {
  if (type == ElementType::F16 && canConvertHalves())
    convertHalves(bytes.data(), out);
  else
    convert(type, bytes, out);
}
