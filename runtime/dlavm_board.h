//===- dlavm_board.h - What devices on boards have in common ----*- C++ -*-===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Waiting for a card that may never answer, for dlavm_xdma.h and dlavm_v80.h.
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_BOARD_H
#define DLAVM_BOARD_H

#include "dlavm_runtime.h"

#include <ctime>

#include <sched.h>

namespace dlavm {
inline namespace runtime {

namespace detail {

/// Seconds of a clock that nobody sets.
inline double get_seconds() {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return static_cast<double>(time.tv_sec) +
         1e-9 * static_cast<double>(time.tv_nsec);
}

} // namespace detail

/// A device that is a card of this machine.
class BoardDevice : public Device {
public:
  /// How long a task may take until its register has the value that is polled
  /// for.
  double poll_seconds = 60;

  /// Throws if the register reads as all do of a card that is gone.
  uint32_t read(uint32_t reg) override {
    const uint32_t value = do_read(reg);
    if (value == 0xffffffff)
      throw Error(
          "register " + detail::to_text(reg) +
          " reads 0xffffffff, as all registers of a card that is gone" +
          get_place() +
          ": it lost its power, its PCIe link or its bitstream; program "
          "it, and reboot the host or rescan its PCIe bus");
    return value;
  }

  /// Asks again at once for a while, and then lets others run in between.
  void poll(uint32_t reg, uint32_t value) override {
    constexpr int32_t spins = 1000;
    uint32_t found = read(reg);
    if (found == value)
      return;
    const double end = detail::get_seconds() + poll_seconds;
    for (int32_t i = 0; (found = read(reg)) != value; ++i) {
      if (detail::get_seconds() > end)
        throw Error(
            "register " + detail::to_text(reg) + " is still " +
            detail::to_text(found) + " and not " + detail::to_text(value) +
            " after " +
            detail::to_text(static_cast<uint64_t>(poll_seconds * 1000)) +
            " ms" + get_place() +
            ": does the card run, and is it the device that the driver was "
            "compiled for?");
      if (i >= spins)
        sched_yield();
    }
  }

protected:
  void do_task(int32_t layer, const char *name) override {
    current_layer = layer;
    current_task = name;
  }
  virtual uint32_t do_read(uint32_t reg) = 0;

  /// ", in the task query of layer 3", for messages; empty before any task.
  String get_place() const {
    if (current_task.size() == 0)
      return "";
    String place = ", in the task " + current_task;
    if (current_layer >= 0)
      place = std::move(place) + " of layer " + detail::to_text(current_layer);
    return place;
  }

private:
  int32_t current_layer = -1;
  String current_task;
};

} // namespace runtime
} // namespace dlavm

#endif // DLAVM_BOARD_H
