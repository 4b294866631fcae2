//===- TokenBoundsTest.cpp - Bounds of expressions of seq and past --------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DLAVM/Dialect/LLM/IR/LLM.h"

#include "llvm/ADT/StringExtras.h"

#include "gtest/gtest.h"

#include <limits>
#include <random>

using namespace dlavm::llm;
using namespace mlir;

namespace {

class TokenBoundsTest : public testing::Test {
protected:
  TokenBoundsTest()
      : seq(getAffineDimExpr(0, &context)),
        past(getAffineDimExpr(1, &context)) {}

  static int64_t evaluate(AffineExpr expr, int64_t seq, int64_t past) {
    MLIRContext *context = expr.getContext();
    return cast<AffineConstantExpr>(
               expr.replaceDims({getAffineConstantExpr(seq, context),
                                 getAffineConstantExpr(past, context)}))
        .getValue();
  }

  /// Visits every call of a context.
  template <typename Visit>
  static void forEachCall(int64_t maxTokens, Visit visit) {
    for (int64_t seq = 1; seq <= maxTokens; ++seq)
      for (int64_t past = 0; seq + past <= maxTokens; ++past)
        visit(seq, past);
  }

  static TokenRange getTrueRange(AffineExpr expr, int64_t maxTokens) {
    TokenRange range = {std::numeric_limits<int64_t>::max(),
                        std::numeric_limits<int64_t>::min()};
    forEachCall(maxTokens, [&](int64_t seq, int64_t past) {
      const int64_t value = evaluate(expr, seq, past);
      range = {std::min(range.min, value), std::max(range.max, value)};
    });
    return range;
  }

  static int64_t getTrueMaxProduct(ArrayRef<AffineExpr> exprs,
                                   int64_t maxTokens) {
    int64_t largest = std::numeric_limits<int64_t>::min();
    forEachCall(maxTokens, [&](int64_t seq, int64_t past) {
      int64_t product = 1;
      for (AffineExpr expr : exprs)
        product *= evaluate(expr, seq, past);
      largest = std::max(largest, product);
    });
    return largest;
  }

  void expectRange(AffineExpr expr, int64_t maxTokens) {
    const TokenRange expected = getTrueRange(expr, maxTokens);
    std::optional<TokenRange> range = getRange(expr, maxTokens);
    ASSERT_TRUE(range);
    EXPECT_EQ(range->min, expected.min)
        << stringifyTokens(expr) << " in " << maxTokens;
    EXPECT_EQ(range->max, expected.max)
        << stringifyTokens(expr) << " in " << maxTokens;
  }

  /// A random expression of at most \p depth operations.
  AffineExpr getRandom(std::mt19937 &random, int depth) {
    auto pick = [&](int64_t min, int64_t max) {
      return min + static_cast<int64_t>(random() % (max - min + 1));
    };
    const int64_t kind = depth == 0 ? pick(0, 2) : pick(1, 7);
    auto operand = [&] { return getRandom(random, depth - 1); };
    switch (kind) {
    case 0:
      return getAffineConstantExpr(pick(-3, 9), &context);
    case 1:
      return seq;
    case 2:
      return past;
    case 3:
      return operand() + operand();
    case 4:
      return operand() * pick(-3, 4);
    case 5:
      return operand().floorDiv(pick(1, 9));
    case 6:
      return operand().ceilDiv(pick(1, 9));
    default:
      return operand() % pick(1, 9);
    }
  }

  MLIRContext context;
  AffineExpr seq, past;
};

TEST_F(TokenBoundsTest, CountsOfModels) {
  for (int64_t maxTokens : {1, 2, 31, 32, 33, 64}) {
    expectRange(seq, maxTokens);
    expectRange(past, maxTokens);
    expectRange(seq + past, maxTokens);
    expectRange(seq - 1, maxTokens);
    expectRange((seq + past).ceilDiv(32), maxTokens);
  }
  EXPECT_EQ(getMaxProduct({getAffineConstantExpr(32, &context),
                           (seq + past).ceilDiv(32), seq,
                           getAffineConstantExpr(32, &context)},
                          2048),
            int64_t(32) * 64 * 2048 * 32);
}

// None of these is largest at (1, 0), (N, 0) or (1, N - 1).
TEST_F(TokenBoundsTest, BetweenTheCorners) {
  EXPECT_EQ(getRange(seq % 128, 2048)->max, 127);
  EXPECT_EQ(getRange(past % 128, 2048)->max, 127);
  EXPECT_EQ(getRange((seq + past) % 128, 2048)->min, 0);
  EXPECT_EQ(getMaxProduct({seq, past}, 2048), 1024 * 1024);
  EXPECT_EQ(getMaxProduct({seq, past}, 2047), 1023 * 1024);
  EXPECT_EQ(getMaxProduct({seq, past, past}, 300), 100 * 200 * 200);
  EXPECT_EQ(getMaxProduct({seq % 1000, past}, 2048), 999 * 1049);
}

TEST_F(TokenBoundsTest, RandomExpressions) {
  std::mt19937 random(1);
  for (int i = 0; i < 3000; ++i) {
    AffineExpr expr = getRandom(random, 4);
    for (int64_t maxTokens : {1, 2, 7, 24})
      expectRange(expr, maxTokens);
  }
}

TEST_F(TokenBoundsTest, RandomProducts) {
  std::mt19937 random(2);
  for (int i = 0; i < 1500; ++i) {
    SmallVector<AffineExpr> exprs;
    for (int j = 0; j < 1 + i % 3; ++j)
      exprs.push_back(getRandom(random, 3));
    for (int64_t maxTokens : {1, 5, 24})
      EXPECT_EQ(getMaxProduct(exprs, maxTokens),
                getTrueMaxProduct(exprs, maxTokens))
          << llvm::join(llvm::map_range(exprs, stringifyTokens), ", ") << " in "
          << maxTokens;
  }
}

// With more calls than are tried, a bound holds all the same.
TEST_F(TokenBoundsTest, SearchGivesUpSoundly) {
  AffineExpr expr =
      (seq * 3 + past) % 7 + (seq + past * 5) % 11 + (seq * 2 + past * 3) % 13;
  std::optional<TokenRange> range = getRange(expr, 2048);
  const TokenRange expected = getTrueRange(expr, 300);
  ASSERT_TRUE(range);
  EXPECT_GE(range->max, expected.max);
  EXPECT_LE(range->max, 6 + 10 + 12);
  EXPECT_LE(range->min, expected.min);
  EXPECT_GE(range->min, 0);
}

TEST_F(TokenBoundsTest, RefusesWhat64BitsDoNotHold) {
  const int64_t large = int64_t(1) << 62;
  EXPECT_FALSE(getRange(seq * large, 2));
  EXPECT_EQ(getRange(seq * large, 1)->max, large);
  EXPECT_FALSE(getRange(seq * large + seq * large, 1));
  EXPECT_FALSE(getMaxProduct({seq, getAffineConstantExpr(large, &context)}, 2));
  EXPECT_EQ(getMaxProduct({seq, getAffineConstantExpr(large, &context)}, 1),
            large);
}

TEST_F(TokenBoundsTest, RefusesDivisionByWhatIsNotPositive) {
  for (int64_t divisor : {0, -1}) {
    EXPECT_FALSE(getRange(seq.floorDiv(divisor), 8));
    EXPECT_FALSE(getMaxProduct({seq, past.ceilDiv(divisor)}, 8));
  }
}

} // namespace
