//===- Threads.cpp - How many threads can start -------------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DLAVM/Support/Threads.h"

#include "llvm/Support/Parallel.h"

#include <algorithm>
#include <csignal>
#include <future>
#include <pthread.h>
#include <vector>

using namespace dlavm;

/// Starts as many threads, to see how many can be there at a time.
static unsigned startThreads(unsigned count) {
  std::promise<void> end;
  const std::shared_future<void> hasEnded = end.get_future().share();
  auto wait = [](void *argument) -> void * {
    static_cast<const std::shared_future<void> *>(argument)->wait();
    return nullptr;
  };
  // Signals are for others, who say where a crash was.
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, &before);
  std::vector<pthread_t> threads;
  pthread_t thread;
  while (threads.size() < count &&
         pthread_create(&thread, nullptr, wait,
                        const_cast<std::shared_future<void> *>(&hasEnded)) == 0)
    threads.push_back(thread);
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  end.set_value();
  for (pthread_t thread : threads)
    pthread_join(thread, nullptr);
  return threads.size();
}

unsigned dlavm::countThreads(unsigned wanted) {
  const unsigned count =
      llvm::hardware_concurrency(wanted).compute_thread_count();
  if (count <= 1)
    return 1;
  // There may be another pool of the same size.
  return std::clamp(startThreads(2 * count) / 2, 1u, count);
}

void dlavm::limitParallelism(unsigned wanted) {
  llvm::parallel::strategy = llvm::hardware_concurrency(countThreads(wanted));
}
