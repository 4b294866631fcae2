//===- Sampler.cpp - Choosing tokens by chance ----------------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "host/Chat/Sampler.h"

#include "dlavm_runtime.h"
#include "host/Chat/Logits.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

using namespace dlavm::host;
using dlavm::Error;

/// \p range says what is allowed.
static void check(bool isAllowed, const char *name, double value,
                  const char *range) {
  if (isAllowed)
    return;
  std::string text = std::to_string(value);
  if (text.find('.') != std::string::npos) {
    text.erase(text.find_last_not_of('0') + 1);
    if (text.back() == '.')
      text.pop_back();
  }
  throw Error(std::string(name) + " is " + text + ", but must be " + range);
}

uint64_t dlavm::host::makeSeed() {
  std::random_device random;
  return uint64_t{random()} << 32 | random();
}

Sampler::Sampler(const SamplingOptions &options, size_t promptTokens)
    : options(options), promptTokens(promptTokens), generator(options.seed) {
  const SamplingOptions &o = options;
  // What is no number fails each of these.
  check(o.temperature >= 0 && o.temperature <= 1000, "temperature",
        o.temperature, "0 to 1000");
  check(o.topK >= 0, "top-k", o.topK, "at least 0");
  check(o.topP >= 0 && o.topP <= 1, "top-p", o.topP, "0 to 1");
  check(o.minP >= 0 && o.minP <= 1, "min-p", o.minP, "0 to 1");
  check(o.repetitionPenalty >= 0.01 && o.repetitionPenalty <= 100,
        "repetition penalty", o.repetitionPenalty, "0.01 to 100");
  check(std::fabs(o.presencePenalty) <= 100, "presence penalty",
        o.presencePenalty, "-100 to 100");
  check(std::fabs(o.frequencyPenalty) <= 100, "frequency penalty",
        o.frequencyPenalty, "-100 to 100");
}

void Sampler::penalize(std::vector<float> &logits,
                       const std::vector<int32_t> &history) {
  isKnown.resize(logits.size());
  answerCounts.resize(logits.size());
  for (; counted < history.size(); ++counted) {
    const auto id = static_cast<size_t>(history[counted]);
    // A prompt may have tokens that are never generated.
    if (id >= logits.size())
      continue;
    if (!isKnown[id])
      known.push_back(history[counted]);
    isKnown[id] = true;
    answerCounts[id] += counted >= promptTokens;
  }
  const auto repetition = static_cast<float>(options.repetitionPenalty);
  for (int32_t token : known) {
    const auto id = static_cast<size_t>(token);
    float &logit = logits[id];
    logit = logit < 0 ? logit * repetition : logit / repetition;
    if (answerCounts[id] > 0)
      logit -= static_cast<float>(options.presencePenalty +
                                  options.frequencyPenalty * answerCounts[id]);
  }
}

/// An index, as probable as its weight says, for a number from 0 to below 1.
static size_t pick(const std::vector<float> &weights, double number) {
  const std::vector<double> blocks = sumBlocks(weights);
  double total = 0;
  for (double block : blocks)
    total += block;
  double rest = number * total;
  size_t block = 0;
  for (; block + 1 < blocks.size() && rest >= blocks[block]; ++block)
    rest -= blocks[block];
  // Sums are rounded: the last one that is possible makes up for it.
  size_t last = weights.size();
  const size_t end = std::min(weights.size(), (block + 1) * kBlockValues);
  for (size_t i = block * kBlockValues; i < end; ++i) {
    if (weights[i] == 0)
      continue;
    last = i;
    if (rest < weights[i])
      break;
    rest -= weights[i];
  }
  return last < weights.size() ? last : findLargest(weights);
}

namespace {
/// Numbers that follow from one.
class SplitMix64 {
public:
  explicit SplitMix64(uint64_t seed) : state(seed) {}
  /// From 0 to below 1.
  double next() {
    uint64_t bits = state += 0x9e3779b97f4a7c15;
    bits = (bits ^ (bits >> 30)) * 0xbf58476d1ce4e5b9;
    bits = (bits ^ (bits >> 27)) * 0x94d049bb133111eb;
    return static_cast<double>((bits ^ (bits >> 31)) >> 11) * 0x1p-53;
  }

private:
  uint64_t state;
};
} // namespace

/// An index, as probable as e to the power of (logit - largest) * \p scale,
/// without computing that for all: a group of logits is chosen as if each were
/// its maximum, one of them by chance, and what it is less probable than the
/// maximum, that often it is chosen anew. What is less probable than \p least,
/// compared with the largest, is not chosen.
static size_t draw(const std::vector<float> &logits, const GroupMaxima &maxima,
                   float largest, float scale, float least, uint64_t seed) {
  std::vector<float> weights = maxima.get();
  exponentiate(weights, largest, scale);
  std::vector<double> ends(weights.size());
  double total = 0;
  for (size_t group = 0; group < weights.size(); ++group) {
    if (weights[group] >= least)
      total += static_cast<double>(weights[group]) *
               static_cast<double>(maxima.getSize(group));
    ends[group] = total;
  }
  SplitMix64 numbers(seed);
  std::vector<float> weight(1);
  // A group has its maximum, so it does not take long.
  for (;;) {
    const size_t group = static_cast<size_t>(
        std::upper_bound(ends.begin(), ends.end(), numbers.next() * total) -
        ends.begin());
    if (group == ends.size())
      continue; // Rounded up.
    const auto size = static_cast<double>(maxima.getSize(group));
    const size_t index =
        maxima.getIndex(group, static_cast<size_t>(numbers.next() * size));
    weight[0] = logits[index];
    exponentiate(weight, largest, scale);
    if (weight[0] >= least && weight[0] > 0 &&
        numbers.next() * static_cast<double>(weights[group]) < weight[0])
      return index;
  }
}

int32_t Sampler::operator()(std::vector<float> &logits,
                            const std::vector<int32_t> &history) {
  if (options.repetitionPenalty != 1 || options.presencePenalty != 0 ||
      options.frequencyPenalty != 0)
    penalize(logits, history);
  const GroupMaxima maxima(logits);
  // A number a token, however it is chosen.
  const uint64_t bits = generator();
  const double number = static_cast<double>(bits >> 11) * 0x1p-53;
  if (options.temperature == 0)
    return static_cast<int32_t>(findLargest(maxima));

  const float largestLogit = maxima.getLargest();
  const auto scale = static_cast<float>(std::min(
      1 / options.temperature, double{std::numeric_limits<float>::max()}));
  std::vector<int32_t> ids;
  const auto topK = static_cast<size_t>(options.topK);
  if (topK > 0 && topK < logits.size()) {
    ids = selectLargest(logits, maxima, topK);
    for (size_t i = 0; i < ids.size(); ++i)
      logits[i] = logits[static_cast<size_t>(ids[i])];
    logits.resize(ids.size());
  } else if (options.topP == 1) {
    return static_cast<int32_t>(draw(logits, maxima, largestLogit, scale,
                                     static_cast<float>(options.minP), bits));
  }
  std::vector<float> &weights = logits;
  exponentiate(weights, largestLogit, scale);
  if (options.topP < 1)
    keepMostOf(weights, options.topP);
  if (options.minP > 0) {
    const auto least = static_cast<float>(options.minP);
    for (float &weight : weights)
      weight = weight >= least ? weight : 0;
  }
  const size_t index = pick(weights, number);
  return ids.empty() ? static_cast<int32_t>(index) : ids[index];
}
