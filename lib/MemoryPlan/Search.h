//===- Search.h - Exact search for a plan -----------------------*- C++ -*-===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_LIB_MEMORYPLAN_SEARCH_H
#define DLAVM_LIB_MEMORYPLAN_SEARCH_H

#include "Sections.h"

namespace dlavm::memory_plan {

/// Depth-first search for offsets within a capacity.
///
/// If there is a plan, there is one whose offsets have the least sum. In it no
/// buffer has room anywhere below, so each lies at 0 or on another, and each
/// place below holds something that is in its way. Such plans are built from
/// the lowest offset up. A step takes the lowest section and asks what lies
/// there next: one of the buffers that can, or nothing, which is a gap.
class Search {
public:
  enum class Result { Found, Infeasible, OutOfNodes };

  /// Keeps a reference to \p part.
  explicit Search(const Part &part);

  /// Tries buffers of lower rank first. Of the lowest sections, decides the one
  /// first that has the fewest ways to go on or, with \p looksAtSlack, those
  /// with the least room to spare. After Found, getOffsets() is the plan.
  Result run(int64_t capacity, llvm::ArrayRef<unsigned> rank, bool looksAtSlack,
             uint64_t maxNodes);

  const std::vector<int64_t> &getOffsets() const { return offsets; }
  uint64_t getNodes() const { return nodes; }

private:
  using Word = uint64_t;

  /// The buffers that are not placed among the sections from `first` to `last`.
  struct Rest {
    unsigned first;
    unsigned last;
    /// Where their bits are in `bits`.
    size_t bits;
  };
  struct OffsetChange {
    unsigned buffer;
    int64_t offset;
    int64_t support;
  };
  struct FloorChange {
    unsigned section;
    unsigned lowest;
    int64_t floor;
  };
  /// What a step has to undo.
  struct Marks {
    size_t placed;
    size_t offsetChanges;
    size_t floorChanges;
    size_t bits;
  };

  bool solve(const Rest &rest);
  bool findLowest(const Rest &rest, int64_t &offset);
  unsigned chooseSection(const Rest &rest, int64_t offset);
  bool place(unsigned buffer, const Rest &rest);
  bool leaveGap(unsigned section, const Rest &rest, int64_t offset);
  bool solveWithout(unsigned buffer, const Rest &rest);
  int64_t getLeastAbove(unsigned buffer, const Word *unplaced) const;
  void setOffsets(unsigned buffer, int64_t offset, int64_t support);
  bool updateFloor(unsigned section, int64_t bound, const Word *unplaced);
  bool updateFloors(size_t firstChange, const Word *unplaced);
  void undo(const Marks &marks);
  void remove(unsigned buffer);

  template <typename Function>
  static void forEachBit(Word word, unsigned base, Function function) {
    for (; word; word &= word - 1)
      function(base + static_cast<unsigned>(__builtin_ctzll(word)));
  }

  const Part &part;
  const unsigned numWords;
  /// For each buffer, those that it shares a section with.
  std::vector<Word> neighbours;
  /// For each section, the buffers in it.
  std::vector<Word> members;
  /// The buffer that is like this one and comes before it, or itself.
  std::vector<unsigned> twins;
  /// How often each section had no room, since the beginning. A section that
  /// fails often is decided early.
  std::vector<uint64_t> weights;

  // Of a run.
  int64_t limit = 0;
  unsigned slackShift = 0;
  bool looksAtSlack = false;
  uint64_t maxNodes = 0;
  uint64_t nodes = 0;
  unsigned depth = 0;
  bool isOutOfNodes = false;
  std::vector<unsigned> rank;
  /// Where each buffer is, or a bound from below where it is not placed.
  std::vector<int64_t> offsets;
  /// The lowest that those placed allow. Where it is less than the offset,
  /// something else has to come there before.
  std::vector<int64_t> supports;
  std::vector<int64_t> maxOffsets;
  /// Per section: what is not placed, in bytes, the least offset that it can
  /// have, and whose that is.
  std::vector<int64_t> sums;
  std::vector<int64_t> floors;
  std::vector<unsigned> lowest;
  /// How many buffers that are not placed live on to the next section.
  std::vector<unsigned> crossing;
  std::vector<Word> bits;
  std::vector<unsigned> candidates;
  std::vector<Word> atLowest;
  std::vector<unsigned> placed;
  std::vector<OffsetChange> offsetChanges;
  std::vector<FloorChange> floorChanges;
};

} // namespace dlavm::memory_plan

#endif // DLAVM_LIB_MEMORYPLAN_SEARCH_H
