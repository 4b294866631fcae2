//===- Sections.cpp - Time as the planner sees it -------------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Sections.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/MathExtras.h"

#include <numeric>

using namespace dlavm;
using namespace dlavm::memory_plan;

namespace {

/// The lifetimes of all buffers as sections, before they are cut to parts.
struct Timetable {
  std::vector<unsigned> rangesBegin;
  std::vector<Range> ranges;
  unsigned numSections = 0;
};

} // namespace

static Timetable createTimetable(llvm::ArrayRef<PlannedBuffer> buffers) {
  std::vector<int64_t> times;
  for (const PlannedBuffer &buffer : buffers)
    for (const Lifetime &live : buffer.live) {
      times.push_back(live.lower);
      times.push_back(live.upper);
    }
  llvm::sort(times);
  times.erase(std::unique(times.begin(), times.end()), times.end());
  auto getIndex = [&](int64_t time) -> unsigned {
    return llvm::lower_bound(times, time) - times.begin();
  };
  // Between times[i] and times[i + 1].
  Timetable table;
  for (const PlannedBuffer &buffer : buffers) {
    table.rangesBegin.push_back(table.ranges.size());
    if (buffer.size == 0)
      continue;
    llvm::SmallVector<Range, 4> own;
    for (const Lifetime &live : buffer.live)
      own.push_back({getIndex(live.lower), getIndex(live.upper) - 1});
    llvm::sort(own, [](Range a, Range b) { return a.first < b.first; });
    const unsigned begin = table.ranges.size();
    for (Range range : own)
      if (table.ranges.size() > begin &&
          range.first <= table.ranges.back().last + 1)
        table.ranges.back().last =
            std::max(table.ranges.back().last, range.last);
      else
        table.ranges.push_back(range);
  }
  table.rangesBegin.push_back(table.ranges.size());

  // A section matters where something ends with it and has begun since
  // something else ended. All others are part of such a one beside them.
  std::vector<char> begins(times.size(), 0), ends(times.size(), 0);
  for (Range range : table.ranges)
    begins[range.first] = ends[range.last] = 1;
  std::vector<unsigned> numBefore(times.size() + 1, 0);
  bool hasBegun = false;
  for (size_t i = 0; i < times.size(); ++i) {
    hasBegun |= begins[i];
    const bool matters = hasBegun && ends[i];
    numBefore[i + 1] = numBefore[i] + matters;
    hasBegun &= !ends[i];
  }
  table.numSections = numBefore.back();
  // Ranges may have become neighbours.
  unsigned size = 0;
  for (unsigned buffer = 0; buffer < buffers.size(); ++buffer) {
    const unsigned begin = table.rangesBegin[buffer];
    const unsigned end = table.rangesBegin[buffer + 1];
    table.rangesBegin[buffer] = size;
    for (unsigned i = begin; i < end; ++i) {
      const Range range = {numBefore[table.ranges[i].first],
                           numBefore[table.ranges[i].last + 1] - 1};
      if (size > table.rangesBegin[buffer] &&
          table.ranges[size - 1].last + 1 == range.first)
        table.ranges[size - 1].last = range.last;
      else
        table.ranges[size++] = range;
    }
  }
  table.rangesBegin.back() = size;
  table.ranges.resize(size);
  return table;
}

/// The largest sum that is live in a section. Every buffer but the uppermost
/// takes its rounded size.
static int64_t getLowerBound(const Part &part) {
  // What begins with a section, less what ended with the one before.
  std::vector<int64_t> changes(part.numSections + 1, 0);
  int64_t slack = 0;
  for (unsigned i = 0; i < part.size(); ++i) {
    slack = std::max(slack, part.roundedSizes[i] - part.sizes[i]);
    for (Range range : part.getRanges(i)) {
      changes[range.first] += part.roundedSizes[i];
      changes[range.last + 1] -= part.roundedSizes[i];
    }
  }
  int64_t most = 0, sum = 0;
  for (int64_t change : changes)
    most = std::max(most, sum += change);
  if (slack == 0)
    return most;
  // The sections with the most are few; look at the slack in each only there.
  int64_t bound = most - slack;
  sum = 0;
  std::vector<std::pair<int64_t, unsigned>> candidates;
  for (unsigned section = 0; section < part.numSections; ++section)
    if ((sum += changes[section]) > bound)
      candidates.push_back({sum, section});
  std::vector<int64_t> slacks(part.numSections, 0);
  std::vector<unsigned> order(part.size());
  std::iota(order.begin(), order.end(), 0);
  // Largest slack first, so that each section is visited once.
  llvm::stable_sort(order, [&](unsigned a, unsigned b) {
    return part.roundedSizes[a] - part.sizes[a] >
           part.roundedSizes[b] - part.sizes[b];
  });
  std::vector<unsigned> next(part.numSections + 1);
  std::iota(next.begin(), next.end(), 0);
  auto findNext = [&](unsigned section) {
    while (next[section] != section)
      section = next[section] = next[next[section]];
    return section;
  };
  for (unsigned i : order)
    for (Range range : part.getRanges(i))
      for (unsigned section = findNext(range.first); section <= range.last;
           section = findNext(section)) {
        slacks[section] = part.roundedSizes[i] - part.sizes[i];
        next[section] = section + 1;
      }
  for (auto [bytes, section] : candidates)
    bound = std::max(bound, bytes - slacks[section]);
  return bound;
}

std::vector<Part>
memory_plan::cutIntoParts(llvm::ArrayRef<PlannedBuffer> buffers) {
  const Timetable table = createTimetable(buffers);
  // How many buffers live on from a section to the next.
  std::vector<int64_t> crossing(table.numSections + 1, 0);
  auto getHull = [&](unsigned buffer) -> Range {
    return {table.ranges[table.rangesBegin[buffer]].first,
            table.ranges[table.rangesBegin[buffer + 1] - 1].last};
  };
  auto isEmpty = [&](unsigned buffer) {
    return table.rangesBegin[buffer] == table.rangesBegin[buffer + 1];
  };
  for (unsigned i = 0; i < buffers.size(); ++i)
    if (!isEmpty(i)) {
      ++crossing[getHull(i).first];
      --crossing[getHull(i).last];
    }
  std::vector<Part> parts;
  std::vector<unsigned> partOf(table.numSections), firstOf;
  int64_t numCrossing = 0;
  for (unsigned section = 0; section < table.numSections; ++section) {
    if (numCrossing == 0) {
      parts.emplace_back();
      firstOf.push_back(section);
    }
    partOf[section] = parts.size() - 1;
    ++parts.back().numSections;
    numCrossing += crossing[section];
  }
  for (unsigned i = 0; i < buffers.size(); ++i) {
    if (isEmpty(i))
      continue;
    const unsigned index = partOf[getHull(i).first];
    Part &part = parts[index];
    part.buffers.push_back(i);
    part.sizes.push_back(buffers[i].size);
    part.alignments.push_back(buffers[i].alignment);
    double duration = 0;
    for (const Lifetime &live : buffers[i].live)
      duration +=
          static_cast<double>(live.upper) - static_cast<double>(live.lower);
    part.durations.push_back(duration);
    part.rangesBegin.push_back(part.ranges.size());
    for (unsigned k = table.rangesBegin[i]; k < table.rangesBegin[i + 1]; ++k) {
      const Range range = table.ranges[k];
      part.ranges.push_back(
          {range.first - firstOf[index], range.last - firstOf[index]});
    }
  }
  for (Part &part : parts) {
    part.rangesBegin.push_back(part.ranges.size());
    part.commonAlignment = 0;
    for (int64_t alignment : part.alignments)
      part.commonAlignment = std::gcd(part.commonAlignment, alignment);
    part.hasSameAlignment = llvm::all_equal(part.alignments);
    for (int64_t size : part.sizes)
      part.roundedSizes.push_back(llvm::alignTo(size, part.commonAlignment));
    part.lowerBound = getLowerBound(part);
  }
  return parts;
}
