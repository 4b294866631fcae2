//===- PlanRegion.h - Names for addresses -----------------------*- C++ -*-===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_PLAN_PLANREGION_H
#define DLAVM_PLAN_PLANREGION_H

#include <cstdint>
#include <string>
#include <vector>

namespace dlavm {

/// A range of addresses that the plan gives a name. It names things in
/// findings; and as a second opinion every operand must lie within one range.
struct PlanRegion {
  std::string name;
  /// By name, one of the device's.
  std::string memory;
  /// Bytes [begin, end), of layer 0 if there are several.
  int64_t begin;
  int64_t end;
  int64_t layerStride = 0;
  /// Number of layers that have one of their own; 0 or 1 if all share it.
  int64_t layers = 0;
  /// "buffer", "parameter", "cache", "instructions", or "input" for what the
  /// caller wrote before the run.
  std::string kind;
};

/// What the plan says of a task, for those who see it run.
struct PlannedTask {
  std::string name;
  /// Its tokens see those behind them.
  bool isUnmasked = false;
  /// The regions where its map may lie: one for calls of any length and perhaps
  /// one for calls of a token. Empty where the plan does not say.
  std::vector<std::string> results = {};
};

} // namespace dlavm

#endif // DLAVM_PLAN_PLANREGION_H
