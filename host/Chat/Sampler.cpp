//===- Sampler.cpp - Choosing tokens by chance
//-------------------------------===//
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

int32_t Sampler::operator()(std::vector<float> &logits,
                            const std::vector<int32_t> &history) {
  if (options.repetitionPenalty != 1 || options.presencePenalty != 0 ||
      options.frequencyPenalty != 0)
    penalize(logits, history);
  const size_t largest = findLargest(logits);
  // A number a token, however it is chosen.
  const double number = static_cast<double>(generator() >> 11) * 0x1p-53;
  if (options.temperature == 0)
    return static_cast<int32_t>(largest);

  const float largestLogit = logits[largest];
  const auto scale = static_cast<float>(std::min(
      1 / options.temperature, double{std::numeric_limits<float>::max()}));
  std::vector<int32_t> ids;
  const auto topK = static_cast<size_t>(options.topK);
  if (topK > 0 && topK < logits.size()) {
    ids = selectLargest(logits, topK);
    for (size_t i = 0; i < ids.size(); ++i)
      logits[i] = logits[static_cast<size_t>(ids[i])];
    logits.resize(ids.size());
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
