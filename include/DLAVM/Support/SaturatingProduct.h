//===- SaturatingProduct.h - Products of register values --------*- C++ -*-===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_SUPPORT_SATURATINGPRODUCT_H
#define DLAVM_SUPPORT_SATURATINGPRODUCT_H

#include "llvm/Support/MathExtras.h"

#include <algorithm>
#include <cstdint>

namespace dlavm {

/// a * b for non-negative numbers, at most 2^60: registers of a broken driver
/// hold anything, and a few such products can still be added.
inline int64_t saturatingProduct(int64_t a, int64_t b) {
  return std::min(llvm::SaturatingMultiply<uint64_t>(a, b), uint64_t(1) << 60);
}

} // namespace dlavm

#endif // DLAVM_SUPPORT_SATURATINGPRODUCT_H
