//===- BlockExpander.cpp - The starts of instruction blocks ---------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DLAVM/Check/BlockExpander.h"
#include "DLAVM/Check/FindingLog.h"

using namespace dlavm;
using llvm::Twine;

BlockExpander::BlockExpander(const DeviceInfo &device, BlockMemory &memory,
                             EventSink &next, Report report)
    : device(device), reader(device, memory), blocks(reader.getBlocks()),
      keepsValues(device.getTraits().registersKeepValues), memory(memory),
      next(&next), reporter(std::move(report)), decoder(device),
      file(decoder.getRegisterEnd()) {}

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
    if (std::optional<BlockReader::Block> block = reader.readHeader(
            get(RegisterRole::BlockAddress), get(RegisterRole::BlockTasks),
            get(RegisterRole::BlockBeats),
            [&](RegisterRole role, const Twine &message) {
              report(role, message);
            })) {
      range = block->bytes;
      int64_t address = range.begin + blocks->headerBytes;
      for (auto [number, form] : llvm::enumerate(block->tasks)) {
        if (!runTask(*form, number, address))
          break;
        address += form->beats * blocks->beatBytes;
      }
    }
  isRunning = wasBlock = true;
  endStart();
}

bool BlockExpander::runTask(const BlockReader::Form &form, unsigned number,
                            int64_t address) {
  const auto named = names.find(address);
  enter(named != names.end()
            ? named->second
            : InstructionName{op.layer,
                              op.name + "[" + std::to_string(number) + "]"});
  // Its op is known: a finding is there.
  const std::optional<BlockReader::Writes> writes = reader.readTask(
      form, address,
      "task " + Twine(number) + " of the block at " + Twine(range.begin),
      [&](RegisterRole role, const Twine &message) {
        reporter(getName(role), message);
      });
  if (!writes)
    return false;
  for (auto [reg, value] : *writes) {
    file[reg] = value;
    next->write(reg, value);
  }
  const DecodedTask *task =
      decoder.lookup(form.opcode->number, writes->back().second, file);
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
