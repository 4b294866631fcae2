//===- Logits.cpp - Passes over logits ------------------------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "host/Chat/Logits.h"

#include <algorithm>
#include <cstring>
#include <functional>
#include <limits>
#include <numeric>
#include <utility>

using namespace dlavm::host;

// Loops that the compiler vectorizes, also for wider vectors where the machine
// has them. AVX2 comes without fused multiplication, which would round
// differently; this file is compiled without contraction for the same reason.
#if defined(__x86_64__) && defined(__gnu_linux__)
#define DLAVM_WIDE __attribute__((target_clones("avx2", "default")))
#else
#define DLAVM_WIDE
#endif

namespace {
constexpr size_t kLanes = 16;
} // namespace

/// The order of values with their indices: the largest first, of equal ones the
/// first.
static bool comesFirst(const std::pair<float, int32_t> &left,
                       const std::pair<float, int32_t> &right) {
  return left.first > right.first ||
         (left.first == right.first && left.second < right.second);
}

DLAVM_WIDE static float getLargest(const float *values, size_t count) {
  float lanes[kLanes];
  std::fill_n(lanes, kLanes, -std::numeric_limits<float>::infinity());
  size_t i = 0;
  for (; i + kLanes <= count; i += kLanes)
    for (size_t lane = 0; lane < kLanes; ++lane)
      lanes[lane] =
          values[i + lane] > lanes[lane] ? values[i + lane] : lanes[lane];
  for (; i < count; ++i)
    lanes[0] = std::max(lanes[0], values[i]);
  return *std::max_element(lanes, lanes + kLanes);
}

DLAVM_WIDE static void exponentiateAll(float *values, size_t count,
                                       float largest, float scale) {
  // In a loop of its own: GCC would skip the rest for such values, and not
  // vectorize it. -88 makes n -127, and the power of two 0.
  for (size_t i = 0; i < count; ++i) {
    const float difference = (values[i] - largest) * scale;
    values[i] = difference > -88.0f ? difference : -88.0f;
  }
  // Added and subtracted, it rounds to an integer.
  constexpr float rounder = 12582912.0f;
  for (size_t i = 0; i < count; ++i) {
    const float x = values[i];
    // e^x is 2^n e^rest, where rest is at most half of the logarithm of 2, in
    // two parts here so that their product with n is exact.
    const float n = (x * 1.44269504f + rounder) - rounder;
    const float rest = (x - n * 0.693359375f) + n * 2.12194440e-4f;
    float series = 1.0f / 5040;
    series = series * rest + 1.0f / 720;
    series = series * rest + 1.0f / 120;
    series = series * rest + 1.0f / 24;
    series = series * rest + 1.0f / 6;
    series = series * rest + 0.5f;
    series = series * rest + 1.0f;
    series = series * rest + 1.0f;
    const int32_t bits = (static_cast<int32_t>(n) + 127) * (1 << 23);
    float power;
    std::memcpy(&power, &bits, sizeof power);
    values[i] = series * power;
  }
}

/// The sum in a fixed order: of each lane first.
DLAVM_WIDE static float sum(const float *values, size_t count) {
  float lanes[kLanes] = {};
  size_t i = 0;
  for (; i + kLanes <= count; i += kLanes)
    for (size_t lane = 0; lane < kLanes; ++lane)
      lanes[lane] += values[i + lane];
  for (; i < count; ++i)
    lanes[0] += values[i];
  float total = 0;
  for (float lane : lanes)
    total += lane;
  return total;
}

namespace {
/// Every machine has registers of this size; of wider ones, compilers make
/// scalars where it has not.
using Lanes __attribute__((vector_size(4 * sizeof(float)))) = float;
} // namespace

static void keepLarger(Lanes &lanes, const float *values) {
  Lanes next;
  std::memcpy(&next, values, sizeof next);
  lanes = next > lanes ? next : lanes;
}

/// The maxima of the columns of rows of 16 values.
static void findMaxima(const float *values, size_t rows, float *maxima) {
  Lanes lanes[4];
  std::memcpy(lanes, values, sizeof lanes);
  for (size_t row = 1; row < rows; ++row) {
    keepLarger(lanes[0], values + 16 * row);
    keepLarger(lanes[1], values + 16 * row + 4);
    keepLarger(lanes[2], values + 16 * row + 8);
    keepLarger(lanes[3], values + 16 * row + 12);
  }
  std::memcpy(maxima, lanes, sizeof lanes);
}

GroupMaxima::GroupMaxima(const std::vector<float> &values) : values(values) {
  static_assert(kLanes == 16);
  const size_t chunks = values.size() / kChunk, rest = values.size() % kChunk;
  maxima.resize(chunks * kLanes + std::min(rest, kLanes));
  for (size_t chunk = 0; chunk < chunks; ++chunk)
    findMaxima(values.data() + chunk * kChunk, kRows, &maxima[chunk * kLanes]);
  for (size_t group = chunks * kLanes; group < maxima.size(); ++group) {
    maxima[group] = values[getIndex(group, 0)];
    for (size_t i = 1; i < getSize(group); ++i)
      maxima[group] = std::max(maxima[group], values[getIndex(group, i)]);
  }
}

float GroupMaxima::getLargest() const {
  return *std::max_element(maxima.begin(), maxima.end());
}

size_t GroupMaxima::getSize(size_t group) const {
  const size_t left = values.size() - getIndex(group, 0);
  return std::min((left + kLanes - 1) / kLanes, kRows);
}

size_t dlavm::host::findLargest(const GroupMaxima &maxima) {
  size_t found = std::numeric_limits<size_t>::max();
  maxima.visit(maxima.getLargest(),
               [&](size_t index) { found = std::min(found, index); });
  return found;
}

size_t dlavm::host::findLargest(const std::vector<float> &values) {
  return findLargest(GroupMaxima(values));
}

std::vector<int32_t>
dlavm::host::selectLargest(const std::vector<float> &values,
                           const GroupMaxima &maxima, size_t count) {
  std::vector<int32_t> found;
  if (count >= values.size()) {
    found.resize(values.size());
    std::iota(found.begin(), found.end(), 0);
    return found;
  }
  if (count == 0)
    return found;
  // As many groups as are wanted have a value that is not below their least
  // maximum, so values below are not among the wanted.
  float least = -std::numeric_limits<float>::infinity();
  if (count < maxima.get().size()) {
    std::vector<float> sorted = maxima.get();
    const auto last = sorted.begin() + static_cast<std::ptrdiff_t>(count - 1);
    std::nth_element(sorted.begin(), last, sorted.end(), std::greater<>());
    least = *last;
  }
  std::vector<std::pair<float, int32_t>> candidates;
  maxima.visit(least, [&](size_t index) {
    candidates.emplace_back(values[index], static_cast<int32_t>(index));
  });
  const auto cut = candidates.begin() + static_cast<std::ptrdiff_t>(count - 1);
  std::nth_element(candidates.begin(), cut, candidates.end(), comesFirst);
  for (auto candidate = candidates.begin(); candidate <= cut; ++candidate)
    found.push_back(candidate->second);
  std::sort(found.begin(), found.end());
  return found;
}

std::vector<int32_t>
dlavm::host::selectLargest(const std::vector<float> &values, size_t count) {
  return selectLargest(values, GroupMaxima(values), count);
}

std::vector<int32_t> dlavm::host::sortLargest(const std::vector<float> &values,
                                              size_t count) {
  std::vector<int32_t> found = selectLargest(values, count);
  std::stable_sort(found.begin(), found.end(),
                   [&](int32_t left, int32_t right) {
                     return values[static_cast<size_t>(left)] >
                            values[static_cast<size_t>(right)];
                   });
  return found;
}

void dlavm::host::exponentiate(std::vector<float> &values, float largest,
                               float scale) {
  // What the first loop wrote is near for the second one.
  for (size_t i = 0; i < values.size(); i += kBlockValues)
    exponentiateAll(values.data() + i,
                    std::min(kBlockValues, values.size() - i), largest, scale);
}

void dlavm::host::keepMostOf(std::vector<float> &weights, double part) {
  double total = 0;
  for (double block : sumBlocks(weights))
    total += block;
  const double wanted = part * total;
  // All that are smaller than this have less than the rest together, so none of
  // them is needed.
  const auto least = static_cast<float>((1 - part) * total * (1 - 1e-4) /
                                        static_cast<double>(weights.size()));
  std::vector<std::pair<float, int32_t>> candidates;
  constexpr size_t size = 64;
  for (size_t block = 0; block < weights.size(); block += size) {
    const size_t blockEnd = std::min(block + size, weights.size());
    if (getLargest(weights.data() + block, blockEnd - block) < least)
      continue;
    for (size_t i = block; i < blockEnd; ++i)
      if (weights[i] >= least && weights[i] > 0)
        candidates.emplace_back(weights[i], static_cast<int32_t>(i));
  }
  // Sums of integers do not depend on their order.
  constexpr double unit = 0x1p40;
  const auto target = static_cast<int64_t>(wanted * unit);
  // Those before first are needed and too few, those from last on are not
  // needed.
  auto first = candidates.begin(), last = candidates.end();
  int64_t kept = 0;
  while (last - first > 1) {
    const auto middle = first + (last - first) / 2;
    std::nth_element(first, middle, last, comesFirst);
    int64_t upper = kept;
    for (auto i = first; i != middle; ++i)
      upper += static_cast<int64_t>(i->first * unit);
    if (upper >= target) {
      last = middle;
    } else {
      first = middle;
      kept = upper;
    }
  }
  const auto cut = *std::max_element(candidates.begin(), last, comesFirst);
  const auto end = static_cast<size_t>(cut.second) + 1;
  for (size_t i = 0; i < end; ++i)
    weights[i] = weights[i] >= cut.first ? weights[i] : 0;
  for (size_t i = end; i < weights.size(); ++i)
    weights[i] = weights[i] > cut.first ? weights[i] : 0;
}

std::vector<double> dlavm::host::sumBlocks(const std::vector<float> &values) {
  std::vector<double> sums;
  sums.reserve(values.size() / kBlockValues + 1);
  for (size_t i = 0; i < values.size(); i += kBlockValues)
    sums.push_back(
        sum(values.data() + i, std::min(kBlockValues, values.size() - i)));
  return sums;
}
