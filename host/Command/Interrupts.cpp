//===- Interrupts.cpp - Ctrl-C --------------------------------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "host/Command/Interrupts.h"

#include "dlavm_runtime.h"

#include <cerrno>
#include <string>

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

using namespace dlavm::host;
using dlavm::Error;

static volatile std::sig_atomic_t isInterrupted = 0;
static volatile std::sig_atomic_t endsAtSecond = 0;
/// What the handler writes to wakes who waits, however shortly before.
static int wakeEnds[2] = {-1, -1};

static void handleInterrupt(int) {
  const int error = errno;
  if (isInterrupted && endsAtSecond) {
    // It comes when this function returns.
    std::signal(SIGINT, SIG_DFL);
    std::raise(SIGINT);
  }
  isInterrupted = 1;
  (void)!write(wakeEnds[1], "", 1);
  errno = error;
}

Interrupts::Interrupts() {
  if (pipe2(wakeEnds, O_CLOEXEC | O_NONBLOCK) != 0)
    throw Error(std::string("cannot make a pipe: ") + std::strerror(errno));
  isInterrupted = 0;
  struct sigaction action = {};
  action.sa_handler = handleInterrupt;
  // Devices need not know of it.
  action.sa_flags = SA_RESTART;
  sigaction(SIGINT, &action, &before);
}

Interrupts::~Interrupts() {
  sigaction(SIGINT, &before, nullptr);
  close(wakeEnds[0]);
  close(wakeEnds[1]);
}

Interrupts::EndAtSecond::EndAtSecond() { endsAtSecond = 1; }
Interrupts::EndAtSecond::~EndAtSecond() { endsAtSecond = 0; }

bool Interrupts::isPending() const { return isInterrupted != 0; }

void Interrupts::clear() {
  char bytes[64];
  while (read(wakeEnds[0], bytes, sizeof bytes) > 0)
    continue;
  isInterrupted = 0;
}

bool Interrupts::waitFor(int file) {
  while (!isInterrupted) {
    pollfd waits[2] = {{file, POLLIN, 0}, {wakeEnds[0], POLLIN, 0}};
    if (poll(waits, 2, -1) < 0 && errno != EINTR)
      return true;
    if (waits[1].revents == 0 && waits[0].revents != 0)
      return !isInterrupted;
  }
  return false;
}
