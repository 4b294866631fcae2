//===- ActivationTableTest.cpp - Tests of the fitted activations ----------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DLAVM/Pack/ActivationTable.h"
#include "Functions.h"
#include "SpecDecoder.h"

#include "llvm/ADT/ArrayRef.h"
#include "llvm/Support/xxhash.h"
#include "gtest/gtest.h"

using namespace dlavm;
using specdecoder::decodeHalf;

namespace {

struct Case {
  const char *name;
  double (*function)(double);
  double limit;
  /// The range of the fit.
  double begin, end;
};

class ActivationTableTest : public testing::TestWithParam<Case> {};

double evaluate(const ActivationTable &table, double x) {
  int region = 0;
  for (int i = 0; i < 15; ++i)
    region += decodeHalf(table.x[i]) <= x;
  return decodeHalf(table.k[region]) * x + decodeHalf(table.b[region]);
}

} // namespace

TEST_P(ActivationTableTest, IsClose) {
  const Case &c = GetParam();
  const std::optional<ActivationTable> table = fitActivation(c.name);
  ASSERT_TRUE(table);
  EXPECT_LE(table->maxError, c.limit);
  double largest = 0;
  for (int code = 0; code < 0x10000; ++code) {
    const double x = decodeHalf(code);
    if (std::isfinite(x))
      largest =
          std::max(largest, std::fabs(evaluate(*table, x) - c.function(x)));
  }
  EXPECT_NEAR(table->maxError, largest, 1e-12);
  // Between the FP16 numbers, too.
  for (double x = c.begin; x <= c.end; x += 0x1p-10)
    largest = std::max(largest, std::fabs(evaluate(*table, x) - c.function(x)));
  EXPECT_LE(largest, table->maxError + 1e-4);
}

TEST_P(ActivationTableTest, HasTheFormOfTheDocument) {
  const std::optional<ActivationTable> table = fitActivation(GetParam().name);
  EXPECT_EQ(table->k[0], 0);
  EXPECT_EQ(table->b[0], 0);
  EXPECT_EQ(decodeHalf(table->x[15]), GetParam().end);
  // Tanh is not 0 below its range.
  EXPECT_EQ(decodeHalf(table->x[0]),
            GetParam().name == std::string("tanh") ? -65504 : GetParam().begin);
  for (int i = 1; i < 16; ++i)
    EXPECT_LT(decodeHalf(table->x[i - 1]), decodeHalf(table->x[i]));
}

static double silu(double x) { return x / (1 + std::exp(-x)); }
static double gelu(double x) {
  return 0.5 * x * (1 + std::erf(x / std::sqrt(2)));
}
static double hyperbolicTangent(double x) { return std::tanh(x); }
static double sigmoid(double x) { return 1 / (1 + std::exp(-x)); }

INSTANTIATE_TEST_SUITE_P(
    , ActivationTableTest,
    testing::Values(Case{"silu", silu, 0.0043, -12, 10},
                    Case{"gelu", gelu, 0.0023, -4, 4},
                    Case{"tanh", hyperbolicTangent, 0.0036, -4, 4},
                    Case{"sigmoid", sigmoid, 0.0018, -8, 8}),
    [](const testing::TestParamInfo<Case> &info) {
      return std::string(info.param.name);
    });

TEST(ActivationTable, KnowsNoOthers) {
  EXPECT_FALSE(fitActivation("swish"));
  EXPECT_FALSE(fitActivation(""));
}

/// relu is no fit: 0 below 0, and the number itself from there to the last one.
TEST(ActivationTable, HasReLUExactly) {
  const std::optional<ActivationTable> table = fitActivation("relu");
  ASSERT_TRUE(table);
  EXPECT_EQ(table->maxError, 0);
  EXPECT_EQ(decodeHalf(table->x[0]), 0);
  EXPECT_EQ(decodeHalf(table->x[15]), 65504);
  for (int i = 1; i < 16; ++i)
    EXPECT_LT(decodeHalf(table->x[i - 1]), decodeHalf(table->x[i]));
  for (int code = 0; code < 0x10000; ++code) {
    const double x = decodeHalf(code);
    if (std::isfinite(x)) {
      EXPECT_EQ(evaluate(*table, x), std::max(x, 0.0)) << x;
    }
  }
}

/// Drivers and checkpoints packed elsewhere must agree: the very bits.
TEST(ActivationTable, IsTheSameEverywhere) {
  const std::optional<ActivationTable> table = fitActivation("silu");
  std::vector<uint8_t> bytes;
  for (llvm::ArrayRef<uint16_t> codes :
       {llvm::ArrayRef(table->x), llvm::ArrayRef(table->k),
        llvm::ArrayRef(table->b)})
    for (uint16_t code : codes) {
      bytes.push_back(code & 255);
      bytes.push_back(code >> 8);
    }
  EXPECT_EQ(llvm::xxHash64(bytes), 17629808064009967915u);
}

TEST(Functions, EqualTheLibrary) {
  for (double x = -20; x < 20; x += 0.001) {
    EXPECT_NEAR(exactly::exp(x), std::exp(x), 1e-14 * std::exp(x));
    EXPECT_NEAR(exactly::erf(x), std::erf(x), 1e-14);
    EXPECT_NEAR(exactly::silu(x), silu(x), 1e-13);
    EXPECT_NEAR(exactly::gelu(x), gelu(x), 1e-13);
    EXPECT_NEAR(exactly::tanh(x), std::tanh(x), 1e-14);
    EXPECT_NEAR(exactly::sigmoid(x), sigmoid(x), 1e-14);
  }
  EXPECT_EQ(exactly::exp(0), 1);
  EXPECT_EQ(exactly::exp(-1000), 0);
  EXPECT_EQ(exactly::exp(1000), HUGE_VAL);
}
