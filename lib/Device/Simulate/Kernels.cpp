//===- Kernels.cpp - Sums of products, fast ------------------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Kernels.h"

#include <algorithm>
#include <cstring>

using namespace dlavm::simulate;

namespace {

// Vectors of the language extension that GCC and Clang share; where a processor
// has narrower ones, the compiler takes several.
typedef double Doubles __attribute__((vector_size(64), may_alias));
typedef uint8_t Bytes16 __attribute__((vector_size(16)));

constexpr int numLanes = 32;
constexpr int vectorLanes = 8;
constexpr int numVectors = numLanes / vectorLanes;

#define DLAVM_INLINE static inline __attribute__((always_inline))

// Functions neither take nor return vectors: how would depend on the processor.
DLAVM_INLINE const Doubles &at(const double *place) {
  return *reinterpret_cast<const Doubles *>(place);
}
DLAVM_INLINE Doubles &at(double *place) {
  return *reinterpret_cast<Doubles *>(place);
}

/// One column of vectors at a time keeps Rows * Vectors sums in registers.
template <int Rows, int Vectors>
DLAVM_INLINE void accumulateRows(const double *inputs, int64_t stride,
                                 const double *weights, int64_t depth,
                                 double *sums) {
  for (int column = 0; column < numVectors; column += Vectors) {
    Doubles acc[Rows][Vectors];
    for (int row = 0; row < Rows; ++row)
      for (int v = 0; v < Vectors; ++v)
        acc[row][v] = at(sums + row * numLanes + (column + v) * vectorLanes);
    for (int64_t i = 0; i < depth; ++i) {
      Doubles weight[Vectors];
      for (int v = 0; v < Vectors; ++v)
        weight[v] = at(weights + i * numLanes + (column + v) * vectorLanes);
      for (int row = 0; row < Rows; ++row)
        for (int v = 0; v < Vectors; ++v)
          acc[row][v] += inputs[row * stride + i] * weight[v];
    }
    for (int row = 0; row < Rows; ++row)
      for (int v = 0; v < Vectors; ++v)
        at(sums + row * numLanes + (column + v) * vectorLanes) = acc[row][v];
  }
}

template <int MaxRows, int Vectors>
DLAVM_INLINE void accumulate(const double *inputs, int64_t stride, int64_t rows,
                             const double *weights, int64_t depth,
                             double *sums) {
  static_assert(MaxRows <= 6, "the switch below has a case for each");
  // Chunks of equal size rather than full ones and a small rest.
  for (int64_t chunks = (rows + MaxRows - 1) / MaxRows; chunks > 0; --chunks) {
    const int64_t count = (rows + chunks - 1) / chunks;
    switch (count) {
#define DLAVM_CASE(n)                                                          \
  case n:                                                                      \
    if constexpr (n <= MaxRows)                                                \
      accumulateRows<n, Vectors>(inputs, stride, weights, depth, sums);        \
    break;
      DLAVM_CASE(1)
      DLAVM_CASE(2)
      DLAVM_CASE(3)
      DLAVM_CASE(4)
      DLAVM_CASE(5)
      DLAVM_CASE(6)
#undef DLAVM_CASE
    }
    rows -= count;
    inputs += count * stride;
    sums += count * numLanes;
  }
}

/// 16 rows of 16 bytes; rows of the result are \p stride apart. Four times the
/// first half of the rows is interleaved with the second.
DLAVM_INLINE void transpose(Bytes16 rows[16], uint8_t *to, int64_t stride) {
  for (int step = 0; step < 4; ++step) {
    Bytes16 next[16];
    for (int i = 0; i < 8; ++i) {
      next[2 * i] =
          __builtin_shufflevector(rows[i], rows[i + 8], 0, 16, 1, 17, 2, 18, 3,
                                  19, 4, 20, 5, 21, 6, 22, 7, 23);
      next[2 * i + 1] =
          __builtin_shufflevector(rows[i], rows[i + 8], 8, 24, 9, 25, 10, 26,
                                  11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
    }
    for (int i = 0; i < 16; ++i)
      rows[i] = next[i];
  }
  for (int i = 0; i < 16; ++i)
    std::memcpy(to + i * stride, &rows[i], 16);
}

/// The value of a nibble: a sign and three bits of magnitude.
DLAVM_INLINE int32_t toValue(int32_t nibble, int32_t code8) {
  const int32_t magnitude = nibble & 7;
  const int32_t value = nibble & 8 ? -magnitude : magnitude;
  return nibble == 8 ? code8 : value;
}

DLAVM_INLINE void decode(const uint8_t *bytes, int64_t stride, int32_t code8,
                         WeightBlock &block) {
  uint8_t columns[kBlockBytes][numLanes];
  for (int lane = 0; lane < numLanes; lane += 16)
    for (int column = 0; column < kBlockBytes; column += 16) {
      Bytes16 rows[16];
      for (int i = 0; i < 16; ++i)
        std::memcpy(&rows[i], bytes + (lane + i) * stride + column, 16);
      transpose(rows, &columns[column][lane], numLanes);
    }
  for (int i = 0; i < kBlockBytes; ++i)
    for (int lane = 0; lane < numLanes; ++lane) {
      block.values[i][0][lane] = toValue(columns[i][lane] & 15, code8);
      block.values[i][1][lane] = toValue(columns[i][lane] >> 4, code8);
    }
}

DLAVM_INLINE void scale(const WeightBlock &block, const double *scales,
                        int64_t first, int64_t count, double *weights) {
  // A copy, which the weights cannot overwrite.
  double factors[numLanes];
  std::copy_n(scales, numLanes, factors);
  const int32_t *values = &block.values[0][0][0] + first * numLanes;
  for (int64_t i = 0; i < count; ++i)
    for (int lane = 0; lane < numLanes; ++lane)
      weights[i * numLanes + lane] =
          factors[lane] * values[i * numLanes + lane];
}

// The same loops for several instruction sets. Registers bound how many sums
// are kept: 32 of 8 numbers, 16 of 4, 16 of 2.
#define DLAVM_KERNELS(name, attributes, maxRows, vectors)                      \
  attributes void name##Accumulate(const double *inputs, int64_t stride,       \
                                   int64_t rows, const double *weights,        \
                                   int64_t depth, double *sums) {              \
    accumulate<maxRows, vectors>(inputs, stride, rows, weights, depth, sums);  \
  }                                                                            \
  attributes void name##Decode(const uint8_t *bytes, int64_t stride,           \
                               int32_t code8, WeightBlock &block) {            \
    decode(bytes, stride, code8, block);                                       \
  }                                                                            \
  attributes void name##Scale(const WeightBlock &block, const double *scales,  \
                              int64_t first, int64_t count, double *weights) { \
    scale(block, scales, first, count, weights);                               \
  }                                                                            \
  constexpr Kernels name = {name##Accumulate, name##Decode, name##Scale};

DLAVM_KERNELS(portable, , 2, 1)
#if defined(__x86_64__)
DLAVM_KERNELS(avx2, __attribute__((target("avx2,fma"))), 6, 1)
DLAVM_KERNELS(
    avx512,
    __attribute__((target("avx2,fma,avx512f,avx512bw,avx512dq,avx512vl"))), 6,
    4)
#endif

} // namespace

std::vector<const Kernels *> dlavm::simulate::getSupportedKernels() {
  std::vector<const Kernels *> result;
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512bw") &&
      __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl"))
    result.push_back(&avx512);
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
    result.push_back(&avx2);
#endif
  result.push_back(&portable);
  return result;
}

const Kernels &dlavm::simulate::getKernels() {
  static const Kernels &kernels = *getSupportedKernels().front();
  return kernels;
}
