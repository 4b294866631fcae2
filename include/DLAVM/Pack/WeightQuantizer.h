//===- WeightQuantizer.h - Matrices as the device holds them --------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_PACK_WEIGHTQUANTIZER_H
#define DLAVM_PACK_WEIGHTQUANTIZER_H

#include "DLAVM/Checkpoint/TensorSource.h"
#include "DLAVM/Pack/RowQuantizer.h"

#include <string>

namespace dlavm {

/// Makes rows of INT4 values and FP16 scales of the rows of a parameter; packer
/// and interpreter both ask it, so that they round alike. Floats are rounded as
/// RowQuantizer does. Where the checkpoint has codes and scales, a block whose
/// codes are -7 to 7 and have one scale that FP16 holds stays as it is, bit for
/// bit; any other is fitted anew, by the search for the least squared error.
class WeightQuantizer {
public:
  static constexpr size_t kBlock = RowQuantizer::kBlock;

  /// \p fitsAnew is false where blocks that do not stay as they are shall be
  /// refused.
  explicit WeightQuantizer(ScaleChoice choice, bool fitsAnew = true)
      : quantizer(choice), search(ScaleChoice::Search), fitsAnew(fitsAnew) {}

  /// A weight that cannot be rounded, and why.
  struct Refusal {
    int64_t column;
    double value;
    std::string reason;
  };
  /// Writes \p scales.size() blocks of values, those behind the last column 0.
  std::optional<Refusal> quantizeRow(const ParameterRows &rows, int64_t row,
                                     llvm::MutableArrayRef<int8_t> values,
                                     llvm::MutableArrayRef<uint16_t> scales,
                                     QuantizationError &error) const;

private:
  RowQuantizer quantizer, search;
  bool fitsAnew;
};

} // namespace dlavm

#endif // DLAVM_PACK_WEIGHTQUANTIZER_H
