//===- InstructionBlocks.h - Tasks that a device reads from memory --------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// In auxiliary mode a device reads the registers of several starts from a block
// in its memory and runs them without the host. A block is a header, whose byte
// k is the code of task k (zeros behind them), and the words of the tasks, one
// behind the other. A word is a register's value, 32 bits, little-endian; what
// a task's beats have behind its words is 0.
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_DEVICE_INSTRUCTIONBLOCKS_H
#define DLAVM_DEVICE_INSTRUCTIONBLOCKS_H

#include "DLAVM/Device/Registers.h"

#include "llvm/ADT/SmallVector.h"

namespace dlavm {

class DeviceInfo;

/// How a start of a task stands in a block.
struct TaskInstruction {
  /// In the header, 1 to 255. Tasks that a selector tells apart may share it;
  /// opcodes may only where the block has them.
  int64_t code = 0;
  int64_t beats = 0;
  /// The number of the register that each word is for, -1 for a word that is 0.
  /// The opcode's is among them where InstructionBlocks::hasOpcodeWord.
  llvm::SmallVector<int32_t, 36> words = {};
};

/// What a device knows about blocks.
struct InstructionBlocks {
  /// Registers with the roles BlockAddress, BlockBeats and BlockTasks, the
  /// opcode with the one value that starts a block, and the status.
  RegisterTable registers;
  /// The memory that blocks lie in; where it has ports, in the first.
  std::string memory;
  int64_t beatBytes = 0;
  /// A multiple of beatBytes.
  int64_t headerBytes = 0;
  /// Of a block; at most the bytes of the header.
  int64_t maxTasks = 0;
  /// Whether the register BlockBeats counts the header's beats.
  bool countsHeader = false;
  /// Whether tasks have their opcode among their words; the word is 0 or not
  /// there else.
  bool hasOpcodeWord = false;
  /// Whether the host may write into a block that runs.
  bool rewritesWhileRunning = false;

  /// What the register BlockBeats says of a block whose tasks have \p beats.
  int64_t countBeats(int64_t beats) const {
    return beats + (countsHeader ? headerBytes / beatBytes : 0);
  }
};

/// Adds what the documents of all families leave open about blocks: how many
/// tasks one has (\p tasks, the default first), whether its beats count the
/// header's, whether tasks have an opcode word, and whether a block that runs
/// may be written.
void addBlockConventions(DeviceInfo &device, llvm::ArrayRef<int64_t> tasks,
                         bool countsHeader);

/// Blocks in \p memory whose header is a beat, with the conventions of
/// \p device.
InstructionBlocks createBlocks(const DeviceInfo &device,
                               RegisterTable registers, llvm::StringRef memory,
                               int64_t beatBytes);

} // namespace dlavm

#endif // DLAVM_DEVICE_INSTRUCTIONBLOCKS_H
