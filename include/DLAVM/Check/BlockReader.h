//===- BlockReader.h - What instruction blocks say --------------*- C++ -*-===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_CHECK_BLOCKREADER_H
#define DLAVM_CHECK_BLOCKREADER_H

#include "DLAVM/Check/Intervals.h"
#include "DLAVM/Device/DeviceInfo.h"
#include "DLAVM/Device/InstructionBlocks.h"

#include "llvm/ADT/Twine.h"

#include <array>
#include <bitset>
#include <map>

namespace dlavm {

/// The memory that blocks lie in, or the first of its ports.
class BlockMemory {
public:
  virtual ~BlockMemory() = default;
  /// Copies the bytes from \p address on, 0 where nobody wrote. Returns the
  /// first address that nobody wrote, if there is one.
  virtual std::optional<int64_t>
  fetch(int64_t address, llvm::MutableArrayRef<uint8_t> bytes) = 0;
  /// The host writes by DMA.
  virtual void store(int64_t address, llvm::ArrayRef<uint8_t> bytes) {}
};

/// What the host has written, for those who only listen.
class BlockImage final : public BlockMemory {
public:
  std::optional<int64_t> fetch(int64_t address,
                               llvm::MutableArrayRef<uint8_t> bytes) override;
  void store(int64_t address, llvm::ArrayRef<uint8_t> bytes) override;

private:
  static constexpr int64_t pageBytes = 4096;
  struct Page {
    std::array<uint8_t, pageBytes> bytes = {};
    std::bitset<pageBytes> isWritten;
  };
  std::map<int64_t, Page> pages;
};

/// Reads blocks (DLAVM/Device/InstructionBlocks.h) from memory: which tasks
/// they have, and what each writes.
class BlockReader {
public:
  /// What a code in a header stands for.
  struct Form {
    int64_t beats;
    llvm::SmallVector<int32_t, 36> words;
    const Register *opcode;
    /// More than one where the block has opcodes.
    llvm::SmallVector<uint32_t, 2> opcodes;
  };
  struct Block {
    ByteRange bytes;
    llvm::SmallVector<const Form *> tasks;
  };
  /// Registers with their values.
  using Writes = llvm::SmallVector<std::pair<uint32_t, uint32_t>, 36>;
  /// What is wrong, and the role of the block's register that it comes from.
  using Report = llvm::function_ref<void(RegisterRole, const llvm::Twine &)>;

  /// Both must outlive the reader. Of a device without blocks there is nothing
  /// to read.
  BlockReader(const DeviceInfo &device, BlockMemory &memory);

  const std::optional<InstructionBlocks> &getBlocks() const { return blocks; }

  /// The block at \p address, whose registers say how many tasks and beats it
  /// has. Nothing if it cannot run.
  std::optional<Block> readHeader(int64_t address, int64_t tasks, int64_t beats,
                                  Report report) const;
  /// What the task at \p address writes, the opcode last; \p what is its name
  /// in messages. Nothing if the block stops there.
  std::optional<Writes> readTask(const Form &form, int64_t address,
                                 const llvm::Twine &what, Report report) const;

private:
  const DeviceInfo &device;
  const std::optional<InstructionBlocks> blocks;
  BlockMemory &memory;
  std::map<int64_t, Form> forms;
};

} // namespace dlavm

#endif // DLAVM_CHECK_BLOCKREADER_H
