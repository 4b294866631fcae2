//===- Half.cpp - FP16 numbers of devices ---------------------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "host/Driver/Half.h"

#include <algorithm>
#include <cstring>

using namespace dlavm::host;

/// Without branches on anything but constants, so that compilers vectorize it.
static float widenHalf(uint16_t code) {
  const uint32_t sign = static_cast<uint32_t>(code & 0x8000) << 16;
  const uint32_t magnitude = code & 0x7fff;
  // A number below 2^-14 is a multiple of 2^-24.
  const float small = static_cast<float>(magnitude) * 0x1p-24f;
  uint32_t smallBits;
  std::memcpy(&smallBits, &small, sizeof small);
  // The exponent of infinity and NaN grows twice as far.
  const uint32_t bias = magnitude < 0x7c00 ? 112u << 23 : 224u << 23;
  const uint32_t bits =
      magnitude < 0x0400 ? smallBits : (magnitude << 13) + bias;
  const uint32_t all = bits | sign;
  float value;
  std::memcpy(&value, &all, sizeof value);
  return value;
}

/// Returns the largest magnitude. That of integers is found by vectors.
static int16_t widenAll(const uint16_t *codes, size_t count, float *values) {
  int16_t largest = 0;
  for (size_t i = 0; i < count; ++i) {
    values[i] = widenHalf(codes[i]);
    largest = std::max(largest, static_cast<int16_t>(codes[i] & 0x7fff));
  }
  return largest;
}

#if defined(__x86_64__) && defined(__GNUC__)

#include <immintrin.h>

__attribute__((target("avx,f16c"))) static int16_t
widenEights(const uint16_t *codes, size_t count, float *values) {
  const __m128i magnitude = _mm_set1_epi16(0x7fff);
  __m128i largest = _mm_setzero_si128();
  for (size_t i = 0; i < count; i += 8) {
    const __m128i eight =
        _mm_loadu_si128(reinterpret_cast<const __m128i *>(codes + i));
    _mm256_storeu_ps(values + i, _mm256_cvtph_ps(eight));
    largest = _mm_max_epi16(largest, _mm_and_si128(eight, magnitude));
  }
  int16_t lanes[8];
  // GCC 12 keeps what memcpy reads in memory, for the whole loop.
  _mm_storeu_si128(reinterpret_cast<__m128i *>(lanes), largest);
  return *std::max_element(lanes, lanes + 8);
}

static bool hasInstruction() {
  return __builtin_cpu_supports("avx") && __builtin_cpu_supports("f16c");
}

#else

static bool hasInstruction() { return false; }
static int16_t widenEights(const uint16_t *, size_t, float *) { return 0; }

#endif

bool dlavm::host::widenHalves(const uint16_t *codes, size_t count,
                              float *values) {
  const size_t eights = hasInstruction() ? count - count % 8 : 0;
  const int16_t largest =
      std::max(widenEights(codes, eights, values),
               widenAll(codes + eights, count - eights, values + eights));
  return largest < 0x7c00;
}
