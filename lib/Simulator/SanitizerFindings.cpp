//===- SanitizerFindings.cpp - What the sanitizer says --------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Sanitizer.h"

using namespace dlavm;
using llvm::Twine;

//===----------------------------------------------------------------------===//
// Names
//===----------------------------------------------------------------------===//

std::string Sanitizer::describeCall(unsigned which) const {
  if (which == 0 || which >= calls.size())
    return "no call";
  return "an earlier call (" + std::to_string(calls[which].first) +
         " tokens after " + std::to_string(calls[which].second) + ")";
}

std::string Sanitizer::describe(const Writer &writer) const {
  if (writer.kind != WriterKind::Task)
    return writer.run + 1 < run
               ? "the host before " + describeCall(writer.run + 1)
               : "the host";
  std::string text = log.describe(writer.mark);
  if (text.empty())
    text = "a task without a name";
  if (writer.run != run)
    text += " in " + describeCall(writer.run);
  return text;
}

std::string Sanitizer::describePlace(const Operand &operand,
                                     int64_t place) const {
  const Memory &memory = *operand.memory.load();
  std::string text = "byte " + std::to_string(place % memory.capacity);
  if (memory.ports > 1)
    text += " of port " + std::to_string(place / memory.capacity);
  return text;
}

//===----------------------------------------------------------------------===//
// Starts
//===----------------------------------------------------------------------===//

void Sanitizer::endStart() {
  for (auto [reg, operand] :
       llvm::zip_equal(task->getTable().getRegisters(), operands))
    if (operand.memory.load())
      report(reg, operand);
  operands.clear();
}

void Sanitizer::report(const Register &reg, const Operand &operand,
                       int64_t place, const Twine &message) {
  const Memory &memory = *operand.memory.load();
  const int64_t address = place % memory.capacity;
  log.report(mark, start, task->getName(reg),
             plan.getName(getIndex(memory), {address, address + elementBytes}),
             message);
}

void Sanitizer::report(const Register &reg, const Operand &operand) {
  llvm::SmallVector<Seen, 4> seen;
  if (operand.writer.load() != UINT32_MAX)
    seen.push_back({operand.writer.load(), operand.first.load()});
  seen.append(operand.others.begin(), operand.others.end());
  llvm::sort(seen, [](const Seen &a, const Seen &b) {
    return std::tie(a.first, a.writer) < std::tie(b.first, b.writer);
  });
  if (isParameter(reg.role))
    reportParameter(reg, operand, seen);
  else if (reg.role == RegisterRole::CacheIn)
    reportCache(reg, operand, seen);
  else
    reportMap(reg, operand, seen);
  if (operand.overwritten.count)
    report(reg, operand, operand.overwritten.first,
           "the task overwrites a parameter at " +
               describePlace(operand, operand.overwritten.first));
  if (operand.lost.count)
    report(reg, operand, operand.lost.first,
           "the task overwrites " + describePlace(operand, operand.lost.first) +
               " on the chip, which " + describe(writers[operand.lost.stamp]) +
               " wrote and no task has read");
  if (operand.outOfCall.count)
    report(reg, operand, operand.outOfCall.place,
           "the task appends position " + Twine(operand.outOfCall.first) +
               " to the KV cache, but the call has positions " + Twine(past) +
               " to " + Twine(past + seq - 1));
}

void Sanitizer::reportMap(const Register &reg, const Operand &operand,
                          llvm::ArrayRef<Seen> seen) {
  const Events &unwritten = operand.unwritten;
  if (unwritten.count)
    report(reg, operand, unwritten.first,
           "the task reads " + describePlace(operand, unwritten.first) +
               ", which nobody has written, the first of " +
               Twine(unwritten.count) + " such reads");
  for (const Seen &part : seen) {
    const Writer &writer = writers[part.writer];
    const std::string place = describePlace(operand, part.first);
    if (writer.kind == WriterKind::HostParameter && !plan.empty() &&
        isAddress(reg.role))
      return report(reg, operand, part.first,
                    "the task reads a parameter as a map at " + place);
    // What the host writes between two calls is input of the next one.
    const bool isOld = writer.kind == WriterKind::Task ? writer.run < run
                                                       : writer.run + 1 < run;
    if (!isOld || !isRunning)
      continue;
    const int64_t address = part.first % operand.memory.load()->capacity;
    const bool isInput = plan.isInput(getIndex(*operand.memory.load()),
                                      {address, address + elementBytes}) &&
                         !plan.empty();
    return report(reg, operand, part.first,
                  (isInput ? "nobody wrote the input since the last call: "
                           : "the task reads content of an earlier call: ") +
                      place + " holds what " + describe(writer) + " wrote");
  }
  if (seen.size() > 1)
    report(reg, operand, seen[1].first,
           "the task reads one map of two writers: " +
               describePlace(operand, seen[0].first) + " of " +
               describe(writers[seen[0].writer]) + ", " +
               describePlace(operand, seen[1].first) + " of " +
               describe(writers[seen[1].writer]));
}

void Sanitizer::reportParameter(const Register &reg, const Operand &operand,
                                llvm::ArrayRef<Seen> seen) {
  const Events &unwritten = operand.unwritten;
  if (unwritten.count)
    report(reg, operand, unwritten.first,
           describePlace(operand, unwritten.first) +
               " of the parameter was never loaded, the first of " +
               Twine(unwritten.count) + " such reads");
  for (const Seen &part : seen) {
    const Writer &writer = writers[part.writer];
    const std::string place = describePlace(operand, part.first);
    if (writer.kind == WriterKind::Task)
      return report(reg, operand, part.first,
                    "the parameter was overwritten from " + place + " on by " +
                        describe(writer));
    if (writer.kind == WriterKind::Host && !plan.empty())
      return report(reg, operand, part.first,
                    "the task reads a parameter at " + place +
                        ", where the host loaded none");
  }
}

void Sanitizer::reportCache(const Register &reg, const Operand &operand,
                            llvm::ArrayRef<Seen> seen) {
  auto reportPosition = [&](const Events &events, const Twine &message) {
    if (events.count)
      report(reg, operand, events.place,
             "position " + Twine(events.first) + " of the KV cache " + message);
  };
  reportPosition(operand.missing, "was never appended");
  reportPosition(operand.forgotten,
                 "was not appended by the call that made it, but by " +
                     describeCall(CacheStamp::getRun(operand.forgotten.stamp)));
  reportPosition(operand.misplaced,
                 "holds position " +
                     Twine(CacheStamp::getPosition(operand.misplaced.stamp)));
  reportPosition(operand.beyond, "is read, but the KV cache holds " +
                                     Twine(history.size()) + " tokens");
  if (!isRunning && operand.unwritten.count)
    reportMap(reg, operand, {});
  for (const Seen &part : seen) {
    const Writer &writer = writers[part.writer];
    if (writer.kind != WriterKind::Task)
      return report(reg, operand, part.first,
                    describe(writer) + " wrote " +
                        describePlace(operand, part.first) +
                        " of the KV cache");
  }
  for (const Seen &part : seen) {
    const Writer &first = writers[seen.front().writer];
    const Writer &writer = writers[part.writer];
    if (writer.mark.layer != mark.layer)
      return report(reg, operand, part.first,
                    "the KV cache is the one that " + describe(writer) +
                        " appends to");
    if (writer.mark != first.mark)
      return report(reg, operand, part.first,
                    describe(first) + " and " + describe(writer) +
                        " both append to the KV cache");
  }
}
