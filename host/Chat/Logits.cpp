//===- Logits.cpp - Passes over logits
//---------------------------------------===//
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

size_t dlavm::host::findLargest(const std::vector<float> &values) {
  constexpr size_t block = 1024;
  size_t found = 0;
  float largest = -std::numeric_limits<float>::infinity();
  for (size_t i = 0; i < values.size(); i += block) {
    const float here =
        getLargest(values.data() + i, std::min(block, values.size() - i));
    if (here > largest) {
      largest = here;
      found = i;
    }
  }
  while (values[found] != largest)
    ++found;
  return found;
}

std::vector<int32_t>
dlavm::host::selectLargest(const std::vector<float> &values, size_t count) {
  std::vector<int32_t> found;
  if (count >= values.size()) {
    found.resize(values.size());
    std::iota(found.begin(), found.end(), 0);
    return found;
  }
  if (count == 0)
    return found;
  // As many blocks as are wanted have a value that is not below their least
  // maximum, so values below are not among the wanted.
  const size_t size =
      std::clamp(values.size() / (2 * count), size_t{1}, size_t{64});
  std::vector<float> maxima;
  maxima.reserve(values.size() / size + 1);
  for (size_t i = 0; i < values.size(); i += size)
    maxima.push_back(
        getLargest(values.data() + i, std::min(size, values.size() - i)));
  std::vector<float> sorted = maxima;
  const auto last = sorted.begin() + static_cast<std::ptrdiff_t>(count - 1);
  std::nth_element(sorted.begin(), last, sorted.end(), std::greater<>());
  const float least = *last;
  std::vector<std::pair<float, int32_t>> candidates;
  for (size_t block = 0; block < maxima.size(); ++block) {
    if (maxima[block] < least)
      continue;
    const size_t end = std::min((block + 1) * size, values.size());
    for (size_t i = block * size; i < end; ++i)
      if (values[i] >= least)
        candidates.emplace_back(values[i], static_cast<int32_t>(i));
  }
  std::vector<std::pair<float, int32_t>> order = candidates;
  const auto cut = order.begin() + static_cast<std::ptrdiff_t>(count - 1);
  std::nth_element(order.begin(), cut, order.end(), comesFirst);
  for (const auto &candidate : candidates)
    if (!comesFirst(*cut, candidate))
      found.push_back(candidate.second);
  return found;
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
