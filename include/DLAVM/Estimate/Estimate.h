//===- Estimate.h - How long calls of a driver take -----------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_ESTIMATE_ESTIMATE_H
#define DLAVM_ESTIMATE_ESTIMATE_H

#include "DLAVM/Check/EventSink.h"
#include "DLAVM/Check/TaskDecoder.h"

#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/Support/Error.h"

#include <optional>
#include <string>
#include <vector>

namespace dlavm {

/// All starts of one name in a call. Times are in seconds.
struct TaskEstimate {
  std::string name;
  int64_t starts = 0, writes = 0, polls = 0, reads = 0, transfers = 0;
  /// Of each of the device's memories.
  std::vector<double> bytes;
  double operations = 0;
  /// What each alone would take: the memory that is slowest in each start, the
  /// matrix unit, and the host's accesses to registers and DMA transfers.
  double memoryTime = 0, computeTime = 0, hostTime = 0;
  /// What the starts take: memory and matrix unit work side by side, and the
  /// host waits for both.
  double time = 0;

  /// "memory", "compute" or "host": what takes longest.
  llvm::StringRef getBound() const;
};

/// A call of a driver, by the names of its tasks in their order.
struct CallEstimate {
  int64_t tokens = 0;
  std::vector<TaskEstimate> tasks;
  /// All tasks together.
  TaskEstimate total;
  /// The time in seconds that the call takes at least: that of the busiest
  /// memory at its full rate, or of the matrix unit.
  double roofline = 0;

  double getTokensPerSecond() const { return tokens / total.time; }
};

/// What else the time of a call depends on.
struct TimeOptions {
  /// What each access to a register and each DMA transfer takes the host, in
  /// seconds.
  double latency = 0;
  /// The time of a task is multiplied with the factor of its name, if it has
  /// one.
  llvm::StringMap<double> factors = {};
};

/// Estimates a call from what its driver does: the register values of each
/// start, by TaskSupport::work and the rates of the device.
class CallEstimator : public EventSink {
public:
  /// The device must have rates, and outlive the estimator, as the options
  /// must.
  CallEstimator(const DeviceInfo &device, const TimeOptions &options);

  void task(int32_t layer, llvm::StringRef name) override;
  void write(uint32_t reg, uint32_t value) override;
  void poll(uint32_t reg, uint32_t value) override;
  uint32_t read(uint32_t reg) override;
  void dmaWrite(uint64_t address, llvm::ArrayRef<uint8_t> bytes) override;
  void dmaRead(uint64_t address, llvm::MutableArrayRef<uint8_t> bytes) override;

  /// The two sides of a write: the access of the host, and the register that
  /// gets a value, which may start a task.
  void countWrite() {
    ++current().writes;
    addAccess();
  }
  void start(uint32_t reg, uint32_t value);

  /// Forgets what was counted: all until now belongs to calls before.
  void beginCall();
  /// The seconds that all until now takes.
  double getElapsed() const { return elapsed; }
  /// The call of \p tokens tokens.
  CallEstimate finish(int64_t tokens) const;

private:
  TaskEstimate &current();
  void addStart(const DecodedTask &task);
  void addAccess() { elapsed += factor * options.latency; }

  const DeviceInfo &device;
  const Rates rates;
  const TimeOptions &options;
  StartDecoder decoder;
  llvm::DenseMap<const TaskSupport *, TaskWork> works;
  std::vector<TaskEstimate> tasks;
  llvm::StringMap<size_t> places;
  size_t place = 0;
  /// Of the current task.
  double factor = 1;
  double elapsed = 0;
};

/// A line of what `--time-steps` writes.
struct MeasuredTask {
  int64_t call, seq, past, layer;
  std::string task;
  int64_t starts;
  double microseconds;
};

/// Parses the table. The error names the line and what is wrong with it.
llvm::Expected<std::vector<MeasuredTask>> parseTimes(llvm::StringRef text);

} // namespace dlavm

#endif // DLAVM_ESTIMATE_ESTIMATE_H
