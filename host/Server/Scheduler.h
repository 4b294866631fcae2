//===- Scheduler.h - One device, one queue -------------------- -*- C++ -*-===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_HOST_SERVER_SCHEDULER_H
#define DLAVM_HOST_SERVER_SCHEDULER_H

#include "host/Server/Engine.h"
#include "host/Server/Metrics.h"

#include <chrono>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>

namespace dlavm::host {

class Scheduler;

/// A request that waits for the device or is answered by it. It is cancelled
/// when it is destroyed.
class Job {
public:
  using Clock = std::chrono::steady_clock;

  struct Progress {
    /// What the answer has grown by.
    std::vector<TextPiece> pieces;
    /// After its end, one of these.
    std::optional<TextResult> result;
    std::optional<std::string> failure;
  };

  Job(const Job &) = delete;
  Job &operator=(const Job &) = delete;
  ~Job();

  /// Waits for progress, at most until \p end.
  Progress wait(Clock::time_point end);

private:
  friend class Scheduler;
  struct State;
  Job(Scheduler &scheduler, std::shared_ptr<State> state)
      : scheduler(scheduler), state(std::move(state)) {}

  Scheduler &scheduler;
  std::shared_ptr<State> state;
};

/// Lets one thread of its own answer requests, one after the other, in the
/// order in which they came.
class Scheduler {
public:
  /// Beside the request that is answered, \p queueLimit may wait.
  Scheduler(Engine &engine, Metrics &metrics, size_t queueLimit);
  /// Cancels what is left.
  ~Scheduler();

  /// Null if the queue is full. \p isGone is asked at each token whether
  /// anybody waits for the next; it must not outlive the job.
  std::unique_ptr<Job> submit(std::vector<int32_t> ids, TextOptions options,
                              std::function<bool()> isGone);

  size_t getWaiting() const;
  bool isRunning() const;
  /// In how many seconds, at least 1, the queue probably has room.
  int estimateWait() const;
  /// What the device failed at, unless it has answered a request since.
  std::optional<std::string> getFailure() const;

private:
  friend class Job;
  void run();
  void answer(Job::State &job);
  void release(const std::shared_ptr<Job::State> &job);

  Engine &engine;
  Metrics &metrics;
  const size_t queueLimit;
  mutable std::mutex mutex;
  std::condition_variable condition;
  std::deque<std::shared_ptr<Job::State>> waiting;
  std::shared_ptr<Job::State> running;
  /// Those that exist.
  size_t jobs = 0;
  bool ends = false;
  std::optional<std::string> failure;
  double answerSeconds = 0;
  uint64_t answers = 0;
  std::thread thread;
};

} // namespace dlavm::host

#endif // DLAVM_HOST_SERVER_SCHEDULER_H
