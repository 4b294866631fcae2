//===- TableLayoutTest.cpp - Tests of packed tables -----------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "SpecDecoder.h"
#include "TestModel.h"

#include "gtest/gtest.h"

using namespace dlavm;
using namespace dlavm::test;
using namespace llvm;

TEST(TableLayout, Activation) {
  TestPlan plan;
  TestTensors tensors;
  PlanObject &object =
      plan.addObject("table", ObjectKind::ActivationTable, {}, {});
  object.config["function"] = "silu";
  const Ports ports = cantFail(packPorts(plan, tensors, object));
  ASSERT_EQ(ports[0].size(), 8192u);
  EXPECT_TRUE(all_of(ArrayRef(ports[0]).drop_front(96),
                     [](uint8_t byte) { return byte == 0; }));
  for (double x = -30; x < 30; x += 0.01)
    EXPECT_NEAR(specdecoder::evaluateTable(ports[0], x), x / (1 + std::exp(-x)),
                0.0045);
  EXPECT_EQ(specdecoder::evaluateTable(ports[0], -12.01), 0);
  EXPECT_EQ(specdecoder::evaluateTable(ports[0], 1000), 1000);
}

/// The object's table against frequencies that the test has by another way.
static void checkRotations(
    json::Object config, function_ref<double(int pair)> getFrequency,
    function_ref<double(int pair)> getFactor = [](int) { return 1.0; }) {
  TestPlan plan;
  TestTensors tensors;
  PlanObject &object = plan.addObject("table", ObjectKind::RopeTable, {}, {});
  object.config = std::move(config);
  const Ports ports = cantFail(packPorts(plan, tensors, object));
  ASSERT_EQ(ports[0].size(), 524288u);
  for (int t : {0, 1, 2, 19, 77, 1000, 2047})
    for (int pair = 0; pair < 64; ++pair) {
      const double angle = t * getFrequency(pair);
      const int plane = pair / 32, lane = pair % 32;
      // Half a unit of the numbers up to 1, or to 2.
      const double factor = getFactor(pair);
      const double error = (factor > 1 ? 0x1p-11 : 0x1p-12) + 1e-9;
      EXPECT_NEAR(specdecoder::decodeRotation(ports[0], plane, t, lane),
                  factor * std::cos(angle), error);
      EXPECT_NEAR(specdecoder::decodeRotation(ports[0], 2 + plane, t, lane),
                  factor * std::sin(angle), error);
    }
}

TEST(TableLayout, Rotations) {
  checkRotations(
      json::Object{{"rotary", 128}, {"style", "interleaved"}, {"theta", 1e6}},
      [](int pair) { return 1 / std::pow(1e6, pair / 64.0); });
}

TEST(TableLayout, PartialRotations) {
  checkRotations(
      json::Object{
          {"rotary", 64}, {"style", "interleaved"}, {"theta", 10000.0}},
      [](int pair) {
        return pair < 32 ? std::exp(-pair / 32.0 * std::log(1e4)) : 0;
      });
}

TEST(TableLayout, ScaledRotations) {
  json::Array divisors;
  for (int pair = 0; pair < 48; ++pair)
    divisors.push_back(1 + pair / 8.0);
  checkRotations(
      json::Object{{"rotary", 96},
                   {"style", "interleaved"},
                   {"theta", 500000.0},
                   {"divisors", std::move(divisors)},
                   {"attention_factor", 1.25}},
      [](int pair) {
        return pair < 48
                   ? 1 / std::pow(500000.0, pair / 48.0) / (1 + pair / 8.0)
                   : 0;
      },
      [](int pair) { return pair < 48 ? 1.25 : 1; });
}
