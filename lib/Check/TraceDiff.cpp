//===- TraceDiff.cpp - Where two traces differ ----------------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DLAVM/Check/TraceDiff.h"
#include "DLAVM/Check/TaskDecoder.h"
#include "DLAVM/Check/TracePrinter.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/raw_ostream.h"

using namespace dlavm;
using namespace llvm;

/// The decimal or, with 0x, hexadecimal number, or nothing where \p value is
/// the name of an address.
static std::optional<uint32_t> getNumber(StringRef value) {
  uint32_t number = 0;
  const unsigned radix = value.consume_front("0x") ? 16 : 10;
  if (value.getAsInteger(radix, number))
    return std::nullopt;
  return number;
}

/// "layer 3, query" from "task 3 query".
static std::string describeTask(StringRef comment) {
  if (!comment.consume_front("task "))
    return "";
  auto [layer, name] = comment.split(' ');
  return (layer == "-1" ? name : "layer " + layer + ", " + name).str();
}

Expected<std::vector<TraceEvent>> dlavm::parseTrace(StringRef text) {
  std::vector<TraceEvent> events;
  std::string task, taskInBlock;
  int64_t number = 0;
  while (!text.empty()) {
    auto [line, rest] = text.split('\n');
    text = rest;
    ++number;
    TraceEvent event;
    StringRef eventText = line;
    event.isInBlock = eventText.consume_front(kBlockIndent);
    auto [content, comment] = eventText.split('#');
    SmallVector<StringRef> words;
    SplitString(content, words);
    auto isValue = [](StringRef word) {
      return isAlpha(word.front()) || getNumber(word);
    };
    const bool isEvent =
        words.size() == 3 && (words[0] == "W" || words[0] == "P") &&
        !words[1].getAsInteger(10, event.reg) && isValue(words[2]);
    if (event.isInBlock && !isEvent) {
      taskInBlock = content.trim().str();
      continue;
    }
    if (words.empty()) {
      if (comment.trim().starts_with("task "))
        task = describeTask(comment.trim());
      continue;
    }
    if (!isEvent)
      return createStringError("line " + Twine(number) +
                               ": expected 'W REGISTER VALUE', 'P REGISTER "
                               "VALUE' with a number of 32 bits or a name, or "
                               "a comment behind '#', found '" +
                               line.trim().take_front(60) + "'");
    event.kind = words[0].front();
    event.value = words[2].str();
    event.task = event.isInBlock ? taskInBlock : task;
    event.line = number;
    events.push_back(std::move(event));
  }
  return events;
}

/// "W 3", as the trace has it.
static std::string describeEvent(const TraceEvent &event) {
  return std::string(1, event.kind) + " " + std::to_string(event.reg);
}

static bool isEqual(const TraceEvent &a, const TraceEvent &b) {
  const std::optional<uint32_t> number = getNumber(a.value);
  return number ? number == getNumber(b.value) : a.value == b.value;
}

namespace {

/// Says to whose registers a write belongs when it starts something.
class StartFinder {
public:
  explicit StartFinder(const DeviceInfo &device)
      : decoder(device), blocks(device.getInstructionBlocks()) {}

  /// Whether the write is the last one before a start; \p table has its
  /// registers then, if anybody knows them.
  bool write(uint32_t reg, uint32_t value, const RegisterTable *&table) {
    const DecodedTask *task = decoder.write(reg, value);
    if (blocks && reg == blocks->registers.getOpcode().number &&
        value == blocks->registers.getOpcode().values.front().value) {
      table = &blocks->registers;
      return true;
    }
    if (!decoder.isOpcode(reg))
      return false;
    table = task ? &task->getTable() : nullptr;
    return true;
  }

private:
  StartDecoder decoder;
  const std::optional<InstructionBlocks> blocks;
};

} // namespace

void dlavm::dropBlocks(std::vector<TraceEvent> &a, std::vector<TraceEvent> &b) {
  auto isInBlock = [](const TraceEvent &event) { return event.isInBlock; };
  if (any_of(a, isInBlock) && any_of(b, isInBlock))
    return;
  erase_if(a, isInBlock);
  erase_if(b, isInBlock);
}

int64_t dlavm::diffTraces(ArrayRef<TraceEvent> a, ArrayRef<TraceEvent> b,
                          const DeviceInfo &device, raw_ostream &os) {
  StartFinder starts(device);
  int64_t differences = 0;
  auto getPlace = [](const TraceEvent &event) {
    return (event.task.empty() ? "" : event.task + ": ");
  };
  // A register has its name when the opcode is written.
  SmallVector<std::pair<const TraceEvent *, const TraceEvent *>> pending;
  auto flush = [&](const RegisterTable *table) {
    for (auto [left, right] : pending) {
      const Register *reg = table ? table->lookup(left->reg) : nullptr;
      os << getPlace(*left)
         << (reg ? table->getName().str() + "::" + reg->name
                 : "register " + std::to_string(left->reg))
         << " is " << left->value << " in line " << left->line << ", "
         << right->value << " in line " << right->line << "\n";
      ++differences;
    }
    pending.clear();
  };
  const RegisterTable *table = nullptr;
  for (auto [left, right] : zip(a, b)) {
    if (left.kind != right.kind || left.reg != right.reg ||
        left.isInBlock != right.isInBlock) {
      flush(nullptr);
      os << getPlace(left) << "line " << left.line << " has "
         << describeEvent(left) << ", where line " << right.line << " has "
         << describeEvent(right) << "; nothing is compared beyond\n";
      return differences + 1;
    }
    if (!isEqual(left, right))
      pending.push_back({&left, &right});
    if (left.kind == 'P' ||
        starts.write(left.reg, getNumber(left.value).value_or(0), table))
      flush(table);
  }
  flush(nullptr);
  if (a.size() == b.size())
    return differences;
  const bool isFirstLonger = a.size() > b.size();
  const TraceEvent &next = isFirstLonger ? a[b.size()] : b[a.size()];
  os << getPlace(next) << "the " << (isFirstLonger ? "first" : "second")
     << " trace goes on in line " << next.line << " with "
     << describeEvent(next) << ", the other one ends\n";
  return differences + 1;
}
