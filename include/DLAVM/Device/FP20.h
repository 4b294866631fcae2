//===- FP20.h - The 20-bit floating point of scalar registers ---*- C++ -*-===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_DEVICE_FP20_H
#define DLAVM_DEVICE_FP20_H

#include <cstdint>

namespace dlavm {

/// The FP20 code of \p value: 1 sign, 6 exponent (bias 31) and 13 fraction
/// bits. Rounds half away from zero and lets the carry of the fraction run into
/// the exponent (the original software lost it); saturates at the largest
/// finite code, infinities and NaN included; magnitudes below 2^-43 become 0
/// without a sign. Formula: the EdgeLLM register document, section 1.6.
uint32_t encodeFP20(float value);

} // namespace dlavm

#endif // DLAVM_DEVICE_FP20_H
