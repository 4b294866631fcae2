//===- Blocks.cpp - Blocks of instructions of ohbm ------------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Section 6 of the ohbm register document. Of its two generators, the older one
// has sizes that agree with each other and with the registers.
//
//===----------------------------------------------------------------------===//

#include "Blocks.h"

using namespace dlavm;
using namespace dlavm::ohbm;

static RegisterTable createRegisters() {
  RegisterTable table("block", "a block of instructions in device memory");
  table.add({"Address",
             65,
             RegisterRole::BlockAddress,
             "bytes",
             "header of the block",
             0,
             {}});
  table.add({"Beats",
             66,
             RegisterRole::BlockBeats,
             "beats",
             "beats of the block",
             0,
             {}});
  table.add({"Tasks",
             67,
             RegisterRole::BlockTasks,
             "tasks",
             "tasks of the block",
             0,
             {}});
  table.add(
      {"Opcode", 73, RegisterRole::Opcode, "", "starts the block", 0, {}});
  table.addValue({"Start", 1});
  table.add({"Status",
             64,
             RegisterRole::Status,
             "",
             "1 when all tasks are done",
             1,
             {}});
  return table;
}

static std::optional<InstructionBlocks> getBlocks(const DeviceInfo &device) {
  return createBlocks(device, createRegisters(), "HBM",
                      device["HBM_AXI_DATA_WIDTH"] * 4 / 8);
}

/// Of the older table.
static int64_t getCode(TaskKind kind, llvm::StringRef form) {
  switch (kind) {
  case TaskKind::Norm:
    return 1;
  case TaskKind::Rope:
    return 2;
  case TaskKind::KVAppend:
    return 3;
  case TaskKind::Softmax:
    return 4;
  case TaskKind::Activation:
    return 5;
  case TaskKind::Elementwise:
    return 6;
  case TaskKind::Conv2D:
    return 48;
  default:
    return form == "ScaleBiasArgmax" ? 112 : form == "ScaleBias" ? 48 : 16;
  }
}

/// Words are in the order of the writes.
template <TaskKind kind>
static std::optional<TaskInstruction> getTask(int64_t opcode,
                                              const DeviceInfo &device) {
  const RegisterTable &table = device.getTask(kind)->registers;
  for (const NamedValue &form : table.getOpcode().values) {
    if (form.value != opcode)
      continue;
    TaskInstruction instruction = {
        device["Block_Codes"] == 1 ? opcode : getCode(kind, form.name), 2};
    for (const Register &reg : table.getRegisters())
      if (isWritten(reg.role) && (reg.role != RegisterRole::Opcode ||
                                  device["Block_Opcode_Word"] == 1))
        instruction.words.push_back(static_cast<int32_t>(reg.number));
    return instruction;
  }
  return std::nullopt;
}

void ohbm::addBlocks(DeviceInfo &device) {
  device.instructionBlocks = getBlocks;
  auto add = [&](TaskKind kind, auto instruction) {
    device.addTask(kind).instruction = instruction;
  };
  add(TaskKind::Linear, getTask<TaskKind::Linear>);
  add(TaskKind::Conv2D, getTask<TaskKind::Conv2D>);
  add(TaskKind::Norm, getTask<TaskKind::Norm>);
  add(TaskKind::Activation, getTask<TaskKind::Activation>);
  add(TaskKind::Softmax, getTask<TaskKind::Softmax>);
  add(TaskKind::Rope, getTask<TaskKind::Rope>);
  add(TaskKind::Scores, getTask<TaskKind::Scores>);
  add(TaskKind::Values, getTask<TaskKind::Values>);
  add(TaskKind::KVAppend, getTask<TaskKind::KVAppend>);
  add(TaskKind::Elementwise, getTask<TaskKind::Elementwise>);
}
