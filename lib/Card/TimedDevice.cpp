//===- TimedDevice.cpp - How long the tasks of a device take --------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DLAVM/Card/TimedDevice.h"

#include "host/Driver/StepTimes.h"

using namespace dlavm;
using llvm::ArrayRef;
using llvm::StringRef;

class TimedDevice::Impl {
public:
  explicit Impl(const std::string &file) : times(file) {}

  host::StepTimes times;
  std::optional<std::string> failure;
};

TimedDevice::TimedDevice(ReadableDevice &device, std::unique_ptr<Impl> impl)
    : InterposedSink(device), impl(std::move(impl)) {}
TimedDevice::~TimedDevice() = default;

llvm::Expected<std::unique_ptr<TimedDevice>>
TimedDevice::create(StringRef file, ReadableDevice &device) {
  try {
    return std::unique_ptr<TimedDevice>(
        new TimedDevice(device, std::make_unique<Impl>(file.str())));
  } catch (const std::exception &error) {
    return llvm::createStringError(error.what());
  }
}

llvm::Error TimedDevice::takeError() {
  if (!impl->failure)
    return llvm::Error::success();
  llvm::Error error = llvm::createStringError(*impl->failure);
  impl->failure.reset();
  return error;
}

void TimedDevice::beginRun(int64_t seq, int64_t past) {
  next->beginRun(seq, past);
  impl->times.begin(static_cast<int32_t>(seq), static_cast<int32_t>(past));
}

void TimedDevice::endRun() {
  next->endRun();
  try {
    impl->times.end();
  } catch (const std::exception &error) {
    impl->failure = error.what();
  }
}

EventSink *TimedDevice::watch(EventSink &watcher) {
  return next->watch(watcher);
}

ArrayRef<uint8_t> TimedDevice::getMemory(const Memory &memory, int64_t port,
                                         int64_t address, int64_t bytes) const {
  return next->getMemory(memory, port, address, bytes);
}

ArrayRef<Finding> TimedDevice::getFindings() const {
  return next->getFindings();
}

void TimedDevice::task(int32_t layer, StringRef name) {
  next->task(layer, name);
  impl->times.beginTask(layer, name.str());
}

void TimedDevice::poll(uint32_t reg, uint32_t value) {
  next->poll(reg, value);
  impl->times.endPoll();
}
