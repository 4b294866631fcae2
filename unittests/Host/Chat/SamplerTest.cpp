//===- SamplerTest.cpp - Tests of choosing tokens -------------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "host/Chat/Sampler.h"
#include "Fakes.h"
#include "host/Chat/Logits.h"

#include "gtest/gtest.h"

#include <cmath>
#include <limits>
#include <map>
#include <numeric>

using namespace dlavm::host;

using Ids = std::vector<int32_t>;
using Logits = std::vector<float>;

/// Logits as a model has them: a few large, most of them small.
static Logits makeLogits(size_t count, uint64_t seed, float spread = 8) {
  std::mt19937_64 generator(seed);
  Logits logits(count);
  for (float &logit : logits) {
    float sum = 0;
    for (int i = 0; i < 4; ++i)
      sum += static_cast<float>(generator() % 1000) / 1000 - 0.5f;
    logit = sum * spread;
  }
  return logits;
}

/// By value, then by index, as a straightforward sort has it.
static Ids sortedIds(const Logits &logits) {
  Ids ids(logits.size());
  std::iota(ids.begin(), ids.end(), 0);
  std::stable_sort(ids.begin(), ids.end(), [&](int32_t a, int32_t b) {
    return logits[static_cast<size_t>(a)] > logits[static_cast<size_t>(b)];
  });
  return ids;
}

/// The probabilities that the options give, by their definition.
static std::vector<double> getProbabilities(const Logits &logits,
                                            const SamplingOptions &options) {
  const Ids order = sortedIds(logits);
  std::vector<double> result(logits.size());
  size_t kept = order.size();
  if (options.topK > 0)
    kept = std::min(kept, static_cast<size_t>(options.topK));
  const auto weight = [&](size_t rank) {
    return std::exp((logits[static_cast<size_t>(order[rank])] -
                     logits[static_cast<size_t>(order[0])]) /
                    options.temperature);
  };
  const auto sum = [&] {
    double total = 0;
    for (size_t i = 0; i < kept; ++i)
      total += weight(i);
    return total;
  };
  if (options.topP < 1) {
    const double total = sum();
    double part = 0;
    size_t count = 0;
    while (count < kept && (count == 0 || part < options.topP * total))
      part += weight(count++);
    kept = count;
  }
  size_t probable = 0;
  while (probable < kept && weight(probable) >= options.minP)
    ++probable;
  kept = probable;
  const double total = sum();
  for (size_t i = 0; i < kept; ++i)
    result[static_cast<size_t>(order[i])] = weight(i) / total;
  return result;
}

/// Draws, and compares how often each token comes with its probability.
static void expectDistribution(const Logits &logits,
                               const SamplingOptions &options, int draws) {
  const std::vector<double> expected = getProbabilities(logits, options);
  std::vector<int> counts(logits.size());
  Sampler sampler(options, 0);
  for (int i = 0; i < draws; ++i) {
    Logits copy = logits;
    ++counts[static_cast<size_t>(sampler(copy, {}))];
  }
  for (size_t i = 0; i < logits.size(); ++i) {
    const double mean = expected[i] * draws;
    EXPECT_NEAR(counts[i], mean, 5 * std::sqrt(mean) + (mean > 0 ? 1 : 0))
        << "id " << i;
  }
}

static int32_t sample(const SamplingOptions &options, Logits logits,
                      const Ids &history = {}, size_t promptTokens = 0) {
  return Sampler(options, promptTokens)(logits, history);
}

TEST(SeedTest, HasAllBits) {
  uint64_t bits = 0;
  for (int i = 0; i < 100; ++i)
    bits |= makeSeed();
  EXPECT_EQ(bits, UINT64_MAX);
}

TEST(LogitsTest, PowersAreExactEnough) {
  Logits values;
  for (float x = -87; x < 0; x += 0.001f)
    values.push_back(x);
  values.insert(values.end(), {0, -88.1f, -1e30f});
  Logits powers = values;
  exponentiate(powers, 0, 1);
  for (size_t i = 0; i + 2 < values.size(); ++i)
    ASSERT_NEAR(powers[i] / std::exp(double{values[i]}), 1, 1e-6) << values[i];
  EXPECT_EQ(powers[values.size() - 3], 1);
  EXPECT_EQ(powers[values.size() - 2], 0);
  EXPECT_EQ(powers[values.size() - 1], 0);
  // The largest one stays 1 whatever the scale.
  Logits two = {3, 2.5f};
  exponentiate(two, 3, std::numeric_limits<float>::max());
  EXPECT_EQ(two, (Logits{1, 0}));
}

TEST(LogitsTest, TheLargestEqualThoseOfASort) {
  for (size_t size : {1, 15, 16, 17, 64, 1000, 5000}) {
    Logits logits = makeLogits(size, size);
    for (float &logit : logits)
      logit = std::round(logit * 4); // Many are equal.
    const Ids order = sortedIds(logits);
    EXPECT_EQ(static_cast<int32_t>(findLargest(logits)), order[0]);
    for (size_t count : {0, 1, 2, 20, 700, 9999}) {
      const size_t least = std::min(count, size);
      Ids expected(order.begin(),
                   order.begin() + static_cast<std::ptrdiff_t>(least));
      EXPECT_EQ(sortLargest(logits, count), expected);
      std::sort(expected.begin(), expected.end());
      EXPECT_EQ(selectLargest(logits, count), expected);
    }
  }
}

TEST(LogitsTest, BlocksAddUp) {
  Logits values(kBlockValues * 2 + 5, 0.5f);
  EXPECT_EQ(sumBlocks(values),
            (std::vector<double>{kBlockValues / 2., kBlockValues / 2., 2.5}));
}

TEST(SamplerTest, GreedyIsTheFirstOfTheLargest) {
  EXPECT_TRUE(SamplingOptions().isGreedy());
  EXPECT_EQ(sample({}, {1, 3, 2, 3}), 1);
}

TEST(SamplerTest, DistributionsAreThoseOfTheFormulas) {
  const Logits logits = makeLogits(40, 1);
  SamplingOptions options;
  options.seed = 7;
  for (double temperature : {0.3, 1.0, 2.5})
    for (int32_t topK : {0, 5, 100})
      for (double topP : {1.0, 0.8, 0.3})
        for (double minP : {0.0, 0.1}) {
          options.temperature = temperature;
          options.topK = topK;
          options.topP = topP;
          options.minP = minP;
          SCOPED_TRACE(testing::Message() << temperature << " " << topK << " "
                                          << topP << " " << minP);
          expectDistribution(logits, options, 20000);
        }
}

TEST(SamplerTest, LargeVocabularies) {
  // More than a block, and with a size that is no multiple of one.
  const Logits logits = makeLogits(1301, 3, 20);
  SamplingOptions options;
  options.temperature = 1;
  expectDistribution(logits, options, 100000);
  options.topP = 0.9;
  expectDistribution(logits, options, 20000);
  // All are equally probable.
  options.topP = 0.5;
  expectDistribution(Logits(2000, 1.0f), options, 20000);
}

TEST(SamplerTest, Limits) {
  const Logits logits = {0, 2, 1, 2, -1};
  SamplingOptions options;
  options.temperature = 1;
  const auto possible = [&] {
    std::vector<bool> found(logits.size());
    for (options.seed = 0; options.seed < 500; ++options.seed)
      found[static_cast<size_t>(sample(options, logits))] = true;
    Ids ids;
    for (size_t i = 0; i < found.size(); ++i)
      if (found[i])
        ids.push_back(static_cast<int32_t>(i));
    return ids;
  };
  EXPECT_EQ(possible(), (Ids{0, 1, 2, 3, 4}));
  options.topP = 0;
  EXPECT_EQ(possible(), Ids{1});
  options.topP = 1;
  options.minP = 1;
  EXPECT_EQ(possible(), (Ids{1, 3}));
  options.minP = 0;
  options.topK = 1;
  EXPECT_EQ(possible(), Ids{1});
  options.topK = 3;
  EXPECT_EQ(possible(), (Ids{1, 2, 3}));
  options.topK = 0;
  options.temperature = 1e-300;
  EXPECT_EQ(possible(), (Ids{1, 3}));
  options.temperature = std::numeric_limits<double>::denorm_min();
  EXPECT_EQ(possible(), (Ids{1, 3}));
  options.temperature = 1000;
  EXPECT_EQ(possible(), (Ids{0, 1, 2, 3, 4}));
  EXPECT_EQ(sample(options, {5}), 0);
  options.topP = 0.5;
  options.minP = 0.5;
  EXPECT_EQ(sample(options, {5}), 0);
}

TEST(SamplerTest, Penalties) {
  SamplingOptions options;
  // Of the whole history, once a token: 4 / 2 < 3, and -1 * 2 < -1.5.
  options.repetitionPenalty = 2;
  EXPECT_FALSE(options.isGreedy());
  EXPECT_EQ(sample(options, {3, 4}, {1, 1, 1}, 3), 0);
  EXPECT_EQ(sample(options, {3, 7}, {1, 1, 1}, 3), 1);
  EXPECT_EQ(sample(options, {-1.5f, -1}, {1}, 1), 0);
  // Of the answer only.
  options = SamplingOptions();
  options.presencePenalty = 2;
  EXPECT_EQ(sample(options, {3, 4}, {1}, 1), 1);
  EXPECT_EQ(sample(options, {3, 4}, {1, 1}, 1), 0);
  EXPECT_EQ(sample(options, {3, 5.5f}, {1, 1, 1, 1}, 1), 1);
  options.presencePenalty = -2;
  EXPECT_EQ(sample(options, {3, 4}, {5, 0}, 1), 0);
  // As often as it is there.
  options = SamplingOptions();
  options.frequencyPenalty = 0.5;
  EXPECT_EQ(sample(options, {3, 4.25f}, {1, 1, 1, 1}, 1), 0);
  EXPECT_EQ(sample(options, {3, 4.25f}, {1, 1, 1, 1}, 2), 1);
  // Tokens that are never generated may be in a prompt.
  EXPECT_EQ(sample(options, {3, 4}, {900, 1}, 2), 1);

  // From call to call.
  options = SamplingOptions();
  options.frequencyPenalty = 1;
  Sampler sampler(options, 1);
  Ids history = {0};
  for (int i = 0; i < 4; ++i) {
    Logits logits = {2, 3.5f};
    history.push_back(sampler(logits, history));
  }
  EXPECT_EQ(history, (Ids{0, 1, 1, 0, 1}));
}

TEST(SamplerTest, ASeedGivesTheSameTokensEverywhere) {
  SamplingOptions options;
  options.temperature = 1;
  const Logits logits = makeLogits(3000, 5, 4);
  const auto draw = [&] {
    Sampler sampler(options, 0);
    Ids ids;
    for (int i = 0; i < 6; ++i) {
      Logits copy = logits;
      ids.push_back(sampler(copy, {}));
    }
    return ids;
  };
  options.seed = 1;
  EXPECT_EQ(draw(), (Ids{447, 856, 412, 412, 856, 1047}));
  options.topP = 0.9;
  EXPECT_EQ(draw(), (Ids{412, 412, 1309, 90, 941, 2653}));
  options.seed = 2;
  EXPECT_EQ(draw(), (Ids{2617, 2406, 2265, 2665, 627, 412}));
}

TEST(SamplerTest, ValuesOutOfRange) {
  const auto refuse = [](auto set) {
    SamplingOptions options;
    set(options);
    return getMessage([&] { Sampler(options, 0); });
  };
  EXPECT_EQ(refuse([](SamplingOptions &o) { o.temperature = -0.5; }),
            "temperature is -0.5, but must be 0 to 1000");
  EXPECT_EQ(refuse([](SamplingOptions &o) { o.temperature = NAN; }),
            "temperature is nan, but must be 0 to 1000");
  EXPECT_EQ(refuse([](SamplingOptions &o) { o.topK = -1; }),
            "top-k is -1, but must be at least 0");
  EXPECT_EQ(refuse([](SamplingOptions &o) { o.topP = 1.5; }),
            "top-p is 1.5, but must be 0 to 1");
  EXPECT_EQ(refuse([](SamplingOptions &o) { o.minP = 2; }),
            "min-p is 2, but must be 0 to 1");
  EXPECT_EQ(refuse([](SamplingOptions &o) { o.repetitionPenalty = 0; }),
            "repetition penalty is 0, but must be 0.01 to 100");
  EXPECT_EQ(refuse([](SamplingOptions &o) { o.presencePenalty = INFINITY; }),
            "presence penalty is inf, but must be -100 to 100");
  EXPECT_EQ(refuse([](SamplingOptions &o) { o.frequencyPenalty = -101; }),
            "frequency penalty is -101, but must be -100 to 100");
}
