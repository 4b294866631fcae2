//===- Kernels.h - Sums of products, fast --------------------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_LIB_DEVICE_SIMULATE_KERNELS_H
#define DLAVM_LIB_DEVICE_SIMULATE_KERNELS_H

#include <cstdint>
#include <vector>

namespace dlavm::simulate {

/// Input channels that have a scale of their own; a port keeps their weights of
/// one output channel in 64 bytes.
inline constexpr int64_t kBlock = 128;
inline constexpr int64_t kBlockBytes = kBlock / 2;

/// INT4 weights of 32 output channels and a block of input channels,
/// transposed: [input channel / 2][even, odd][output channel].
struct WeightBlock {
  alignas(64) int32_t values[kBlockBytes][2][32];
};

/// The loops that take a simulated task's time. All products are exact in FP64
/// if the factors come from FP16 numbers and INT4 weights, so that a fused
/// multiply-add gives the same sums as a product and a sum; the file is
/// compiled with contraction for that reason.
struct Kernels {
  /// sums[row][lane] += inputs[row][i] * weights[i][lane] for i = 0 .. depth -
  /// 1 in that order. Rows of inputs are \p stride elements apart; rows of
  /// weights and sums have 32 lanes, aligned to 64 bytes.
  void (*accumulate)(const double *inputs, int64_t stride, int64_t rows,
                     const double *weights, int64_t depth, double *sums);
  /// Decodes the weights of 32 output channels, whose bytes are \p stride
  /// apart. \p code8 is the value of the nibble 8.
  void (*decode)(const uint8_t *bytes, int64_t stride, int32_t code8,
                 WeightBlock &block);
  /// weights[i][lane] = scales[lane] * the value of input channel first + i,
  /// for i = 0 .. count - 1.
  void (*scale)(const WeightBlock &block, const double *scales, int64_t first,
                int64_t count, double *weights);
};

/// The kernels that the processor can run, the fastest first. All give the same
/// results.
std::vector<const Kernels *> getSupportedKernels();
/// The fastest of them.
const Kernels &getKernels();

} // namespace dlavm::simulate

#endif // DLAVM_LIB_DEVICE_SIMULATE_KERNELS_H
