//===- Scheduler.cpp - One device, one queue ------------------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "host/Server/Scheduler.h"

#include <algorithm>
#include <cmath>

using namespace dlavm::host;

struct Job::State {
  std::vector<int32_t> ids;
  TextOptions options;
  Clock::time_point begin = Clock::now();

  std::mutex mutex;
  std::condition_variable condition;
  bool isCancelled = false;
  /// Asked under the mutex, and not any more once the job is cancelled.
  std::function<bool()> isGone;
  Progress progress;
};

static double secondsSince(Job::Clock::time_point begin) {
  return std::chrono::duration<double>(Job::Clock::now() - begin).count();
}

Job::~Job() {
  {
    const std::lock_guard<std::mutex> lock(state->mutex);
    state->isCancelled = true;
  }
  scheduler.release(state);
}

Job::Progress Job::wait(Clock::time_point end) {
  std::unique_lock<std::mutex> lock(state->mutex);
  state->condition.wait_until(lock, end, [&] {
    const Progress &progress = state->progress;
    return !progress.pieces.empty() || progress.result || progress.failure;
  });
  Progress progress;
  progress.pieces.swap(state->progress.pieces);
  progress.result.swap(state->progress.result);
  // What came before a failure is not lost.
  if (progress.pieces.empty())
    progress.failure.swap(state->progress.failure);
  return progress;
}

Scheduler::Scheduler(Engine &engine, Metrics &metrics, size_t queueLimit)
    : engine(engine), metrics(metrics), queueLimit(queueLimit),
      thread([this] { run(); }) {}

Scheduler::~Scheduler() {
  {
    const std::lock_guard<std::mutex> lock(mutex);
    ends = true;
    if (running) {
      const std::lock_guard<std::mutex> jobLock(running->mutex);
      running->isCancelled = true;
    }
  }
  condition.notify_all();
  thread.join();
}

std::unique_ptr<Job> Scheduler::submit(std::vector<int32_t> ids,
                                       TextOptions options,
                                       std::function<bool()> isGone) {
  auto state = std::make_shared<Job::State>();
  state->ids = std::move(ids);
  state->options = std::move(options);
  state->isGone = std::move(isGone);
  {
    const std::lock_guard<std::mutex> lock(mutex);
    if (jobs > queueLimit)
      return nullptr;
    ++jobs;
    waiting.push_back(state);
  }
  condition.notify_all();
  return std::unique_ptr<Job>(new Job(*this, std::move(state)));
}

void Scheduler::release(const std::shared_ptr<Job::State> &job) {
  const std::lock_guard<std::mutex> lock(mutex);
  --jobs;
  waiting.erase(std::remove(waiting.begin(), waiting.end(), job),
                waiting.end());
}

size_t Scheduler::getWaiting() const {
  const std::lock_guard<std::mutex> lock(mutex);
  return waiting.size();
}

bool Scheduler::isRunning() const {
  const std::lock_guard<std::mutex> lock(mutex);
  return running != nullptr;
}

int Scheduler::estimateWait() const {
  const std::lock_guard<std::mutex> lock(mutex);
  const double each =
      answers == 0 ? 1 : answerSeconds / static_cast<double>(answers);
  // One has to end for the queue to have room.
  return static_cast<int>(std::clamp(std::ceil(each), 1.0, 60.0));
}

std::optional<std::string> Scheduler::getFailure() const {
  const std::lock_guard<std::mutex> lock(mutex);
  return failure;
}

void Scheduler::run() {
  std::unique_lock<std::mutex> lock(mutex);
  while (true) {
    condition.wait(lock, [&] { return ends || !waiting.empty(); });
    if (ends)
      return;
    running = waiting.front();
    waiting.pop_front();
    lock.unlock();
    answer(*running);
    lock.lock();
    running = nullptr;
  }
}

void Scheduler::answer(Job::State &job) {
  const Job::Clock::time_point begin = Job::Clock::now();
  metrics.addWait(secondsSince(job.begin));
  Job::Clock::time_point last{};
  Job::Progress end;
  try {
    end.result =
        engine.complete(job.ids, job.options, [&](const TextPiece &piece) {
          const bool isFirst = last == Job::Clock::time_point{};
          isFirst ? metrics.addFirstToken(secondsSince(job.begin))
                  : metrics.addToken(secondsSince(last));
          last = Job::Clock::now();
          {
            const std::lock_guard<std::mutex> lock(job.mutex);
            if (job.isCancelled || job.isGone())
              return false;
            job.progress.pieces.push_back(piece);
          }
          job.condition.notify_all();
          return true;
        });
    if (end.result->reason == FinishReason::Cancelled)
      metrics.countCancelled();
    else
      metrics.countAnswer(*end.result);
  } catch (const std::exception &error) {
    end.failure = error.what();
    metrics.countFailed();
  } catch (...) {
    end.failure = "an unknown failure";
    metrics.countFailed();
  }
  {
    const std::lock_guard<std::mutex> lock(mutex);
    failure = end.failure;
    answerSeconds += secondsSince(begin);
    ++answers;
  }
  {
    const std::lock_guard<std::mutex> lock(job.mutex);
    job.progress.result = std::move(end.result);
    job.progress.failure = std::move(end.failure);
  }
  job.condition.notify_all();
}
