//===- WordTest.cpp - Arithmetic that folds while it builds ---------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DLAVM/Encoding/Word.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"

#include "gtest/gtest.h"

#include <functional>
#include <limits>

using namespace dlavm;
using namespace mlir;

namespace {

class WordTest : public testing::Test {
protected:
  WordTest() : builder(&context) {
    context.loadDialect<arith::ArithDialect>();
    module = ModuleOp::create(builder.getUnknownLoc());
    builder.setInsertionPointToStart(module->getBody());
  }

  Location loc() { return builder.getUnknownLoc(); }

  /// A value with these bounds; no op of it is made.
  Word value(int64_t min, int64_t max, Type type) {
    return Word(builder, arguments.addArgument(type, loc()), min, max);
  }
  Word i32(int64_t min, int64_t max) {
    return value(min, max, builder.getI32Type());
  }
  Word i64(int64_t min, int64_t max) {
    return value(min, max, builder.getI64Type());
  }

  Value get(const Word &word) { return word.materialize(builder, loc()); }
  /// The op that computes a word, or null if it is none of this kind.
  template <typename Op> Op getOp(const Word &word) {
    return word.isConstant() ? Op() : get(word).getDefiningOp<Op>();
  }
  static bool is(Value value, int64_t constant) {
    auto op = value.getDefiningOp<arith::ConstantOp>();
    return op && cast<IntegerAttr>(op.getValue()).getInt() == constant;
  }
  size_t countOps() { return module->getBody()->getOperations().size(); }

  MLIRContext context;
  OpBuilder builder;
  // Outlives the ops that use the arguments.
  Block arguments;
  OwningOpRef<ModuleOp> module;
};

TEST_F(WordTest, ConstantsFold) {
  EXPECT_EQ((Word(7) + 5).getConstant(), 12);
  EXPECT_EQ((Word(7) - 5).getConstant(), 2);
  EXPECT_EQ((Word(7) * 5).getConstant(), 35);
  EXPECT_EQ(floorDiv(7, 5).getConstant(), 1);
  EXPECT_EQ(ceilDiv(7, 5).getConstant(), 2);
  EXPECT_EQ(remainder(Word(7), 5).getConstant(), 2);
  EXPECT_EQ(roundUp(7, 5).getConstant(), 10);
  EXPECT_EQ(roundUp(10, 5).getConstant(), 10);
  EXPECT_EQ(min(Word(7), 5).getConstant(), 5);
  EXPECT_EQ((Word(1) + (int64_t(1) << 40)).getConstant(),
            (int64_t(1) << 40) + 1);
  EXPECT_EQ(countOps(), 0u);
}

TEST_F(WordTest, NeutralElementsLeaveTheValue) {
  const Word a = i32(1, 100);
  const Value v = get(a);
  EXPECT_EQ(get(a + 0), v);
  EXPECT_EQ(get(0 + a), v);
  EXPECT_EQ(get(a - 0), v);
  EXPECT_EQ(get(a * 1), v);
  EXPECT_EQ(get(1 * a), v);
  EXPECT_EQ(get(floorDiv(a, 1)), v);
  EXPECT_EQ(get(ceilDiv(a, 1)), v);
  EXPECT_EQ((0 * a).getConstant(), 0);
  EXPECT_EQ((a * 0).getConstant(), 0);
  EXPECT_EQ(countOps(), 0u);
}

TEST_F(WordTest, MinFoldsWhereBoundsDecide) {
  const Word small = i32(1, 10), large = i32(10, 20), any = i32(5, 15);
  EXPECT_EQ(get(min(small, large)), get(small));
  EXPECT_EQ(get(min(large, small)), get(small));
  EXPECT_EQ(get(min(any, 15)), get(any));
  EXPECT_EQ(min(any, 5).getConstant(), 5);
  EXPECT_EQ(countOps(), 0u);
  const Word open = min(any, 14);
  EXPECT_TRUE(getOp<arith::MinSIOp>(open));
  EXPECT_EQ(open.getMin(), 5);
  EXPECT_EQ(open.getMax(), 14);
}

TEST_F(WordTest, QuotientsFoldWhereBoundsDecide) {
  const int64_t high = int64_t(1) << 32;
  // The high byte of an address below 4 GiB, and the bits below it.
  const Word below = i64(0, high - 1), beyond = i64(0, high);
  EXPECT_EQ(floorDiv(below, high).getConstant(), 0);
  EXPECT_EQ(get(remainder(below, high)), get(below));
  const Word rows = i32(33, 64), slice = i32(100, 200);
  EXPECT_EQ(floorDiv(rows, 32 + rows).getConstant(), 0);
  EXPECT_EQ(floorDiv(i32(64, 95), 32).getConstant(), 2);
  EXPECT_EQ(ceilDiv(rows, 32).getConstant(), 2);
  EXPECT_EQ(ceilDiv(rows, slice).getConstant(), 1);
  EXPECT_EQ(roundUp(rows, 32).getConstant(), 64);
  EXPECT_EQ(get(remainder(rows, slice)), get(rows));
  EXPECT_EQ(remainder(rows, 1).getConstant(), 0);
  // The sum 32 + rows and its constant.
  EXPECT_EQ(countOps(), 2u);
  // One beyond.
  EXPECT_TRUE(getOp<arith::DivSIOp>(floorDiv(beyond, high)));
  EXPECT_TRUE(getOp<arith::RemSIOp>(remainder(beyond, high)));
  EXPECT_TRUE(getOp<arith::DivSIOp>(ceilDiv(i32(32, 64), 32)));
  EXPECT_TRUE(getOp<arith::RemSIOp>(remainder(i32(33, 100), slice)));
  // Between two multiples the remainder has bounds of its own.
  const Word within = remainder(i32(66, 70), 32);
  EXPECT_EQ(within.getMin(), 2);
  EXPECT_EQ(within.getMax(), 6);
}

TEST_F(WordTest, ConstantFactorsComeFirst) {
  auto product = getOp<arith::MulIOp>(i32(1, 100) * 64);
  ASSERT_TRUE(product);
  EXPECT_TRUE(is(product.getLhs(), 64));
}

TEST_F(WordTest, SumsProductsAndDifferencesDoNotWrap) {
  const Word a = i32(1, 100), b = i32(1, 100);
  const auto nsw = arith::IntegerOverflowFlags::nsw;
  EXPECT_EQ(getOp<arith::AddIOp>(a + b).getOverflowFlags(), nsw);
  EXPECT_EQ(getOp<arith::SubIOp>(a - b).getOverflowFlags(), nsw);
  EXPECT_EQ(getOp<arith::MulIOp>(a * b).getOverflowFlags(), nsw);
}

TEST_F(WordTest, WidensWhere32BitsMayNotDo) {
  const int64_t largest = std::numeric_limits<int32_t>::max();
  const Type narrow = builder.getI32Type(), wide = builder.getI64Type();
  const Word a = i32(0, largest);
  // One below the border, and beyond it.
  EXPECT_EQ(get(i32(0, largest - 1) + 1).getType(), narrow);
  EXPECT_EQ(get(a + 1).getType(), wide);
  EXPECT_EQ(get(i32(0, largest / 2) * 2).getType(), narrow);
  EXPECT_EQ(get(i32(0, largest / 2 + 1) * 2).getType(), wide);
  EXPECT_EQ(get(a * a).getType(), wide);
  // Operands are extended, constants made in the type.
  auto sum = getOp<arith::AddIOp>(a + 1);
  EXPECT_TRUE(sum.getLhs().getDefiningOp<arith::ExtSIOp>());
  EXPECT_EQ(sum.getRhs().getType(), wide);
  // An address makes all wide that it meets, on either side.
  EXPECT_EQ(get(i64(0, 10) + i32(0, 10)).getType(), wide);
  EXPECT_EQ(get(i32(0, 10) + i64(0, 10)).getType(), wide);
  EXPECT_EQ(get(remainder(i64(0, largest), i32(1, 10))).getType(), wide);
}

TEST_F(WordTest, IndexStaysIndex) {
  const Word tokens = value(1, 2048, builder.getIndexType());
  EXPECT_TRUE(get(tokens * (int64_t(1) << 40)).getType().isIndex());
}

TEST_F(WordTest, ConstantsAreAsWideAsTheyMustBe) {
  const int64_t largest = std::numeric_limits<int32_t>::max();
  const Type narrow = builder.getI32Type(), wide = builder.getI64Type();
  EXPECT_EQ(get(Word(largest)).getType(), narrow);
  EXPECT_EQ(get(Word(largest + 1)).getType(), wide);
  EXPECT_TRUE(is(get(Word(largest + 1)), largest + 1));
  EXPECT_EQ(Word(3).materialize(builder, loc(), wide).getType(), wide);
}

TEST_F(WordTest, MaterializesInAnotherType) {
  const Word a = i32(0, 10);
  const Type wide = builder.getI64Type();
  EXPECT_EQ(a.materialize(builder, loc(), builder.getI32Type()), get(a));
  auto extended =
      a.materialize(builder, loc(), wide).getDefiningOp<arith::ExtSIOp>();
  ASSERT_TRUE(extended);
  EXPECT_EQ(extended.getIn(), get(a));
  EXPECT_EQ(extended.getType(), wide);
}

TEST_F(WordTest, NamesTheValueOnce) {
  auto nameOf = [&](const Word &word) {
    auto name = dyn_cast<NameLoc>(get(word).getLoc());
    return name ? name.getName().str() : "";
  };
  const Word line = (i32(1, 100) * 64).named("line");
  EXPECT_EQ(nameOf(line), "line");
  EXPECT_EQ(nameOf(line.named("other")), "line");
  // What is computed from a named value has no name yet.
  const Word head = line * 4;
  EXPECT_EQ(nameOf(head), "");
  EXPECT_EQ(nameOf(head.named("head")), "head");
  // Nothing to name.
  EXPECT_EQ(Word(3).named("three").getConstant(), 3);
  EXPECT_EQ(nameOf(i32(0, 1).named("argument")), "");
}

TEST_F(WordTest, TighterBoundsAreKept) {
  const Word total = i32(1, 4096).withBounds(1, 2048);
  EXPECT_EQ(total.getMin(), 1);
  EXPECT_EQ(total.getMax(), 2048);
  EXPECT_EQ(Word(3).withBounds(0, 9).getMax(), 3);
}

// Tries all operands in all small ranges.
TEST_F(WordTest, BoundsHold) {
  using Op = std::function<Word(const Word &, const Word &)>;
  using Reference = std::function<int64_t(int64_t, int64_t)>;
  struct Case {
    const char *name;
    int64_t leastRhs;
    bool differs;
    Op op;
    Reference reference;
  };
  const Case cases[] = {
      {"+", 0, false, [](auto a, auto b) { return a + b; },
       [](int64_t a, int64_t b) { return a + b; }},
      {"-", 0, true, [](auto a, auto b) { return a - b; },
       [](int64_t a, int64_t b) { return a - b; }},
      {"*", 0, false, [](auto a, auto b) { return a * b; },
       [](int64_t a, int64_t b) { return a * b; }},
      {"floorDiv", 1, false, [](auto a, auto b) { return floorDiv(a, b); },
       [](int64_t a, int64_t b) { return a / b; }},
      {"ceilDiv", 1, false, [](auto a, auto b) { return ceilDiv(a, b); },
       [](int64_t a, int64_t b) { return (a + b - 1) / b; }},
      {"remainder", 1, false, [](auto a, auto b) { return remainder(a, b); },
       [](int64_t a, int64_t b) { return a % b; }},
      {"min", 0, false, [](auto a, auto b) { return min(a, b); },
       [](int64_t a, int64_t b) { return std::min(a, b); }}};
  const int64_t most = 5;
  for (const Case &c : cases)
    for (int64_t aMin = 0; aMin <= most; ++aMin)
      for (int64_t aMax = aMin; aMax <= most; ++aMax)
        for (int64_t bMin = c.leastRhs; bMin <= most; ++bMin)
          for (int64_t bMax = bMin; bMax <= most; ++bMax) {
            const Word word = c.op(i32(aMin, aMax), i32(bMin, bMax));
            for (int64_t a = aMin; a <= aMax; ++a)
              for (int64_t b = bMin; b <= bMax; ++b) {
                // Programs only subtract what is not larger.
                if (c.differs && a < b)
                  continue;
                ASSERT_LE(word.getMin(), c.reference(a, b))
                    << a << " " << c.name << " " << b;
                ASSERT_GE(word.getMax(), c.reference(a, b))
                    << a << " " << c.name << " " << b;
              }
          }
}

} // namespace
