//===- Estimate.cpp - How long calls of a driver take ---------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DLAVM/Estimate/Estimate.h"

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

CallEstimator::CallEstimator(const DeviceInfo &device, double latency)
    : device(device), rates(*device.getRates()), latency(latency),
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
  if (!isNew)
    return;
  TaskEstimate &added = tasks.emplace_back();
  added.name = name.str();
  added.bytes.resize(device.getMemories().size());
}

void CallEstimator::write(uint32_t reg, uint32_t value) {
  ++current().writes;
  if (const DecodedTask *task = decoder.write(reg, value))
    addStart(*task);
}

void CallEstimator::poll(uint32_t, uint32_t) { ++current().polls; }

uint32_t CallEstimator::read(uint32_t) {
  ++current().reads;
  return 0;
}

void CallEstimator::dmaWrite(uint64_t, llvm::ArrayRef<uint8_t>) {
  ++current().transfers;
}

void CallEstimator::dmaRead(uint64_t address,
                            llvm::MutableArrayRef<uint8_t> bytes) {
  ++current().transfers;
  EventSink::dmaRead(address, bytes);
}

void CallEstimator::addStart(const DecodedTask &task) {
  TaskEstimate &estimate = current();
  ++estimate.starts;
  if (!task.support->work)
    return;
  const TaskWork work = task.support->work(decoder.getValues(task), device);
  double memoryTime = 0;
  for (const Rates::MemoryRate &rate : rates.memories) {
    const Memory *memory = device.getMemory(rate.memory);
    double bytes = 0, atFullRate = 0;
    for (const Traffic &traffic : work.traffic) {
      if (&device.getMemory(traffic.reg->role) != memory)
        continue;
      bytes += traffic.bytes;
      atFullRate += traffic.reg->role == RegisterRole::Weight
                        ? traffic.bytes / rates.weightEfficiency
                        : traffic.bytes;
    }
    estimate.bytes[memory - device.getMemories().data()] += bytes;
    memoryTime =
        std::max(memoryTime, 8 * atFullRate / rate.bitsPerCycle / rates.clock);
  }
  const double compute = work.cycles / rates.clock;
  estimate.operations += work.operations;
  estimate.memoryTime += memoryTime;
  estimate.computeTime += compute;
  estimate.time += std::max(memoryTime, compute);
}

CallEstimate
CallEstimator::finish(int64_t tokens,
                      const llvm::StringMap<double> &factors) const {
  CallEstimate call;
  call.tokens = tokens;
  call.tasks = tasks;
  call.total.bytes.resize(device.getMemories().size());
  for (TaskEstimate &task : call.tasks) {
    task.hostTime = latency * static_cast<double>(task.writes + task.polls +
                                                  task.reads + task.transfers);
    task.time += task.hostTime;
    if (auto it = factors.find(task.name); it != factors.end())
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
