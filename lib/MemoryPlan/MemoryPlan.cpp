//===- MemoryPlan.cpp - Where buffers lie that live for a time ------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DLAVM/MemoryPlan/MemoryPlan.h"
#include "Search.h"
#include "Sections.h"
#include "Sweep.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/MathExtras.h"

#include <cassert>
#include <memory>
#include <numeric>
#include <random>

using namespace dlavm;
using namespace dlavm::memory_plan;

/// Of a part that is searched: what meets what is a matrix of bits.
static constexpr unsigned kMaxSearched = 2048;
/// The nodes of the first attempt of each kind.
static constexpr uint64_t kFirstNodes = 1024;

namespace {

/// Finds a plan for buffers that share no time with others.
class PartPlanner {
public:
  explicit PartPlanner(const Part &part);

  /// One pass over the buffers, in several orders, until one needs no more than
  /// \p goal bytes.
  void placeAtOnce(int64_t goal);
  /// Searches for a plan that needs no more than \p capacity bytes.
  MemoryPlan::Status search(int64_t capacity, uint64_t maxNodes);
  /// Searches for the smallest plan, but for none below \p goal.
  void minimize(int64_t goal, uint64_t maxNodes);

  const Part &part;
  std::vector<int64_t> offsets;
  int64_t arena = std::numeric_limits<int64_t>::max();
  /// Proven.
  int64_t lowerBound;
  uint64_t nodes = 0;

private:
  void prepareSearch();
  void keepBetter(std::vector<int64_t> other);
  template <typename Before> std::vector<unsigned> rankBy(Before before) const;

  /// What divides the ends of all buffers.
  int64_t unit = 0;
  std::unique_ptr<Search> exact;
  /// Wide buffers first, large areas first, those at full times first.
  std::vector<std::vector<unsigned>> ranks;
};

} // namespace

PartPlanner::PartPlanner(const Part &part)
    : part(part), lowerBound(part.lowerBound) {
  for (int64_t size : part.sizes)
    unit = std::gcd(unit, size);
  // Without alignment, buffers lie on top of others.
  if (part.commonAlignment > 1 || !part.hasSameAlignment)
    unit = std::gcd(unit, part.commonAlignment);
}

template <typename Before>
std::vector<unsigned> PartPlanner::rankBy(Before before) const {
  std::vector<unsigned> order(part.size()), rank(part.size());
  std::iota(order.begin(), order.end(), 0);
  llvm::stable_sort(order, before);
  for (unsigned i = 0; i < part.size(); ++i)
    rank[order[i]] = i;
  return rank;
}

void PartPlanner::prepareSearch() {
  if (exact)
    return;
  exact = std::make_unique<Search>(part);
  const std::vector<double> &durations = part.durations;
  std::vector<double> areas;
  for (unsigned i = 0; i < part.size(); ++i)
    areas.push_back(durations[i] * static_cast<double>(part.sizes[i]));
  std::vector<int64_t> sums(part.numSections, 0), largestSums;
  auto forEachSection = [&](unsigned buffer, auto function) {
    for (Range range : part.getRanges(buffer))
      for (unsigned k = range.first; k <= range.last; ++k)
        function(k);
  };
  for (unsigned i = 0; i < part.size(); ++i)
    forEachSection(i, [&](unsigned k) { sums[k] += part.sizes[i]; });
  for (unsigned i = 0; i < part.size(); ++i) {
    int64_t largest = 0;
    forEachSection(i,
                   [&](unsigned k) { largest = std::max(largest, sums[k]); });
    largestSums.push_back(largest);
  }
  auto isLarger = [&](unsigned a, unsigned b) { return areas[a] > areas[b]; };
  ranks.push_back(rankBy([&](unsigned a, unsigned b) {
    return durations[a] != durations[b] ? durations[a] > durations[b]
                                        : isLarger(a, b);
  }));
  ranks.push_back(rankBy(isLarger));
  ranks.push_back(rankBy([&](unsigned a, unsigned b) {
    return largestSums[a] != largestSums[b] ? largestSums[a] > largestSums[b]
                                            : isLarger(a, b);
  }));
}

void PartPlanner::keepBetter(std::vector<int64_t> other) {
  int64_t end = 0;
  for (unsigned i = 0; i < part.size(); ++i)
    end = std::max(end, other[i] + part.sizes[i]);
  if (end >= arena)
    return;
  arena = end;
  offsets = std::move(other);
}

void PartPlanner::placeAtOnce(int64_t goal) {
  for (bool isLongestFirst : {false, true})
    for (bool isBackward : {false, true}) {
      keepBetter(sweep(part, isBackward, isLongestFirst));
      if (arena <= goal)
        return;
    }
  if (part.size() > kMaxSearched)
    return;
  // Where there is room for all, the search places one after the other, each as
  // low as it can.
  prepareSearch();
  for (bool looksAtSlack : {false, true})
    for (const std::vector<unsigned> &rank : ranks) {
      if (exact->run(kMaxPlannedBytes, rank, looksAtSlack, 4 * part.size()) ==
          Search::Result::Found)
        keepBetter(exact->getOffsets());
      if (arena <= goal)
        return;
    }
}

MemoryPlan::Status PartPlanner::search(int64_t capacity, uint64_t maxNodes) {
  if (arena <= capacity)
    return MemoryPlan::Status::Found;
  if (capacity < lowerBound)
    return MemoryPlan::Status::Infeasible;
  if (part.size() > kMaxSearched)
    return MemoryPlan::Status::NotFound;
  prepareSearch();
  // A search that began badly takes very long, so many short ones are better
  // than a long one. Each round has other orders beside the same ones.
  std::mt19937 random;
  for (uint64_t most = kFirstNodes;; most *= 2) {
    std::vector<unsigned> shuffled = ranks.front();
    for (size_t i = shuffled.size(); i > 1; --i)
      std::swap(shuffled[i - 1], shuffled[random() % i]);
    const std::vector<unsigned> *orders[] = {&ranks[0], &ranks[1], &ranks[2],
                                             &shuffled};
    // Of eight runs in a round, every other one looks at slack, in all orders.
    for (unsigned i = 0; i < 8; ++i) {
      if (maxNodes == 0)
        return MemoryPlan::Status::NotFound;
      const unsigned order = i < 6 ? i % 3 : 3;
      const Search::Result result = exact->run(
          capacity, *orders[order], i % 2 == 0, std::min(most, maxNodes));
      nodes += exact->getNodes();
      maxNodes -= exact->getNodes();
      if (result == Search::Result::Found) {
        keepBetter(exact->getOffsets());
        return MemoryPlan::Status::Found;
      }
      if (result == Search::Result::Infeasible) {
        lowerBound = llvm::alignTo(capacity + 1, unit);
        return MemoryPlan::Status::Infeasible;
      }
    }
  }
}

void PartPlanner::minimize(int64_t goal, uint64_t maxNodes) {
  if (part.size() > kMaxSearched)
    return;
  const uint64_t end = nodes + maxNodes;
  uint64_t share = std::max(maxNodes / 16, kFirstNodes);
  // The lower bound is reached more often than not. Where nothing was found,
  // there may be something nevertheless: the bisection begins anew as long as
  // there are nodes.
  for (int64_t bound = goal; bound < arena && nodes < end; share *= 2) {
    bound = std::max(goal, lowerBound);
    for (int64_t capacity = bound; bound < arena && nodes < end;
         capacity = bound + (arena - bound) / 2 / unit * unit)
      if (search(capacity, std::min(share, end - nodes)) !=
          MemoryPlan::Status::Found)
        bound = std::max(capacity + unit, lowerBound);
    bound = std::max(goal, lowerBound);
  }
}

/// True if the sizes, with what alignment adds, are within kMaxPlannedBytes.
[[maybe_unused]] static bool fits(llvm::ArrayRef<PlannedBuffer> buffers) {
  unsigned __int128 bytes = 0;
  int64_t alignment = 1;
  for (const PlannedBuffer &buffer : buffers)
    alignment = std::lcm(alignment, buffer.alignment);
  for (const PlannedBuffer &buffer : buffers)
    bytes += (buffer.size + alignment - 1) / alignment * alignment;
  return bytes <= kMaxPlannedBytes;
}

MemoryPlan dlavm::planMemory(llvm::ArrayRef<PlannedBuffer> buffers,
                             const MemoryPlanOptions &options) {
  assert(fits(buffers) && "offsets may leave 64 bits");
  MemoryPlan plan;
  plan.offsets.assign(buffers.size(), 0);
  std::vector<Part> parts = cutIntoParts(buffers);
  // No part needs to be smaller than another, so those that take most at least
  // come first.
  llvm::stable_sort(parts, [](const Part &a, const Part &b) {
    return a.lowerBound > b.lowerBound;
  });
  std::vector<PartPlanner> planners(parts.begin(), parts.end());
  int64_t goal = options.capacity.value_or(0);
  if (!options.capacity)
    for (const Part &part : parts)
      goal = std::max(goal, part.lowerBound);
  uint64_t nodesLeft = options.maxNodes;
  for (PartPlanner &planner : planners) {
    planner.placeAtOnce(goal);
    // A node of a large part takes longer.
    const uint64_t size = planner.part.size();
    const uint64_t cost = std::max<uint64_t>(size * size >> 16, 1);
    if (options.capacity) {
      const MemoryPlan::Status status = planner.search(goal, nodesLeft / cost);
      if (plan.status != MemoryPlan::Status::Infeasible &&
          status != MemoryPlan::Status::Found)
        plan.status = status;
    } else {
      planner.minimize(goal, nodesLeft / cost);
      goal = std::max(goal, planner.arena);
    }
    nodesLeft -= planner.nodes * cost;
    plan.nodes += planner.nodes;
    plan.arena = std::max(plan.arena, planner.arena);
    plan.lowerBound = std::max(plan.lowerBound, planner.lowerBound);
    for (auto [buffer, offset] :
         llvm::zip_equal(planner.part.buffers, planner.offsets))
      plan.offsets[buffer] = offset;
  }
  plan.isOptimal = plan.arena == plan.lowerBound;
  return plan;
}
