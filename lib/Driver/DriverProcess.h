//===- DriverProcess.h - A driver that runs in a process of its own -------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_LIB_DRIVER_DRIVERPROCESS_H
#define DLAVM_LIB_DRIVER_DRIVERPROCESS_H

#include "DLAVM/Check/EventSink.h"
#include "DLAVM/Support/OpenFile.h"
#include "Shim.h"

#include "llvm/Support/Error.h"

#include <sys/types.h>

namespace dlavm {

/// What a driver may do in a call; more is no driver of its plan.
struct DriverLimits {
  /// How often it may access the device.
  uint64_t accesses = 0;
  /// How many bytes it may move at once, and in all.
  uint64_t transfer = 0;
  uint64_t transfers = 0;
  /// How many bytes of files it may read, which takes time.
  uint64_t fileBytes = 0;
};

/// A call of one of the driver's functions.
struct DriverCall {
  int32_t function = Run;
  int32_t seq = 0;
  int32_t past = 0;
  llvm::StringRef directory;
  llvm::ArrayRef<int32_t> ids;
  llvm::ArrayRef<uint16_t> input;
  /// Where the rows that it yields belong; others are refused.
  llvm::MutableArrayRef<uint16_t> output;
  int32_t token = 0;
  DriverLimits limits;
};

/// A driver in a process of its own, so that nothing that it does ends this
/// one. It is stopped when it does more than a driver has to.
class DriverProcess {
public:
  /// Starts an open program. It gets \p memory bytes, or as many as it wants
  /// where that is 0.
  static llvm::Expected<std::unique_ptr<DriverProcess>>
  start(const OpenFile &program, uint64_t memory);
  ~DriverProcess();

  /// Runs a call. Fails with a DriverFailure if the driver does not return; the
  /// process has ended unless the driver threw an exception.
  llvm::Error call(DriverCall &call, EventSink &sink);
  bool hasEnded() const { return process < 0; }

private:
  DriverProcess() = default;

  /// Waits until the driver hands the turn over; what follows fails, and
  /// `failure` says why, if it does not.
  bool wait();
  /// Hands the turn over and waits. What the driver has sent is there even if
  /// it has ended.
  bool turn();
  /// Reads what the driver sends; false if it has ended before.
  bool read(void *data, uint64_t size);
  bool read(std::string &text, uint64_t size);
  bool send(llvm::ArrayRef<uint8_t> bytes);
  /// Forwards what the driver sends up to the end of the call.
  llvm::Error forward(DriverCall &call, EventSink &sink);
  /// Ends the process because of \p why, or because it has ended. False.
  bool end(const llvm::Twine &why = "");
  /// The same, where what it sends makes no sense.
  bool spoilt();
  llvm::Error fail(std::string message, bool threw);

  pid_t process = -1;
  OpenFile socket;
  Channel *channel = nullptr;
  /// How much the driver has sent in its turn, and how much of it was read.
  uint64_t sent = 0, position = 0;
  /// Of the current call.
  uint64_t fileBytes = 0;
  std::string failure;
  /// The task that the driver is in.
  int32_t layer = -1;
  std::string task;
};

} // namespace dlavm

#endif // DLAVM_LIB_DRIVER_DRIVERPROCESS_H
