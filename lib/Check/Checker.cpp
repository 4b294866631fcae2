//===- Checker.cpp - What a recorded run shows ----------------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DLAVM/Check/Checker.h"
#include "DLAVM/Check/BlockExpander.h"
#include "OpChecker.h"
#include "StartCache.h"

using namespace dlavm;
using llvm::Twine;

class Checker::Impl final : public EventSink {
public:
  Impl(const DeviceInfo &device, std::vector<PlanRegion> regions,
       std::vector<PlannedTask> tasks);

  void beginRun(int64_t seq, int64_t past);
  void task(int32_t layer, llvm::StringRef name) override;
  void write(uint32_t reg, uint32_t value) override;
  void poll(uint32_t reg, uint32_t value) override;
  uint32_t read(uint32_t reg) override;
  void endRun(bool onlySomeLayers);
  void report(llvm::StringRef reg, const Twine &message) {
    run.report(reg, message);
  }

  FindingLog log;
  BlockImage blockImage;
  /// Where the events come in.
  BlockExpander blocks;

private:
  /// Everything about one start, in the order of these functions.
  void start(uint32_t reg, uint32_t value);
  void checkWritten(const DecodedTask &task);
  OpChecker::Operands getOperands(const DecodedTask &task);
  void checkPlacement(const DecodedTask &task, const Operand &operand);

  const DeviceInfo &device;
  TaskDecoder decoder;
  Plan plan;
  CheckedRun run;
  StartCache cache;
  Dataflow dataflow;
  OpChecker op;

  bool hasPendingWrites = false;
  /// Whether this run writes a register, known or not.
  bool hasWrites = false;
  /// The task that nobody has polled yet, or null.
  const DecodedTask *running = nullptr;
};

Checker::Impl::Impl(const DeviceInfo &device, std::vector<PlanRegion> regions,
                    std::vector<PlannedTask> tasks)
    : blocks(device, blockImage, *this,
             [this](llvm::StringRef reg, const Twine &message) {
               report(reg, message);
             }),
      device(device), decoder(device),
      plan(device, std::move(regions), std::move(tasks)),
      run(device, decoder.getRegisterEnd(), plan, log), cache(device),
      dataflow(device, plan, log),
      op(run, device, decoder, plan, dataflow, log) {}

//===----------------------------------------------------------------------===//
// Protocol
//===----------------------------------------------------------------------===//

void Checker::Impl::beginRun(int64_t seq, int64_t past) {
  log.beginRun(seq, past);
  run.begin(seq, past);
  blocks.beginRun();
  dataflow.beginRun(seq, past);
  plan.beginRun();
  op.beginRun();
  hasPendingWrites = hasWrites = false;
  running = nullptr;
}

void Checker::Impl::endRun(bool onlySomeLayers) {
  blocks.endRun();
  op.finish();
  plan.endRun(log, onlySomeLayers);
  // Whoever finds no fault in nothing has checked nothing. Writes without a
  // start have findings of their own.
  if (run.starts == 0 && !hasWrites)
    report("", "the run starts no task, so it computes nothing");
  if (running)
    report(running->getName(*running->status),
           "the run ends before the last task is polled");
  if (hasPendingWrites)
    report("", "the writes after the last start start no task");
  running = nullptr;
}

void Checker::Impl::task(int32_t layer, llvm::StringRef name) {
  if (run.mark.layer == layer && log.getName(run.mark.name) == name)
    return;
  op.finish();
  run.mark = {layer, log.intern(name)};
  plan.checkTask(run.mark, run.starts, log);
}

void Checker::Impl::write(uint32_t reg, uint32_t value) {
  hasWrites = true;
  if (!decoder.isWritten(reg)) {
    report("", "no task has a register " + Twine(reg) + " that is written");
    return;
  }
  run.write(reg, value);
  hasPendingWrites = true;
  if (decoder.isOpcode(reg))
    start(reg, value);
}

void Checker::Impl::poll(uint32_t reg, uint32_t value) {
  if (!running) {
    report("", "register " + Twine(reg) + " is polled, but no task is running");
    return;
  }
  const Register &status = *running->status;
  if (reg != status.number || value != status.value)
    report(running->getName(status),
           "register " + Twine(reg) + " is polled until it is " + Twine(value) +
               ", but the task is done when register " + Twine(status.number) +
               " is " + Twine(status.value));
  running = nullptr;
}

uint32_t Checker::Impl::read(uint32_t reg) {
  if (!decoder.isReadable(reg))
    report("", "no task has a result in register " + Twine(reg));
  else if (running)
    report(running->getName(*running->status),
           "register " + Twine(reg) + " is read before the task is polled");
  return 0;
}

//===----------------------------------------------------------------------===//
// Starts
//===----------------------------------------------------------------------===//

void Checker::Impl::start(uint32_t reg, uint32_t value) {
  const DecodedTask *task = decoder.lookup(reg, value, run.getFile());
  if (running)
    report(running->getName(*running->status),
           "the next task starts before this one is polled");
  if (!task) {
    running = decoder.lookup(reg);
    report(running->getName(*running->opcode),
           "the value " + Twine(value) + " starts no task");
    op.finish();
  } else {
    running = task;
    checkWritten(*task);
    op.add(*task, getOperands(*task));
  }
  hasPendingWrites = false;
  run.endStart();
}

void Checker::Impl::checkWritten(const DecodedTask &task) {
  llvm::SmallVector<const Register *> missing;
  llvm::copy_if(task.written, std::back_inserter(missing),
                [&](const Register *reg) { return !run.isKnown(*reg); });
  if (missing.empty())
    return;
  if (missing.size() == 1)
    return report(task.getName(*missing.front()),
                  Twine(missing.front()->name) +
                      " is not written before the task starts");
  // A task that starts twice has dozens, and one reason.
  constexpr size_t most = 3;
  std::string names = missing.front()->name;
  for (const Register *reg :
       llvm::ArrayRef(missing).drop_front().take_front(most - 1))
    names += ", " + reg->name;
  report("", Twine(missing.size()) + " of the " + Twine(task.written.size()) +
                 " registers of " + task.getTable().getName() +
                 " are not written before the task starts: " + names +
                 (missing.size() > most ? ", ..." : ""));
}

OpChecker::Operands Checker::Impl::getOperands(const DecodedTask &task) {
  const StartFacts &facts = cache.get(task, run.getFile());
  for (const auto &[reg, problem] : facts.problems)
    report(task.getName(*reg), Twine(reg->name) + " " + problem);
  OpChecker::Operands operands;
  for (const StartFacts::RelativeExtent &extent : facts.extents) {
    const int64_t address =
        RegisterValues(task.getTable(), run.getFile()).getAddress(*extent.reg);
    operands.push_back(
        {extent.reg,
         extent.memory,
         {address + extent.bytes.begin, address + extent.bytes.end},
         address,
         extent.isReused});
    checkPlacement(task, operands.back());
  }
  return operands;
}

void Checker::Impl::checkPlacement(const DecodedTask &task,
                                   const Operand &operand) {
  const Memory &memory = device.getMemories()[operand.memory];
  if (operand.bytes.begin % memory.minimumAlignment != 0)
    run.report(task, operand,
               "the address " + Twine(operand.bytes.begin) +
                   " is not a multiple of " + Twine(memory.minimumAlignment));
  if (operand.bytes.begin < 0 || operand.bytes.end > memory.capacity)
    run.report(task, operand,
               "the operand, " + FindingLog::describe(operand.bytes) +
                   ", leaves the memory of " + Twine(memory.capacity) +
                   " bytes");
}

//===----------------------------------------------------------------------===//
// Interface
//===----------------------------------------------------------------------===//

Checker::Checker(const DeviceInfo &device, std::vector<PlanRegion> plan,
                 std::vector<PlannedTask> tasks)
    : impl(std::make_unique<Impl>(device, std::move(plan), std::move(tasks))) {}
Checker::~Checker() = default;

void Checker::beginRun(int64_t seq, int64_t past) { impl->beginRun(seq, past); }
void Checker::task(int32_t layer, llvm::StringRef name) {
  impl->blocks.task(layer, name);
}
void Checker::write(uint32_t reg, uint32_t value) {
  impl->blocks.write(reg, value);
}
void Checker::poll(uint32_t reg, uint32_t value) {
  impl->blocks.poll(reg, value);
}
void Checker::read(uint32_t reg) { impl->blocks.read(reg); }
void Checker::dmaWrite(uint64_t address, llvm::ArrayRef<uint8_t> bytes) {
  impl->blocks.dmaWrite(address, bytes);
}
void Checker::load(const Instructions &instructions) {
  impl->blocks.load(instructions);
}
void Checker::endRun(bool onlySomeLayers) { impl->endRun(onlySomeLayers); }
void Checker::report(const Twine &message) { impl->report("", message); }
llvm::ArrayRef<Finding> Checker::getFindings() const {
  return impl->log.getFindings();
}
