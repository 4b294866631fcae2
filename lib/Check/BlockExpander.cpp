//===- BlockExpander.cpp - The starts of instruction blocks ---------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DLAVM/Check/BlockExpander.h"
#include "DLAVM/Check/FindingLog.h"

#include "llvm/Support/Endian.h"

using namespace dlavm;
using llvm::Twine;

std::optional<int64_t> BlockImage::fetch(int64_t address,
                                         llvm::MutableArrayRef<uint8_t> bytes) {
  std::optional<int64_t> unwritten;
  for (size_t i = 0; i < bytes.size(); ++i) {
    const int64_t place = address + static_cast<int64_t>(i);
    const auto page = pages.find(place / pageBytes);
    const bool isKnown =
        page != pages.end() && page->second.isWritten[place % pageBytes];
    bytes[i] = isKnown ? page->second.bytes[place % pageBytes] : 0;
    if (!isKnown && !unwritten)
      unwritten = place;
  }
  return unwritten;
}

void BlockImage::store(int64_t address, llvm::ArrayRef<uint8_t> bytes) {
  while (!bytes.empty()) {
    Page &page = pages[address / pageBytes];
    const int64_t first = address % pageBytes;
    const int64_t count = std::min<int64_t>(pageBytes - first,
                                            static_cast<int64_t>(bytes.size()));
    for (int64_t i = 0; i < count; ++i) {
      page.bytes[first + i] = bytes[i];
      page.isWritten.set(first + i);
    }
    bytes = bytes.drop_front(count);
    address += count;
  }
}

BlockExpander::BlockExpander(const DeviceInfo &device, BlockMemory &memory,
                             EventSink &next, Report report)
    : device(device), blocks(device.getInstructionBlocks()),
      keepsValues(device.getTraits().registersKeepValues), memory(memory),
      next(&next), reporter(std::move(report)), decoder(device),
      file(decoder.getRegisterEnd()) {
  for (const auto &[kind, support] : device.getTasks()) {
    if (!support.instruction || !blocks)
      continue;
    const Register &opcode = support.registers.getOpcode();
    for (const NamedValue &value : opcode.values) {
      const std::optional<TaskInstruction> instruction =
          support.instruction(value.value, device);
      if (!instruction)
        continue;
      Form &form = forms[instruction->code];
      form.beats = instruction->beats;
      form.words = instruction->words;
      form.opcode = &opcode;
      if (!llvm::is_contained(form.opcodes, value.value))
        form.opcodes.push_back(value.value);
    }
  }
}

void BlockExpander::load(const Instructions &instructions) {
  if (!blocks)
    return;
  memory.store(static_cast<int64_t>(instructions.dmaAddress -
                                    static_cast<uint64_t>(getMemory().dmaBase)),
               instructions.bytes);
  nameInstructions(instructions.names);
}

void BlockExpander::report(RegisterRole role, const Twine &message) {
  if (!isRunning)
    enter(op);
  reporter(getName(role), message);
}

void BlockExpander::enter(const InstructionName &entered) {
  if (handed == entered)
    return;
  handed = entered;
  next->task(entered.layer, entered.name);
}

/// Registers hold what is needed of this start, unless they keep it.
void BlockExpander::endStart() {
  if (!keepsValues)
    values.clear();
  hasPendingWrites = false;
}

void BlockExpander::beginRun() {
  values.clear();
  hasPendingWrites = false;
  isRunning = false;
  op = {-1, ""};
  handed = op;
}

void BlockExpander::endRun() {
  if (!blocks)
    return;
  if (isRunning)
    report(RegisterRole::Status,
           "the run ends before the last block is polled");
  if (hasPendingWrites)
    report(RegisterRole::Opcode,
           "the writes after the last start start no block");
  isRunning = false;
  // What is between two runs belongs to no op.
  beginRun();
}

//===----------------------------------------------------------------------===//
// Events
//===----------------------------------------------------------------------===//

bool BlockExpander::isOfBlock(uint32_t reg, uint32_t value) const {
  const Register *found = blocks ? table().lookup(reg) : nullptr;
  if (!found || !isWritten(found->role))
    return false;
  return found->role != RegisterRole::Opcode || !decoder.isOpcode(reg) ||
         found->values.front().value == value;
}

void BlockExpander::task(int32_t layer, llvm::StringRef name) {
  if (!blocks)
    return next->task(layer, name);
  // Handed on with what it does: an op may do nothing but start a block, whose
  // tasks may go on with the op of the block before.
  op = {layer, name.str()};
}

void BlockExpander::write(uint32_t reg, uint32_t value) {
  if (!blocks)
    return next->write(reg, value);
  if (isOfBlock(reg, value)) {
    if (table().lookup(reg)->role != RegisterRole::Opcode) {
      values[reg] = value;
      hasPendingWrites = true;
      return;
    }
    if (table().lookup(reg)->values.front().value == value)
      return start();
    return report(RegisterRole::Opcode,
                  "the value " + Twine(value) + " starts no block");
  }
  enter(op);
  if (isRunning)
    report(RegisterRole::Status,
           "register " + Twine(reg) +
               " is written before the block is polled, whose tasks write "
               "registers");
  if (reg < file.size())
    file[reg] = value;
  if (decoder.isOpcode(reg)) {
    isRunning = wasBlock = false;
    endStart();
  }
  next->write(reg, value);
}

void BlockExpander::poll(uint32_t reg, uint32_t value) {
  if (!isRunning) {
    if (blocks)
      enter(op);
    return next->poll(reg, value);
  }
  const Register &status = table().getStatus();
  if (reg != status.number || value != status.value)
    report(RegisterRole::Status,
           "register " + Twine(reg) + " is polled until it is " + Twine(value) +
               ", but the block is done when register " + Twine(status.number) +
               " is " + Twine(status.value));
  isRunning = false;
}

uint32_t BlockExpander::read(uint32_t reg) {
  if (isStatus(reg))
    return table().getStatus().value;
  if (blocks)
    enter(op);
  if (isRunning)
    report(RegisterRole::Status,
           "register " + Twine(reg) + " is read before the block is polled");
  return next->read(reg);
}

void BlockExpander::dmaWrite(uint64_t address, llvm::ArrayRef<uint8_t> bytes) {
  if (blocks) {
    // The op may go on in the next block.
    if (isRunning)
      checkWrite(address, static_cast<int64_t>(bytes.size()));
    else
      enter(op);
    const Memory &place = getMemory();
    const auto base = static_cast<uint64_t>(place.dmaBase);
    if (address >= base &&
        address - base < static_cast<uint64_t>(place.capacity))
      memory.store(static_cast<int64_t>(address - base), bytes);
  }
  next->dmaWrite(address, bytes);
}

void BlockExpander::dmaRead(uint64_t address,
                            llvm::MutableArrayRef<uint8_t> bytes) {
  if (blocks)
    enter(op);
  if (isRunning)
    report(RegisterRole::Status,
           "the host reads memory before the block is polled");
  next->dmaRead(address, bytes);
}

void BlockExpander::checkWrite(uint64_t address, int64_t size) {
  for (const Memory &place : device.getMemories()) {
    const auto base = static_cast<uint64_t>(place.dmaBase);
    if (place.isOnChip || address < base)
      continue;
    uint64_t offset = address - base;
    uint64_t port = 0;
    if (place.ports > 1) {
      port = offset / place.portStride;
      offset %= place.portStride;
    }
    if (port >= static_cast<uint64_t>(place.ports) ||
        offset >= static_cast<uint64_t>(place.capacity))
      continue;
    const auto begin = static_cast<int64_t>(offset);
    const ByteRange bytes = {begin, begin + size};
    const std::string what =
        "the host writes " + FindingLog::describe(bytes) + " of " + place.name;
    if (&place == &getMemory() && port == 0 && bytes.overlaps(range) &&
        !blocks->rewritesWhileRunning)
      return report(RegisterRole::Status,
                    what + ", a part of the block that runs");
    for (const UsedBytes &other : used)
      if (other.memory == &place && bytes.overlaps(other.bytes))
        return report(RegisterRole::Status, what + ", which task " +
                                                Twine(other.task) +
                                                " of the block that runs uses");
  }
}

//===----------------------------------------------------------------------===//
// Blocks
//===----------------------------------------------------------------------===//

void BlockExpander::start() {
  if (isRunning)
    report(RegisterRole::Status,
           "the next block starts before this one is polled");
  isRunning = false;
  bool isKnown = true;
  for (const Register &reg : table().getRegisters())
    if (keepsValue(reg.role) && isWritten(reg.role) &&
        !values.count(reg.number)) {
      report(reg.role, reg.name + " is not written before the block starts");
      isKnown = false;
    }
  used.clear();
  range = {0, 0};
  if (isKnown)
    if (std::optional<llvm::SmallVector<const Form *>> tasks = readHeader()) {
      int64_t address = range.begin + blocks->headerBytes;
      for (auto [number, form] : llvm::enumerate(*tasks)) {
        if (!runTask(*form, number, address))
          break;
        address += form->beats * blocks->beatBytes;
      }
    }
  isRunning = wasBlock = true;
  endStart();
}

std::optional<llvm::SmallVector<const BlockExpander::Form *>>
BlockExpander::readHeader() {
  auto fail = [&](RegisterRole role, const Twine &message) {
    report(role, message + "; the block does not run");
    return std::nullopt;
  };
  const Memory &place = getMemory();
  const int64_t begin = get(RegisterRole::BlockAddress);
  const int64_t count = get(RegisterRole::BlockTasks);
  if (count < 1 || count > blocks->maxTasks)
    return fail(RegisterRole::BlockTasks,
                "Tasks is " + Twine(count) + ", but a block has 1 to " +
                    Twine(blocks->maxTasks) + " tasks");
  if (begin % place.minimumAlignment != 0)
    return fail(RegisterRole::BlockAddress, "Address is " + Twine(begin) +
                                                ", no multiple of " +
                                                Twine(place.minimumAlignment));
  auto isOutside = [&](int64_t bytes) {
    return bytes > place.capacity - begin;
  };
  auto failOutside = [&] {
    return fail(RegisterRole::BlockAddress,
                "the block at " + Twine(begin) + " leaves the " +
                    Twine(place.capacity) + " bytes of " + place.name);
  };
  if (isOutside(blocks->headerBytes))
    return failOutside();
  std::vector<uint8_t> header(blocks->headerBytes);
  if (std::optional<int64_t> unwritten = memory.fetch(begin, header))
    return fail(RegisterRole::BlockAddress,
                "nobody wrote byte " + Twine(*unwritten - begin) +
                    " of the header of the block at " + Twine(begin));
  llvm::SmallVector<const Form *> tasks;
  int64_t beats = 0;
  for (int64_t k = 0; k < blocks->headerBytes; ++k) {
    const int64_t code = header[k];
    if (k >= count) {
      if (code != 0)
        return fail(RegisterRole::BlockTasks,
                    "byte " + Twine(k) + " of the header of the block at " +
                        Twine(begin) + " is " + Twine(code) +
                        ", but the block has " + Twine(count) + " tasks");
      continue;
    }
    const auto form = forms.find(code);
    if (form == forms.end())
      return fail(RegisterRole::BlockAddress,
                  "task " + Twine(k) + " of the block at " + Twine(begin) +
                      " has the code " + Twine(code) + ", which no task has");
    tasks.push_back(&form->second);
    beats += form->second.beats;
  }
  if (get(RegisterRole::BlockBeats) != blocks->countBeats(beats))
    return fail(RegisterRole::BlockBeats,
                "Beats is " + Twine(get(RegisterRole::BlockBeats)) +
                    ", but the tasks of the block have " + Twine(beats) +
                    " beats" +
                    (blocks->countsHeader
                         ? ", with the header " +
                               std::to_string(blocks->countBeats(beats))
                         : std::string(" without the header")));
  const int64_t bytes = blocks->headerBytes + beats * blocks->beatBytes;
  if (isOutside(bytes))
    return failOutside();
  range = {begin, begin + bytes};
  return tasks;
}

bool BlockExpander::runTask(const Form &form, unsigned number,
                            int64_t address) {
  const auto named = names.find(address);
  enter(named != names.end()
            ? named->second
            : InstructionName{op.layer,
                              op.name + "[" + std::to_string(number) + "]"});
  const std::string what = "task " + std::to_string(number) +
                           " of the block at " + std::to_string(range.begin);
  // Its op is known: a finding is there.
  auto report = [&](const Twine &message) {
    reporter(getName(RegisterRole::BlockAddress), message);
  };
  std::vector<uint8_t> bytes(form.beats * blocks->beatBytes);
  if (std::optional<int64_t> unwritten = memory.fetch(address, bytes)) {
    report("nobody wrote word " + Twine((*unwritten - address) / 4) + " of " +
           what + "; the block stops");
    return false;
  }
  uint32_t opcode = form.opcodes.front();
  llvm::SmallVector<std::pair<uint32_t, uint32_t>, 36> writes;
  for (size_t word = 0; word < bytes.size() / 4; ++word) {
    const uint32_t value = llvm::support::endian::read32le(&bytes[4 * word]);
    const int32_t reg = word < form.words.size() ? form.words[word] : -1;
    if (reg < 0) {
      if (value != 0)
        report("word " + Twine(word) + " of " + what + " is " + Twine(value) +
               ", but stands for no register");
    } else if (static_cast<uint32_t>(reg) == form.opcode->number) {
      opcode = value;
    } else {
      writes.push_back({static_cast<uint32_t>(reg), value});
    }
  }
  if (!llvm::is_contained(form.opcodes, opcode)) {
    report("the opcode of " + what + " is " + Twine(opcode) +
           ", which its code in the header does not stand for; the block "
           "stops");
    return false;
  }
  writes.push_back({form.opcode->number, opcode});
  for (auto [reg, value] : writes) {
    file[reg] = value;
    next->write(reg, value);
  }
  const DecodedTask *task = decoder.lookup(form.opcode->number, opcode, file);
  if (task)
    noteUsedBytes(*task, number);
  const Register &status =
      *(task ? task : decoder.lookup(form.opcode->number))->status;
  next->poll(status.number, status.value);
  return true;
}

void BlockExpander::noteUsedBytes(const DecodedTask &task, unsigned number) {
  if (!task.support->extents)
    return;
  llvm::SmallVector<Extent> extents;
  const RegisterValues values(task.getTable(), file);
  task.support->extents(values, device, extents);
  for (const Extent &extent : extents) {
    const Memory &place = device.getMemory(values, *extent.reg);
    const ByteRange bytes = {extent.begin, extent.end};
    used.push_back({&place, bytes, number});
    if (isOutput(extent.reg->role) && &place == &getMemory() &&
        bytes.overlaps(range))
      reporter(task.getName(*extent.reg),
               "the task writes " + FindingLog::describe(bytes) +
                   ", a part of the block at " + Twine(range.begin) +
                   " that it stands in");
  }
}
