//===- Simulator.cpp - A functional model of a device --------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DLAVM/Device/Conventions.h"
#include "DLAVM/Support/Threads.h"
#include "SimulatorImpl.h"

#include "llvm/Support/ThreadPool.h"

using namespace dlavm;
using llvm::Twine;

Simulator::Impl::Impl(const DeviceInfo &device, std::vector<PlanRegion> regions,
                      SimulatorOptions options)
    : device(device), plan(device, std::move(regions)),
      decoder(device), machine{device, log, plan,    {},     {},
                               0,      {},  nullptr, nullptr},
      blocks(device, blockMemory, *this,
             [this](llvm::StringRef reg, const Twine &message) {
               report(reg, message);
             }) {
  if (std::optional<std::string> problem = checkConventions(device)) {
    report("", *problem + "; no task computes");
    knowsConventions = false;
  }
  machine.registers.resize(decoder.getRegisterEnd());
  writtenAt.resize(decoder.getRegisterEnd());
  resultRun.resize(decoder.getRegisterEnd());
  hasResult.resize(decoder.getRegisterEnd());
  bool hasMemory = true;
  for (const Memory &memory : device.getMemories()) {
    machine.memories.emplace_back(memory.ports * memory.capacity);
    hasMemory &= machine.memories.back().data() != nullptr;
  }
  if (options.sanitize && hasMemory) {
    machine.sanitizer = std::make_unique<Sanitizer>(device, plan, log);
    hasMemory = machine.sanitizer->hasMemory();
    if (!hasMemory)
      machine.sanitizer.reset();
  }
  if (!hasMemory)
    report("", "the system refuses the address space for the memories of " +
                   Twine(device.getName()) +
                   "; see `ulimit -v` and vm.overcommit_memory");
  const unsigned threads = countThreads(options.threads);
  if (threads > 1)
    machine.threads = std::make_unique<llvm::DefaultThreadPool>(
        llvm::hardware_concurrency(threads - 1));
}

//===----------------------------------------------------------------------===//
// Protocol
//===----------------------------------------------------------------------===//

void Simulator::Impl::beginRun(int64_t seq, int64_t past) {
  log.beginRun(seq, past);
  blocks.beginRun();
  machine.isBeyondRange = false;
  firstEpoch = ++epoch;
  ++run;
  starts = 0;
  mark = Mark();
  if (machine.sanitizer)
    machine.sanitizer->beginRun(seq, past);
}

void Simulator::Impl::endRun() {
  blocks.endRun();
  if (running)
    report(running->getName(*running->status),
           "the run ends before the last task is polled");
  running = nullptr;
  firstEpoch = ++epoch;
  mark = Mark();
  if (machine.sanitizer)
    machine.sanitizer->endRun();
}

void Simulator::Impl::task(int32_t layer, llvm::StringRef name) {
  mark = {layer, log.intern(name)};
}

void Simulator::Impl::write(uint32_t reg, uint32_t value) {
  if (!decoder.isWritten(reg))
    return report("",
                  "no task has a register " + Twine(reg) + " that is written");
  machine.registers[reg] = value;
  writtenAt[reg] = epoch;
  if (decoder.isOpcode(reg))
    start(reg, value);
}

void Simulator::Impl::poll(uint32_t reg, uint32_t value) {
  if (!running)
    return report("", "register " + Twine(reg) +
                          " is polled, but no task is running");
  const Register &status = *running->status;
  if (reg != status.number || value != status.value)
    report(running->getName(status),
           "register " + Twine(reg) + " is polled until it is " + Twine(value) +
               ", but the task is done when register " + Twine(status.number) +
               " is " + Twine(status.value));
  running = nullptr;
}

uint32_t Simulator::Impl::read(uint32_t reg) {
  if (!decoder.isReadable(reg)) {
    report("", "no task has a result in register " + Twine(reg));
    return reg < machine.registers.size() ? machine.registers[reg] : 0;
  }
  const bool isStatus =
      llvm::any_of(decoder.getTasks(), [&](const DecodedTask &task) {
        return task.status->number == reg;
      });
  if (isStatus)
    return machine.registers[reg];
  if (running)
    report(running->getName(*running->status),
           "register " + Twine(reg) + " is read before the task is polled");
  else if (!hasResult[reg])
    report("", "register " + Twine(reg) +
                   " is read, but no task has left a result there");
  else if (machine.sanitizer && resultRun[reg] < run)
    report("", "register " + Twine(reg) +
                   " is read, but has the result of an earlier call");
  return machine.registers[reg];
}

void Simulator::Impl::checkWritten(const DecodedTask &task) {
  const bool keepsValues = device.getTraits().registersKeepValues;
  llvm::SmallVector<const Register *> missing, kept;
  for (const Register *reg : task.written) {
    if (writtenAt[reg->number] == 0)
      missing.push_back(reg);
    else if (writtenAt[reg->number] < (keepsValues ? firstEpoch : epoch))
      kept.push_back(reg);
  }
  auto reportAll = [&](llvm::ArrayRef<const Register *> regs,
                       const Twine &what) {
    if (regs.empty())
      return;
    // A task that starts twice has dozens, and one reason.
    constexpr size_t most = 3;
    std::string names;
    for (const Register *reg : regs.take_front(most))
      names += (names.empty() ? "" : ", ") + reg->name + " = " +
               std::to_string(machine.registers[reg->number]);
    if (regs.size() > most)
      names += " and " + std::to_string(regs.size() - most) + " others";
    report(task.getName(*regs.front()), "the task reads " + names + what);
  };
  reportAll(missing, ", which nobody ever wrote");
  reportAll(kept, keepsValues
                      ? ", which nobody wrote in this call: nobody knows what "
                        "was there before it"
                      : ", which nobody wrote since the start before: the "
                        "value of an earlier task is kept");
}

void Simulator::Impl::start(uint32_t reg, uint32_t value) {
  const DecodedTask *task = decoder.lookup(reg, value, machine.registers);
  if (running)
    report(running->getName(*running->status),
           "the next task starts before this one is polled");
  running = task ? task : decoder.lookup(reg);
  machine.registers[running->status->number] = 0;
  if (!task) {
    report(running->getName(*running->opcode),
           "the value " + Twine(value) + " starts no task");
  } else if (!task->support->execute) {
    report(task->getName(*task->opcode),
           "the simulator cannot run " + task->getTable().getName());
  } else if (knowsConventions) {
    if (machine.sanitizer)
      checkWritten(*task);
    StartExecution execution(machine, *task, mark, starts);
    execution.run();
    for (const Register *result : execution.getResults()) {
      hasResult[result->number] = true;
      resultRun[result->number] = run;
    }
  }
  machine.registers[running->status->number] = running->status->value;
  ++epoch;
  ++starts;
}

//===----------------------------------------------------------------------===//
// Interface
//===----------------------------------------------------------------------===//

Simulator::Simulator(const DeviceInfo &device, std::vector<PlanRegion> plan,
                     SimulatorOptions options)
    : impl(std::make_unique<Impl>(device, std::move(plan), options)) {}
Simulator::~Simulator() = default;

void Simulator::beginRun(int64_t seq, int64_t past) {
  impl->beginRun(seq, past);
}
void Simulator::endRun() { impl->endRun(); }
void Simulator::task(int32_t layer, llvm::StringRef name) {
  impl->blocks.task(layer, name);
}
void Simulator::write(uint32_t reg, uint32_t value) {
  impl->blocks.write(reg, value);
}
void Simulator::poll(uint32_t reg, uint32_t value) {
  impl->blocks.poll(reg, value);
}
uint32_t Simulator::read(uint32_t reg) { return impl->blocks.read(reg); }
EventSink *Simulator::watch(EventSink &watcher) {
  return &impl->blocks.setNext(watcher);
}
void Simulator::nameInstructions(std::map<int64_t, InstructionName> names) {
  impl->blocks.nameInstructions(std::move(names));
}

llvm::ArrayRef<Finding> Simulator::getFindings() const {
  return impl->log.getFindings();
}
