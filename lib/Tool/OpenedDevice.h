//===- OpenedDevice.h - The device that --on= names -------------*- C++ -*-===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_LIB_TOOL_OPENEDDEVICE_H
#define DLAVM_LIB_TOOL_OPENEDDEVICE_H

#include "DLAVM/Card/CardDevice.h"
#include "DLAVM/Card/TimedDevice.h"
#include "DLAVM/Compare/Execution.h"
#include "DLAVM/Simulator/Simulator.h"
#include "OpenedDriver.h"

namespace dlavm {

/// The simulator, or a card as CardDevice has it.
class OpenedDevice {
public:
  /// Opens what \p on names, "simulator" or "xdma:/dev/xdma0", for a driver,
  /// which must outlive it. The options are those of the simulator; with \p
  /// timesFile, times of tasks are written there.
  static llvm::Expected<OpenedDevice> open(llvm::StringRef on,
                                           const OpenedDriver &driver,
                                           SimulatorOptions options,
                                           llvm::StringRef timesFile = "");

  /// Runs the driver's load_parameters on files that were packed for \p plan.
  llvm::Error load(const OpenedDriver &driver, const DriverPlan &plan,
                   llvm::StringRef directory);

  /// One call of the driver, see callDriver, whose events \p sink gets: the
  /// device or what hands them to it. Fails if a card did.
  llvm::Expected<CallResult> call(const OpenedDriver &driver,
                                  llvm::ArrayRef<uint16_t> input, int64_t seq,
                                  int64_t past, EventSink &sink);

  /// Fails if the device's memory can only be written, which \p option reads.
  llvm::Error requireReading(llvm::StringRef option) const;

  ReadableDevice &get() const;
  /// Null for a card.
  Simulator *getSimulator() const { return simulator.get(); }

  /// The first failure of a card since the last time that somebody asked: what
  /// a driver made of it means nothing.
  llvm::Error takeError() const;

private:
  std::string on;
  // One of the two is the machine.
  std::unique_ptr<Simulator> simulator;
  std::unique_ptr<CardDevice> card;
  std::unique_ptr<TimedDevice> timed;
};

} // namespace dlavm

#endif // DLAVM_LIB_TOOL_OPENEDDEVICE_H
