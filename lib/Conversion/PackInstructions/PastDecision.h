//===- PastDecision.h - What a history decides ----------------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_LIB_CONVERSION_PACKINSTRUCTIONS_PASTDECISION_H
#define DLAVM_LIB_CONVERSION_PACKINSTRUCTIONS_PASTDECISION_H

#include "mlir/IR/Builders.h"

#include <optional>

namespace dlavm::csb {

/// How often a loop runs, or whether a branch is taken.
struct PastDecision {
  /// The upper bound of the loop, or the condition.
  mlir::Value value;
  int64_t lower = 0;
  /// 0 of a branch.
  int64_t step = 0;

  bool operator==(const PastDecision &other) const {
    return value == other.value && lower == other.lower && step == other.step;
  }

  /// The iterations, or 1 where the branch is taken, of a call after \p number
  /// tokens; nothing where something else than \p past has a say in it.
  std::optional<int64_t> get(mlir::Value past, int64_t number) const;

  static int64_t countTrips(int64_t lower, int64_t upper, int64_t step);
};

} // namespace dlavm::csb

#endif // DLAVM_LIB_CONVERSION_PACKINSTRUCTIONS_PASTDECISION_H
