//===- DriverLibrary.cpp - Compiled driver source ------------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DLAVM/Driver/DriverLibrary.h"
#include "DLAVM/Device/DeviceInfo.h"
#include "DLAVM/Support/SaturatingProduct.h"
#include "DriverCompiler.h"

#include "llvm/Support/MathExtras.h"

using namespace dlavm;
using namespace llvm;

class DriverLibrary::Impl {
public:
  Impl(OpenFile program, const DriverPlan &plan);

  llvm::Error start();
  /// Tells the device object of the process.
  llvm::Error keepInstructions();
  llvm::Error call(DriverCall &call, EventSink &sink);

  OpenFile program;
  std::unique_ptr<DriverProcess> process;
  /// What a call may do that neither runs the model nor loads parameters.
  DriverLimits limits;
  DriverLimits loadLimits, runLimits;
  /// 0 where it may be any number.
  uint64_t memory = 0;
  /// Of instruction blocks.
  std::vector<uint16_t> instructions;
};

DriverLibrary::Impl::Impl(OpenFile program, const DriverPlan &plan)
    : program(std::move(program)) {
  // A driver moves a file or a map at once, and holds a few of them.
  limits.transfer = 1 << 20;
  // It moves a map in all ports of its memory.
  const DeviceInfo *device = DeviceRegistry::instance().lookup(plan.device);
  uint64_t mapBytes = 0;
  for (const PlanBuffer &buffer : plan.buffers) {
    limits.transfer = std::max<uint64_t>(limits.transfer, buffer.bytes);
    const Memory *memory = device ? device->getMemory(buffer.memory) : nullptr;
    mapBytes = std::max<uint64_t>(
        mapBytes, saturatingProduct(buffer.bytes, memory ? memory->ports : 1));
  }
  uint64_t files = 0, fileBytes = 0;
  for (const PlanObject &object : plan.objects) {
    limits.transfer = std::max<uint64_t>(limits.transfer, object.bytes);
    const uint64_t count = std::max<int64_t>(object.layers, 1) * object.ports;
    files += count;
    fileBytes += count * object.bytes;
  }
  limits.accesses = 1024;
  limits.transfers = std::max(limits.transfer, mapBytes);
  runLimits = limits;
  // A slice too many of each task is a fault that others report better.
  runLimits.accesses += 2 * plan.accesses;
  // Who lets the device copy files moves at least a page with each start.
  loadLimits = limits;
  loadLimits.accesses += 64 * (files + fileBytes / 4096);
  loadLimits.transfers += fileBytes;
  loadLimits.fileBytes = fileBytes;
  if (!hasSanitizers())
    memory = (uint64_t(1) << 30) + 8 * limits.transfer;
}

llvm::Error DriverLibrary::Impl::start() {
  Expected<std::unique_ptr<DriverProcess>> started =
      DriverProcess::start(program, memory);
  if (!started)
    return started.takeError();
  process = std::move(*started);
  return instructions.empty() ? llvm::Error::success() : keepInstructions();
}

namespace {
/// What needs no device tells nobody anything.
class NoSink final : public EventSink {
  void task(int32_t, StringRef) override {}
  void write(uint32_t, uint32_t) override {}
  void poll(uint32_t, uint32_t) override {}
  uint32_t read(uint32_t) override { return 0; }
};
} // namespace

llvm::Error DriverLibrary::Impl::keepInstructions() {
  DriverCall request;
  request.function = KeepInstructions;
  request.input = instructions;
  request.limits = limits;
  NoSink sink;
  return process->call(request, sink);
}

llvm::Error DriverLibrary::Impl::call(DriverCall &call, EventSink &sink) {
  if (!process)
    if (llvm::Error error = start())
      return error;
  llvm::Error error = process->call(call, sink);
  // Drivers keep no other state, so another process can go on.
  if (process->hasEnded())
    process.reset();
  return error;
}

Expected<std::unique_ptr<DriverLibrary>>
DriverLibrary::load(StringRef directory, const DriverPlan &plan) {
  Expected<OpenFile> program = compileDriver(directory, plan);
  if (!program)
    return program.takeError();
  std::unique_ptr<DriverLibrary> result(new DriverLibrary);
  result->impl = std::make_unique<Impl>(std::move(*program), plan);
  if (llvm::Error error = result->impl->start())
    return error;
  result->maxTokens = plan.maxTokens;
  result->functions = plan.functions;
  if (const ParameterInfo *embedding = plan.getParameter(plan.embedding))
    result->embeddingChannels = embedding->shape.back();
  return result;
}

DriverLibrary::~DriverLibrary() = default;

//===----------------------------------------------------------------------===//
// Calls
//===----------------------------------------------------------------------===//

llvm::Error DriverLibrary::fail(StringRef kind, const Twine &wanted) const {
  std::string known;
  for (const HostFunction &function : functions)
    if (function.kind == kind)
      known += (known.empty() ? "" : ", ") + function.name;
  return createStringError("the driver has no " + wanted +
                           "; its functions of "
                           "the kind '" +
                           kind + "' are: " + (known.empty() ? "none" : known));
}

Expected<size_t> DriverLibrary::find(StringRef kind, unsigned index) const {
  unsigned count = 0;
  for (auto [i, function] : enumerate(functions))
    if (function.kind == kind && count++ == index)
      return i;
  return fail(kind, kind + " " + Twine(index));
}

Expected<size_t> DriverLibrary::find(StringRef kind, StringRef name) const {
  for (auto [i, function] : enumerate(functions))
    if (function.kind == kind && function.name == name)
      return i;
  return fail(kind, "function '" + name + "'");
}

/// The driver counts tokens with 32 bits, and refuses what it was not made for
/// by itself.
static llvm::Error checkCount(StringRef name, int64_t count) {
  if (isInt<32>(count))
    return llvm::Error::success();
  return createStringError(name + " is " + Twine(count) +
                           ", but drivers count tokens with 32 bits");
}

llvm::Error DriverLibrary::loadParameters(StringRef directory,
                                          EventSink &sink) {
  DriverCall request;
  request.function = LoadParameters;
  request.directory = directory;
  request.limits = impl->loadLimits;
  return impl->call(request, sink);
}

llvm::Error DriverLibrary::keepInstructions(ArrayRef<uint8_t> bytes) {
  impl->instructions.resize(bytes.size() / sizeof(uint16_t));
  copy(bytes, reinterpret_cast<uint8_t *>(impl->instructions.data()));
  // Else with the next process.
  return impl->process ? impl->keepInstructions() : llvm::Error::success();
}

llvm::Error DriverLibrary::run(int64_t seq, int64_t past, EventSink &sink) {
  if (llvm::Error error =
          joinErrors(checkCount("seq", seq), checkCount("past", past)))
    return error;
  DriverCall request;
  request.function = Run;
  request.seq = static_cast<int32_t>(seq);
  request.past = static_cast<int32_t>(past);
  request.limits = impl->runLimits;
  return impl->call(request, sink);
}

bool DriverLibrary::hasDecode() const {
  return any_of(functions, [](const HostFunction &function) {
    return function.kind == "decode";
  });
}

llvm::Error DriverLibrary::decode(int64_t past, EventSink &sink) {
  Expected<size_t> place = find("decode", 0u);
  if (!place)
    return place.takeError();
  if (llvm::Error error = checkCount("past", past))
    return error;
  DriverCall request;
  request.function = FirstFunction + static_cast<int32_t>(*place);
  request.past = static_cast<int32_t>(past);
  request.limits = impl->runLimits;
  return impl->call(request, sink);
}

llvm::Error DriverLibrary::writeInput(unsigned index, ArrayRef<uint16_t> rows,
                                      int64_t seq, EventSink &sink) {
  Expected<size_t> place = find("input", index);
  if (!place)
    return place.takeError();
  if (llvm::Error error = checkCount("seq", seq))
    return error;
  const HostFunction &function = functions[*place];
  const size_t channels = function.channels;
  const int64_t expected = function.getRows(seq);
  if (rows.size() % channels != 0 ||
      static_cast<int64_t>(rows.size() / channels) != expected)
    return createStringError(function.name + " takes " + Twine(expected) +
                             " rows of " + Twine(channels) +
                             " elements, found " + Twine(rows.size()) +
                             " elements");
  DriverCall request;
  request.function = FirstFunction + static_cast<int32_t>(*place);
  request.seq = static_cast<int32_t>(seq);
  request.input = rows;
  request.limits = impl->limits;
  return impl->call(request, sink);
}

Expected<int32_t> DriverLibrary::readToken(EventSink &sink) {
  Expected<size_t> place = find("token", 0u);
  if (!place)
    return place.takeError();
  DriverCall request;
  request.function = FirstFunction + static_cast<int32_t>(*place);
  request.limits = impl->limits;
  if (llvm::Error error = impl->call(request, sink))
    return error;
  return request.token;
}

Expected<std::vector<uint16_t>>
DriverLibrary::readOutput(StringRef name, int64_t seq, EventSink &sink) {
  Expected<size_t> place = find("output", name);
  if (!place)
    return place.takeError();
  if (llvm::Error error = checkCount("seq", seq))
    return error;
  const HostFunction &function = functions[*place];
  std::vector<uint16_t> rows(
      function.getRows(std::clamp<int64_t>(seq, 0, maxTokens)) *
      function.channels);
  DriverCall request;
  request.function = FirstFunction + static_cast<int32_t>(*place);
  request.seq = static_cast<int32_t>(seq);
  request.output = rows;
  request.limits = impl->limits;
  if (llvm::Error error = impl->call(request, sink))
    return error;
  return rows;
}

Expected<std::vector<uint16_t>>
DriverLibrary::readEmbeddings(StringRef directory, ArrayRef<int32_t> ids) {
  if (embeddingChannels == 0)
    return createStringError("the driver has no function 'read_embeddings', "
                             "because its model names no embedding");
  std::vector<uint16_t> rows(ids.size() * embeddingChannels);
  DriverCall request;
  request.function = ReadEmbeddings;
  request.directory = directory;
  request.ids = ids;
  request.output = rows;
  request.limits = impl->limits;
  NoSink sink;
  if (llvm::Error error = impl->call(request, sink))
    return error;
  return rows;
}
