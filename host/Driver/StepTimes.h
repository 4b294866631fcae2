//===- StepTimes.h - How long each task takes -------------------*- C++ -*-===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_HOST_DRIVER_STEPTIMES_H
#define DLAVM_HOST_DRIVER_STEPTIMES_H

#include "dlavm_runtime.h"

#include <fstream>
#include <memory>
#include <string>
#include <vector>

namespace dlavm::host {

/// Writes a table of how long the tasks of each call take, by the clock of the
/// host: from the first register that is written to the last poll.
class StepTimes {
public:
  /// Creates the file, CSV. Throws dlavm::Error if that is impossible.
  explicit StepTimes(const std::string &path);
  ~StepTimes();

  /// A call of a driver begins, which must run on the device that is returned:
  /// until end(), that one has the instruction blocks of \p device.
  Device &begin(Device &device, int32_t seq, int32_t past);
  // The same for a driver that runs on no Device: whoever runs it says where a
  // task begins, and when a poll has ended.
  void begin(int32_t seq, int32_t past);
  void beginTask(int32_t layer, std::string name);
  void endPoll();
  /// The call has ended, or failed: writes a line for each task. Throws
  /// dlavm::Error if that is impossible.
  void end();

private:
  class TimedDevice;
  struct Step;

  std::string path;
  std::ofstream file;
  std::unique_ptr<TimedDevice> timed;
  std::vector<Step> steps;
  int32_t seq = 0, past = 0;
  int64_t calls = 0;
};

} // namespace dlavm::host

#endif // DLAVM_HOST_DRIVER_STEPTIMES_H
