//===- TimedDevice.h - How long the tasks of a device take ------*- C++ -*-===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_CARD_TIMEDDEVICE_H
#define DLAVM_CARD_TIMEDDEVICE_H

#include "DLAVM/Check/ReadableDevice.h"

#include "llvm/Support/Error.h"

#include <memory>

namespace dlavm {

/// Hands everything to another device, and writes a table of how long the tasks
/// of each call take, by the clock of the host: host::StepTimes without
/// exceptions.
class TimedDevice : public InterposedSink<ReadableDevice> {
public:
  /// Creates the file, CSV. The device must outlive what is returned.
  static llvm::Expected<std::unique_ptr<TimedDevice>>
  create(llvm::StringRef file, ReadableDevice &device);
  ~TimedDevice() override;

  /// Why the table could not be written, if it could not.
  llvm::Error takeError();

  void beginRun(int64_t seq, int64_t past) override;
  void endRun() override;
  EventSink *watch(EventSink &watcher) override;
  llvm::ArrayRef<uint8_t> getMemory(const Memory &memory, int64_t port,
                                    int64_t address,
                                    int64_t bytes) const override;
  llvm::ArrayRef<Finding> getFindings() const override;

  void task(int32_t layer, llvm::StringRef name) override;
  void poll(uint32_t reg, uint32_t value) override;

private:
  class Impl;
  TimedDevice(ReadableDevice &device, std::unique_ptr<Impl> impl);

  std::unique_ptr<Impl> impl;
};

} // namespace dlavm

#endif // DLAVM_CARD_TIMEDDEVICE_H
