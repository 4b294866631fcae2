//===- Quantize.h - Weights as INT4 ---------------------------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_PACK_QUANTIZE_H
#define DLAVM_PACK_QUANTIZE_H

#include "llvm/ADT/ArrayRef.h"

#include <cstdint>
#include <optional>

namespace dlavm {

/// How the scale of a block of weights is chosen.
enum class ScaleChoice {
  /// absmax / 7.5.
  AbsMax,
  /// The scale of least squared error among those of a search.
  Search,
};

/// The scale of a block that has none: infinity.
inline constexpr uint16_t kNoScale = 0x7C00;

/// Rounds one block of weights (128 input channels of one output channel) to
/// INT4 and returns the scale, an FP16 code. The definition, in plain code:
///
///     scale = FP16(absmax / 7.5)
///     value = clamp(round_to_nearest_even(weight / scale), -7, 7)
///
/// with FP32 division. Where the scale rounds to 0, all values are 0. The
/// search tries FP16(absmax / 7.5 * (1 - k / 64)) for k = 0 .. 18 and then for
/// k = -1 .. -13, absmax divided by 6.2 to 10.4, and takes the least sum of
/// squared errors, the first k of equals. An error is weight - scale * value;
/// errors are subtracted, squared and summed in FP64, in the order of the
/// channels. Scales that FP16 does not hold are never taken.
///
/// A block that findUnroundable refuses gets the scale kNoScale and zeros. They
/// stand for no weights, so callers refuse it, too.
uint16_t quantizeBlock(llvm::ArrayRef<float> weights, ScaleChoice choice,
                       llvm::MutableArrayRef<int8_t> values);

/// Why a block of weights cannot be rounded: the index of the first one that is
/// not finite or, where absmax / 7.5 rounds to infinity in FP16, of the largest
/// one. Nothing where it can be rounded.
std::optional<size_t> findUnroundable(llvm::ArrayRef<float> weights);

} // namespace dlavm

#endif // DLAVM_PACK_QUANTIZE_H
