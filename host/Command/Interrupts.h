//===- Interrupts.h - Ctrl-C ------------------------------------*- C++ -*-===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_HOST_COMMAND_INTERRUPTS_H
#define DLAVM_HOST_COMMAND_INTERRUPTS_H

#include <csignal>

namespace dlavm::host {

/// While it lives, SIGINT only sets a flag. There is one at a time.
class Interrupts {
public:
  /// While it lives, a second SIGINT ends the program, as it does where nobody
  /// handles it: whoever should see the flag may hang.
  class EndAtSecond {
  public:
    EndAtSecond();
    ~EndAtSecond();
    EndAtSecond(const EndAtSecond &) = delete;
    EndAtSecond &operator=(const EndAtSecond &) = delete;
  };

  Interrupts();
  ~Interrupts();
  Interrupts(const Interrupts &) = delete;
  Interrupts &operator=(const Interrupts &) = delete;

  bool isPending() const;
  void clear();
  /// Waits until \p file can be read; returns false if there is an interrupt.
  bool waitFor(int file);

private:
  struct sigaction before;
};

} // namespace dlavm::host

#endif // DLAVM_HOST_COMMAND_INTERRUPTS_H
