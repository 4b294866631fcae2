//===- StepTimes.cpp - How long each task takes ---------------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "host/Driver/StepTimes.h"

#include <cerrno>
#include <chrono>
#include <cstring>
#include <iomanip>

using namespace dlavm::host;
using dlavm::Device;
using dlavm::Error;
using Clock = std::chrono::steady_clock;

struct StepTimes::Step {
  int32_t layer;
  std::string task;
  Clock::time_point begin, end;
  int64_t starts = 0;
};

/// Looks at the clock where tasks begin and end.
class StepTimes::TimedDevice : public Device {
public:
  TimedDevice(StepTimes &times, Device &device) : times(times), device(device) {
    swap_instructions(device);
  }
  ~TimedDevice() override { device.swap_instructions(*this); }

  uint32_t read(uint32_t reg) override { return device.read(reg); }
  void poll(uint32_t reg, uint32_t value) override {
    device.poll(reg, value);
    times.endPoll();
  }
  void dma_write(uint64_t address, const void *data, size_t bytes) override {
    device.dma_write(address, data, bytes);
  }
  void dma_read(uint64_t address, void *data, size_t bytes) override {
    device.dma_read(address, data, bytes);
  }
  bool can_read_memory() const override { return device.can_read_memory(); }
  void dma_write_file(uint64_t address, const dlavm::String &path,
                      const void *data, size_t bytes) override {
    device.dma_write_file(address, path, data, bytes);
  }
  void step(int32_t layer, const char *name) override {
    device.step(layer, name);
  }

protected:
  void do_task(int32_t layer, const char *name) override {
    device.task(layer, name);
    times.beginTask(layer, name);
  }
  void do_write(uint32_t reg, uint32_t value) override {
    device.write(reg, value);
  }

private:
  StepTimes &times;
  Device &device;
};

StepTimes::StepTimes(const std::string &path)
    : path(path), file(path, std::ios::trunc) {
  file << "call,seq,past,layer,task,starts,microseconds" << std::endl;
  if (!file)
    throw Error("the times of tasks cannot be written to " + path + ": " +
                std::strerror(errno));
}

StepTimes::~StepTimes() = default;

Device &StepTimes::begin(Device &device, int32_t newSeq, int32_t newPast) {
  begin(newSeq, newPast);
  timed = std::make_unique<TimedDevice>(*this, device);
  return *timed;
}

void StepTimes::begin(int32_t newSeq, int32_t newPast) {
  seq = newSeq;
  past = newPast;
  steps.clear();
}

void StepTimes::beginTask(int32_t layer, std::string name) {
  const Clock::time_point now = Clock::now();
  steps.push_back({layer, std::move(name), now, now});
}

void StepTimes::endPoll() {
  if (steps.empty())
    return;
  steps.back().end = Clock::now();
  ++steps.back().starts;
}

void StepTimes::end() {
  for (const Step &step : steps) {
    const std::chrono::duration<double, std::micro> time =
        step.end - step.begin;
    file << calls << ',' << seq << ',' << past << ',' << step.layer << ','
         << step.task << ',' << step.starts << ',' << std::fixed
         << std::setprecision(3) << time.count() << '\n';
  }
  timed.reset();
  ++calls;
  file.flush();
  if (!file)
    throw Error("the times of tasks cannot be written to " + path + ": " +
                std::strerror(errno));
}
