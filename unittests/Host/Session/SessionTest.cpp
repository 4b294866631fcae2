//===- SessionTest.cpp - Tests of the generation loop ---------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "host/Session/Session.h"

#include "dlavm_runtime.h"

#include "gtest/gtest.h"

#include <cmath>
#include <string>

using namespace dlavm::host;

using Ids = std::vector<int32_t>;

namespace {

/// Counts on from the last token, and notes what it was called with.
class CountingModel : public TokenModel {
public:
  struct Call {
    Ids ids;
    int32_t past;
    bool operator==(const Call &other) const {
      return ids == other.ids && past == other.past;
    }
  };

  int32_t getMaxTokens() const override { return 8; }
  int32_t getVocabularySize() const override { return 64; }
  int32_t call(const Ids &ids, int32_t past) override {
    calls.push_back({ids, past});
    if (ids.back() == 60)
      throw dlavm::Error("no");
    last = ids.back();
    return last + 1;
  }
  bool hasLogits() const override { return true; }
  /// Of those other than the largest, lower ids have larger ones.
  void readLogits(std::vector<float> &logits) override {
    ++reads;
    logits.resize(64);
    for (size_t i = 0; i < logits.size(); ++i)
      logits[i] = -static_cast<float>(i);
    logits[static_cast<size_t>(last) + 1] = last == 50 ? NAN : 1;
  }

  std::vector<Call> calls;
  int32_t last = 0;
  int reads = 0;
};

class SessionTest : public testing::Test {
protected:
  using Calls = std::vector<CountingModel::Call>;

  AnswerEnd answer(const Ids &ids, int32_t count) {
    options.maxNewTokens = count;
    tokens.clear();
    model.calls.clear();
    model.reads = 0;
    return session.answer(ids, options, [&](const GeneratedToken &next) {
      tokens.push_back(next.id);
      return next.id != 30;
    });
  }
  std::string message(const Ids &ids) {
    try {
      answer(ids, 4);
    } catch (const dlavm::Error &error) {
      return error.what();
    }
    return "";
  }

  CountingModel model;
  Session session{model};
  AnswerOptions options{0, {20, 21}, nullptr, false};
  Ids tokens;
};

} // namespace

TEST_F(SessionTest, OnlyWhatIsNewIsComputed) {
  EXPECT_EQ(answer({1, 2}, 2), AnswerEnd::Length);
  EXPECT_EQ(tokens, (Ids{3, 4}));
  EXPECT_EQ(model.calls, (Calls{{{1, 2}, 0}, {{3}, 2}}));
  EXPECT_EQ(session.getCached(), (Ids{1, 2, 3}));
  // The last token of the answer was not processed yet.
  EXPECT_EQ(answer({1, 2, 3, 4, 7}, 1), AnswerEnd::Length);
  EXPECT_EQ(model.calls, (Calls{{{4, 7}, 3}}));
  // Another conversation with the same begin.
  EXPECT_EQ(answer({1, 2, 9}, 1), AnswerEnd::Length);
  EXPECT_EQ(model.calls, (Calls{{{9}, 2}}));
  // Of one that is known, the last token is processed for its logits.
  EXPECT_EQ(answer({1, 2}, 1), AnswerEnd::Length);
  EXPECT_EQ(model.calls, (Calls{{{2}, 1}}));
  EXPECT_EQ(session.getCached(), (Ids{1, 2}));
}

TEST_F(SessionTest, AnswersEnd) {
  EXPECT_EQ(answer({19}, 5), AnswerEnd::EndToken);
  EXPECT_EQ(tokens, Ids{20});
  EXPECT_EQ(answer({29}, 5), AnswerEnd::Consumer);
  EXPECT_EQ(tokens, Ids{30});
  EXPECT_EQ(answer({1}, 0), AnswerEnd::Length);
  EXPECT_EQ(tokens, Ids());
}

TEST_F(SessionTest, TheContextIsFull) {
  EXPECT_EQ(answer({1, 2, 3, 4, 5, 6}, 9), AnswerEnd::Context);
  EXPECT_EQ(tokens, (Ids{7, 8, 9}));
  EXPECT_EQ(message({1, 2, 3, 4, 5, 6, 7, 8, 9}),
            "a conversation of 9 tokens exceeds the context of 8 tokens");
  EXPECT_EQ(message({}), "there is no token to continue");
  EXPECT_EQ(model.calls, Calls());
}

TEST_F(SessionTest, LogitsAreReadWhereNeeded) {
  answer({1}, 3);
  EXPECT_EQ(model.reads, 1);
  options.checkFirst = false;
  answer({5}, 3);
  EXPECT_EQ(model.reads, 0);
  options.readLogits = true;
  answer({5}, 3);
  EXPECT_EQ(model.reads, 3);
  options.choose = [](std::vector<float> &logits, const Ids &history) {
    EXPECT_EQ(logits.size(), 64u);
    return history.back() + 2;
  };
  answer({1}, 3);
  EXPECT_EQ(tokens, (Ids{3, 5, 7}));
  EXPECT_EQ(model.reads, 3);
}

TEST_F(SessionTest, IdsBehindTheTokenizersAreNotGenerated) {
  session.limitIds(4);
  EXPECT_EQ(answer({2}, 2), AnswerEnd::Length);
  EXPECT_EQ(tokens, (Ids{3, 0}));
  EXPECT_EQ(model.reads, 2);
}

TEST_F(SessionTest, Failures) {
  answer({1, 2}, 1);
  EXPECT_EQ(message({1, 60}), "no");
  EXPECT_EQ(session.getCached(), Ids{1});
  EXPECT_EQ(message({1, 50}),
            "the logit of id 51 after the token at position 1 is NaN, so no "
            "token can be chosen; do values of the model exceed the range of "
            "its arithmetic?");
  EXPECT_EQ(tokens, Ids());
}
