//===- Blocks.h - Blocks of instructions by hand --------------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// From the tables of edgellm.md 4.12 and ohbm.md 6, without the records.
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_UNITTESTS_CHECK_BLOCKS_H
#define DLAVM_UNITTESTS_CHECK_BLOCKS_H

#include "DLAVM/Check/EventSink.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

namespace dlavm::test {

/// The writes of a start in their order, the opcode last.
using Writes = std::vector<std::pair<uint32_t, uint32_t>>;

/// Bytes of a block and what its registers say.
struct Block {
  explicit Block(uint32_t headerBytes) : bytes(headerBytes) {}

  void addTask(uint8_t code, const std::vector<uint32_t> &words,
               uint32_t wordBytes) {
    bytes[tasks++] = code;
    places.push_back(static_cast<uint32_t>(bytes.size()));
    for (uint32_t word : words)
      for (int byte = 0; byte < 4; ++byte)
        bytes.push_back(static_cast<uint8_t>(word >> 8 * byte));
    bytes.resize(places.back() + wordBytes);
  }
  void setWord(uint32_t task, uint32_t word, uint32_t value) {
    for (int byte = 0; byte < 4; ++byte)
      bytes[places[task] + 4 * word + byte] =
          static_cast<uint8_t>(value >> 8 * byte);
  }

  std::vector<uint8_t> bytes;
  /// Of the first word of each task.
  std::vector<uint32_t> places;
  uint32_t tasks = 0;
};

struct BlockConventions {
  bool hasOpcodeWord = true;
  bool countsHeader = true;
  uint32_t appendFirst = 194;
};

/// A block of edgellm.
struct EdgeLLMBlock : Block {
  explicit EdgeLLMBlock(BlockConventions conventions = {})
      : Block(64), conventions(conventions) {}

  void add(const Writes &writes) {
    const auto [opcodeRegister, opcode] = writes.back();
    uint8_t code = 0;
    uint32_t first = 194;
    if (opcodeRegister == 33) {
      code = opcode == 287 ? 0x08 : opcode == 1823 ? 0xC8 : 0x48;
      first = 2;
    } else if (opcodeRegister == 142) {
      code = 1;
      first = 130;
    } else {
      const std::pair<uint32_t, uint8_t> codes[] = {
          {32, 7}, {16, 6}, {8, 5}, {4, 4}, {2, 3}, {1, 2}, {64, 0x30}};
      for (auto [value, id] : codes)
        if (value == opcode)
          code = id;
      if (opcode == 64)
        first = conventions.appendFirst;
    }
    std::vector<uint32_t> words(opcodeRegister - first + 1);
    for (auto [reg, value] : writes)
      words[reg - first] = value;
    if (!conventions.hasOpcodeWord)
      words.back() = 0;
    addTask(code, words, opcodeRegister == 33 ? 128 : 64);
  }
  uint32_t beats() const {
    return static_cast<uint32_t>(bytes.size()) / 64 -
           (conventions.countsHeader ? 0 : 1);
  }

  BlockConventions conventions;
};

/// Writes the block by DMA.
inline void load(EventSink &sink, const Block &block, uint64_t dmaAddress) {
  sink.dmaWrite(dmaAddress, block.bytes);
}
inline void startBlock(EventSink &sink, uint32_t address, uint32_t beats,
                       uint32_t tasks) {
  sink.write(65, address);
  sink.write(66, beats);
  sink.write(67, tasks);
  sink.write(73, 1);
}

} // namespace dlavm::test

#endif // DLAVM_UNITTESTS_CHECK_BLOCKS_H
