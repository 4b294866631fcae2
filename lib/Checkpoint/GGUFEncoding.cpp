//===- GGUFEncoding.cpp - How GGUF files encode matrices ------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Loops over elements have no branches and one stride, so that they vectorize.
//
//===----------------------------------------------------------------------===//

#include "DLAVM/Checkpoint/GGUFEncoding.h"

#include "DLAVM/Checkpoint/Tensor.h"
#include "DLAVM/Support/Half.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/Compiler.h"
#include "llvm/Support/Endian.h"

using namespace dlavm;
using namespace llvm;

//===----------------------------------------------------------------------===//
// Plain numbers
//===----------------------------------------------------------------------===//

template <ElementType type, typename T>
static void decodePlain(const uint8_t *bytes, int64_t count, T *out) {
  convertElements(type, ArrayRef(bytes, count * getByteSize(type)),
                  MutableArrayRef<T>(out, count));
}

//===----------------------------------------------------------------------===//
// Blocks of 32
//===----------------------------------------------------------------------===//

static constexpr int64_t kBlock = 32, kHalfBlock = 16;

template <typename T> static T readHalf(const uint8_t *bytes) {
  return halfToFloat(support::endian::read16le(bytes));
}

/// Not inlined: a loop of 16 would be unrolled, and then not be vectorized.
template <typename T>
LLVM_ATTRIBUTE_NOINLINE static void scaleCodes(const int8_t *codes,
                                               int64_t count, T scale, T *out) {
  for (int64_t i = 0; i < count; ++i)
    out[i] = scale * static_cast<T>(codes[i]);
}

/// A scale, and codes.
static constexpr int64_t kQ4_0Bytes = 18;

/// The codes in two nibbles a byte, those of elements i and i + 16, less \p
/// offset.
static void splitNibbles(const uint8_t *bytes, int offset, int8_t *codes) {
  for (int64_t i = 0; i < kHalfBlock; ++i) {
    codes[i] = (bytes[i] & 15) - offset;
    codes[kHalfBlock + i] = (bytes[i] >> 4) - offset;
  }
}

template <typename T>
static void decodeQ4_0(const uint8_t *blocks, int64_t count, T *out) {
  for (; count > 0; --count, blocks += kQ4_0Bytes, out += kBlock) {
    const T scale = readHalf<T>(blocks);
    int8_t codes[kBlock];
    splitNibbles(blocks + 2, 8, codes);
    scaleCodes(codes, kBlock, scale, out);
  }
}

void dlavm::decodeQ4_0Codes(const uint8_t *blocks, int64_t count, int8_t *codes,
                            float *scales) {
  for (; count > 0; --count, blocks += kQ4_0Bytes, codes += kBlock) {
    std::fill_n(scales, kBlock, readHalf<float>(blocks));
    scales += kBlock;
    splitNibbles(blocks + 2, 8, codes);
  }
}

/// A scale, the least value, and codes from it on.
static constexpr int64_t kQ4_1Bytes = 20;

template <typename T>
static void decodeQ4_1(const uint8_t *blocks, int64_t count, T *out) {
  for (; count > 0; --count, blocks += kQ4_1Bytes, out += kBlock) {
    const T scale = readHalf<T>(blocks), least = readHalf<T>(blocks + 2);
    int8_t codes[kBlock];
    splitNibbles(blocks + 4, 0, codes);
    for (int64_t i = 0; i < kBlock; ++i)
      out[i] = scale * static_cast<T>(codes[i]) + least;
  }
}

/// The 32 codes of a block of Q5_0 or Q5_1: bit i of \p fifth is the fifth bit
/// of code i, the others lie as in Q4_0.
static void joinFiveBits(const uint8_t *fifth, const uint8_t *low, int offset,
                         int8_t *codes) {
  splitNibbles(low, offset, codes);
  for (int64_t i = 0; i < kBlock; ++i)
    codes[i] += (fifth[i / 8] >> i % 8 & 1) << 4;
}

static constexpr int64_t kQ5_0Bytes = 22;

template <typename T>
static void decodeQ5_0(const uint8_t *blocks, int64_t count, T *out) {
  for (; count > 0; --count, blocks += kQ5_0Bytes, out += kBlock) {
    const T scale = readHalf<T>(blocks);
    int8_t codes[kBlock];
    joinFiveBits(blocks + 2, blocks + 6, 16, codes);
    scaleCodes(codes, kBlock, scale, out);
  }
}

static constexpr int64_t kQ5_1Bytes = 24;

template <typename T>
static void decodeQ5_1(const uint8_t *blocks, int64_t count, T *out) {
  for (; count > 0; --count, blocks += kQ5_1Bytes, out += kBlock) {
    const T scale = readHalf<T>(blocks), least = readHalf<T>(blocks + 2);
    int8_t codes[kBlock];
    joinFiveBits(blocks + 4, blocks + 8, 0, codes);
    for (int64_t i = 0; i < kBlock; ++i)
      out[i] = scale * static_cast<T>(codes[i]) + least;
  }
}

static constexpr int64_t kQ8_0Bytes = 34;

template <typename T>
static void decodeQ8_0(const uint8_t *blocks, int64_t count, T *out) {
  for (; count > 0; --count, blocks += kQ8_0Bytes, out += kBlock) {
    const T scale = readHalf<T>(blocks);
    const auto *codes = reinterpret_cast<const int8_t *>(blocks + 2);
    scaleCodes(codes, kBlock, scale, out);
  }
}

//===----------------------------------------------------------------------===//
// Blocks of 256
//===----------------------------------------------------------------------===//

static constexpr int64_t kSuperBlock = 256;

namespace {
/// The eight groups of 32 elements that a block of Q4_K or Q5_K has: an element
/// is its code times `scales[g]`, less `offsets[g]`.
template <typename T> struct Groups {
  /// \p block begins with the scales of both, and has 12 bytes of eight numbers
  /// of 6 bits for each: the first four of both in bytes of their own, whose
  /// upper two bits are those of the last four.
  explicit Groups(const uint8_t *block) {
    const T scale = readHalf<T>(block), offset = readHalf<T>(block + 2);
    const uint8_t *packed = block + 4;
    for (int i = 0; i < 4; ++i) {
      scales[i] = scale * static_cast<T>(packed[i] & 63);
      offsets[i] = offset * static_cast<T>(packed[4 + i] & 63);
      scales[4 + i] =
          scale * static_cast<T>((packed[8 + i] & 15) | packed[i] >> 6 << 4);
      offsets[4 + i] =
          offset * static_cast<T>(packed[8 + i] >> 4 | packed[4 + i] >> 6 << 4);
    }
  }
  T scales[8], offsets[8];
};
} // namespace

/// Two groups share 32 bytes of codes.
static constexpr int64_t kQ4_KBytes = 144;

template <typename T>
static void decodeQ4_K(const uint8_t *blocks, int64_t count, T *out) {
  for (; count > 0; --count, blocks += kQ4_KBytes) {
    const Groups<T> groups(blocks);
    const uint8_t *codes = blocks + 16;
    for (int g = 0; g < 8; g += 2, codes += kBlock, out += 2 * kBlock) {
      const T scale = groups.scales[g], offset = groups.offsets[g];
      for (int64_t i = 0; i < kBlock; ++i)
        out[i] = scale * static_cast<T>(codes[i] & 15) - offset;
      const T nextScale = groups.scales[g + 1];
      const T nextOffset = groups.offsets[g + 1];
      for (int64_t i = 0; i < kBlock; ++i)
        out[kBlock + i] =
            nextScale * static_cast<T>(codes[i] >> 4) - nextOffset;
    }
  }
}

/// As Q4_K, with bit g of byte i the fifth bit of code i of group g.
static constexpr int64_t kQ5_KBytes = 176;

template <typename T>
static void decodeQ5_K(const uint8_t *blocks, int64_t count, T *out) {
  for (; count > 0; --count, blocks += kQ5_KBytes) {
    const Groups<T> groups(blocks);
    const uint8_t *fifth = blocks + 16, *codes = blocks + 48;
    for (int g = 0; g < 8; g += 2, codes += kBlock, out += 2 * kBlock) {
      const T scale = groups.scales[g], offset = groups.offsets[g];
      for (int64_t i = 0; i < kBlock; ++i)
        out[i] =
            scale * static_cast<T>((codes[i] & 15) | (fifth[i] >> g & 1) << 4) -
            offset;
      const T nextScale = groups.scales[g + 1];
      const T nextOffset = groups.offsets[g + 1];
      for (int64_t i = 0; i < kBlock; ++i)
        out[kBlock + i] =
            nextScale *
                static_cast<T>(codes[i] >> 4 | (fifth[i] >> (g + 1) & 1) << 4) -
            nextOffset;
    }
  }
}

/// 128 bytes with the lower four bits of codes, 64 with the upper two, 16
/// scales of groups of 16 elements, and their scale. Half of the block at a
/// time: element i + 32 * k of it has its lower bits in byte i + 32 * (k % 2),
/// and its upper ones in byte i.
static constexpr int64_t kQ6_KBytes = 210;

template <typename T>
static void decodeQ6_K(const uint8_t *blocks, int64_t count, T *out) {
  for (; count > 0; --count, blocks += kQ6_KBytes) {
    const T scale = readHalf<T>(blocks + 208);
    for (int half = 0; half < 2; ++half) {
      const uint8_t *low = blocks + 64 * half, *high = blocks + 128 + 32 * half;
      int8_t codes[kSuperBlock / 2];
      for (int64_t i = 0; i < 2 * kBlock; ++i) {
        codes[i] = (low[i] & 15) - 32;
        codes[2 * kBlock + i] = (low[i] >> 4) - 32;
      }
      for (int64_t i = 0; i < kBlock; ++i)
        codes[i] += (high[i] & 3) << 4;
      for (int64_t i = 0; i < kBlock; ++i)
        codes[kBlock + i] += (high[i] & 12) << 2;
      for (int64_t i = 0; i < kBlock; ++i)
        codes[2 * kBlock + i] += high[i] & 48;
      for (int64_t i = 0; i < kBlock; ++i)
        codes[3 * kBlock + i] += (high[i] & 192) >> 2;
      for (int group = 0; group < 8; ++group, out += kHalfBlock) {
        const T groupScale =
            scale *
            static_cast<T>(static_cast<int8_t>(blocks[192 + 8 * half + group]));
        scaleCodes(codes + group * kHalfBlock, kHalfBlock, groupScale, out);
      }
    }
  }
}

//===----------------------------------------------------------------------===//
// The encodings
//===----------------------------------------------------------------------===//

static constexpr GGUFEncoding kEncodings[] = {
    {0, "F32", 1, 4, decodePlain<ElementType::F32, float>,
     decodePlain<ElementType::F32, double>, true},
    {1, "F16", 1, 2, decodePlain<ElementType::F16, float>,
     decodePlain<ElementType::F16, double>, true},
    {2, "Q4_0", kBlock, kQ4_0Bytes, decodeQ4_0<float>, decodeQ4_0<double>,
     true},
    {3, "Q4_1", kBlock, kQ4_1Bytes, decodeQ4_1<float>, decodeQ4_1<double>},
    {6, "Q5_0", kBlock, kQ5_0Bytes, decodeQ5_0<float>, decodeQ5_0<double>,
     true},
    {7, "Q5_1", kBlock, kQ5_1Bytes, decodeQ5_1<float>, decodeQ5_1<double>},
    {8, "Q8_0", kBlock, kQ8_0Bytes, decodeQ8_0<float>, decodeQ8_0<double>,
     true},
    {9, "Q8_1", kBlock, 36},
    {10, "Q2_K", kSuperBlock, 84},
    {11, "Q3_K", kSuperBlock, 110},
    {12, "Q4_K", kSuperBlock, kQ4_KBytes, decodeQ4_K<float>,
     decodeQ4_K<double>},
    {13, "Q5_K", kSuperBlock, kQ5_KBytes, decodeQ5_K<float>,
     decodeQ5_K<double>},
    {14, "Q6_K", kSuperBlock, kQ6_KBytes, decodeQ6_K<float>,
     decodeQ6_K<double>},
    {15, "Q8_K", kSuperBlock, 292},
    {16, "IQ2_XXS", kSuperBlock, 66},
    {17, "IQ2_XS", kSuperBlock, 74},
    {18, "IQ3_XXS", kSuperBlock, 98},
    {19, "IQ1_S", kSuperBlock, 50},
    {20, "IQ4_NL", kBlock, 18},
    {21, "IQ3_S", kSuperBlock, 110},
    {22, "IQ2_S", kSuperBlock, 82},
    {23, "IQ4_XS", kSuperBlock, 136},
    {24, "I8", 1, 1},
    {25, "I16", 1, 2},
    {26, "I32", 1, 4},
    {27, "I64", 1, 8},
    {28, "F64", 1, 8, decodePlain<ElementType::F64, float>,
     decodePlain<ElementType::F64, double>},
    {29, "IQ1_M", kSuperBlock, 56},
    {30, "BF16", 1, 2, decodePlain<ElementType::BF16, float>,
     decodePlain<ElementType::BF16, double>, true},
    {34, "TQ1_0", kSuperBlock, 54},
    {35, "TQ2_0", kSuperBlock, 66},
    {39, "MXFP4", kBlock, 17},
};

const GGUFEncoding *dlavm::lookupGGUFEncoding(uint32_t id) {
  const auto *it = find_if(kEncodings, [&](const GGUFEncoding &encoding) {
    return encoding.id == id;
  });
  return it == std::end(kEncodings) ? nullptr : it;
}
