//===- Sanitizer.cpp - Where what a driver reads comes from --------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Sanitizer.h"

#include "llvm/Support/MathExtras.h"

#include <algorithm>

using namespace dlavm;
using llvm::Twine;

uint32_t Sanitizer::getElements(ByteRange bytes, int64_t pixel,
                                bool isWhole) const {
  const int64_t margin = isWhole ? 1 : 0;
  const int64_t begin = pixel << pixelShift;
  const int64_t first =
      std::max<int64_t>(0, (bytes.begin - begin + margin) >> 1);
  const int64_t last = std::min<int64_t>(pixelBytes / elementBytes,
                                         (bytes.end - begin + 1 - margin) >> 1);
  if (first >= last)
    return 0;
  const uint64_t below = uint64_t(1) << last;
  return static_cast<uint32_t>(below - (uint64_t(1) << first));
}

void Sanitizer::Events::add(int64_t order, int64_t where, uint32_t what) {
  ++count;
  if (std::tie(order, where) >= std::tie(first, place))
    return;
  first = order;
  place = where;
  stamp = what;
}

Sanitizer::Sanitizer(const DeviceInfo &device, const Plan &plan,
                     FindingLog &log)
    : device(device), traits(device.getTraits()), plan(plan), log(log),
      pixelShift(llvm::Log2_64(
          std::clamp<int64_t>(traits.rowBytes, elementBytes, maxPixelBytes))),
      pixelBytes(int64_t(1) << pixelShift) {
  for (const Memory &memory : device.getMemories()) {
    const int64_t bytes = memory.ports * memory.capacity;
    memories.push_back({SparseArray<PixelState>(bytes / pixelBytes), {}, {}});
    if (holdsCaches(memory))
      memories.back().stamps = SparseArray<uint32_t>(bytes / elementBytes);
    if (memory.isOnChip)
      memories.back().unread = SparseArray<uint32_t>(bytes / pixelBytes);
  }
  writers.push_back({WriterKind::Nobody, {}, 0});
  calls.push_back({0, 0});
}

bool Sanitizer::holdsCaches(const Memory &memory) const {
  return device.hasMemory(RegisterRole::CacheIn) &&
         &memory == &device.getMemory(RegisterRole::CacheIn);
}

bool Sanitizer::hasMemory() const {
  return llvm::all_of(device.getMemories(), [&](const Memory &memory) {
    const MemoryState &state = memories[&memory - device.getMemories().data()];
    return state.pixels.data() &&
           (state.stamps.data() || !holdsCaches(memory)) &&
           (state.unread.data() || !memory.isOnChip);
  });
}

unsigned Sanitizer::getIndex(const Memory &memory) const {
  return static_cast<unsigned>(&memory - device.getMemories().data());
}

const Sanitizer::MemoryState &Sanitizer::getState(const Memory &memory) const {
  return memories[getIndex(memory)];
}

//===----------------------------------------------------------------------===//
// Runs and writers
//===----------------------------------------------------------------------===//

void Sanitizer::beginRun(int64_t newSeq, int64_t newPast) {
  seq = newSeq;
  past = newPast;
  if (run == 0)
    checkLoaded();
  isRunning = true;
  ++run;
  taskWriters.clear();
  hostWriters = {};
  if (past > static_cast<int64_t>(history.size()))
    log.report({}, 0, "", "",
               "the call continues after " + Twine(past) +
                   " tokens, but the calls before it left " +
                   Twine(history.size()) + " in the KV caches");
  history.resize(past);
  history.resize(past + seq, run);
  calls.resize(run + 1, {seq, past});
}

void Sanitizer::checkLoaded() {
  plan.forEachParameter([&](const std::string &name, unsigned index,
                            ByteRange bytes) {
    checkWritten(name, index, bytes, "the parameter is not loaded as a whole");
  });
  if (!traits.readsUnwrittenCache)
    return;
  plan.forEachCache(
      [&](const std::string &name, unsigned index, ByteRange bytes) {
        checkWritten(name, index, bytes,
                     "tasks read elements of the KV cache that no token has "
                     "written, but it is not cleared as a whole");
      });
}

void Sanitizer::checkWritten(const std::string &name, unsigned index,
                             ByteRange bytes, const Twine &what) {
  const Memory &memory = device.getMemories()[index];
  const MemoryState &state = memories[index];
  for (int64_t port = 0; port < memory.ports; ++port) {
    const int64_t begin = port * memory.capacity + bytes.begin;
    const ByteRange places = {begin, begin + bytes.end - bytes.begin};
    for (int64_t pixel = getPixel(begin); pixel * pixelBytes < places.end;
         ++pixel) {
      const uint32_t unwritten =
          getElements(places, pixel, false) & ~state.pixels[pixel].written;
      if (!unwritten)
        continue;
      const int64_t place =
          pixel * pixelBytes + elementBytes * llvm::countr_zero(unwritten);
      return log.report({}, 0, "", name,
                        what + ": byte " + Twine(place - begin) + " of port " +
                            Twine(port) + " is missing");
    }
  }
}

std::optional<int64_t> Sanitizer::findUnwritten(const Memory &memory,
                                                ByteRange bytes) const {
  const MemoryState &state = getState(memory);
  for (int64_t pixel = getPixel(bytes.begin); pixel * pixelBytes < bytes.end;
       ++pixel)
    if (const uint32_t unwritten =
            getElements(bytes, pixel, false) & ~state.pixels[pixel].written)
      return pixel * pixelBytes + elementBytes * llvm::countr_zero(unwritten);
  return std::nullopt;
}

uint32_t Sanitizer::addWriter(WriterKind kind, Mark writerMark) {
  writers.push_back({kind, writerMark, run});
  return static_cast<uint32_t>(writers.size() - 1);
}

uint32_t Sanitizer::getTaskWriter(Mark writerMark) {
  uint32_t &writer = taskWriters[{writerMark.layer, writerMark.name}];
  if (writer == 0)
    writer = addWriter(WriterKind::Task, writerMark);
  return writer;
}

uint32_t Sanitizer::getHostWriter(WriterKind kind) {
  uint32_t &writer = hostWriters[kind == WriterKind::HostParameter];
  if (writer == 0)
    writer = addWriter(kind, {});
  return writer;
}

//===----------------------------------------------------------------------===//
// Accesses
//===----------------------------------------------------------------------===//

void Sanitizer::beginStart(const DecodedTask &newTask,
                           const RegisterValues &values, Mark newMark,
                           unsigned newStart) {
  task = &newTask;
  mark = newMark;
  start = newStart;
  // What is copied comes from the host.
  startWriter = task->kind == TaskKind::WeightCopy
                    ? getHostWriter(WriterKind::HostParameter)
                    : getTaskWriter(mark);
  operands.clear();
  operands.resize(task->getTable().getRegisters().size());
  if (!traits.cachesAreMaps)
    return;
  for (auto [reg, operand] :
       llvm::zip_equal(task->getTable().getRegisters(), operands))
    if (reg.role == RegisterRole::MapOut)
      operand.cacheBegin = plan.getCacheBegin(
          getIndex(device.getMemory(values, reg)), values.getAddress(reg));
}

void Sanitizer::watch(const Register &reg, const TaskAccess &access) {
  Operand &operand = operands[&reg - task->getTable().getRegisters().data()];
  operand.memory.store(access.memory, std::memory_order_relaxed);
  if (access.memory->isOnChip)
    followUnread(operand, access);
  if (access.isWrite)
    watchWrite(operand, access);
  else
    watchRead(operand, access);
}

void Sanitizer::followUnread(Operand &operand, const TaskAccess &access) {
  const MemoryState &state = getState(*access.memory);
  const int64_t begin = access.port * access.memory->capacity + access.address;
  const int64_t end = begin + access.bytes;
  std::lock_guard<std::mutex> lock(mutex);
  for (int64_t pixel = getPixel(begin); pixel * pixelBytes < end; ++pixel) {
    uint32_t &unread = state.unread[pixel];
    if (access.isWrite && unread != 0 && unread != startWriter) {
      const int64_t place = std::max(begin, pixel * pixelBytes);
      operand.lost.add(place, place, unread);
    }
    unread = access.isWrite ? startWriter : 0;
  }
}

void Sanitizer::noteWriter(Operand &operand, uint32_t writer, int64_t place) {
  uint32_t common = operand.writer.load(std::memory_order_relaxed);
  if (common == UINT32_MAX &&
      operand.writer.compare_exchange_strong(common, writer))
    common = writer;
  if (common == writer) {
    int64_t first = operand.first.load(std::memory_order_relaxed);
    while (place < first && !operand.first.compare_exchange_weak(first, place))
      continue;
    return;
  }
  std::lock_guard<std::mutex> lock(mutex);
  for (Seen &other : operand.others)
    if (other.writer == writer) {
      other.first = std::min(other.first, place);
      return;
    }
  operand.others.push_back({writer, place});
}

void Sanitizer::watchRead(Operand &operand, TaskAccess access) {
  // What no token has written is the task's to judge: see getCachedTokens.
  if (traits.readsUnwrittenCache && access.positions.first >= 0) {
    const int64_t defined =
        std::max<int64_t>(0, getCachedTokens() - access.positions.first);
    if (access.positions.advances)
      access.bytes =
          elementBytes * std::min(access.bytes / elementBytes, defined);
    else if (defined == 0)
      access.bytes = 0;
    if (access.bytes == 0)
      return;
  }
  const MemoryState &state = getState(*access.memory);
  const int64_t begin = access.port * access.memory->capacity + access.address;
  const ByteRange bytes = {begin, begin + access.bytes};
  for (int64_t pixel = getPixel(begin); pixel * pixelBytes < bytes.end;
       ++pixel) {
    const PixelState found = state.pixels[pixel];
    const uint32_t unwritten =
        getElements(bytes, pixel, false) & ~found.written;
    if (unwritten) {
      std::lock_guard<std::mutex> lock(mutex);
      const int64_t place =
          pixel * pixelBytes + elementBytes * llvm::countr_zero(unwritten);
      operand.unwritten.add(place, place);
    }
    if (found.writer != 0)
      noteWriter(operand, found.writer, std::max(begin, pixel * pixelBytes));
  }
  // Without a plan, nobody knows what a task writes into a cache.
  const bool isStamped = !traits.cachesAreMaps || !plan.empty();
  if (access.positions.first >= 0 && isRunning && isStamped)
    checkPositions(operand, access);
}

void Sanitizer::watchWrite(Operand &operand, const TaskAccess &access) {
  const MemoryState &state = getState(*access.memory);
  const int64_t begin = access.port * access.memory->capacity + access.address;
  const ByteRange bytes = {begin, begin + access.bytes};
  for (int64_t pixel = getPixel(begin); pixel * pixelBytes < bytes.end;
       ++pixel) {
    PixelState &found = state.pixels[pixel];
    if (found.writer != startWriter && task->kind != TaskKind::WeightCopy &&
        writers[found.writer].kind == WriterKind::HostParameter) {
      std::lock_guard<std::mutex> lock(mutex);
      const int64_t place = std::max(begin, pixel * pixelBytes);
      operand.overwritten.add(place, place);
    }
    found.writer = startWriter;
    if (access.isDefined)
      found.written |= getElements(bytes, pixel, true);
    else
      found.written &= ~getElements(bytes, pixel, false);
  }
  if (access.positions.first >= 0)
    stampPositions(operand, access);
  if (operand.cacheBegin) {
    TaskAccess append = access;
    append.positions.first = (access.address - *operand.cacheBegin) /
                             traits.rowBytes % traits.maxTokens;
    stampPositions(operand, append);
  }
}

void Sanitizer::stampPositions(Operand &operand, const TaskAccess &access) {
  const MemoryState &state = getState(*access.memory);
  const int64_t begin = access.port * access.memory->capacity + access.address;
  const int64_t position = access.positions.first;
  for (int64_t i = 0; i < access.bytes / elementBytes; ++i)
    state.stamps[begin / elementBytes + i] =
        CacheStamp::make(run, position + (access.positions.advances ? i : 0));
  if (isRunning && (position < past || position >= past + seq)) {
    std::lock_guard<std::mutex> lock(mutex);
    operand.outOfCall.add(position, begin);
  }
}

void Sanitizer::checkPositions(Operand &operand, const TaskAccess &access) {
  const MemoryState &state = getState(*access.memory);
  const int64_t begin = access.port * access.memory->capacity + access.address;
  for (int64_t i = 0; i < access.bytes / elementBytes; ++i) {
    const int64_t position =
        access.positions.first + (access.positions.advances ? i : 0);
    const uint32_t stamp = state.stamps[begin / elementBytes + i];
    const bool isKnown = position < static_cast<int64_t>(history.size());
    if (isKnown && history[position] != 0 &&
        stamp == CacheStamp::make(history[position], position))
      continue;
    const int64_t place = begin + i * elementBytes;
    std::lock_guard<std::mutex> lock(mutex);
    if (!isKnown)
      operand.beyond.add(position, place);
    else if (stamp == 0)
      operand.missing.add(position, place);
    else if (CacheStamp::getPosition(stamp) !=
             CacheStamp::getPosition(CacheStamp::make(0, position)))
      operand.misplaced.add(position, place, stamp);
    else
      operand.forgotten.add(position, place, stamp);
  }
}

//===----------------------------------------------------------------------===//
// DMA
//===----------------------------------------------------------------------===//

void Sanitizer::dmaWrite(const Memory &memory, int64_t port, ByteRange bytes) {
  const unsigned index = getIndex(memory);
  const Plan::Overlap overlap = plan.getParameterOverlap(index, bytes);
  if (overlap == Plan::Overlap::Partial)
    log.report({}, 0, "", plan.getName(index, {bytes.begin, bytes.begin + 1}),
               "the host writes " + FindingLog::describe(bytes) + " of " +
                   memory.name +
                   ", a part of a parameter and what lies beside it");
  // Without a plan, all that does not lie among the maps.
  const bool isParameter = plan.empty() ? &memory != &device.getMapMemory()
                                        : overlap != Plan::Overlap::None;
  const uint32_t writer =
      getHostWriter(isParameter ? WriterKind::HostParameter : WriterKind::Host);
  const MemoryState &state = getState(memory);
  const int64_t begin = port * memory.capacity + bytes.begin;
  const ByteRange places = {begin, begin + bytes.end - bytes.begin};
  for (int64_t pixel = getPixel(begin); pixel * pixelBytes < places.end;
       ++pixel) {
    state.pixels[pixel].writer = writer;
    state.pixels[pixel].written |= getElements(places, pixel, true);
  }
}

void Sanitizer::dmaRead(const Memory &memory, int64_t port, ByteRange bytes) {
  const MemoryState &state = getState(memory);
  const int64_t begin = port * memory.capacity + bytes.begin;
  const ByteRange places = {begin, begin + bytes.end - bytes.begin};
  int64_t unwritten = 0;
  const Writer *stale = nullptr;
  llvm::SmallVector<uint32_t, 4> seen;
  for (int64_t pixel = getPixel(begin); pixel * pixelBytes < places.end;
       ++pixel) {
    const PixelState found = state.pixels[pixel];
    if (const uint32_t missing =
            getElements(places, pixel, false) & ~found.written)
      unwritten += elementBytes * llvm::popcount(missing);
    if (found.writer == 0 || llvm::is_contained(seen, found.writer))
      continue;
    seen.push_back(found.writer);
    const Writer &writer = writers[found.writer];
    if (writer.kind == WriterKind::Task && writer.run < run)
      stale = &writer;
  }
  const std::string text =
      "the host reads " + FindingLog::describe(bytes) + " of " + memory.name;
  const std::string name = plan.getName(getIndex(memory), bytes);
  if (unwritten)
    log.report({}, 0, "", name,
               text + ", of which nobody wrote " + Twine(unwritten) + " bytes");
  else if (stale)
    log.report({}, 0, "", name,
               text + ", which " + describe(*stale) + " wrote");
  else if (seen.size() > 1 && (plan.empty() || !name.empty()))
    log.report({}, 0, "", name,
               text + ", of which " + describe(writers[seen[0]]) +
                   " wrote a part and " + describe(writers[seen[1]]) +
                   " another");
}
