//===- Sweep.cpp - Places in the order of time ----------------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Sweep.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/MathExtras.h"

#include <map>
#include <numeric>
#include <set>

using namespace dlavm;
using namespace dlavm::memory_plan;

namespace {

/// What is free, between what is not.
class FreeList {
public:
  FreeList() { add(0, int64_t(1) << 62); }

  /// Takes the beginning of the smallest gap with \p bytes.
  int64_t allocate(int64_t bytes) {
    const auto [size, begin] = *bySize.lower_bound({bytes, 0});
    remove(begin, size);
    if (size > bytes)
      add(begin + bytes, size - bytes);
    return begin;
  }

  void free(int64_t begin, int64_t bytes) {
    auto next = byOffset.lower_bound(begin);
    if (next != byOffset.end() && next->first == begin + bytes) {
      bytes += next->second;
      remove(next->first, next->second);
    }
    auto previous = byOffset.lower_bound(begin);
    if (previous != byOffset.begin()) {
      --previous;
      if (previous->first + previous->second == begin) {
        begin = previous->first;
        bytes += previous->second;
        remove(previous->first, previous->second);
      }
    }
    add(begin, bytes);
  }

private:
  void add(int64_t begin, int64_t bytes) {
    byOffset.emplace(begin, bytes);
    bySize.emplace(bytes, begin);
  }
  void remove(int64_t begin, int64_t bytes) {
    byOffset.erase(begin);
    bySize.erase({bytes, begin});
  }

  std::map<int64_t, int64_t> byOffset;
  std::set<std::pair<int64_t, int64_t>> bySize;
};

} // namespace

std::vector<int64_t> memory_plan::sweep(const Part &part, bool isBackward,
                                        bool isLongestFirst) {
  int64_t alignment = 1;
  for (int64_t other : part.alignments)
    alignment = std::lcm(alignment, other);
  std::vector<Range> hulls;
  for (unsigned i = 0; i < part.size(); ++i) {
    const Range hull = part.getHull(i);
    const unsigned end = part.numSections - 1;
    hulls.push_back(isBackward ? Range{end - hull.last, end - hull.first}
                               : hull);
  }
  std::vector<unsigned> byFirst(part.size());
  std::iota(byFirst.begin(), byFirst.end(), 0);
  std::vector<unsigned> byLast = byFirst;
  llvm::stable_sort(byFirst, [&](unsigned a, unsigned b) {
    if (hulls[a].first != hulls[b].first)
      return hulls[a].first < hulls[b].first;
    return isLongestFirst ? part.durations[a] > part.durations[b]
                          : part.sizes[a] > part.sizes[b];
  });
  llvm::stable_sort(byLast, [&](unsigned a, unsigned b) {
    return hulls[a].last < hulls[b].last;
  });
  FreeList gaps;
  std::vector<int64_t> offsets(part.size());
  auto end = byLast.begin();
  for (unsigned i : byFirst) {
    for (; hulls[*end].last < hulls[i].first; ++end)
      gaps.free(offsets[*end], llvm::alignTo(part.sizes[*end], alignment));
    offsets[i] = gaps.allocate(llvm::alignTo(part.sizes[i], alignment));
  }
  return offsets;
}
