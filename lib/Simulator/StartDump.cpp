//===- StartDump.cpp - Memory images of starts ----------------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DLAVM/Simulator/StartDump.h"
#include "DLAVM/Check/TracePrinter.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FormatVariadic.h"

using namespace dlavm;
using namespace llvm;

static constexpr StringLiteral kTraceFile = "trace.txt";

static Error failIndex(const OutputDirectory &output, std::error_code code) {
  return createStringError(code, "cannot write " +
                                     output.getPlace(kDumpIndexFile) + ": " +
                                     code.message());
}

Expected<std::unique_ptr<StartDump>>
StartDump::create(OutputDirectory output, DumpSelection selection,
                  const DeviceInfo &device, std::vector<PlanRegion> plan,
                  Simulator &simulator) {
  Expected<std::string> file = output.stage(kDumpIndexFile);
  if (!file)
    return file.takeError();
  std::error_code code;
  auto indexFile = std::make_unique<raw_fd_ostream>(*file, code);
  if (code)
    return failIndex(output, code);
  return std::unique_ptr<StartDump>(new StartDump(
      std::move(output), std::move(selection), device,
      Plan(device, std::move(plan)), simulator, std::move(indexFile)));
}

StartDump::StartDump(OutputDirectory output, DumpSelection selection,
                     const DeviceInfo &device, Plan plan, Simulator &simulator,
                     std::unique_ptr<raw_fd_ostream> file)
    : InterposedSink(simulator), output(std::move(output)),
      selection(std::move(selection)), device(device), plan(std::move(plan)),
      simulator(simulator), decoder(device), indexFile(std::move(file)),
      index(std::in_place, *indexFile, /*IndentSize=*/2) {
  setNext(*simulator.watch(*this));
  index->objectBegin();
  index->attribute("device", device.getName());
  index->attributeBegin("starts");
  index->arrayBegin();
}

StartDump::~StartDump() { closeIndex(); }

void StartDump::check(Error newError) {
  std::string text = toString(std::move(newError));
  if (error.empty())
    error = std::move(text);
}

void StartDump::closeIndex() {
  if (!index)
    return;
  index->arrayEnd();
  index->attributeEnd();
  index->objectEnd();
  index->flush();
  index.reset();
  *indexFile << "\n";
  indexFile->close();
  if (std::error_code code = indexFile->error())
    check(failIndex(output, code));
  indexFile->clear_error();
}

//===----------------------------------------------------------------------===//
// Calls
//===----------------------------------------------------------------------===//

void StartDump::beginCall(int64_t newSeq, int64_t newPast) {
  ++call;
  seq = newSeq;
  past = newPast;
  starts = 0;
  layer = -1;
  name.clear();
  writes.clear();
}

Error StartDump::endCall() {
  finishStart(std::nullopt);
  return error.empty() ? Error::success() : createStringError(error);
}

Error StartDump::commit() {
  closeIndex();
  if (Error error = endCall())
    return error;
  return output.commit();
}

//===----------------------------------------------------------------------===//
// Events
//===----------------------------------------------------------------------===//

void StartDump::task(int32_t newLayer, StringRef newName) {
  finishStart(std::nullopt);
  layer = newLayer;
  name = newName.str();
  next->task(newLayer, newName);
}

void StartDump::write(uint32_t reg, uint32_t value) {
  writes.push_back({reg, value});
  const DecodedTask *started = decoder.write(reg, value);
  if (!decoder.isOpcode(reg))
    return next->write(reg, value);
  finishStart(std::nullopt);
  if (started && (!selection.call || *selection.call == call) &&
      selection.includes(layer, name) && error.empty())
    dump(*started, reg, value);
  else
    next->write(reg, value);
  writes.clear();
  ++starts;
}

void StartDump::poll(uint32_t reg, uint32_t value) {
  finishStart(std::pair(reg, value));
  next->poll(reg, value);
}

//===----------------------------------------------------------------------===//
// Files
//===----------------------------------------------------------------------===//

/// A part of a file name. A driver may be edited, so its names may be anything.
static std::string getFileName(StringRef name) {
  std::string result = name.take_front(64).str();
  for (char &c : result)
    if (!isAlnum(c) && c != '_')
      c = '_';
  return result;
}

void StartDump::dump(const DecodedTask &task, uint32_t reg, uint32_t value) {
  SmallVector<Extent> extents;
  const RegisterValues values = decoder.getValues(task);
  if (task.support->extents)
    task.support->extents(values, device, extents);
  // The start has these from the one before it, not from memory.
  erase_if(extents, [](const Extent &extent) { return extent.isReused; });
  // In the order of the run.
  directory = formatv("call{0,0+4}-start{1,0+6}-", call, starts);
  if (layer >= 0)
    directory += formatv("layer{0,0+3}-", layer);
  directory += getFileName(name);
  startWrites = writes;
  // A bench that replays one start needs the values that are kept, too.
  if (device.getTraits().registersKeepValues) {
    startWrites.clear();
    for (const Register *written : task.written)
      startWrites.push_back({written->number, decoder.getValue(*written)});
  }
  ++count;

  index->objectBegin();
  index->attribute("call", call);
  index->attribute("seq", seq);
  index->attribute("past", past);
  index->attribute("start", starts);
  index->attribute("layer", layer);
  index->attribute("task", json::fixUTF8(name));
  index->attribute("table", task.getTable().getName());
  index->attribute("trace", (directory + "/" + kTraceFile).str());
  index->attributeBegin("images");
  index->arrayBegin();
  writeImages(values, extents, "before");
  next->write(reg, value);
  erase_if(extents,
           [](const Extent &extent) { return !isOutput(extent.reg->role); });
  writeImages(values, extents, "after");
  index->arrayEnd();
  index->attributeEnd();
  index->objectEnd();
}

void StartDump::writeImages(const RegisterValues &values,
                            ArrayRef<Extent> extents, StringRef when) {
  for (const Extent &extent : extents) {
    const Memory &memory = device.getMemory(values, *extent.reg);
    for (int64_t port = 0; port < memory.ports; ++port)
      writeImage(extent, memory, port, when);
  }
}

void StartDump::writeImage(const Extent &extent, const Memory &memory,
                           int64_t port, StringRef when) {
  const int64_t size = extent.end - extent.begin;
  const ArrayRef<uint8_t> bytes =
      simulator.getMemory(memory, port, extent.begin, size);
  if (static_cast<int64_t>(bytes.size()) != size)
    return check(createStringError(
        FindingLog::describe(ByteRange{extent.begin, extent.end}) +
        ", which start " + Twine(starts) + " of call " + Twine(call) +
        " touches through " + extent.reg->name + ", leave the " +
        Twine(memory.capacity) + " bytes of " + memory.name));
  std::string file = (directory + "/" + extent.reg->name + "." + when).str();
  if (memory.ports > 1)
    file += formatv(".{0,0+2}", port);
  file += ".bin";
  if (Error error = output.write(file, [&](raw_fd_ostream &os) {
        os.write(reinterpret_cast<const char *>(bytes.data()), bytes.size());
      }))
    return check(std::move(error));

  index->objectBegin();
  index->attribute("file", file);
  index->attribute("when", when);
  index->attribute("register", extent.reg->name);
  index->attribute("role", stringify(extent.reg->role));
  index->attribute("name",
                   json::fixUTF8(plan.getName(getMemoryIndex(device, memory),
                                              {extent.begin, extent.end})));
  index->attribute("memory", memory.name);
  index->attribute("port", port);
  index->attribute("address", extent.begin);
  index->attribute("bytes", size);
  index->objectEnd();
}

void StartDump::finishStart(
    std::optional<std::pair<uint32_t, uint32_t>> status) {
  if (directory.empty())
    return;
  std::string text;
  raw_string_ostream os(text);
  TracePrinter printer(device, os);
  printer.task(layer, name);
  for (auto [reg, value] : startWrites)
    printer.write(reg, value);
  if (status)
    printer.poll(status->first, status->second);
  if (error.empty())
    if (Error error = output.write((directory + "/" + kTraceFile).str(), text))
      check(std::move(error));
  directory.clear();
}
