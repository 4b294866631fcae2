//===- StartExecution.cpp - One start of a simulated task ----------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "StartExecution.h"

#include "llvm/Support/ThreadPool.h"

#include <atomic>
#include <condition_variable>

using namespace dlavm;
using llvm::Twine;

StartExecution::StartExecution(SimulatedMachine &machine,
                               const DecodedTask &task, Mark mark,
                               unsigned start)
    : TaskExecution(RegisterValues(task.getTable(), machine.registers),
                    machine.device, machine.sanitizer != nullptr),
      machine(machine), task(task), mark(mark), start(start),
      index(machine.starts++) {}

int64_t StartExecution::getCachedTokens() const {
  return machine.sanitizer ? machine.sanitizer->getCachedTokens() : INT64_MAX;
}

bool StartExecution::overwritesOperands() const {
  if (!task.support->extents)
    return false;
  llvm::SmallVector<Extent> extents;
  task.support->extents(values, device, extents);
  for (const Extent &written : extents) {
    if (!isOutput(written.reg->role))
      continue;
    for (const Extent &other : extents)
      if (&other != &written &&
          &device.getMemory(values, *other.reg) ==
              &device.getMemory(values, *written.reg) &&
          other.begin < written.end && written.begin < other.end)
        return true;
  }
  return false;
}

bool StartExecution::splitsPixels() const {
  return llvm::any_of(task.written, [&](const Register *reg) {
    switch (reg->role) {
    case RegisterRole::MapIn:
    case RegisterRole::MapOut:
    case RegisterRole::Stride:
      return machine.registers[reg->number] %
                 machine.sanitizer->getPixelBytes() !=
             0;
    default:
      return false;
    }
  });
}

void StartExecution::run() {
  if (overwritesOperands() || (machine.sanitizer && splitsPixels()))
    setSerial();
  if (machine.sanitizer)
    machine.sanitizer->beginStart(task, values, mark, start);
  task.support->execute(*this);
  if (machine.sanitizer)
    machine.sanitizer->endStart();
  llvm::sort(outsides, [](const Accesses &a, const Accesses &b) {
    return a.reg->number < b.reg->number;
  });
  for (const Accesses &outside : outsides)
    reportOutside(outside);
  // A task has one output.
  if (!beyondRange.empty() && !std::exchange(machine.isBeyondRange, true))
    reportBeyondRange(beyondRange.front());
}

void StartExecution::fail(llvm::StringRef reg, const Twine &message) {
  machine.log.report(mark, start, task.getName(task.getTable().get(reg)), "",
                     reg + " " + message + "; the task stops");
}

void StartExecution::setResult(llvm::StringRef reg, uint32_t value) {
  const Register &result = task.getTable().get(reg);
  machine.registers[result.number] = value;
  results.push_back(&result);
}

std::vector<uint8_t> &StartExecution::getBuffer(llvm::StringRef reg) {
  return machine.buffers[task.getTable().get(reg).number];
}

namespace {
/// A loop that several threads run. A thread that comes when all is done does
/// not take part, so that nobody waits for threads that are not scheduled.
class ParallelLoop {
public:
  ParallelLoop(int64_t count, llvm::function_ref<void(int64_t)> body)
      : count(count), body(body) {}

  /// What other threads call.
  void help() {
    {
      std::lock_guard<std::mutex> lock(mutex);
      if (isClosed)
        return;
      ++helpers;
    }
    work();
    std::lock_guard<std::mutex> lock(mutex);
    --helpers;
    isDone.notify_one();
  }
  /// What the thread calls that needs the result.
  void run() {
    work();
    std::unique_lock<std::mutex> lock(mutex);
    isClosed = true;
    isDone.wait(lock, [&] { return helpers == 0; });
  }

private:
  void work() {
    for (int64_t i = next++; i < count; i = next++)
      body(i);
  }

  const int64_t count;
  const llvm::function_ref<void(int64_t)> body;
  std::atomic<int64_t> next = 0;
  std::mutex mutex;
  std::condition_variable isDone;
  int helpers = 0;
  bool isClosed = false;
};
} // namespace

void StartExecution::parallelFor(int64_t count,
                                 llvm::function_ref<void(int64_t)> body) {
  if (isSerial || !machine.threads || count == 1) {
    for (int64_t i = 0; i < count; ++i)
      body(i);
    return;
  }
  auto loop = std::make_shared<ParallelLoop>(count, body);
  const int64_t helpers =
      std::min<int64_t>(machine.threads->getMaxConcurrency(), count - 1);
  for (int64_t i = 0; i < helpers; ++i)
    machine.threads->async([loop] { loop->help(); });
  loop->run();
}

uint8_t *StartExecution::getBytes(const Memory &memory) {
  return machine.memories[&memory - device.getMemories().data()].data();
}

void StartExecution::note(llvm::SmallVectorImpl<Accesses> &list,
                          const Register &reg, const TaskAccess &access) {
  std::lock_guard<std::mutex> lock(mutex);
  for (Accesses &known : list) {
    if (known.reg != &reg)
      continue;
    ++known.count;
    if (std::tie(access.address, access.port) <
        std::tie(known.first.address, known.first.port))
      known.first = access;
    return;
  }
  list.push_back({&reg, access, 1});
}

void StartExecution::leaveMemory(const Register &reg,
                                 const TaskAccess &access) {
  note(outsides, reg, access);
}

void StartExecution::exceedRange(const Register &reg,
                                 const TaskAccess &access) {
  note(beyondRange, reg, access);
}

void StartExecution::watch(const Register &reg, const TaskAccess &access) {
  machine.sanitizer->watch(reg, access);
}

/// "bytes 64 to 127 of port 3"
static std::string describeAccess(const TaskAccess &access) {
  return FindingLog::describe(
             ByteRange{access.address, access.address + access.bytes}) +
         (access.memory->ports > 1 ? " of port " + std::to_string(access.port)
                                   : "");
}

void StartExecution::reportOutside(const Accesses &outside) {
  const TaskAccess &access = outside.first;
  const Memory &memory = *access.memory;
  machine.log.report(
      mark, start, task.getName(*outside.reg), "",
      Twine("the task ") + (access.isWrite ? "writes" : "reads") + " " +
          describeAccess(access) + ", outside the " + Twine(memory.capacity) +
          " bytes of " + memory.name + ", the first of " +
          Twine(outside.count) + " such accesses");
}

void StartExecution::reportBeyondRange(const Accesses &beyond) {
  const TaskAccess &access = beyond.first;
  const auto memory =
      static_cast<unsigned>(access.memory - device.getMemories().data());
  machine.log.report(
      mark, start, task.getName(*beyond.reg),
      machine.plan.getName(memory,
                           {access.address, access.address + access.bytes}),
      "the task writes infinity or NaN to " + describeAccess(access) +
          ": values of the model exceed the range of FP16");
}
