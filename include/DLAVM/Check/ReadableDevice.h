//===- ReadableDevice.h - A device that can be looked into ------*- C++ -*-===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_CHECK_READABLEDEVICE_H
#define DLAVM_CHECK_READABLEDEVICE_H

#include "DLAVM/Check/Checker.h"
#include "DLAVM/Check/EventSink.h"

namespace dlavm {

/// A device that runs what a driver starts, and whose memory can be looked at
/// beside the driver.
class ReadableDevice : public EventSink {
public:
  /// A call of the driver begins and ends.
  virtual void beginRun(int64_t seq, int64_t past) = 0;
  virtual void endRun() = 0;

  /// Lets \p watcher stand before what computes: it gets all events, those of
  /// the tasks of instruction blocks in place of the blocks, and hands them on
  /// to the sink that is returned. Null where the device runs blocks unseen.
  virtual EventSink *watch(EventSink &watcher) { return nullptr; }

  /// Bytes of one port of a memory of the device, empty where it has none. They
  /// are there until the next event.
  virtual llvm::ArrayRef<uint8_t> getMemory(const Memory &memory, int64_t port,
                                            int64_t address,
                                            int64_t bytes) const = 0;

  /// What the device itself says that cannot be right.
  virtual llvm::ArrayRef<Finding> getFindings() const = 0;
};

} // namespace dlavm

#endif // DLAVM_CHECK_READABLEDEVICE_H
