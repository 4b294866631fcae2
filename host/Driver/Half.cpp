//===- Half.cpp - FP16 numbers of devices ---------------------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "host/Driver/Half.h"

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

static void widenAll(const uint16_t *codes, size_t count, float *values) {
  for (size_t i = 0; i < count; ++i)
    values[i] = widenHalf(codes[i]);
}

#if defined(__x86_64__) && defined(__GNUC__)

#include <immintrin.h>

__attribute__((target("avx,f16c"))) static void
widenEights(const uint16_t *codes, size_t count, float *values) {
  for (size_t i = 0; i < count; i += 8)
    _mm256_storeu_ps(values + i,
                     _mm256_cvtph_ps(_mm_loadu_si128(
                         reinterpret_cast<const __m128i *>(codes + i))));
}

/// How many of them the processor's instruction has converted.
static size_t widenMost(const uint16_t *codes, size_t count, float *values) {
  if (!__builtin_cpu_supports("avx") || !__builtin_cpu_supports("f16c"))
    return 0;
  count -= count % 8;
  widenEights(codes, count, values);
  return count;
}

#else

static size_t widenMost(const uint16_t *, size_t, float *) { return 0; }

#endif

void dlavm::host::widenHalves(const uint16_t *codes, size_t count,
                              float *values) {
  const size_t done = widenMost(codes, count, values);
  widenAll(codes + done, count - done, values + done);
}
