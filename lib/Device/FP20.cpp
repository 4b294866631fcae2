//===- FP20.cpp - The 20-bit floating point of scalar registers -----------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DLAVM/Device/FP20.h"

#include "llvm/ADT/bit.h"

#include <algorithm>

uint32_t dlavm::encodeFP20(float value) {
  // FP32 has the exponent bias 127 and 23 fraction bits, FP20 has 31 and 13.
  const uint32_t bits = llvm::bit_cast<uint32_t>(value);
  const uint32_t sign = bits >> 31 << 19;
  const uint32_t exponent = bits >> 23 & 0xff;
  const uint32_t fraction = bits & 0x7fffff;
  const uint32_t largest = 62 << 13 | 0x1fff;
  if (exponent <= 83)
    return 0;
  if (exponent >= 159)
    return sign | largest;
  if (exponent >= 97) {
    const uint32_t code = ((exponent - 96) << 13) + ((fraction + 512) >> 10);
    return sign | std::min(code, largest);
  }
  const uint32_t subnormal = (0x800000 + fraction) >> (97 - exponent);
  return sign | ((subnormal + 512) >> 10);
}
