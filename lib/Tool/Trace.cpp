//===- Trace.cpp - dlavm trace ------------------------------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DLAVM/Check/BlockExpander.h"
#include "DLAVM/Check/TaskDecoder.h"
#include "DLAVM/Check/TracePrinter.h"
#include "DLAVM/Device/DeviceInfo.h"
#include "DLAVM/Tool/Tool.h"
#include "Errors.h"
#include "Findings.h"
#include "OpenedDriver.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/SHA256.h"
#include "llvm/Support/raw_ostream.h"

using namespace dlavm;
using namespace llvm;

Expected<Sweep> dlavm::parseSweep(StringRef text) {
  // More than the context of any device.
  constexpr int64_t most = 1000000;
  auto fail = [] {
    return createStringError(
        "is no token count; write 19, 1,19,128 or 1:2048:64");
  };
  Sweep sweep;
  SmallVector<StringRef> parts;
  text.split(parts, ',');
  for (StringRef part : parts) {
    SmallVector<StringRef> fields;
    part.split(fields, ':');
    // first, last and step
    int64_t numbers[3] = {0, 0, 1};
    if (fields.size() > 3)
      return fail();
    for (auto [i, field] : enumerate(fields))
      if (field.getAsInteger(10, numbers[i]) || numbers[i] < 0 ||
          numbers[i] > std::numeric_limits<int32_t>::max())
        return fail();
    const auto [first, end, step] = numbers;
    const int64_t last = fields.size() > 1 ? end : first;
    if (last < first || step < 1)
      return fail();
    const int64_t room = most - static_cast<int64_t>(sweep.values.size());
    if ((last - first) / step >= room)
      return createStringError("has more than a million token counts");
    for (int64_t value = first; value <= last; value += step)
      sweep.values.push_back(value);
  }
  return sweep;
}

namespace {

/// Hands on what belongs to the tasks that the user asks for.
class TaskFilter : public EventSink {
public:
  TaskFilter(const TraceCommand &command, EventSink &next)
      : command(command), next(next) {}
  void task(int32_t layer, StringRef name) override {
    isWanted = (!command.task || *command.task == name) &&
               (!command.layer || *command.layer == layer);
    if (!isWanted)
      return;
    ++count;
    next.task(layer, name);
  }
  void write(uint32_t reg, uint32_t value) override {
    if (isWanted)
      next.write(reg, value);
  }
  void poll(uint32_t reg, uint32_t value) override {
    if (isWanted)
      next.poll(reg, value);
  }
  uint32_t read(uint32_t reg) override { return isWanted ? next.read(reg) : 0; }

  /// Of the tasks that were handed on.
  int64_t count = 0;

private:
  const TraceCommand &command;
  EventSink &next;
  bool isWanted = false;
};

/// Prints events as check_trace.py reads them; with \p isHex, values as an RTL
/// bench shows them.
class PlainPrinter : public EventSink {
public:
  PlainPrinter(raw_ostream &os, bool isHex) : os(os), isHex(isHex) {}
  void task(int32_t layer, StringRef name) override {
    os << "# task " << layer << " " << name << "\n";
  }
  void write(uint32_t reg, uint32_t value) override { print("W ", reg, value); }
  void poll(uint32_t reg, uint32_t value) override { print("P ", reg, value); }
  uint32_t read(uint32_t reg) override {
    os << "# R " << reg << "\n";
    return 0;
  }

private:
  void print(StringRef kind, uint32_t reg, uint32_t value) {
    os << kind << reg << " ";
    if (isHex)
      os << format_hex(value, 10);
    else
      os << value;
    os << "\n";
  }

  raw_ostream &os;
  const bool isHex;
};

/// Hashes the stream with addresses left out, as check_trace.py --hash does. An
/// address is a register through which the started task touches memory.
class HashingSink : public EventSink {
public:
  explicit HashingSink(const DeviceInfo &device)
      : device(device), decoder(device) {}

  void task(int32_t, StringRef) override {}
  uint32_t read(uint32_t) override { return 0; }
  void write(uint32_t reg, uint32_t value) override {
    pending.push_back({reg, value});
    if (const DecodedTask *task = decoder.write(reg, value))
      current = task;
  }
  void poll(uint32_t reg, uint32_t value) override {
    SmallVector<Extent> extents;
    if (current && current->support->extents)
      current->support->extents(decoder.getValues(*current), device, extents);
    for (const auto &write : pending) {
      const bool isAddress = any_of(extents, [&](const Extent &extent) {
        return extent.reg->number == write.first;
      });
      add('W', write.first, isAddress ? "A" : std::to_string(write.second));
    }
    add('P', reg, std::to_string(value));
    pending.clear();
    current = nullptr;
  }

  int64_t getEvents() const { return events; }
  std::string getHash() { return toHex(hash.final(), /*LowerCase=*/true); }

private:
  void add(char kind, uint32_t reg, const std::string &value) {
    hash.update(std::string(1, kind) + " " + std::to_string(reg) + " " + value +
                "\n");
    ++events;
  }

  const DeviceInfo &device;
  StartDecoder decoder;
  const DecodedTask *current = nullptr;
  std::vector<std::pair<uint32_t, uint32_t>> pending;
  SHA256 hash;
  int64_t events = 0;
};

} // namespace

/// Why no task was printed.
static std::string describeTasks(const TraceCommand &command,
                                 const DriverPlan &plan) {
  std::string text = "the driver runs no task";
  if (command.task)
    text += " '" + *command.task + "'";
  if (command.layer)
    text += " of layer " + std::to_string(*command.layer);
  return text + " in these calls; its tasks are " + listTasks(plan);
}

/// What can be known before the driver is compiled. The driver says the same of
/// its calls.
static Error checkCommand(const TraceCommand &command, const DriverPlan &plan) {
  const bool hasTask =
      !command.task || any_of(plan.tasks, [&](const PlanTask &task) {
        return task.name == *command.task;
      });
  int64_t layers = 0;
  for (const PlanObject &object : plan.objects)
    layers = std::max(layers, object.layers);
  if (!hasTask || (command.layer && layers > 0 &&
                   (*command.layer < -1 || *command.layer >= layers)))
    return createStringError(describeTasks(command, plan));
  if (command.decode && none_of(plan.functions, [](const HostFunction &f) {
        return f.kind == "decode";
      }))
    return createStringError("the driver has no function for calls of one "
                             "token, which --decode traces");
  // Sweeps skip what exceeds the context.
  if (command.hash)
    return Error::success();
  for (int64_t seq : command.seq.values) {
    if (seq < 1)
      return createStringError("seq is " + Twine(seq) +
                               ", but a call processes at least one token");
    const auto past = find_if(command.past.values, [&](int64_t value) {
      return seq + value > plan.maxTokens;
    });
    if (past != command.past.values.end())
      return createStringError("seq + past is " + Twine(seq) + " + " +
                               Twine(*past) + " = " + Twine(seq + *past) +
                               ", but this driver was made for at most " +
                               Twine(plan.maxTokens) + " tokens");
  }
  return Error::success();
}

int dlavm::runTrace(const TraceCommand &command) {
  Expected<OpenedPlan> opened = OpenedPlan::open(command.directory);
  if (!opened)
    return reportError(opened.takeError());
  if (Error error = checkCommand(command, opened->plan))
    return reportError(std::move(error));
  Expected<OpenedDriver> driver =
      OpenedDriver::open(command.directory, std::move(*opened));
  if (!driver)
    return reportError(driver.takeError());
  const DriverPlan &plan = driver->plan;
  const DeviceInfo &device = *driver->device;
  const bool isSweep =
      command.seq.values.size() * command.past.values.size() > 1;
  const bool isFiltered = command.task || command.layer;
  int64_t calls = 0, found = 0;
  // A trace appears whole or not at all, unless it is very large.
  constexpr size_t kMaxKept = 16 << 20;
  std::string text;
  raw_string_ostream os(text);
  // Sweeps skip what exceeds the context; a single call is refused.
  auto exceeds = [&](int64_t tokens) {
    return command.hash && tokens > plan.maxTokens;
  };
  std::vector<int64_t> seqs = command.seq.values, pasts = command.past.values;
  erase_if(seqs, exceeds);
  erase_if(pasts, exceeds);
  for (int64_t seq : seqs)
    for (int64_t past : pasts) {
      if (exceeds(seq + past))
        continue;
      ++calls;
      if (isSweep && !command.hash)
        os << "# call " << seq << " " << past << "\n";
      PlainPrinter plain(os, command.hex);
      TracePrinter printer(device, os, command.hex);
      ForwardingSink<TracePrinter> named(printer);
      HashingSink hashing(device);
      EventSink &sink = command.hash    ? static_cast<EventSink &>(hashing)
                        : command.names ? static_cast<EventSink &>(named)
                                        : plain;
      TaskFilter filter(command, sink);
      EventSink &tasks = isFiltered ? static_cast<EventSink &>(filter) : sink;
      // Who asks for tasks means those of blocks as well.
      BlockImage image;
      BlockExpander expander(device, image, tasks,
                             [&](StringRef reg, const Twine &message) {
                               os << "# " << reg << ": " << message << "\n";
                             });
      const bool isExpanded = command.decode && (isFiltered || command.hash);
      EventSink &first =
          isExpanded ? static_cast<EventSink &>(expander) : tasks;
      if (Error error = isExpanded ? driver->loadInstructions(expander)
                                   : driver->loadInstructions(printer))
        return reportError(std::move(error));
      if (llvm::Error error = command.decode
                                  ? driver->library->decode(past, first)
                                  : driver->library->run(seq, past, first))
        return reportError(std::move(error));
      found += filter.count;
      if (command.names)
        printer.endRun();
      if (command.hash)
        os << seq << " " << past << " " << hashing.getEvents() << " "
           << StringRef(hashing.getHash()).take_front(16) << "\n";
      if (text.size() > kMaxKept) {
        outs() << text;
        text.clear();
      }
      // main() says why nothing can be printed.
      if (outs().has_error())
        return 1;
    }
  if (calls == 0)
    return reportError(
        "no call to trace: seq must be at least 1 and seq + past at "
        "most " +
        Twine(plan.maxTokens));
  if (isFiltered && found == 0)
    return reportError(describeTasks(command, plan));
  outs() << text;
  return 0;
}
