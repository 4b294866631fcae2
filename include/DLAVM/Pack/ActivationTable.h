//===- ActivationTable.h - Activations as straight pieces -----------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_PACK_ACTIVATIONTABLE_H
#define DLAVM_PACK_ACTIVATIONTABLE_H

#include "llvm/ADT/StringRef.h"

#include <array>
#include <cstdint>
#include <optional>

namespace dlavm {

/// A piecewise-linear function of 15 segments, FP16 codes. With n, the number
/// of breakpoints x[i] <= x, at most 15, the value at x is k[n] * x + b[n];
/// k[0] and b[0] are 0. The breakpoints ascend, and x[15] changes nothing.
struct ActivationTable {
  std::array<uint16_t, 16> x, k, b;
  /// The largest error for any finite FP16 argument, evaluated in FP64.
  double maxError;
};

/// The table of an `llm.activation` kind: "silu", "gelu" (with the exact error
/// function), "tanh", "sigmoid" or "relu"; nothing for other names. The same on
/// all machines: the functions are computed with basic operations only, and the
/// fit takes the smallest error that 15 segments reach with FP16 coefficients,
/// on a grid of breakpoints.
///
/// Where the function approaches a straight line, the first or last segment is
/// that line, so that arguments far out are right as well. SiLU is fitted on
/// [-12, 10] and GELU on [-4, 4], below which they are 0 but for 1.4e-4. Tanh
/// and sigmoid are not small below -4: the first segment of tanh begins at the
/// smallest FP16 number, and sigmoid is fitted on [-8, 8]. relu is exact.
std::optional<ActivationTable> fitActivation(llvm::StringRef function);

} // namespace dlavm

#endif // DLAVM_PACK_ACTIVATIONTABLE_H
