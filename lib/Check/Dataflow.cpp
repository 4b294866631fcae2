//===- Dataflow.cpp - Who wrote what an op reads --------------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Dataflow.h"

using namespace dlavm;
using llvm::Twine;

static bool isMapOut(const Operand &operand) {
  return operand.reg->role == RegisterRole::MapOut;
}

static bool isWrite(const Operand &operand) {
  return isMapOut(operand) || operand.reg->role == RegisterRole::CacheOut;
}

void Dataflow::beginRun(int64_t newSeq, int64_t newPast) {
  seq = newSeq;
  past = newPast;
  order = 0;
  lastReads.clear();
  for (MemoryState &memory : memories) {
    memory.maps.clear();
    memory.parameters.clear();
    memory.caches.clear();
  }
}

void Dataflow::report(const Op &op, const Operand &operand,
                      const Twine &message) {
  log.report(op, operand, plan.getName(operand.memory, operand.bytes), message);
}

void Dataflow::add(const Op &op) {
  ++order;
  checkDisjoint(op);
  for (const Operand &operand : op.operands) {
    switch (operand.reg->role) {
    case RegisterRole::Weight:
    case RegisterRole::ScaleBias:
    case RegisterRole::NormWeight:
    case RegisterRole::RopeTable:
    case RegisterRole::ActivationTable:
      readParameter(op, operand);
      break;
    case RegisterRole::CacheIn:
    case RegisterRole::CacheOut:
      useCache(op, operand);
      break;
    case RegisterRole::MapIn:
      readMap(op, operand);
      break;
    default:
      break;
    }
  }
  for (const Operand &operand : op.operands)
    if (isMapOut(operand))
      writeMap(op, operand);
}

void Dataflow::checkDisjoint(const Op &op) {
  for (const Operand &write : op.operands) {
    if (!isWrite(write))
      continue;
    for (const Operand &other : op.operands) {
      if (&other == &write || other.memory != write.memory ||
          !other.bytes.overlaps(write.bytes))
        continue;
      // Two results meet twice; the later one is reported.
      if (isWrite(other) && &other < &write)
        continue;
      report(op, other,
             "the task overwrites " +
                 FindingLog::describe(other.bytes.intersection(write.bytes)) +
                 " of this operand through " + op.task->getName(*write.reg));
    }
  }
}

void Dataflow::touch(const Op &op, const Operand &operand) {
  MemoryState &memory = memories[operand.memory];
  if (std::optional<ByteRange> bytes =
          memory.everParameter.intersection(operand.bytes))
    report(op, operand,
           FindingLog::describe(*bytes) + " of the operand hold a parameter " +
               plan.getName(operand.memory, *bytes));
  memory.everWritten.insert(operand.bytes);
}

void Dataflow::readParameter(const Op &op, const Operand &operand) {
  MemoryState &memory = memories[operand.memory];
  if (std::optional<ByteRange> bytes =
          memory.everWritten.intersection(operand.bytes))
    report(op, operand,
           FindingLog::describe(*bytes) +
               " of the parameter hold a map or a KV cache " +
               plan.getName(operand.memory, *bytes));
  memory.everParameter.insert(operand.bytes);

  // A parameter may serve several ops, as a whole or, as the rotary table, one
  // part of it. Ops that share a part of theirs do not mean the same one.
  Parameter parameter = {operand.bytes, op.mark};
  llvm::MutableArrayRef<Parameter> old =
      memory.parameters.overlapping(operand.bytes);
  if (old.size() == 1 && old.front().bytes.contains(operand.bytes))
    return;
  for (const Parameter &other : old) {
    if (other.reader != op.mark && !operand.bytes.contains(other.bytes))
      report(op, operand,
             FindingLog::describe(other.bytes.intersection(operand.bytes)) +
                 " of the parameter are part of one of " +
                 log.describe(other.reader));
    parameter.bytes = parameter.bytes.hull(other.bytes);
  }
  memory.parameters.replace(old, parameter);
}

void Dataflow::useCache(const Op &op, const Operand &operand) {
  touch(op, operand);
  RangeVector<Cache> &caches = memories[operand.memory].caches;
  llvm::MutableArrayRef<Cache> found = caches.overlapping(operand.bytes);
  if (found.size() == 1 && found.front().bytes == operand.bytes) {
    checkCache(op, operand, found.front());
    return;
  }
  for (const Cache &other : found)
    report(op, operand,
           FindingLog::describe(operand.bytes) +
               " of the KV cache overlap another one, " +
               FindingLog::describe(other.bytes) + ", of layer " +
               Twine(other.layer));
  if (!found.empty())
    return;
  Cache cache = {operand.bytes, op.mark.layer, std::nullopt, std::nullopt,
                 nullptr};
  checkCache(op, operand, cache);
  caches.replace(found, cache);
}

void Dataflow::checkCache(const Op &op, const Operand &operand, Cache &cache) {
  if (cache.layer != op.mark.layer)
    report(op, operand,
           "the KV cache is the one of layer " + Twine(cache.layer));

  if (operand.reg->role == RegisterRole::CacheOut) {
    if (cache.writer && *cache.writer != op.mark)
      report(op, operand,
             log.describe(*cache.writer) + " appends to this KV cache too");
    if (!cache.writer && cache.reader)
      report(op, operand,
             log.describe(*cache.reader) +
                 " has read this KV cache before the tokens of the call were "
                 "appended");
    cache.writer = op.mark;
    return;
  }
  if (traits.cachesAreMaps && !cache.writer)
    findWriter(op, operand, cache);
  else if (past == 0 && !cache.writer)
    report(op, operand, "the task reads an empty KV cache");
  if (cache.readerTask && cache.readerTask != op.task)
    report(op, operand,
           "keys and values are one KV cache: " + log.describe(*cache.reader) +
               " reads it as " + cache.readerTask->getTable().getName());
  cache.reader = op.mark;
  cache.readerTask = op.task;
}

void Dataflow::findWriter(const Op &op, const Operand &operand, Cache &cache) {
  llvm::MutableArrayRef<Written> found =
      memories[operand.memory].maps.overlapping(operand.bytes);
  if (found.empty())
    return report(op, operand,
                  "no task has written the tokens of the call into the KV "
                  "cache");
  for (Written &written : found)
    written.isRead = true;
  const Written &first = found.front();
  cache.writer = first.writer;
  for (const Written &other : found.drop_front())
    if (other.writer != first.writer)
      return report(op, operand,
                    log.describe(first.writer) + " and " +
                        log.describe(other.writer) +
                        " both write into the KV cache");
  // From the first token of the call in the first surface to the last one in
  // the last.
  const ByteRange expected = {
      operand.bytes.begin + past * traits.rowBytes,
      operand.bytes.end - (traits.maxTokens - past - seq) * traits.rowBytes};
  if (!(first.bytes == expected))
    report(op, operand,
           log.describe(first.writer) + " wrote " +
               FindingLog::describe(first.bytes) +
               " of the KV cache, but the tokens of the call are " +
               FindingLog::describe(expected));
}

/// An op that runs for slices of its tokens reads other rows each time, or what
/// has been written since.
void Dataflow::checkSlice(const Op &op, const Operand &operand,
                          const Written &written) {
  if (op.mark.name == 0)
    return;
  const LastRead now = {operand.bytes.begin, order};
  auto [it, isFirst] =
      lastReads.try_emplace({op.mark.layer, op.mark.name, operand.reg}, now);
  if (isFirst)
    return;
  const LastRead last = std::exchange(it->second, now);
  if (last.begin == now.begin && written.order < last.order)
    report(op, operand,
           "the op goes on with other tokens, but reads again what it has read "
           "and " +
               log.describe(written.writer) + " has not written since");
}

void Dataflow::readMap(const Op &op, const Operand &operand) {
  const ByteRange bytes = operand.bytes;
  llvm::MutableArrayRef<Written> found =
      memories[operand.memory].maps.overlapping(bytes);
  if (found.empty()) {
    touch(op, operand);
    if (device.getMemories()[operand.memory].isOnChip)
      report(op, operand,
             "the task reads " + FindingLog::describe(bytes) +
                 " on the chip, where no task of the call has left anything");
    else if (!plan.isInput(operand.memory, bytes))
      report(op, operand,
             "the task reads " + FindingLog::describe(bytes) +
                 ", which no task wrote and which are no input of the call");
    return;
  }
  for (Written &written : found)
    written.isRead = true;
  if (found.size() == 1 && found.front().bytes.contains(bytes))
    return checkSlice(op, operand, found.front());

  const Written &latest =
      *llvm::max_element(found, [](const Written &a, const Written &b) {
        return a.order < b.order;
      });
  const ByteRange part = latest.bytes.intersection(bytes);
  const Written *other = llvm::find_if(
      found, [&](const Written &w) { return w.writer != latest.writer; });
  if (other != found.end())
    report(op, operand,
           "the task reads " + FindingLog::describe(bytes) + " of " +
               log.describe(other->writer) + ", of which " +
               log.describe(latest.writer) + " overwrote " +
               FindingLog::describe(part));
  else if (!plan.empty() && plan.isInput(operand.memory, bytes))
    report(op, operand,
           "the task reads " + FindingLog::describe(bytes) +
               " of the call's input, of which " + log.describe(latest.writer) +
               " overwrote " + FindingLog::describe(part));
  else
    report(op, operand,
           "the task reads " + FindingLog::describe(bytes) + ", of which " +
               log.describe(latest.writer) + " wrote only " +
               FindingLog::describe(part));
}

void Dataflow::writeMap(const Op &op, const Operand &operand) {
  touch(op, operand);
  if (traits.cachesAreMaps)
    for (const Cache &cache :
         memories[operand.memory].caches.overlapping(operand.bytes))
      report(op, operand,
             log.describe(*cache.reader) +
                 " has read this KV cache before the tokens of the call were "
                 "appended");
  RangeVector<Written> &maps = memories[operand.memory].maps;
  const ByteRange bytes = operand.bytes;
  llvm::MutableArrayRef<Written> old = maps.overlapping(bytes, true);
  Written result = {bytes, op.mark, order, false};
  llvm::SmallVector<Written, 3> before;
  llvm::SmallVector<Written, 1> after;
  for (const Written &written : old) {
    // Parts that one op writes make one map. One that was read since holds the
    // slice before.
    if (written.writer == op.mark && !written.isRead) {
      result.bytes = result.bytes.hull(written.bytes);
      continue;
    }
    if (!written.isRead && written.bytes.overlaps(bytes))
      report(op, operand,
             "the task overwrites " +
                 FindingLog::describe(written.bytes.intersection(bytes)) +
                 ", which " + log.describe(written.writer) +
                 " wrote and no task has read");
    if (written.bytes.begin < bytes.begin) {
      before.push_back(written);
      before.back().bytes.end = std::min(written.bytes.end, bytes.begin);
    }
    if (written.bytes.end > bytes.end) {
      after.push_back(written);
      after.back().bytes.begin = std::max(written.bytes.begin, bytes.end);
    }
  }
  before.push_back(result);
  before.append(after);
  maps.replace(old, before);
}
