//===- Child.cpp - Work that may crash or hang ----------------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Child.h"

#include "llvm/Support/ErrorHandling.h"
#include "llvm/Support/Signals.h"

#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace dlavm;
using namespace llvm;

/// A place that the child writes and the parent reads.
static volatile uint64_t &getProgress() {
  static void *memory = mmap(nullptr, sizeof(uint64_t), PROT_READ | PROT_WRITE,
                             MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED)
    report_fatal_error("no memory for the progress");
  return *static_cast<uint64_t *>(memory);
}

static void setLimits() {
  const rlimit noCore = {0, 0};
  setrlimit(RLIMIT_CORE, &noCore);
#if !defined(__SANITIZE_ADDRESS__)
  // The shadow of AddressSanitizer needs all addresses.
  const rlimit memory = {rlim_t{4} << 30, rlim_t{4} << 30};
  setrlimit(RLIMIT_AS, &memory);
#endif
}

static void setTimer(unsigned seconds) {
  // What waits for something uses no CPU time.
  const itimerval cpu = {{0, 0}, {static_cast<time_t>(seconds), 0}};
  const itimerval clock = {{0, 0}, {static_cast<time_t>(seconds) * 20, 0}};
  setitimer(ITIMER_PROF, &cpu, nullptr);
  setitimer(ITIMER_REAL, &clock, nullptr);
}

static void redirect(StringRef log) {
  const int file = open(log.str().c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0644);
  if (file < 0)
    return;
  dup2(file, STDOUT_FILENO);
  dup2(file, STDERR_FILENO);
}

std::optional<Death> dlavm::runInChild(uint64_t first, uint64_t end,
                                       unsigned seconds,
                                       function_ref<void(uint64_t)> work,
                                       StringRef log) {
  volatile uint64_t &progress = getProgress();
  progress = first;
  const pid_t child = fork();
  if (child < 0)
    report_fatal_error("cannot start a process");
  if (child == 0) {
    setLimits();
    redirect(log);
    // A log says where it was.
    if (log != "/dev/null")
      sys::PrintStackTraceOnErrorSignal("dlavm-fuzz");
    for (uint64_t index = first; index < end; ++index) {
      progress = index;
      setTimer(seconds);
      work(index);
    }
    _exit(0);
  }
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR)
    ;
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
    return std::nullopt;
  if (!WIFSIGNALED(status))
    return Death{progress, "exit code " + std::to_string(WEXITSTATUS(status))};
  const int signal = WTERMSIG(status);
  if (signal == SIGPROF || signal == SIGALRM)
    return Death{progress, "more than " + std::to_string(seconds) + " seconds",
                 /*isHang=*/true};
  return Death{progress, strsignal(signal)};
}
