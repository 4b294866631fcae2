//===- DecodeComparison.cpp - Whether decode does what run does -----------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DLAVM/Check/DecodeComparison.h"
#include "DLAVM/Check/BlockExpander.h"
#include "DLAVM/Check/FindingLog.h"

#include <map>

using namespace dlavm;
using namespace llvm;

namespace {

/// Registers have 32 bits; this stands for what the call did not write.
constexpr uint64_t unknown = uint64_t(1) << 32;

/// What a call does to the device, without the writes that no start sees.
class CallRecord : public EventSink {
public:
  struct Event {
    enum Kind { Op, Start, Write, Poll, Read } kind;
    /// Of all but Op and Start.
    uint32_t reg = 0, value = 0;
    Mark mark = {};
    const DecodedTask *task = nullptr;
    /// Of Start: the first of the values of its registers.
    size_t values = 0;
  };

  CallRecord(const TaskDecoder &decoder, FindingLog &log)
      : decoder(decoder), log(log), file(decoder.getRegisterEnd()),
        registers(decoder.getRegisterEnd()) {}

  void begin() {
    std::fill(file.begin(), file.end(), unknown);
    events.clear();
    values.clear();
  }

  void task(int32_t layer, StringRef name) override {
    events.push_back({Event::Op, 0, 0, {layer, log.intern(name)}});
  }
  void write(uint32_t reg, uint32_t value) override {
    if (reg < file.size())
      file[reg] = registers[reg] = value;
    const DecodedTask *task = decoder.lookup(reg, value, registers);
    if (!task) {
      // A wrong opcode, or a register of no task.
      if (decoder.isOpcode(reg) || !decoder.isWritten(reg))
        events.push_back({Event::Write, reg, value});
      return;
    }
    events.push_back({Event::Start, reg, value, {}, task, values.size()});
    for (const Register *written : task->written)
      values.push_back(file[written->number]);
  }
  void poll(uint32_t reg, uint32_t value) override {
    events.push_back({Event::Poll, reg, value});
  }
  uint32_t read(uint32_t reg) override {
    events.push_back({Event::Read, reg});
    return 0;
  }

  ArrayRef<Event> getEvents() const { return events; }
  ArrayRef<uint64_t> getValues(const Event &start) const {
    return ArrayRef(values).slice(start.values, start.task->written.size());
  }

private:
  const TaskDecoder &decoder;
  FindingLog &log;
  std::vector<uint64_t> file;
  /// The same for the decoder, which knows no unknown values.
  std::vector<uint32_t> registers;
  std::vector<Event> events;
  std::vector<uint64_t> values;
};

} // namespace

class DecodeComparison::Impl {
public:
  explicit Impl(const DeviceInfo &device)
      : device(device), decoder(device), run(decoder, log),
        decode(decoder, log),
        runBlocks(device, memory, run, ignore),
        decodeBlocks(device, memory, decode, ignore) {}

  void compare(int64_t past);

  const DeviceInfo &device;
  TaskDecoder decoder;
  FindingLog log;
  CallRecord run, decode;
  BlockImage memory;
  /// Where the events come in.
  BlockExpander runBlocks, decodeBlocks;

private:
  using Event = CallRecord::Event;

  /// What is wrong with blocks is a finding of the checker.
  static void ignore(StringRef, const Twine &) {}

  std::string describe(const Event &event) const;
  /// True if both are the same; reports if not.
  bool compare(const Event &expected, const Event &found);
  bool compareStarts(const Event &expected, const Event &found);
  /// Reports a map that decode takes from the chip where another task left it
  /// than the one that wrote what run reads. Adds the registers of maps on the
  /// chip to \p onChip: their addresses are others than those of run.
  bool compareMaps(const Event &expected, const Event &found,
                   SmallVectorImpl<const Register *> &onChip);

  /// The start that wrote a map last, by memory and address, for all memories
  /// in run and for those on the chip in decode.
  using Writers = std::map<std::pair<const Memory *, int64_t>, unsigned>;
  Writers runWriters, decodeWriters;

  /// Where the comparison is.
  Mark mark;
  unsigned start = 0;
};

/// "polls register 1 for 1"
std::string DecodeComparison::Impl::describe(const Event &event) const {
  const std::string reg = "register " + std::to_string(event.reg);
  switch (event.kind) {
  case Event::Op:
    return "comes to " + log.describe(event.mark);
  case Event::Start:
    return "starts " + event.task->getTable().getName().str();
  case Event::Write:
    return "writes " + std::to_string(event.value) + " to " + reg;
  case Event::Poll:
    return "polls " + reg + " for " + std::to_string(event.value);
  case Event::Read:
    return "reads " + reg;
  }
  llvm_unreachable("unknown kind of event");
}

bool DecodeComparison::Impl::compareMaps(
    const Event &expected, const Event &found,
    SmallVectorImpl<const Register *> &onChip) {
  const DecodedTask &task = *found.task;
  if (!device.getOnChipMemory() || !task.support->extents)
    return true;
  struct Call {
    std::vector<uint32_t> file;
    SmallVector<Extent> extents;
  };
  auto createCall = [&](ArrayRef<uint64_t> values) {
    Call call;
    call.file.resize(decoder.getRegisterEnd());
    for (auto [reg, value] : zip_equal(task.written, values))
      call.file[reg->number] = static_cast<uint32_t>(value);
    task.support->extents(RegisterValues(task.getTable(), call.file), device,
                          call.extents);
    return call;
  };
  const Call ran = createCall(run.getValues(expected));
  const Call decoded = createCall(decode.getValues(found));
  const RegisterValues inRun(task.getTable(), ran.file);
  const RegisterValues inDecode(task.getTable(), decoded.file);
  auto isMap = [](const Extent &extent) {
    return extent.reg->role == RegisterRole::MapIn ||
           extent.reg->role == RegisterRole::MapOut;
  };
  auto getPlace = [&](const RegisterValues &values, const Register &reg) {
    return std::pair(&device.getMemory(values, reg), values.getAddress(reg));
  };
  for (const Extent &extent : decoded.extents) {
    const Register &reg = *extent.reg;
    const auto place = getPlace(inDecode, reg);
    if (!isMap(extent) || !place.first->isOnChip)
      continue;
    onChip.push_back(&reg);
    if (reg.role == RegisterRole::MapOut)
      continue;
    auto left = decodeWriters.find(place);
    auto wrote = runWriters.find(getPlace(inRun, reg));
    if (left != decodeWriters.end() && wrote != runWriters.end() &&
        left->second == wrote->second)
      continue;
    auto describe = [](Writers::iterator it, const Writers &writers) {
      return it == writers.end() ? std::string("no start")
                                 : "start " + std::to_string(it->second);
    };
    log.report(mark, start, task.getName(reg), "",
               Twine(reg.name) + " is on the chip in decode, where " +
                   describe(left, decodeWriters) + " left a map, but " +
                   describe(wrote, runWriters) + " wrote the one in run");
    return false;
  }
  for (const Extent &extent : ran.extents)
    if (extent.reg->role == RegisterRole::MapOut)
      runWriters[getPlace(inRun, *extent.reg)] = start;
  for (const Register *reg : onChip)
    if (reg->role == RegisterRole::MapOut)
      decodeWriters[getPlace(inDecode, *reg)] = start;
  return true;
}

bool DecodeComparison::Impl::compareStarts(const Event &expected,
                                           const Event &found) {
  SmallVector<const Register *> onChip;
  if (!compareMaps(expected, found, onChip))
    return false;
  for (auto [reg, wanted, value] :
       zip_equal(found.task->written, run.getValues(expected),
                 decode.getValues(found))) {
    // A register that neither has written is a finding of the checker. What
    // says that maps are on the chip is right where they are.
    if (wanted == value || is_contained(onChip, reg) ||
        (reg->role == RegisterRole::OnChip && wanted == 0 && value != unknown))
      continue;
    auto describe = [](uint64_t value) {
      return value == unknown ? std::string("unknown") : std::to_string(value);
    };
    log.report(mark, start, found.task->getName(*reg), "",
               Twine(reg->name) + " is " + describe(value) +
                   " in decode, but " + describe(wanted) + " in run");
    return false;
  }
  return true;
}

bool DecodeComparison::Impl::compare(const Event &expected,
                                     const Event &found) {
  const bool isSame =
      expected.kind == found.kind && expected.mark == found.mark &&
      expected.task == found.task &&
      (expected.kind == Event::Start ||
       (expected.reg == found.reg && expected.value == found.value));
  if (!isSame) {
    log.report(mark, start, "", "",
               "decode " + describe(found) + " where run " +
                   describe(expected));
    return false;
  }
  if (expected.kind == Event::Op)
    mark = expected.mark;
  if (expected.kind != Event::Start)
    return true;
  return compareStarts(expected, found) && ++start;
}

void DecodeComparison::Impl::compare(int64_t past) {
  log.beginRun(1, past);
  mark = {};
  start = 0;
  runWriters.clear();
  decodeWriters.clear();
  const ArrayRef<Event> expected = run.getEvents(), found = decode.getEvents();
  for (auto [a, b] : zip(expected, found))
    if (!compare(a, b))
      return;
  if (found.size() < expected.size())
    log.report(mark, start, "", "",
               "decode ends where run " + describe(expected[found.size()]));
  if (found.size() > expected.size())
    log.report(mark, start, "", "",
               "decode " + describe(found[expected.size()]) +
                   " where run ends");
}

DecodeComparison::DecodeComparison(const DeviceInfo &device)
    : impl(std::make_unique<Impl>(device)) {}
DecodeComparison::~DecodeComparison() = default;

EventSink &DecodeComparison::beginRun() {
  impl->run.begin();
  impl->runBlocks.beginRun();
  return impl->runBlocks;
}

EventSink &DecodeComparison::beginDecode() {
  impl->decode.begin();
  impl->decodeBlocks.beginRun();
  return impl->decodeBlocks;
}

void DecodeComparison::load(const Instructions &instructions) {
  impl->runBlocks.load(instructions);
  impl->decodeBlocks.load(instructions);
}

void DecodeComparison::end(int64_t past) { impl->compare(past); }

ArrayRef<Finding> DecodeComparison::getFindings() const {
  return impl->log.getFindings();
}
