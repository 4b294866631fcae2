//===- BlockReader.cpp - What instruction blocks say ----------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DLAVM/Check/BlockReader.h"

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

BlockReader::BlockReader(const DeviceInfo &device, BlockMemory &memory)
    : device(device), blocks(device.getInstructionBlocks()), memory(memory) {
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

std::optional<BlockReader::Block> BlockReader::readHeader(int64_t begin,
                                                          int64_t count,
                                                          int64_t beats,
                                                          Report report) const {
  auto fail = [&](RegisterRole role, const Twine &message) {
    report(role, message + "; the block does not run");
    return std::nullopt;
  };
  const Memory &place = *device.getMemory(blocks->memory);
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
  Block block;
  int64_t taskBeats = 0;
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
    block.tasks.push_back(&form->second);
    taskBeats += form->second.beats;
  }
  if (beats != blocks->countBeats(taskBeats))
    return fail(RegisterRole::BlockBeats,
                "Beats is " + Twine(beats) +
                    ", but the tasks of the block have " + Twine(taskBeats) +
                    " beats" +
                    (blocks->countsHeader
                         ? ", with the header " +
                               std::to_string(blocks->countBeats(taskBeats))
                         : std::string(" without the header")));
  const int64_t bytes = blocks->headerBytes + taskBeats * blocks->beatBytes;
  if (isOutside(bytes))
    return failOutside();
  block.bytes = {begin, begin + bytes};
  return block;
}

std::optional<BlockReader::Writes>
BlockReader::readTask(const Form &form, int64_t address, const Twine &what,
                      Report reportRole) const {
  auto report = [&](const Twine &message) {
    reportRole(RegisterRole::BlockAddress, message);
  };
  std::vector<uint8_t> bytes(form.beats * blocks->beatBytes);
  if (std::optional<int64_t> unwritten = memory.fetch(address, bytes)) {
    report("nobody wrote word " + Twine((*unwritten - address) / 4) + " of " +
           what + "; the block stops");
    return std::nullopt;
  }
  uint32_t opcode = form.opcodes.front();
  Writes writes;
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
    return std::nullopt;
  }
  writes.push_back({form.opcode->number, opcode});
  return writes;
}
