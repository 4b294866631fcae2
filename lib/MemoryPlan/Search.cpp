//===- Search.cpp - Exact search for a plan -------------------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Search.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/MathExtras.h"

#include <map>
#include <tuple>

using namespace dlavm;
using namespace dlavm::memory_plan;

static constexpr unsigned kWordBits = 64;
/// Of the recursion.
static constexpr unsigned kMaxDepth = 6000;
static constexpr int64_t kNever = std::numeric_limits<int64_t>::max();

static bool meet(llvm::ArrayRef<Range> a, llvm::ArrayRef<Range> b) {
  for (size_t i = 0, k = 0; i < a.size() && k < b.size();) {
    if (a[i].last < b[k].first)
      ++i;
    else if (b[k].last < a[i].first)
      ++k;
    else
      return true;
  }
  return false;
}

Search::Search(const Part &part)
    : part(part), numWords((part.size() + kWordBits - 1) / kWordBits),
      neighbours(size_t(part.size()) * numWords),
      members(size_t(part.numSections) * numWords),
      weights(part.numSections, 1) {
  auto set = [](Word *words, unsigned i) {
    words[i / kWordBits] |= Word(1) << (i % kWordBits);
  };
  for (unsigned a = 0; a < part.size(); ++a)
    for (unsigned b = a + 1; b < part.size(); ++b)
      if (meet(part.getRanges(a), part.getRanges(b))) {
        set(&neighbours[size_t(a) * numWords], b);
        set(&neighbours[size_t(b) * numWords], a);
      }
  using Kind = std::tuple<int64_t, int64_t, std::vector<unsigned>>;
  std::map<Kind, unsigned> last;
  for (unsigned i = 0; i < part.size(); ++i) {
    std::vector<unsigned> sections;
    for (Range range : part.getRanges(i)) {
      sections.insert(sections.end(), {range.first, range.last});
      for (unsigned k = range.first; k <= range.last; ++k)
        set(&members[size_t(k) * numWords], i);
    }
    auto [it, isNew] = last.try_emplace(
        Kind(part.sizes[i], part.alignments[i], std::move(sections)), i);
    twins.push_back(it->second);
    it->second = i;
  }
}

Search::Result Search::run(int64_t capacity, llvm::ArrayRef<unsigned> ranks,
                           bool withSlack, uint64_t nodeLimit) {
  limit = llvm::alignTo(capacity, part.commonAlignment);
  // A slack of limit / 16 counts as none.
  slackShift = std::max(int(llvm::Log2_64(limit | 1)) - 4, 0);
  looksAtSlack = withSlack;
  maxNodes = nodeLimit;
  nodes = 0;
  depth = 0;
  isOutOfNodes = false;
  rank.assign(ranks.begin(), ranks.end());
  offsets.assign(part.size(), 0);
  supports.assign(part.size(), 0);
  maxOffsets.clear();
  sums.assign(part.numSections, 0);
  floors.assign(part.numSections, 0);
  lowest.assign(part.numSections, 0);
  crossing.assign(part.numSections, 0);
  bits.assign(numWords, 0);
  atLowest.assign(numWords, 0);
  candidates.clear();
  placed.clear();
  offsetChanges.clear();
  floorChanges.clear();
  for (unsigned i = 0; i < part.size(); ++i) {
    if (part.sizes[i] > capacity)
      return Result::Infeasible;
    maxOffsets.push_back(capacity - part.sizes[i]);
    bits[i / kWordBits] |= Word(1) << (i % kWordBits);
    for (Range range : part.getRanges(i))
      for (unsigned k = range.first; k <= range.last; ++k) {
        sums[k] += part.roundedSizes[i];
        lowest[k] = i;
      }
    const Range hull = part.getHull(i);
    for (unsigned k = hull.first; k < hull.last; ++k)
      ++crossing[k];
  }
  if (llvm::any_of(sums, [&](int64_t sum) { return sum > limit; }))
    return Result::Infeasible;
  if (solve({0, part.numSections - 1, 0}))
    return Result::Found;
  return isOutOfNodes ? Result::OutOfNodes : Result::Infeasible;
}

/// Finds the lowest that anything not placed can lie. False if something has
/// no place any more.
bool Search::findLowest(const Rest &rest, int64_t &offset) {
  const Word *unplaced = &bits[rest.bits];
  while (true) {
    offset = kNever;
    for (unsigned k = rest.first; k <= rest.last; ++k)
      if (sums[k] > 0)
        offset = std::min(offset, floors[k]);
    if (offset == kNever)
      return true;
    // Bounds that were right when they were made may have become too low.
    const size_t numChanges = offsetChanges.size();
    for (unsigned w = 0; w < numWords; ++w) {
      bool isPossible = true;
      forEachBit(unplaced[w], w * kWordBits, [&](unsigned i) {
        if (offsets[i] != offset || supports[i] == offset || !isPossible)
          return;
        const int64_t least = getLeastAbove(i, unplaced);
        isPossible = least <= maxOffsets[i];
        setOffsets(i, least, supports[i]);
      });
      if (!isPossible)
        return false;
    }
    if (offsetChanges.size() == numChanges)
      return true;
    if (!updateFloors(numChanges, unplaced))
      return false;
  }
}

/// The lowest section with the fewest ways to go on.
unsigned Search::chooseSection(const Rest &rest, int64_t offset) {
  const Word *unplaced = &bits[rest.bits];
  std::fill(atLowest.begin(), atLowest.end(), 0);
  for (unsigned w = 0; w < numWords; ++w)
    forEachBit(unplaced[w], w * kWordBits, [&](unsigned i) {
      if (offsets[i] == offset)
        atLowest[w] |= Word(1) << (i % kWordBits);
    });
  unsigned best = rest.first;
  uint64_t bestWays = 0, bestWeight = 0;
  for (unsigned k = rest.first; k <= rest.last; ++k) {
    if (sums[k] == 0 || floors[k] != offset)
      continue;
    const int64_t slack = limit - offset - sums[k];
    uint64_t ways = slack > 0;
    for (unsigned w = 0; w < numWords; ++w)
      ways +=
          __builtin_popcountll(members[size_t(k) * numWords + w] & atLowest[w]);
    if (looksAtSlack)
      ways *= 1 + (slack >> slackShift);
    if (bestWeight == 0 || ways * bestWeight < bestWays * weights[k]) {
      best = k;
      bestWays = ways;
      bestWeight = weights[k];
    }
  }
  return best;
}

bool Search::solve(const Rest &rest) {
  int64_t offset;
  if (!findLowest(rest, offset))
    return false;
  if (offset == kNever)
    return true;
  const unsigned section = chooseSection(rest, offset);
  const size_t begin = candidates.size();
  for (unsigned w = 0; w < numWords; ++w)
    forEachBit(members[size_t(section) * numWords + w] & atLowest[w],
               w * kWordBits, [&](unsigned i) {
                 const unsigned twin = twins[i];
                 const Word word = bits[rest.bits + twin / kWordBits];
                 if (twin == i || !(word >> (twin % kWordBits) & 1))
                   candidates.push_back(i);
               });
  const size_t end = candidates.size();
  std::sort(candidates.begin() + begin, candidates.end(),
            [&](unsigned a, unsigned b) { return rank[a] < rank[b]; });
  ++depth;
  // Behind the last one, a gap.
  bool isFound = false;
  for (size_t i = begin; i <= end && !isFound; ++i) {
    if (nodes == maxNodes || depth == kMaxDepth)
      isOutOfNodes = true;
    if (isOutOfNodes)
      break;
    ++nodes;
    const Marks marks{placed.size(), offsetChanges.size(), floorChanges.size(),
                      bits.size()};
    isFound = i < end ? place(candidates[i], rest) &&
                            solveWithout(candidates[i], rest)
                      : leaveGap(section, rest, offset) && solve(rest);
    if (!isFound)
      undo(marks);
  }
  candidates.resize(begin);
  --depth;
  return isFound;
}

void Search::undo(const Marks &marks) {
  for (; placed.size() > marks.placed; placed.pop_back())
    remove(placed.back());
  for (; offsetChanges.size() > marks.offsetChanges; offsetChanges.pop_back()) {
    const OffsetChange &change = offsetChanges.back();
    offsets[change.buffer] = change.offset;
    supports[change.buffer] = change.support;
  }
  for (; floorChanges.size() > marks.floorChanges; floorChanges.pop_back()) {
    const FloorChange &change = floorChanges.back();
    floors[change.section] = change.floor;
    lowest[change.section] = change.lowest;
  }
  bits.resize(marks.bits);
}

void Search::setOffsets(unsigned buffer, int64_t offset, int64_t support) {
  offsetChanges.push_back({buffer, offsets[buffer], supports[buffer]});
  offsets[buffer] = offset;
  supports[buffer] = support;
}

/// The least offset above the support of \p buffer: on top of what gets in its
/// way there.
int64_t Search::getLeastAbove(unsigned buffer, const Word *unplaced) const {
  const int64_t end = supports[buffer] + part.roundedSizes[buffer];
  const Word *near = &neighbours[size_t(buffer) * numWords];
  int64_t least = kNever;
  for (unsigned w = 0; w < numWords; ++w)
    forEachBit(near[w] & unplaced[w], w * kWordBits, [&](unsigned i) {
      if (offsets[i] < end)
        least = std::min(least, offsets[i] + part.roundedSizes[i]);
    });
  if (least == kNever)
    return kNever;
  return std::max<int64_t>(offsets[buffer],
                           llvm::alignTo(least, part.alignments[buffer]));
}

/// Nothing in the section that is not placed has an offset below \p bound.
/// False if the section has no room for it.
bool Search::updateFloor(unsigned section, int64_t bound,
                         const Word *unplaced) {
  const Word *inside = &members[size_t(section) * numWords];
  int64_t floor = kNever;
  unsigned buffer = 0;
  for (unsigned w = 0; w < numWords && floor > bound; ++w)
    for (Word word = inside[w] & unplaced[w]; word; word &= word - 1) {
      const unsigned i = w * kWordBits + __builtin_ctzll(word);
      if (offsets[i] < floor) {
        floor = offsets[i];
        buffer = i;
        if (floor <= bound)
          break;
      }
    }
  floorChanges.push_back({section, lowest[section], floors[section]});
  floors[section] = floor == kNever ? 0 : floor;
  lowest[section] = buffer;
  const bool hasRoom = floors[section] + sums[section] <= limit;
  weights[section] += !hasRoom;
  return hasRoom;
}

/// Updates the floors that offsets changed since \p firstChange have raised.
bool Search::updateFloors(size_t firstChange, const Word *unplaced) {
  Range range = {part.numSections, 0};
  for (size_t i = firstChange; i < offsetChanges.size(); ++i) {
    const Range hull = part.getHull(offsetChanges[i].buffer);
    range = {std::min(range.first, hull.first),
             std::max(range.last, hull.last)};
  }
  for (unsigned k = range.first; k <= range.last; ++k)
    if (sums[k] > 0 && floors[k] != offsets[lowest[k]] &&
        !updateFloor(k, floors[k], unplaced))
      return false;
  return true;
}

/// Places \p buffer where it can be at the lowest. Leaves what is then not
/// placed at the end of `bits`. False if something then has no room.
bool Search::place(unsigned buffer, const Rest &rest) {
  const size_t begin = bits.size();
  bits.resize(begin + numWords);
  Word *unplaced = &bits[begin];
  std::copy_n(&bits[rest.bits], numWords, unplaced);
  unplaced[buffer / kWordBits] &= ~(Word(1) << (buffer % kWordBits));

  placed.push_back(buffer);
  const int64_t size = part.roundedSizes[buffer];
  for (Range range : part.getRanges(buffer))
    for (unsigned k = range.first; k <= range.last; ++k)
      sums[k] -= size;
  const Range hull = part.getHull(buffer);
  for (unsigned k = hull.first; k < hull.last; ++k)
    --crossing[k];

  const int64_t top = offsets[buffer] + size;
  const Word *near = &neighbours[size_t(buffer) * numWords];
  const size_t firstChange = offsetChanges.size();
  bool hasRoom = offsets[buffer] <= maxOffsets[buffer];
  for (unsigned w = 0; w < numWords; ++w)
    forEachBit(near[w] & unplaced[w], w * kWordBits, [&](unsigned i) {
      if (supports[i] >= top)
        return;
      const int64_t support =
          part.hasSameAlignment
              ? top
              : static_cast<int64_t>(llvm::alignTo(top, part.alignments[i]));
      setOffsets(i, std::max(offsets[i], support), support);
      hasRoom &= offsets[i] <= maxOffsets[i];
    });
  if (!hasRoom)
    return false;
  for (Range range : part.getRanges(buffer))
    for (unsigned k = range.first; k <= range.last; ++k)
      if (!updateFloor(k, top, unplaced))
        return false;
  return updateFloors(firstChange, unplaced);
}

/// Nothing begins at \p offset in \p section.
bool Search::leaveGap(unsigned section, const Rest &rest, int64_t offset) {
  const Word *unplaced = &bits[rest.bits];
  const Word *inside = &members[size_t(section) * numWords];
  const size_t firstChange = offsetChanges.size();
  bool isPossible = offset + sums[section] < limit;
  for (unsigned w = 0; w < numWords && isPossible; ++w)
    forEachBit(inside[w] & unplaced[w], w * kWordBits, [&](unsigned i) {
      if (offsets[i] != offset || !isPossible)
        return;
      const int64_t least = getLeastAbove(i, unplaced);
      isPossible = least <= maxOffsets[i];
      setOffsets(i, least, supports[i]);
    });
  return isPossible && updateFloors(firstChange, unplaced);
}

void Search::remove(unsigned buffer) {
  const int64_t size = part.roundedSizes[buffer];
  for (Range range : part.getRanges(buffer))
    for (unsigned k = range.first; k <= range.last; ++k)
      sums[k] += size;
  const Range hull = part.getHull(buffer);
  for (unsigned k = hull.first; k < hull.last; ++k)
    ++crossing[k];
}

/// Goes on after \p buffer was placed: where nothing crosses from some sections
/// to others any more, with each by itself.
bool Search::solveWithout(unsigned buffer, const Rest &rest) {
  const size_t unplaced = bits.size() - numWords;
  const Range hull = part.getHull(buffer);
  unsigned first = rest.first;
  llvm::SmallVector<Rest, 4> pieces;
  auto addPiece = [&](unsigned last) {
    for (unsigned k = first; k <= last; ++k)
      if (sums[k] > 0) {
        pieces.push_back({first, last, unplaced});
        break;
      }
    first = last + 1;
  };
  for (unsigned k = hull.first; k < hull.last; ++k)
    if (crossing[k] == 0)
      addPiece(k);
  addPiece(rest.last);
  if (pieces.size() > 1)
    for (Rest &piece : pieces) {
      piece.bits = bits.size();
      bits.resize(piece.bits + numWords);
      for (unsigned k = piece.first; k <= piece.last; ++k)
        for (unsigned w = 0; w < numWords; ++w)
          bits[piece.bits + w] |= members[size_t(k) * numWords + w];
      for (unsigned w = 0; w < numWords; ++w)
        bits[piece.bits + w] &= bits[unplaced + w];
    }
  // A failure in one undoes what the others placed.
  return llvm::all_of(pieces, [&](const Rest &piece) { return solve(piece); });
}
