//===- QuantizeAVX2.cpp - Blocks of weights with AVX2 ---------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The same operations in the same order as in RowQuantizer.cpp, so that every
// bit of the results is the same; there is no multiply-add for that reason.
//
//===----------------------------------------------------------------------===//

#include "QuantizeKernels.h"

using namespace dlavm;

#if defined(__x86_64__) && defined(__GNUC__)

#include "DLAVM/Support/Half.h"

#include <immintrin.h>

#define DLAVM_AVX2 __attribute__((target("avx2")))

DLAVM_AVX2 static uint32_t findLargest(const float *weights) {
  const __m256i magnitude = _mm256_set1_epi32(0x7FFFFFFF);
  // Two chains of maxima, as one has to wait for itself.
  __m256i first = _mm256_setzero_si256(), second = first;
  for (size_t i = 0; i < RowQuantizer::kBlock; i += 16) {
    const auto *in = reinterpret_cast<const __m256i *>(weights + i);
    first = _mm256_max_epi32(
        first, _mm256_and_si256(_mm256_loadu_si256(in), magnitude));
    second = _mm256_max_epi32(
        second, _mm256_and_si256(_mm256_loadu_si256(in + 1), magnitude));
  }
  alignas(32) uint32_t lanes[8];
  _mm256_store_si256(reinterpret_cast<__m256i *>(lanes),
                     _mm256_max_epi32(first, second));
  return *std::max_element(lanes, lanes + 8);
}

DLAVM_AVX2 static __m256 roundWeights(__m256 weights, __m256 scale) {
  __m256 value = _mm256_div_ps(weights, scale);
  value = _mm256_min_ps(value, _mm256_set1_ps(7));
  value = _mm256_max_ps(value, _mm256_set1_ps(-7));
  return _mm256_round_ps(value, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
}

/// (0 + 4) + (2 + 6), then plus (1 + 5) + (3 + 7).
DLAVM_AVX2 static float addLanes(__m256 lanes) {
  const __m128 four = _mm_add_ps(_mm256_castps256_ps128(lanes),
                                 _mm256_extractf128_ps(lanes, 1));
  const __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
  return _mm_cvtss_f32(_mm_add_ss(two, _mm_shuffle_ps(two, two, 1)));
}

DLAVM_AVX2 static void roundBlock(const float *weights, float scale,
                                  int8_t *values, QuantizationError &error) {
  const __m256 scales = _mm256_set1_ps(scale);
  const __m256 sign = _mm256_set1_ps(-0.0f);
  __m256 errors = _mm256_setzero_ps(), squares = errors, largest = errors;
  for (size_t i = 0; i < RowQuantizer::kBlock; i += 32) {
    __m256i integers[4];
    for (size_t part = 0; part < 4; ++part) {
      const __m256 weight = _mm256_loadu_ps(weights + i + 8 * part);
      const __m256 value = roundWeights(weight, scales);
      integers[part] = _mm256_cvtps_epi32(value);
      const __m256 difference = _mm256_andnot_ps(
          sign, _mm256_sub_ps(weight, _mm256_mul_ps(scales, value)));
      errors = _mm256_add_ps(errors, _mm256_mul_ps(difference, difference));
      squares = _mm256_add_ps(squares, _mm256_mul_ps(weight, weight));
      largest = _mm256_max_ps(largest, difference);
    }
    // Packing works in halves of a register; the permutation puts the groups of
    // four values in order.
    const __m256i packed =
        _mm256_packs_epi16(_mm256_packs_epi32(integers[0], integers[1]),
                           _mm256_packs_epi32(integers[2], integers[3]));
    const __m256i order = _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7);
    _mm256_storeu_si256(reinterpret_cast<__m256i *>(values + i),
                        _mm256_permutevar8x32_epi32(packed, order));
  }
  error.squaredErrors += addLanes(errors);
  error.squaredWeights += addLanes(squares);
  alignas(32) float lanes[8];
  _mm256_store_ps(lanes, largest);
  error.largest = std::max(error.largest, *std::max_element(lanes, lanes + 8));
}

DLAVM_AVX2 static uint16_t searchScale(const float *weights, float fullScale) {
  constexpr size_t parts = kSearchSteps / 8;
  const std::array<uint16_t, kSearchSteps> codes = getSearchCodes(fullScale);
  alignas(32) float scales[kSearchSteps];
  for (size_t k = 0; k < kSearchSteps; ++k)
    scales[k] = halfToFloat(codes[k]);
  __m256d sums[2 * parts];
  for (__m256d &sum : sums)
    sum = _mm256_setzero_pd();
  for (size_t i = 0; i < RowQuantizer::kBlock; ++i) {
    const __m256 weight = _mm256_set1_ps(weights[i]);
    const __m256d exact = _mm256_set1_pd(weights[i]);
    for (size_t part = 0; part < parts; ++part) {
      const __m256 scale = _mm256_load_ps(scales + 8 * part);
      const __m256 rounded = _mm256_mul_ps(scale, roundWeights(weight, scale));
      const __m256d low = _mm256_sub_pd(
          exact, _mm256_cvtps_pd(_mm256_castps256_ps128(rounded)));
      const __m256d high = _mm256_sub_pd(
          exact, _mm256_cvtps_pd(_mm256_extractf128_ps(rounded, 1)));
      sums[2 * part] = _mm256_add_pd(sums[2 * part], _mm256_mul_pd(low, low));
      sums[2 * part + 1] =
          _mm256_add_pd(sums[2 * part + 1], _mm256_mul_pd(high, high));
    }
  }
  alignas(32) double errors[kSearchSteps];
  for (size_t i = 0; i < 2 * parts; ++i)
    _mm256_store_pd(errors + 4 * i, sums[i]);
  return chooseCode(codes, errors);
}

std::optional<QuantizeKernels> dlavm::getAVX2Kernels() {
  if (!__builtin_cpu_supports("avx2"))
    return std::nullopt;
  return QuantizeKernels{findLargest, roundBlock, searchScale};
}

#else

std::optional<QuantizeKernels> dlavm::getAVX2Kernels() { return std::nullopt; }

#endif
