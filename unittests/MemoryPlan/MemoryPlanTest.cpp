//===- MemoryPlanTest.cpp - Tests of the memory planner -------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DLAVM/MemoryPlan/MemoryPlan.h"
#include "DLAVM/MemoryPlan/BufferFile.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "gtest/gtest.h"

#include <map>
#include <random>

using namespace dlavm;
using Status = MemoryPlan::Status;

namespace {

bool meet(const PlannedBuffer &a, const PlannedBuffer &b) {
  for (const Lifetime &x : a.live)
    for (const Lifetime &y : b.live)
      if (x.lower < y.upper && y.lower < x.upper)
        return true;
  return false;
}

/// Everything that a plan says of its offsets.
void expectValid(llvm::ArrayRef<PlannedBuffer> buffers,
                 const MemoryPlan &plan) {
  ASSERT_EQ(plan.offsets.size(), buffers.size());
  int64_t arena = 0;
  for (size_t i = 0; i < buffers.size(); ++i) {
    const int64_t offset = plan.offsets[i];
    const int64_t end = offset + buffers[i].size;
    ASSERT_GE(offset, 0);
    ASSERT_EQ(offset % buffers[i].alignment, 0);
    arena = std::max(arena, end);
    for (size_t k = 0; k < i; ++k)
      ASSERT_FALSE(meet(buffers[i], buffers[k]) && plan.offsets[k] < end &&
                   offset < plan.offsets[k] + buffers[k].size)
          << "buffers " << k << " and " << i;
  }
  EXPECT_EQ(plan.arena, arena);
  EXPECT_LE(plan.lowerBound, arena);
  EXPECT_EQ(plan.isOptimal, plan.lowerBound == arena);
}

/// The least arena. In some plan with it each buffer is as low as those below
/// it allow, so all orders of placing them so are tried.
int64_t findLeastArena(llvm::ArrayRef<PlannedBuffer> buffers) {
  std::vector<unsigned> order;
  for (unsigned i = 0; i < buffers.size(); ++i)
    order.push_back(i);
  int64_t least = std::numeric_limits<int64_t>::max();
  std::vector<int64_t> offsets(buffers.size());
  do {
    int64_t arena = 0;
    for (size_t i = 0; i < order.size(); ++i) {
      const PlannedBuffer &buffer = buffers[order[i]];
      int64_t offset = 0;
      for (size_t k = 0; k < i;) {
        const PlannedBuffer &other = buffers[order[k]];
        const int64_t begin = offsets[order[k]];
        if (meet(buffer, other) && begin < offset + buffer.size &&
            offset < begin + other.size) {
          offset = begin + other.size + buffer.alignment - 1;
          offset -= offset % buffer.alignment;
          k = 0;
        } else {
          ++k;
        }
      }
      offsets[order[i]] = offset;
      arena = std::max(arena, offset + buffer.size);
    }
    least = std::min(least, arena);
  } while (std::next_permutation(order.begin(), order.end()));
  return least;
}

using Random = std::mt19937;

int64_t pick(Random &random, int64_t first, int64_t last) {
  return first + static_cast<int64_t>(random() % (last - first + 1));
}

/// Buffers that live up to \p maxLives times.
std::vector<PlannedBuffer> makeBuffers(Random &random, int64_t count,
                                       int64_t maxTime, int64_t maxLength,
                                       int64_t maxSize, int64_t maxLives,
                                       llvm::ArrayRef<int64_t> alignments) {
  std::vector<PlannedBuffer> buffers;
  for (int64_t i = 0; i < count; ++i) {
    PlannedBuffer buffer{
        pick(random, 1, maxSize), alignments[random() % alignments.size()], {}};
    for (int64_t k = pick(random, 1, maxLives); k > 0; --k) {
      const int64_t lower = pick(random, 0, maxTime);
      buffer.live.push_back({lower, lower + pick(random, 1, maxLength)});
    }
    buffers.push_back(buffer);
  }
  return buffers;
}

struct SmallCase {
  const char *name;
  int64_t maxLives;
  std::vector<int64_t> alignments;
};

class SmallCasesTest : public testing::TestWithParam<SmallCase> {};

TEST_P(SmallCasesTest, FindsTheLeastArena) {
  Random random;
  for (int i = 0; i < 400; ++i) {
    const std::vector<PlannedBuffer> buffers =
        makeBuffers(random, pick(random, 2, 6), 6, 4, 9, GetParam().maxLives,
                    GetParam().alignments);
    const int64_t least = findLeastArena(buffers);
    const MemoryPlan plan = planMemory(buffers);
    expectValid(buffers, plan);
    ASSERT_EQ(plan.arena, least) << "case " << i;
    EXPECT_TRUE(plan.isOptimal);
    EXPECT_EQ(plan.status, Status::Found);

    const MemoryPlan fitting = planMemory(buffers, {least, 100000});
    expectValid(buffers, fitting);
    EXPECT_EQ(fitting.status, Status::Found);
    EXPECT_EQ(fitting.arena, least);
    const MemoryPlan tooSmall = planMemory(buffers, {least - 1, 100000});
    expectValid(buffers, tooSmall);
    EXPECT_EQ(tooSmall.status, Status::Infeasible);
    EXPECT_GE(tooSmall.lowerBound, least);
  }
}

INSTANTIATE_TEST_SUITE_P(
    MemoryPlan, SmallCasesTest,
    testing::Values(SmallCase{"Plain", 1, {1}},
                    SmallCase{"LivingTwice", 2, {1}},
                    SmallCase{"Aligned", 1, {4}},
                    SmallCase{"Misaligned", 1, {1, 2, 3, 4}},
                    SmallCase{"LivingTwiceAligned", 3, {2, 4}}),
    [](const auto &info) { return info.param.name; });

TEST(MemoryPlanTest, TakesTimesAsHalfOpen) {
  const std::vector<PlannedBuffer> buffers = {{8, 1, {{0, 3}}},
                                              {8, 1, {{3, 5}}}};
  EXPECT_EQ(planMemory(buffers).arena, 8);
}

TEST(MemoryPlanTest, TakesNothing) {
  const MemoryPlan plan = planMemory({});
  EXPECT_EQ(plan.arena, 0);
  EXPECT_TRUE(plan.isOptimal);
  EXPECT_EQ(plan.getRatio(), 1);
  // Nor do buffers of no bytes.
  const std::vector<PlannedBuffer> buffers = {
      {0, 1, {{0, 3}}}, {5, 1, {{1, 2}}}, {0, 1, {{2, 5}}}};
  EXPECT_EQ(planMemory(buffers).arena, 5);
}

TEST(MemoryPlanTest, TakesAll64Bits) {
  constexpr int64_t first = std::numeric_limits<int64_t>::min();
  constexpr int64_t last = std::numeric_limits<int64_t>::max();
  const std::vector<PlannedBuffer> buffers = {
      {kMaxPlannedBytes / 2, 1, {{first, last}}},
      {kMaxPlannedBytes / 4, 1, {{first, 0}}},
      {kMaxPlannedBytes / 4, 1, {{-1, last}}}};
  const MemoryPlan plan = planMemory(buffers);
  expectValid(buffers, plan);
  EXPECT_EQ(plan.arena, kMaxPlannedBytes);
  EXPECT_EQ(planMemory(buffers, {kMaxPlannedBytes - 1, 1000}).status,
            Status::Infeasible);
}

/// The place of one that lives twice is free in between.
TEST(MemoryPlanTest, UsesThePauseOfABuffer) {
  const std::vector<PlannedBuffer> buffers = {
      {8, 1, {{0, 2}, {4, 6}}}, {8, 1, {{2, 4}}}, {4, 1, {{1, 5}}}};
  const MemoryPlan plan = planMemory(buffers);
  expectValid(buffers, plan);
  EXPECT_EQ(plan.arena, 12);
}

TEST(MemoryPlanTest, PlansSeveralSizes) {
  Random random;
  for (int64_t count : {20, 60, 200}) {
    for (int64_t maxLives : {1, 3}) {
      const std::vector<PlannedBuffer> buffers =
          makeBuffers(random, count, count, count / 4, 1 << 20, maxLives,
                      {1, 64, 96, 4096});
      const MemoryPlan plan = planMemory(buffers, {{}, 20000});
      expectValid(buffers, plan);
      // What lives several times makes the bound weak.
      EXPECT_LT(plan.getRatio(), maxLives == 1 ? 1.2 : 1.4);
      // The same again.
      EXPECT_EQ(planMemory(buffers, {{}, 20000}).offsets, plan.offsets);
      const MemoryPlan fitting =
          planMemory(buffers, {plan.arena + plan.arena / 10, 20000});
      expectValid(buffers, fitting);
      EXPECT_EQ(fitting.status, Status::Found);
      EXPECT_LE(fitting.arena, plan.arena + plan.arena / 10);
    }
  }
}

/// Rectangles that fill another without a gap.
void cut(Random &random, Lifetime time, int64_t bytes, int64_t count,
         std::vector<PlannedBuffer> &buffers) {
  const bool isLong = time.upper - time.lower > 1;
  if (count == 1 || (!isLong && bytes == 1)) {
    buffers.push_back({bytes, 1, {time}});
    return;
  }
  const int64_t half = count / 2;
  if (isLong && (bytes == 1 || random() % 2)) {
    const int64_t middle = pick(random, time.lower + 1, time.upper - 1);
    cut(random, {time.lower, middle}, bytes, half, buffers);
    cut(random, {middle, time.upper}, bytes, count - half, buffers);
  } else {
    const int64_t middle = pick(random, 1, bytes - 1);
    cut(random, time, middle, half, buffers);
    cut(random, time, bytes - middle, count - half, buffers);
  }
}

TEST(MemoryPlanTest, FillsARectangle) {
  Random random;
  for (int64_t count : {8, 20, 40, 80}) {
    std::vector<PlannedBuffer> buffers;
    cut(random, {0, 1000}, 1000, count, buffers);
    std::shuffle(buffers.begin(), buffers.end(), random);
    const MemoryPlan plan = planMemory(buffers);
    expectValid(buffers, plan);
    EXPECT_EQ(plan.arena, 1000) << count;
    EXPECT_EQ(planMemory(buffers, {999, 1000}).status, Status::Infeasible);
  }
}

/// Where no pass places the buffers as well as can be, the search says that it
/// does not know.
TEST(MemoryPlanTest, EndsWithItsNodes) {
  Random random;
  std::vector<PlannedBuffer> buffers;
  do {
    buffers.clear();
    cut(random, {0, 1000}, 1000, 150, buffers);
    std::shuffle(buffers.begin(), buffers.end(), random);
  } while (planMemory(buffers, {{}, 0}).isOptimal);
  for (uint64_t nodes : {0, 1, 10}) {
    const MemoryPlan plan = planMemory(buffers, {1000, nodes});
    expectValid(buffers, plan);
    EXPECT_EQ(plan.status, Status::NotFound);
    EXPECT_EQ(plan.nodes, nodes);
    EXPECT_GT(plan.arena, 1000);
    const MemoryPlan smallest = planMemory(buffers, {{}, nodes});
    expectValid(buffers, smallest);
    EXPECT_EQ(smallest.status, Status::Found);
    EXPECT_FALSE(smallest.isOptimal);
  }
}

/// Of equal sizes a pass makes the best plan, so nothing is searched.
TEST(MemoryPlanTest, PlansEqualSizesAtOnce) {
  Random random;
  const std::vector<PlannedBuffer> buffers =
      makeBuffers(random, 3000, 3000, 500, 1, 1, {1});
  const MemoryPlan plan = planMemory(buffers);
  expectValid(buffers, plan);
  EXPECT_TRUE(plan.isOptimal);
  EXPECT_EQ(plan.nodes, 0u);
}

/// Overlapping pairs are some hundred million here.
TEST(MemoryPlanTest, PlansVeryManyBuffers) {
  Random random;
  const std::vector<PlannedBuffer> buffers =
      makeBuffers(random, 50000, 50000, 20000, 1000, 1, {64});
  const MemoryPlan plan = planMemory(buffers);
  EXPECT_LT(plan.getRatio(), 1.1);
  std::vector<unsigned> order;
  for (unsigned i = 0; i < buffers.size(); ++i)
    order.push_back(i);
  // At each beginning, against what lives then.
  llvm::sort(order, [&](unsigned a, unsigned b) {
    return buffers[a].live[0].lower < buffers[b].live[0].lower;
  });
  std::map<int64_t, unsigned> places;
  std::multimap<int64_t, unsigned> ends;
  for (unsigned i : order) {
    const Lifetime live = buffers[i].live[0];
    while (!ends.empty() && ends.begin()->first <= live.lower) {
      places.erase(plan.offsets[ends.begin()->second]);
      ends.erase(ends.begin());
    }
    auto next = places.lower_bound(plan.offsets[i]);
    if (next != places.end()) {
      ASSERT_LE(plan.offsets[i] + buffers[i].size, next->first);
    }
    if (next != places.begin()) {
      --next;
      ASSERT_LE(next->first + buffers[next->second].size, plan.offsets[i]);
    }
    places.emplace(plan.offsets[i], i);
    ends.emplace(live.upper, i);
  }
}

/// Published instances with a capacity that only a search keeps to.
TEST(MemoryPlanTest, PlansPublishedInstances) {
  const std::string root = DLAVM_SHARED_DIR "/minimalloc/";
  if (!llvm::sys::fs::exists(root))
    GTEST_SKIP() << root << " is missing";
  constexpr int64_t capacity = 1048576;
  // The largest live sum, and whether a plan takes no more.
  const std::tuple<const char *, int64_t, bool> instances[] = {
      {"A", 1048576, true}, {"C", 1039360, true}, {"D", 986112, false},
      {"E", 1048576, true}, {"G", 1048576, true}, {"H", 1048576, true},
      {"K", 1048576, true}};
  for (auto [name, bound, isReached] : instances) {
    auto text = llvm::MemoryBuffer::getFile(root + name + ".1048576.csv");
    ASSERT_TRUE(bool(text));
    llvm::Expected<BufferFile> file = parseBufferFile((*text)->getBuffer());
    ASSERT_TRUE(bool(file)) << llvm::toString(file.takeError());
    const MemoryPlan plan = planMemory(file->buffers, {capacity, 200000});
    expectValid(file->buffers, plan);
    EXPECT_EQ(plan.status, Status::Found) << name;
    EXPECT_LE(plan.arena, capacity);
    EXPECT_EQ(plan.lowerBound, bound);

    if (!isReached)
      continue;
    const MemoryPlan smallest = planMemory(file->buffers);
    expectValid(file->buffers, smallest);
    EXPECT_TRUE(smallest.isOptimal) << name;
  }
}

} // namespace
