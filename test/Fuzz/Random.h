//===- Random.h - Numbers that are the same everywhere ----------*- C++ -*-===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_TEST_FUZZ_RANDOM_H
#define DLAVM_TEST_FUZZ_RANDOM_H

#include <cstdint>
#include <random>

namespace dlavm {

/// The distributions of the standard library differ from machine to machine;
/// this does not.
class Random {
public:
  explicit Random(uint64_t seed) : engine(seed) {}

  /// 0 to \p count - 1; \p count is at least 1.
  uint64_t below(uint64_t count) { return engine() % count; }
  bool oneIn(uint64_t count) { return below(count) == 0; }
  template <typename Range> auto &pick(Range &&range) {
    return range[below(std::size(range))];
  }

private:
  std::mt19937_64 engine;
};

} // namespace dlavm

#endif // DLAVM_TEST_FUZZ_RANDOM_H
