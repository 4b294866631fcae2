//===- PlanRange.h - Which numbers a plan may have ----------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_LIB_PLAN_PLANRANGE_H
#define DLAVM_LIB_PLAN_PLANRANGE_H

#include <cstdint>
#include <limits>

namespace dlavm {

/// The numbers from `least` to `most`.
struct PlanRange {
  int64_t least, most;
};

/// The most that the driver source, whose numbers are of type int, can say.
constexpr int64_t mostInt = std::numeric_limits<int32_t>::max();
constexpr int64_t mostLong = std::numeric_limits<int64_t>::max();

constexpr PlanRange anyInt = {0, mostInt}, positiveInt = {1, mostInt};
constexpr PlanRange anyLong = {0, mostLong}, positiveLong = {1, mostLong};

} // namespace dlavm

#endif // DLAVM_LIB_PLAN_PLANRANGE_H
