//===- RowQuantizer.h - Rows of weights as INT4, fast ---------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_PACK_ROWQUANTIZER_H
#define DLAVM_PACK_ROWQUANTIZER_H

#include "DLAVM/Pack/Quantize.h"

#include <algorithm>
#include <cmath>
#include <optional>

namespace dlavm {

/// What rounding has done to weights. The sums of each block are FP32, in which
/// the squares of very small numbers are 0.
struct QuantizationError {
  double squaredErrors = 0;
  double squaredWeights = 0;
  float largest = 0;
  /// Blocks of which no weight is left, and those with one large weight beside
  /// which all others have become 0.
  int64_t vanishedBlocks = 0, outlierBlocks = 0;
  /// Blocks of a checkpoint with codes and scales that stay as they are, and
  /// those that are fitted anew.
  int64_t exactBlocks = 0, refittedBlocks = 0;

  void add(const QuantizationError &other) {
    squaredErrors += other.squaredErrors;
    squaredWeights += other.squaredWeights;
    largest = std::max(largest, other.largest);
    vanishedBlocks += other.vanishedBlocks;
    outlierBlocks += other.outlierBlocks;
    exactBlocks += other.exactBlocks;
    refittedBlocks += other.refittedBlocks;
  }
  /// Root mean square of the errors over that of the weights.
  double getRelative() const {
    return squaredWeights == 0 ? 0 : std::sqrt(squaredErrors / squaredWeights);
  }
};

/// Does to the blocks of a row what quantizeBlock does, bit for bit, and adds
/// up the errors. It takes the vector instructions of the processor that it
/// runs on; the results, errors included, do not depend on them.
class RowQuantizer {
public:
  /// Input channels of a block.
  static constexpr size_t kBlock = 128;

  /// \p useVectors is false in tests of the portable code.
  explicit RowQuantizer(ScaleChoice choice, bool useVectors = true);

  /// \p weights are a whole number of blocks, and \p values as many; a last
  /// block that is not full is filled up with zeros, which changes nothing.
  /// Returns the first block that cannot be quantized, because a weight is not
  /// finite or the scale is beyond FP16.
  std::optional<size_t> quantize(llvm::ArrayRef<float> weights,
                                 llvm::MutableArrayRef<int8_t> values,
                                 llvm::MutableArrayRef<uint16_t> scales,
                                 QuantizationError &error) const;

  /// Rounds one block with a scale that is not 0.
  using RoundBlock = void (*)(const float *weights, float scale, int8_t *values,
                              QuantizationError &error);
  /// The bits of the largest magnitude, which compare as the magnitudes do; a
  /// number that is not finite is larger than all that are.
  using FindLargest = uint32_t (*)(const float *weights);
  /// The search's choice for an `absmax / 7.5` whose candidates are not 0.
  using SearchScale = uint16_t (*)(const float *weights, float fullScale);

private:
  ScaleChoice choice;
  FindLargest findLargest;
  RoundBlock roundBlock;
  SearchScale searchScale;
};

} // namespace dlavm

#endif // DLAVM_PACK_ROWQUANTIZER_H
