//===- EstimateTest.cpp - How long starts and calls take ------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DLAVM/Estimate/Estimate.h"
#include "../Check/Starts.h"

#include "gtest/gtest.h"

using namespace dlavm;
using namespace dlavm::test;

namespace {

/// Writes the registers of a start, as a driver does, and polls once.
void run(EventSink &sink, const Start &start, llvm::StringRef name) {
  const RegisterTable &table = getDevice().getTask(start.kind)->registers;
  sink.task(0, name);
  for (const Register &reg : table.getRegisters())
    if (isWritten(reg.role))
      sink.write(reg.number, start.values.at(reg.name));
  sink.poll(table.getStatus().number, 1);
}

/// The 4096 x 4096 product of one token.
Start anchor() {
  Start start = linear();
  for (const char *reg : {"InputWidth", "OutputWidth", "Tokens"})
    start[reg] = 1;
  return start;
}

CallEstimate estimate(const Start &start, const TimeOptions &options = {}) {
  CallEstimator estimator(getDevice(), options);
  run(estimator, start, "query");
  return estimator.finish(1);
}

TEST(EstimateTest, Anchors) {
  // Without scales, 4 of 4.125 bits of a weight: 8192 cycles of 8192 bits.
  const CallEstimate call = estimate(anchor());
  EXPECT_NEAR(call.roofline * 4 / 4.125, 29.25e-6, 0.02e-6);
  EXPECT_NEAR(call.total.time, 38.5e-6, 1e-12);
  EXPECT_EQ(call.total.getBound(), "memory");
}

TEST(EstimateTest, BytesOfALinearTask) {
  // 44 tokens, 4096 to 4096: DDR has input and output, 128 pixels of 64 bytes
  // each for a token, and a word of 4 bytes for each output channel; HBM 4096
  // packages of 16896 bits.
  const CallEstimate call = estimate(linear());
  ASSERT_EQ(call.tasks.size(), 1u);
  const TaskEstimate &task = call.tasks.front();
  EXPECT_EQ(task.name, "query");
  EXPECT_EQ(task.starts, 1);
  EXPECT_EQ(task.writes, 32);
  EXPECT_EQ(task.polls, 1);
  ASSERT_EQ(task.bytes.size(), 2u);
  EXPECT_EQ(task.bytes[0], 2 * 44 * 128 * 64 + 4 * 4096);
  EXPECT_EQ(task.bytes[1], 4096 * 16896 / 8);
  EXPECT_EQ(task.operations, 2.0 * 44 * 4096 * 4096);
  // 32 blocks of inputs by 128 of outputs for each token.
  EXPECT_NEAR(task.computeTime, 44 * 32 * 128 / 280e6, 1e-12);
  EXPECT_EQ(task.getBound(), "compute");
}

TEST(EstimateTest, HostWaits) {
  // 32 writes and a poll.
  const CallEstimate call = estimate(anchor(), {1e-6});
  EXPECT_NEAR(call.total.time, (38.5 + 33) * 1e-6, 1e-12);
  EXPECT_EQ(call.total.getBound(), "memory");
  EXPECT_EQ(estimate(anchor(), {2e-6}).total.getBound(), "host");
}

TEST(EstimateTest, FactorsByName) {
  EXPECT_NEAR(estimate(anchor(), {0, {{"query", 2.0}}}).total.time, 77e-6,
              1e-12);
  EXPECT_NEAR(estimate(anchor(), {0, {{"key", 2.0}}}).total.time, 38.5e-6,
              1e-12);
}

TEST(EstimateTest, StartsOfAName) {
  const TimeOptions options;
  CallEstimator estimator(getDevice(), options);
  run(estimator, anchor(), "query");
  run(estimator, norm(), "norm");
  run(estimator, anchor(), "query");
  const CallEstimate call = estimator.finish(1);
  ASSERT_EQ(call.tasks.size(), 2u);
  EXPECT_EQ(call.tasks[0].starts, 2);
  EXPECT_NEAR(call.tasks[0].time, 77e-6, 1e-12);
  EXPECT_EQ(call.total.starts, 3);
  EXPECT_NEAR(estimator.getElapsed(), call.total.time, 1e-12);
  // Reads and writes 300 tokens of 128 pixels, and 4096 words.
  EXPECT_EQ(call.tasks[1].bytes[0], 2 * 300 * 128 * 64 + 4 * 4096);
}

TEST(EstimateTest, ParsesTimes) {
  const std::string columns = "call,seq,past,layer,task,starts,microseconds\n";
  llvm::Expected<std::vector<MeasuredTask>> times =
      parseTimes(columns + "3,1,7,-1,query,2,38.500\n");
  ASSERT_TRUE(bool(times));
  ASSERT_EQ(times->size(), 1u);
  EXPECT_EQ(times->front().call, 3);
  EXPECT_EQ(times->front().past, 7);
  EXPECT_EQ(times->front().layer, -1);
  EXPECT_EQ(times->front().task, "query");
  EXPECT_EQ(times->front().microseconds, 38.5);
  for (const std::string &text :
       {std::string(), columns, std::string("task,time\n"),
        columns + "0,1,0,0,query,1\n", columns + "0,1,0,0,query,1,-1\n",
        columns + "0,1,0,0,query,1,nan\n", columns + "\n0,1,0,0,query,1,1\n"}) {
    llvm::Expected<std::vector<MeasuredTask>> wrong = parseTimes(text);
    EXPECT_FALSE(bool(wrong)) << text;
    llvm::consumeError(wrong.takeError());
  }
}

} // namespace
