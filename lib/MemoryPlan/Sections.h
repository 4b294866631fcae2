//===- Sections.h - Time as the planner sees it -----------------*- C++ -*-===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_LIB_MEMORYPLAN_SECTIONS_H
#define DLAVM_LIB_MEMORYPLAN_SECTIONS_H

#include "DLAVM/MemoryPlan/MemoryPlan.h"

namespace dlavm::memory_plan {

/// The sections from `first` to `last`, both included.
struct Range {
  unsigned first;
  unsigned last;
};

/// Buffers that share no time with any other, in sections: times with the same
/// live buffers. A section whose buffers all live in its neighbour is left out,
/// as it constrains nothing.
struct Part {
  /// Their numbers in what was given.
  std::vector<unsigned> buffers;
  // By the index in `buffers`.
  std::vector<int64_t> sizes;
  std::vector<int64_t> alignments;
  /// Sizes with what alignment leaves unused behind them at least.
  std::vector<int64_t> roundedSizes;
  /// How long they live. Sums of these and products are for comparisons only.
  std::vector<double> durations;
  /// Where each buffer's ranges begin in `ranges`, and the end of them all.
  std::vector<unsigned> rangesBegin;
  /// In order, none adjacent to another of the same buffer.
  std::vector<Range> ranges;

  unsigned numSections = 0;
  /// What divides all alignments.
  int64_t commonAlignment = 1;
  bool hasSameAlignment = true;
  int64_t lowerBound = 0;

  unsigned size() const { return buffers.size(); }
  llvm::ArrayRef<Range> getRanges(unsigned buffer) const {
    return llvm::ArrayRef(ranges).slice(
        rangesBegin[buffer], rangesBegin[buffer + 1] - rangesBegin[buffer]);
  }
  Range getHull(unsigned buffer) const {
    return {ranges[rangesBegin[buffer]].first,
            ranges[rangesBegin[buffer + 1] - 1].last};
  }
  /// Whether each buffer lives once.
  bool hasSingleRanges() const { return ranges.size() == buffers.size(); }
};

/// Cuts time and buffers. Buffers of no bytes are in no part.
std::vector<Part> cutIntoParts(llvm::ArrayRef<PlannedBuffer> buffers);

} // namespace dlavm::memory_plan

#endif // DLAVM_LIB_MEMORYPLAN_SECTIONS_H
