//===- InstructionBlocks.cpp - What families have in common ---------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DLAVM/Device/InstructionBlocks.h"
#include "DLAVM/Device/DeviceInfo.h"

using namespace dlavm;

void dlavm::addBlockConventions(DeviceInfo &device,
                                llvm::ArrayRef<int64_t> tasks,
                                bool countsHeader) {
  device.addParameter("Block_Tasks", tasks.front(),
                      "tasks of a block of instructions, at most", tasks);
  device.addParameter("Block_Counts_Header", countsHeader,
                      "beats of a block: 0 those of its tasks, 1 the header's "
                      "too",
                      {0, 1});
  device.addParameter("Block_Opcode_Word", 1,
                      "opcode among the words of a task in a block: 0 no, 1 "
                      "yes",
                      {0, 1});
  device.addParameter("Block_Rewrites_While_Running", 0,
                      "writing into a block that runs: 0 unknown, 1 it has "
                      "been read",
                      {0, 1});
}

InstructionBlocks dlavm::createBlocks(const DeviceInfo &device,
                                      RegisterTable registers,
                                      llvm::StringRef memory,
                                      int64_t beatBytes) {
  InstructionBlocks blocks;
  blocks.registers = std::move(registers);
  blocks.memory = memory.str();
  blocks.beatBytes = beatBytes;
  blocks.headerBytes = beatBytes;
  blocks.maxTasks = device["Block_Tasks"];
  blocks.countsHeader = device["Block_Counts_Header"] == 1;
  blocks.hasOpcodeWord = device["Block_Opcode_Word"] == 1;
  blocks.rewritesWhileRunning = device["Block_Rewrites_While_Running"] == 1;
  return blocks;
}
