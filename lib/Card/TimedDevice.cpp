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
using llvm::MutableArrayRef;
using llvm::StringRef;

class TimedDevice::Impl {
public:
  Impl(const std::string &file, ReadableDevice &device)
      : device(device), times(file) {}

  ReadableDevice &device;
  host::StepTimes times;
  std::optional<std::string> failure;
};

TimedDevice::TimedDevice(std::unique_ptr<Impl> impl) : impl(std::move(impl)) {}
TimedDevice::~TimedDevice() = default;

llvm::Expected<std::unique_ptr<TimedDevice>>
TimedDevice::create(StringRef file, ReadableDevice &device) {
  try {
    return std::unique_ptr<TimedDevice>(
        new TimedDevice(std::make_unique<Impl>(file.str(), device)));
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
  impl->device.beginRun(seq, past);
  impl->times.begin(static_cast<int32_t>(seq), static_cast<int32_t>(past));
}

void TimedDevice::endRun() {
  impl->device.endRun();
  try {
    impl->times.end();
  } catch (const std::exception &error) {
    impl->failure = error.what();
  }
}

EventSink *TimedDevice::watch(EventSink &watcher) {
  return impl->device.watch(watcher);
}

ArrayRef<uint8_t> TimedDevice::getMemory(const Memory &memory, int64_t port,
                                         int64_t address, int64_t bytes) const {
  return impl->device.getMemory(memory, port, address, bytes);
}

ArrayRef<Finding> TimedDevice::getFindings() const {
  return impl->device.getFindings();
}

void TimedDevice::task(int32_t layer, StringRef name) {
  impl->device.task(layer, name);
  impl->times.beginTask(layer, name.str());
}

void TimedDevice::write(uint32_t reg, uint32_t value) {
  impl->device.write(reg, value);
}

void TimedDevice::poll(uint32_t reg, uint32_t value) {
  impl->device.poll(reg, value);
  impl->times.endPoll();
}

uint32_t TimedDevice::read(uint32_t reg) { return impl->device.read(reg); }

void TimedDevice::dmaWrite(uint64_t address, ArrayRef<uint8_t> bytes) {
  impl->device.dmaWrite(address, bytes);
}

void TimedDevice::dmaRead(uint64_t address, MutableArrayRef<uint8_t> bytes) {
  impl->device.dmaRead(address, bytes);
}
