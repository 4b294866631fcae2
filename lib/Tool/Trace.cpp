//===- Trace.cpp - dlavm trace ------------------------------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DLAVM/Check/TaskDecoder.h"
#include "DLAVM/Check/TracePrinter.h"
#include "DLAVM/Device/DeviceInfo.h"
#include "DLAVM/Tool/Tool.h"
#include "Errors.h"
#include "OpenedDriver.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/SHA256.h"
#include "llvm/Support/raw_ostream.h"

using namespace dlavm;
using namespace llvm;

std::optional<Sweep> dlavm::parseSweep(StringRef text) {
  Sweep sweep;
  SmallVector<StringRef> parts;
  text.split(parts, ',');
  for (StringRef part : parts) {
    SmallVector<StringRef> fields;
    part.split(fields, ':');
    // first, last and step
    int64_t numbers[3] = {0, 0, 1};
    if (fields.size() > 3)
      return std::nullopt;
    for (auto [i, field] : enumerate(fields))
      if (field.getAsInteger(10, numbers[i]) || numbers[i] < 0 ||
          numbers[i] > std::numeric_limits<int32_t>::max())
        return std::nullopt;
    const auto [first, end, step] = numbers;
    const int64_t last = fields.size() > 1 ? end : first;
    if (last < first || step < 1 || (last - first) / step > 1000000)
      return std::nullopt;
    for (int64_t value = first; value <= last; value += step)
      sweep.values.push_back(value);
  }
  return sweep;
}

namespace {

/// Prints events as check_trace.py reads them.
class PlainPrinter : public EventSink {
public:
  explicit PlainPrinter(raw_ostream &os) : os(os) {}
  void task(int32_t layer, StringRef name) override {
    os << "# task " << layer << " " << name << "\n";
  }
  void write(uint32_t reg, uint32_t value) override {
    os << "W " << reg << " " << value << "\n";
  }
  void poll(uint32_t reg, uint32_t value) override {
    os << "P " << reg << " " << value << "\n";
  }
  uint32_t read(uint32_t reg) override {
    os << "# R " << reg << "\n";
    return 0;
  }

private:
  raw_ostream &os;
};

/// Hashes the stream with addresses left out, as check_trace.py --hash does. An
/// address is a register through which the started task touches memory.
class HashingSink : public EventSink {
public:
  explicit HashingSink(const DeviceInfo &device)
      : device(device), decoder(device), file(decoder.getRegisterEnd()) {}

  void task(int32_t, StringRef) override {}
  uint32_t read(uint32_t) override { return 0; }
  void write(uint32_t reg, uint32_t value) override {
    pending.push_back({reg, value});
    if (reg < file.size())
      file[reg] = value;
    if (const DecodedTask *task = decoder.lookup(reg, value, file))
      current = task;
  }
  void poll(uint32_t reg, uint32_t value) override {
    SmallVector<Extent> extents;
    if (current && current->support->extents)
      current->support->extents(RegisterValues(current->getTable(), file),
                                device, extents);
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
  TaskDecoder decoder;
  std::vector<uint32_t> file;
  const DecodedTask *current = nullptr;
  std::vector<std::pair<uint32_t, uint32_t>> pending;
  SHA256 hash;
  int64_t events = 0;
};

} // namespace

int dlavm::runTrace(const TraceCommand &command) {
  Expected<OpenedDriver> driver = OpenedDriver::open(command.directory);
  if (!driver)
    return reportError(driver.takeError());
  const DriverPlan &plan = driver->plan;
  const DeviceInfo &device = *driver->device;
  const bool isSweep =
      command.seq.values.size() * command.past.values.size() > 1;
  int64_t calls = 0;
  // A trace appears whole or not at all, unless it is very large.
  constexpr size_t kMaxKept = 256 << 20;
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
      PlainPrinter plain(os);
      TracePrinter printer(device, os);
      ForwardingSink<TracePrinter> named(printer);
      HashingSink hashing(device);
      EventSink &sink = command.hash    ? static_cast<EventSink &>(hashing)
                        : command.names ? static_cast<EventSink &>(named)
                                        : plain;
      if (llvm::Error error = driver->library->run(seq, past, sink))
        return reportError(std::move(error));
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
  outs() << text;
  return 0;
}
