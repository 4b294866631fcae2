//===- Estimate.cpp - How long calls of a driver take ---------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DLAVM/Estimate/Estimate.h"

#include "DLAVM/Device/StartTime.h"

using namespace dlavm;
using llvm::StringRef;

StringRef TaskEstimate::getBound() const {
  if (hostTime > std::max(memoryTime, computeTime))
    return "host";
  return computeTime > memoryTime ? "compute" : "memory";
}

/// Adds what \p task takes to \p total.
static void add(TaskEstimate &total, const TaskEstimate &task) {
  total.starts += task.starts;
  total.writes += task.writes;
  total.polls += task.polls;
  total.reads += task.reads;
  total.transfers += task.transfers;
  total.bytes.resize(task.bytes.size());
  for (auto [sum, bytes] : llvm::zip_equal(total.bytes, task.bytes))
    sum += bytes;
  total.operations += task.operations;
  total.memoryTime += task.memoryTime;
  total.computeTime += task.computeTime;
  total.hostTime += task.hostTime;
  total.time += task.time;
}

CallEstimator::CallEstimator(const DeviceInfo &device,
                             const TimeOptions &options)
    : device(device), rates(*device.getRates()), options(options),
      decoder(device) {}

/// What comes before the first task belongs to one without a name.
TaskEstimate &CallEstimator::current() {
  if (tasks.empty())
    task(-1, "");
  return tasks[place];
}

void CallEstimator::task(int32_t, StringRef name) {
  const auto [it, isNew] = places.try_emplace(name, tasks.size());
  place = it->second;
  auto known = options.factors.find(name);
  factor = known == options.factors.end() ? 1 : known->second;
  if (!isNew)
    return;
  TaskEstimate &added = tasks.emplace_back();
  added.name = name.str();
  added.bytes.resize(device.getMemories().size());
}

void CallEstimator::write(uint32_t reg, uint32_t value) {
  countWrite();
  start(reg, value);
}

void CallEstimator::start(uint32_t reg, uint32_t value) {
  if (const DecodedTask *task = decoder.write(reg, value))
    addStart(*task);
}

void CallEstimator::poll(uint32_t, uint32_t) {
  ++current().polls;
  addAccess();
}

uint32_t CallEstimator::read(uint32_t) {
  ++current().reads;
  addAccess();
  return 0;
}

void CallEstimator::dmaWrite(uint64_t, llvm::ArrayRef<uint8_t>) {
  ++current().transfers;
  addAccess();
}

void CallEstimator::dmaRead(uint64_t address,
                            llvm::MutableArrayRef<uint8_t> bytes) {
  ++current().transfers;
  addAccess();
  EventSink::dmaRead(address, bytes);
}

void CallEstimator::addStart(const DecodedTask &task) {
  TaskEstimate &estimate = current();
  ++estimate.starts;
  if (!task.support->work)
    return;
  auto [it, isNew] = works.try_emplace(task.support);
  if (isNew)
    it->second = task.support->work(task.getTable(), device);
  const TaskWork &work = it->second;
  const RegisterValues values = decoder.getValues(task);
  llvm::SmallVector<MovedBytes, 6> moved;
  // The memory of the chip has no rate.
  for (const Traffic &traffic : work.traffic) {
    const Memory &memory = device.getMemory(values, *traffic.reg);
    const double bytes = traffic.bytes.evaluate(values);
    estimate.bytes[&memory - device.getMemories().data()] += bytes;
    moved.push_back(
        {&memory, bytes, traffic.reg->role == RegisterRole::Weight});
  }
  const StartTime start =
      getStartTime(moved, work.cycles.evaluate(values), rates, device);
  estimate.operations += work.operations.evaluate(values);
  estimate.memoryTime += start.memory;
  estimate.computeTime += start.compute;
  const double time = start.get();
  estimate.time += time;
  elapsed += factor * time;
}

void CallEstimator::beginCall() {
  tasks.clear();
  places.clear();
  elapsed = 0;
}

CallEstimate CallEstimator::finish(int64_t tokens) const {
  CallEstimate call;
  call.tokens = tokens;
  call.tasks = tasks;
  call.total.bytes.resize(device.getMemories().size());
  for (TaskEstimate &task : call.tasks) {
    task.hostTime =
        options.latency * static_cast<double>(task.writes + task.polls +
                                              task.reads + task.transfers);
    task.time += task.hostTime;
    if (auto it = options.factors.find(task.name); it != options.factors.end())
      task.time *= it->second;
    add(call.total, task);
  }
  call.roofline = call.total.computeTime;
  for (const Rates::MemoryRate &rate : rates.memories) {
    const size_t memory =
        device.getMemory(rate.memory) - device.getMemories().data();
    call.roofline =
        std::max(call.roofline, 8 * call.total.bytes[memory] /
                                    rate.bitsPerCycle / rates.clock);
  }
  return call;
}
