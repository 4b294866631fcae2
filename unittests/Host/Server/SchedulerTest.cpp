//===- SchedulerTest.cpp - One device, one queue --------------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "host/Server/Scheduler.h"

#include "dlavm_runtime.h"

#include <gtest/gtest.h>

#include <future>

using namespace dlavm::host;

namespace {

const auto longTime = std::chrono::seconds(60);

/// Answers with as many pieces as the prompt has tokens; a test lets it go on
/// piece by piece.
class SteppedEngine : public Engine {
public:
  ModelFacts getFacts() const override { return {}; }
  std::vector<int32_t> encode(const GenerationRequest &) override { return {}; }
  std::string decode(const std::vector<int32_t> &) override { return ""; }
  std::vector<int32_t> getEndTokens(bool) override { return {}; }

  TextResult
  complete(const std::vector<int32_t> &ids, const TextOptions &,
           const std::function<bool(const TextPiece &)> &consume) override {
    TextResult result{};
    order.push_back(ids.front());
    for (int32_t id : ids) {
      if (id < 0)
        throw dlavm::Error("it broke");
      {
        std::unique_lock<std::mutex> lock(mutex);
        condition.wait(lock, [&] { return steps > 0; });
        --steps;
      }
      if (!consume({std::to_string(id), {}})) {
        result.reason = FinishReason::Cancelled;
        return result;
      }
      ++result.newTokens;
    }
    return result;
  }

  void step(int count) {
    {
      const std::lock_guard<std::mutex> lock(mutex);
      steps += count;
    }
    condition.notify_all();
  }

  std::vector<int32_t> order;

private:
  std::mutex mutex;
  std::condition_variable condition;
  int steps = 0;
};

class SchedulerTest : public testing::Test {
protected:
  /// The scheduler's thread ends also where a test has failed.
  ~SchedulerTest() override { engine.step(1000); }

  std::unique_ptr<Job> submit(std::vector<int32_t> ids) {
    return scheduler.submit(std::move(ids), {},
                            [this] { return isGone.load(); });
  }
  /// All of an answer.
  std::string finish(Job &job) {
    std::string text;
    while (true) {
      const Job::Progress progress = job.wait(Job::Clock::now() + longTime);
      for (const TextPiece &piece : progress.pieces)
        text += piece.text;
      if (progress.failure)
        return text + "!" + *progress.failure;
      if (progress.result)
        return text + (progress.result->reason == FinishReason::Cancelled
                           ? " cancelled"
                           : ".");
      if (progress.pieces.empty())
        return text + " nothing came";
    }
  }

  std::atomic<bool> isGone{false};
  SteppedEngine engine;
  Metrics metrics;
  Scheduler scheduler{engine, metrics, 2};
};

TEST_F(SchedulerTest, AnswersInOrder) {
  auto first = submit({1, 2}), second = submit({3}), third = submit({4});
  ASSERT_TRUE(first && second && third);
  EXPECT_FALSE(submit({5}));
  engine.step(4);
  EXPECT_EQ(finish(*third), "4.");
  EXPECT_EQ(finish(*second), "3.");
  EXPECT_EQ(finish(*first), "12.");
  EXPECT_EQ(engine.order, (std::vector<int32_t>{1, 3, 4}));
  // A place is free once an answer was taken.
  EXPECT_FALSE(submit({5}));
  first.reset();
  EXPECT_TRUE(submit({5}));
}

TEST_F(SchedulerTest, ForgetsWhoLeaves) {
  auto first = submit({1, 2}), second = submit({3}), third = submit({4});
  engine.step(1);
  EXPECT_EQ(first->wait(Job::Clock::now() + longTime).pieces.size(), 1u);
  second.reset();
  EXPECT_EQ(scheduler.getWaiting(), 1u);
  // The first ends at its next token.
  first.reset();
  engine.step(2);
  EXPECT_EQ(finish(*third), "4.");
  EXPECT_EQ(engine.order, (std::vector<int32_t>{1, 4}));
}

TEST_F(SchedulerTest, LooksForTheClientAtEachToken) {
  auto job = submit({1, 2, 3});
  engine.step(1);
  EXPECT_EQ(job->wait(Job::Clock::now() + longTime).pieces.size(), 1u);
  isGone = true;
  engine.step(1);
  EXPECT_EQ(finish(*job), " cancelled");
}

TEST_F(SchedulerTest, KeepsTheFailureUntilItAnswers) {
  EXPECT_FALSE(scheduler.getFailure());
  auto job = submit({1, -1});
  engine.step(1);
  EXPECT_EQ(finish(*job), "1!it broke");
  EXPECT_EQ(scheduler.getFailure(), "it broke");
  auto next = submit({1});
  engine.step(1);
  EXPECT_EQ(finish(*next), "1.");
  EXPECT_FALSE(scheduler.getFailure());
}

TEST_F(SchedulerTest, WaitsNoLongerThanItIsAsked) {
  auto job = submit({1});
  const Job::Progress progress = job->wait(Job::Clock::now());
  EXPECT_TRUE(progress.pieces.empty());
  EXPECT_FALSE(progress.result);
  engine.step(1);
}

} // namespace
