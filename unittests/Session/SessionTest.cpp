//===- SessionTest.cpp - Tests of the generation loop ---------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DLAVM/Session/Session.h"

#include "gtest/gtest.h"

#include <cmath>

using namespace dlavm;
using namespace llvm;

namespace {

/// Counts on from the last token, and notes what it was called with.
class CountingModel : public TokenModel {
public:
  struct Call {
    std::vector<int32_t> ids;
    int64_t past;
    bool operator==(const Call &other) const {
      return ids == other.ids && past == other.past;
    }
  };

  int64_t getMaxTokens() const override { return 8; }
  Expected<NextToken> call(ArrayRef<int32_t> ids, int64_t past) override {
    calls.push_back({ids.vec(), past});
    if (ids.back() == 100)
      return createStringError("no");
    return NextToken{ids.back() + 1, {0, ids.back() == 50 ? NAN : 1}};
  }

  std::vector<Call> calls;
};

class SessionTest : public testing::Test {
protected:
  using Calls = std::vector<CountingModel::Call>;

  Expected<host::AnswerEnd> answer(ArrayRef<int32_t> prompt, int64_t count) {
    tokens.clear();
    return session.answer(prompt, count, [&](const NextToken &next) {
      tokens.push_back(next.id);
      return next.id != 30;
    });
  }
  host::AnswerEnd end(ArrayRef<int32_t> prompt, int64_t count) {
    return cantFail(answer(prompt, count));
  }
  std::string message(ArrayRef<int32_t> prompt) {
    return toString(answer(prompt, 4).takeError());
  }

  CountingModel model;
  Session session{model, {20, 21}};
  std::vector<int32_t> tokens;
};

} // namespace

TEST_F(SessionTest, PromptsContinueTheHistory) {
  EXPECT_EQ(end({1, 2}, 2), host::AnswerEnd::Length);
  EXPECT_EQ(tokens, (std::vector<int32_t>{3, 4}));
  EXPECT_EQ(model.calls, (Calls{{{1, 2}, 0}, {{3}, 2}}));
  model.calls.clear();
  // The last token of the answer was not processed yet.
  EXPECT_EQ(end({7}, 1), host::AnswerEnd::Length);
  EXPECT_EQ(model.calls, (Calls{{{4, 7}, 3}}));
}

TEST_F(SessionTest, AnswersEnd) {
  EXPECT_EQ(end({19}, 5), host::AnswerEnd::EndToken);
  EXPECT_EQ(tokens, std::vector<int32_t>{20});
  EXPECT_EQ(end({29}, 5), host::AnswerEnd::Consumer);
  EXPECT_EQ(tokens, std::vector<int32_t>{30});
  EXPECT_EQ(end({1}, 0), host::AnswerEnd::Length);
  EXPECT_EQ(tokens, std::vector<int32_t>());
}

TEST_F(SessionTest, AnswersWithoutEnd) {
  EXPECT_EQ(end({29}, int64_t{1} << 32), host::AnswerEnd::Consumer);
  EXPECT_EQ(tokens, std::vector<int32_t>{30});
}

TEST_F(SessionTest, TheContextIsFull) {
  EXPECT_EQ(end({1, 2, 3, 4, 5, 6}, 9), host::AnswerEnd::Context);
  EXPECT_EQ(tokens, (std::vector<int32_t>{7, 8, 9}));
  EXPECT_EQ(message({1}), "a prompt of 1 tokens after 9 exceeds the context of "
                          "8 tokens");
}

TEST_F(SessionTest, LongPrompt) {
  EXPECT_EQ(message({1, 2, 3, 4, 5, 6, 7, 8, 9}),
            "a prompt of 9 tokens after 0 exceeds the context of 8 tokens");
  EXPECT_EQ(model.calls, Calls());
}

TEST_F(SessionTest, Failures) {
  EXPECT_EQ(message({100}), "no");
  EXPECT_EQ(message({1, 50}),
            "the logit of id 1 after the token at position 1 is NaN, so no "
            "token can be chosen; do values of the model exceed the range of "
            "its arithmetic?");
  EXPECT_EQ(tokens, std::vector<int32_t>());
}
