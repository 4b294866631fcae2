//===- KernelsTest.cpp - Kernels of all processors are equal -------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "../../lib/Device/Simulate/Kernels.h"
#include "Machine.h"

using namespace dlavm::simulate;
using namespace dlavm::test;

TEST(Kernels, PortableOnesAreAlwaysThere) {
  ASSERT_FALSE(getSupportedKernels().empty());
  EXPECT_EQ(&getKernels(), getSupportedKernels().front());
}

TEST(Kernels, Decode) {
  // 32 rows of 64 bytes, 80 apart.
  std::vector<uint8_t> bytes(32 * 80);
  Numbers numbers(1);
  for (uint8_t &byte : bytes)
    byte = static_cast<uint8_t>(numbers.next());
  for (const Kernels *kernels : getSupportedKernels()) {
    WeightBlock block;
    kernels->decode(bytes.data(), 80, -8, block);
    for (int lane = 0; lane < 32; ++lane)
      for (int channel = 0; channel < 128; ++channel) {
        const int byte = bytes[lane * 80 + channel / 2];
        const int nibble = channel % 2 ? byte >> 4 : byte & 15;
        const int value = nibble > 8 ? 8 - nibble : nibble == 8 ? -8 : nibble;
        ASSERT_EQ(block.values[channel / 2][channel % 2][lane], value);
      }
  }
}

TEST(Kernels, ScaleAndAccumulate) {
  struct alignas(64) Lanes {
    double lanes[32];
  };
  Numbers numbers(2);
  WeightBlock block;
  for (auto &pair : block.values)
    for (auto &row : pair)
      for (int32_t &value : row)
        value = numbers.weight();
  Lanes scales;
  for (double &scale : scales.lanes)
    scale = dlavm::halfToDouble(numbers.half());
  for (int64_t rows = 1; rows <= 20; ++rows) {
    std::vector<double> inputs(rows * 100);
    for (double &input : inputs)
      input = dlavm::halfToDouble(numbers.half());
    std::vector<Lanes> begin(rows);
    for (Lanes &row : begin)
      for (double &sum : row.lanes)
        sum = dlavm::halfToDouble(numbers.half());
    for (const Kernels *kernels : getSupportedKernels()) {
      std::vector<Lanes> weights(77), sums = begin;
      kernels->scale(block, scales.lanes, 5, 77, weights.front().lanes);
      kernels->accumulate(inputs.data(), 100, rows, weights.front().lanes, 77,
                          sums.front().lanes);
      for (int64_t row = 0; row < rows; ++row)
        for (int lane = 0; lane < 32; ++lane) {
          double expected = begin[row].lanes[lane];
          for (int i = 0; i < 77; ++i) {
            const int channel = 5 + i;
            expected += inputs[row * 100 + i] *
                        (scales.lanes[lane] *
                         block.values[channel / 2][channel % 2][lane]);
          }
          ASSERT_EQ(sums[row].lanes[lane], expected);
        }
    }
  }
}
