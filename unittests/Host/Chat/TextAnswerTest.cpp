//===- TextAnswerTest.cpp - Tests of answers as text ----------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "host/Chat/TextAnswer.h"
#include "Fakes.h"

#include "gtest/gtest.h"

#include <cmath>
#include <random>

using namespace dlavm::host;

using Ids = std::vector<int32_t>;

namespace {

class TextAnswerTest : public testing::Test {
protected:
  /// The whole text. The pieces are in pieces.
  std::string answer(const Ids &script, const Ids &prompt = {1}) {
    ScriptedModel model(script, 64, maxTokens);
    Session session(model);
    session.setCached(cached);
    pieces.clear();
    std::string text;
    result = answerText(session, tokenizer, prompt, options,
                        [&](const TextPiece &piece) {
                          pieces.push_back(piece);
                          text += piece.text;
                          return pieces.size() != cancelAt;
                        });
    return text;
  }
  std::vector<std::string> texts() const {
    std::vector<std::string> all;
    for (const TextPiece &piece : pieces)
      all.push_back(piece.text);
    return all;
  }

  using Texts = std::vector<std::string>;
  FakeTokenizer tokenizer{{"", "a", "b", "ab", "c", "<end>", "<x>", "\xc3",
                           "\xa4", "abc", " stop"}};
  TextOptions options{8, {5}, {}, {}, -1};
  std::vector<TextPiece> pieces;
  TextResult result;
  Ids cached;
  size_t cancelAt = 0;
  int32_t maxTokens = 64;
};

} // namespace

TEST_F(TextAnswerTest, EndTokensAreNoText) {
  EXPECT_EQ(answer({1, 2, 5}, {1, 2, 3}), "ab");
  EXPECT_EQ(texts(), (Texts{"a", "b"}));
  EXPECT_EQ(result.reason, FinishReason::EndToken);
  EXPECT_EQ(result.ids, (Ids{1, 2, 5}));
  EXPECT_EQ(result.promptTokens, 3);
  EXPECT_EQ(result.cachedTokens, 0);
  EXPECT_EQ(result.newTokens, 3);
  EXPECT_GE(result.promptSeconds, 0);
  EXPECT_GE(result.newSeconds, 0);
  // Neither are other special ones.
  EXPECT_EQ(answer({1, 6, 2, 5}), "ab");
}

TEST_F(TextAnswerTest, Maximum) {
  EXPECT_EQ(answer({1}), "aaaaaaaa");
  EXPECT_EQ(result.reason, FinishReason::Length);
  options.maxNewTokens = 0;
  EXPECT_EQ(answer({1}), "");
  EXPECT_EQ(result.reason, FinishReason::Length);
  EXPECT_EQ(result.newTokens, 0);
}

TEST_F(TextAnswerTest, FullContext) {
  maxTokens = 4;
  EXPECT_EQ(answer({1}, {1, 2}), "aaa");
  EXPECT_EQ(result.reason, FinishReason::Context);
}

TEST_F(TextAnswerTest, Cancelled) {
  cancelAt = 2;
  EXPECT_EQ(answer({1, 2, 4}), "ab");
  EXPECT_EQ(result.reason, FinishReason::Cancelled);
  EXPECT_EQ(result.newTokens, 2);
}

TEST_F(TextAnswerTest, WhatIsCachedIsCounted) {
  cached = {1, 2, 3};
  answer({5}, {1, 2, 4, 4});
  EXPECT_EQ(result.cachedTokens, 2);
  // The last one is computed again for its logits.
  answer({5}, {1, 2, 3});
  EXPECT_EQ(result.cachedTokens, 2);
  answer({5}, {4});
  EXPECT_EQ(result.cachedTokens, 0);
}

TEST_F(TextAnswerTest, HalfCharactersWait) {
  EXPECT_EQ(answer({1, 7, 8, 2, 5}), "a\xc3\xa4"
                                     "b");
  EXPECT_EQ(texts(), (Texts{"a", "", "\xc3\xa4", "b"}));
  EXPECT_EQ(answer({1, 7, 5}), "a\xef\xbf\xbd");
  // What is handed out at the end is looked at as well.
  options.stopStrings = {"\xef\xbf\xbd"};
  EXPECT_EQ(answer({1, 7, 5}), "a");
  EXPECT_EQ(result.reason, FinishReason::StopString);
}

TEST_F(TextAnswerTest, StopStringsEndTheText) {
  options.stopStrings = {"bc"};
  EXPECT_EQ(answer({1, 2, 1, 2, 4, 1}), "aba");
  EXPECT_EQ(texts(), (Texts{"a", "", "ba", "", ""}));
  EXPECT_EQ(result.reason, FinishReason::StopString);
  EXPECT_EQ(result.newTokens, 5);
  // Within a token.
  EXPECT_EQ(answer({2, 9, 1}), "ba");
  // What was kept back is handed out if the answer ends otherwise.
  EXPECT_EQ(answer({1, 2, 5}), "ab");
  EXPECT_EQ(texts(), (Texts{"a", "", "b"}));
  EXPECT_EQ(result.reason, FinishReason::EndToken);
  options.maxNewTokens = 2;
  EXPECT_EQ(answer({1, 2, 5}), "ab");
  EXPECT_EQ(result.reason, FinishReason::Length);
  options.stopStrings = {"x", ""};
  EXPECT_EQ(getMessage([&] { answer({1}); }),
            "a stop string is empty, but every text ends with that");
}

TEST_F(TextAnswerTest, StopStringsDoNotDependOnTokens) {
  // Texts of a, b and c, against a search character by character.
  std::mt19937_64 generator(1);
  options.maxNewTokens = 40;
  for (int round = 0; round < 3000; ++round) {
    const auto makeText = [&](size_t most) {
      std::string text;
      for (size_t size = generator() % most + 1; text.size() < size;)
        text += "abc"[generator() % 3];
      return text;
    };
    options.stopStrings.clear();
    for (size_t count = generator() % 3 + 1; count > 0; --count)
      options.stopStrings.push_back(makeText(4));
    Ids script;
    std::string text;
    for (size_t size = generator() % 12 + 1; script.size() < size;) {
      const Ids choices = {1, 2, 3, 4, 9};
      script.push_back(choices[generator() % choices.size()]);
      text += tokenizer.getPiece(script.back());
    }
    script.push_back(5);

    std::string expected = text;
    bool isStopped = false;
    for (size_t end = 1; end <= text.size() && !isStopped; ++end)
      for (const std::string &stop : options.stopStrings)
        if (end >= stop.size() &&
            text.compare(end - stop.size(), stop.size(), stop) == 0) {
          const std::string before = text.substr(0, end - stop.size());
          if (!isStopped || before.size() < expected.size())
            expected = before;
          isStopped = true;
        }
    ASSERT_EQ(answer(script), expected) << text;
    EXPECT_EQ(result.reason,
              isStopped ? FinishReason::StopString : FinishReason::EndToken);
  }
}

TEST_F(TextAnswerTest, Logprobs) {
  options.topLogprobs = 2;
  EXPECT_EQ(answer({1, 6, 5}), "a");
  ASSERT_EQ(pieces.size(), 2u);
  ASSERT_EQ(pieces[0].tokens.size(), 1u);
  const TokenLogprob &token = pieces[0].tokens[0];
  EXPECT_EQ(token.id, 1);
  EXPECT_EQ(token.bytes, "a");
  const double logSum = std::log(std::exp(1.0) + 63);
  EXPECT_NEAR(token.logprob, 1 - logSum, 1e-5);
  ASSERT_EQ(token.top.size(), 2u);
  EXPECT_EQ(token.top[0].id, 1);
  EXPECT_EQ(token.top[0].logprob, token.logprob);
  EXPECT_EQ(token.top[1].id, 0);
  EXPECT_NEAR(token.top[1].logprob, -logSum, 1e-5);
  EXPECT_EQ(pieces[1].tokens[0].bytes, "<x>");
  // They are the model's, whatever the sampler does.
  options.sampling.temperature = 0.01;
  options.sampling.presencePenalty = 1;
  answer({1, 5});
  EXPECT_NEAR(pieces[0].tokens[0].logprob, 1 - logSum, 1e-5);
  options.topLogprobs = -2;
  EXPECT_EQ(getMessage([&] { answer({1}); }),
            "the number of log probabilities is negative");
}

TEST_F(TextAnswerTest, LogprobsHaveTheBytesOfTheAnswer) {
  tokenizer.stripsFirst = true;
  options.topLogprobs = 11;
  const auto getTokens = [&] {
    Texts all;
    for (const TextPiece &piece : pieces)
      for (const TokenLogprob &token : piece.tokens)
        all.push_back(token.bytes);
    return all;
  };
  const auto getTop = [&](size_t piece, int32_t id) {
    for (const TokenCandidate &candidate : pieces[piece].tokens[0].top)
      if (candidate.id == id)
        return candidate.bytes;
    return std::string("none");
  };
  // A special token is no beginning.
  EXPECT_EQ(answer({6, 10, 7, 8, 10, 5}, {10}), "stop\u00E4 stop");
  EXPECT_EQ(getTokens(), (Texts{"<x>", "stop", "\xc3", "\xa4", " stop"}));
  EXPECT_EQ(getTop(0, 10), "stop");
  EXPECT_EQ(getTop(1, 7), "\xc3");
  EXPECT_EQ(getTop(3, 10), " stop");
  // What goes on with a text has the space.
  options.continuesText = true;
  EXPECT_EQ(answer({10, 10, 5}, {6, 10}), " stop stop");
  EXPECT_EQ(getTokens(), (Texts{" stop", " stop"}));
  EXPECT_EQ(answer({10, 10, 5}, {6}), "stop stop");
  EXPECT_EQ(getTokens(), (Texts{"stop", " stop"}));
}

TEST_F(TextAnswerTest, LogprobsComeWithTheirText) {
  options.topLogprobs = 0;
  options.stopStrings = {"bc"};
  answer({1, 2, 1, 2, 4});
  std::vector<size_t> counts;
  for (const TextPiece &piece : pieces)
    counts.push_back(piece.tokens.size());
  EXPECT_EQ(counts, (std::vector<size_t>{1, 0, 2, 0, 0}));
  // A token that a stop string cuts belongs to the text.
  answer({2, 9});
  EXPECT_EQ(pieces.back().tokens.size(), 2u);
  answer({1, 2, 5});
  EXPECT_EQ(pieces.back().tokens.size(), 1u);
  EXPECT_TRUE(pieces.back().tokens[0].top.empty());
}

TEST_F(TextAnswerTest, Sampling) {
  options.sampling.temperature = 1;
  options.sampling.seed = 4;
  options.maxNewTokens = 20;
  options.endTokens.clear();
  tokenizer = FakeTokenizer(std::vector<std::string>(64, "z"));
  answer({1});
  const Ids first = result.ids;
  EXPECT_NE(first, Ids(20, 1));
  answer({1});
  EXPECT_EQ(result.ids, first);
  options.sampling.seed = 5;
  answer({1});
  EXPECT_NE(result.ids, first);
  options.sampling.topP = -1;
  EXPECT_EQ(getMessage([&] { answer({1}); }),
            "top-p is -1, but must be 0 to 1");
}
