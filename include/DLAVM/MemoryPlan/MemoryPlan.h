//===- MemoryPlan.h - Where buffers lie that live for a time --------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Static memory allocation: buffers with known sizes and lifetimes get offsets
// in one arena, so that those that live at the same time do not overlap, and
// the arena is small. docs/MemoryPlan.md says how.
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_MEMORYPLAN_MEMORYPLAN_H
#define DLAVM_MEMORYPLAN_MEMORYPLAN_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/SmallVector.h"

#include <cstdint>
#include <optional>
#include <vector>

namespace dlavm {

/// The times from `lower` on, before `upper`.
struct Lifetime {
  int64_t lower;
  int64_t upper;
};

/// What the planner finds a place for.
struct PlannedBuffer {
  /// In bytes; at least 0.
  int64_t size;
  /// Its offset is a multiple of this, at least 1.
  int64_t alignment = 1;
  /// None of them empty, in any order; they may overlap.
  llvm::SmallVector<Lifetime, 1> live;
};

/// The sizes of all buffers, each rounded up to what all alignments divide,
/// must not exceed this together. No offset that is computed then leaves 64
/// bits.
inline constexpr int64_t kMaxPlannedBytes = int64_t(1) << 61;

struct MemoryPlanOptions {
  /// The plan must not take more; without it, the plan is as small as possible.
  std::optional<int64_t> capacity;
  /// How many steps the exact search takes. As this is no time, results repeat.
  /// A step among more than 256 buffers counts more than once, with the square
  /// of their number.
  uint64_t maxNodes = 1 << 21;
};

struct MemoryPlan {
  enum class Status {
    /// Offsets were found: within the capacity, or without one the best.
    Found,
    /// The capacity may be enough, but the search ended before it found a plan.
    /// The offsets are the best that were found.
    NotFound,
    /// No plan stays within the capacity. The offsets are the best found.
    Infeasible,
  };
  Status status = Status::Found;
  /// In bytes, one for each buffer.
  std::vector<int64_t> offsets;
  /// The end of the last buffer, in bytes.
  int64_t arena = 0;
  /// No plan takes less: the largest sum of what is live at once, with the gaps
  /// that alignment makes.
  int64_t lowerBound = 0;
  /// Whether no plan takes less than `arena`.
  bool isOptimal = false;
  /// The steps that the search took; 0 where it was not needed.
  uint64_t nodes = 0;

  /// How much more it takes than it must at least; 1 where nothing is needed.
  double getRatio() const {
    return lowerBound
               ? static_cast<double>(arena) / static_cast<double>(lowerBound)
               : 1;
  }
};

/// Plans an arena. Takes time that is nearly linear in the number of lifetimes
/// beside the search, which is for parts of up to some thousand buffers.
MemoryPlan planMemory(llvm::ArrayRef<PlannedBuffer> buffers,
                      const MemoryPlanOptions &options = {});

} // namespace dlavm

#endif // DLAVM_MEMORYPLAN_MEMORYPLAN_H
