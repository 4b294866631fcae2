//===- BlockExpander.h - The starts of instruction blocks -------*- C++ -*-===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_CHECK_BLOCKEXPANDER_H
#define DLAVM_CHECK_BLOCKEXPANDER_H

#include "DLAVM/Check/BlockReader.h"
#include "DLAVM/Check/EventSink.h"
#include "DLAVM/Check/TaskDecoder.h"
#include "DLAVM/Plan/Instructions.h"

#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/Twine.h"

#include <functional>
#include <map>

namespace dlavm {

/// Hands events on with each start of a block (DLAVM/Device/
/// InstructionBlocks.h) as the writes, starts and polls of its tasks, as if the
/// host made them. An op that does nothing else is not handed on. Reports what
/// is wrong with blocks and with what the host does while one runs; a block
/// that cannot be read runs up to there. Hands on all events as they are where
/// the device has no blocks.
class BlockExpander final : public EventSink {
public:
  /// The name of a register, or empty, and what is wrong.
  using Report = std::function<void(llvm::StringRef, const llvm::Twine &)>;

  /// All must outlive the expander.
  BlockExpander(const DeviceInfo &device, BlockMemory &memory, EventSink &next,
                Report report);

  /// The ops of the tasks in blocks, by the address of a task's first word.
  /// Task k of a block is "<op of the block>[k]" else.
  void nameInstructions(std::map<int64_t, InstructionName> opNames) {
    names = std::move(opNames);
  }

  /// What the host has loaded before the first run, and its names.
  void load(const Instructions &instructions);

  /// Hands on to \p newNext from now on; returns who got the events before.
  EventSink &setNext(EventSink &newNext) {
    return *std::exchange(next, &newNext);
  }

  void beginRun();
  void endRun();

  /// Whether a write of this value is one of a block, which is not handed on.
  bool isOfBlock(uint32_t reg, uint32_t value) const;
  /// Whether a poll or read of this register is one of the last block.
  bool isStatus(uint32_t reg) const {
    return wasBlock && reg == table().getStatus().number;
  }
  /// Whether a block has started that nobody has polled.
  bool runs() const { return isRunning; }
  const std::optional<InstructionBlocks> &getBlocks() const { return blocks; }

  void task(int32_t layer, llvm::StringRef name) override;
  void write(uint32_t reg, uint32_t value) override;
  void poll(uint32_t reg, uint32_t value) override;
  uint32_t read(uint32_t reg) override;
  void dmaWrite(uint64_t address, llvm::ArrayRef<uint8_t> bytes) override;
  void dmaRead(uint64_t address, llvm::MutableArrayRef<uint8_t> bytes) override;

private:
  struct UsedBytes {
    const Memory *memory;
    ByteRange bytes;
    unsigned task;
  };

  const RegisterTable &table() const { return blocks->registers; }
  const Memory &getMemory() const { return *device.getMemory(blocks->memory); }
  uint32_t get(RegisterRole role) const {
    return values.lookup(table().lookup(role)->number);
  }
  std::string getName(RegisterRole role) const {
    return (table().getName() + "::" + table().lookup(role)->name).str();
  }
  void report(RegisterRole role, const llvm::Twine &message);
  /// Hands on the op of the next event, if that is another one.
  void enter(const InstructionName &op);
  void endStart();

  void start();
  /// False if the task cannot run.
  bool runTask(const BlockReader::Form &form, unsigned number, int64_t address);
  void noteUsedBytes(const DecodedTask &task, unsigned number);
  void checkWrite(uint64_t address, int64_t bytes);

  const DeviceInfo &device;
  const BlockReader reader;
  const std::optional<InstructionBlocks> &blocks;
  const bool keepsValues;
  BlockMemory &memory;
  EventSink *next;
  const Report reporter;
  TaskDecoder decoder;
  std::map<int64_t, InstructionName> names;

  /// Of the block's registers: their values, where they are known.
  llvm::SmallDenseMap<uint32_t, uint32_t> values;
  bool hasPendingWrites = false;
  /// Of the tasks, as the device has them.
  std::vector<uint32_t> file;

  /// The op that the driver is at, and the last one that was handed on; who
  /// begins a run is at none.
  InstructionName op = {-1, ""}, handed = op;

  bool isRunning = false;
  /// Whether the last start was one of a block.
  bool wasBlock = false;
  /// Of the block that runs.
  ByteRange range = {0, 0};
  std::vector<UsedBytes> used;
};

} // namespace dlavm

#endif // DLAVM_CHECK_BLOCKEXPANDER_H
