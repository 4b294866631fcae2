//===- Blocks.cpp - Blocks of instructions of edgellm ---------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Section 4.12 of the EdgeLLM register document, whose open points are
// conventions (U9 in docs/Numerics.md).
//
//===----------------------------------------------------------------------===//

#include "Blocks.h"

using namespace dlavm;
using namespace dlavm::edgellm;

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
  return createBlocks(device, createRegisters(), "DDR",
                      device["AXI_DAT_WIDTH"] / 8);
}

/// Word j is for register \p first + j.
static TaskInstruction createInstruction(TaskKind kind, int64_t code,
                                         int64_t beats, uint32_t first,
                                         const DeviceInfo &device) {
  TaskInstruction instruction = {code, beats};
  for (const Register &reg : device.getTask(kind)->registers.getRegisters()) {
    if (!isWritten(reg.role) ||
        (reg.role == RegisterRole::Opcode && device["Block_Opcode_Word"] == 0))
      continue;
    const size_t word = reg.number - first;
    if (word >= instruction.words.size())
      instruction.words.resize(word + 1, -1);
    instruction.words[word] = static_cast<int32_t>(reg.number);
  }
  return instruction;
}

static std::optional<TaskInstruction> getLinear(int64_t opcode,
                                                const DeviceInfo &device) {
  const Register &mode =
      device.getTask(TaskKind::Linear)->registers.getOpcode();
  const std::pair<const char *, int64_t> codes[] = {
      {"Plain", 0x08},
      {"ScaleBias", 0x48},
      {"ScaleBiasResidual", 0xC8},
      {"ScaleBiasArgmax", device["Block_Argmax_Code"]}};
  for (const NamedValue &form : mode.values)
    for (auto [name, code] : codes) {
      if (form.value != opcode || form.name != name)
        continue;
      // Only the opcode tells argmax from the form whose code it has.
      const bool isKnown = code != 0 && (form.name != "ScaleBiasArgmax" ||
                                         device["Block_Opcode_Word"] == 1);
      if (isKnown)
        return createInstruction(TaskKind::Linear, code, 2, 2, device);
    }
  return std::nullopt;
}

template <TaskKind kind, int64_t code, uint32_t first>
static std::optional<TaskInstruction> getTask(int64_t,
                                              const DeviceInfo &device) {
  return createInstruction(kind, code, 1, first, device);
}

static std::optional<TaskInstruction> getAppend(int64_t,
                                                const DeviceInfo &device) {
  return createInstruction(
      TaskKind::KVAppend, 0x30, 1,
      static_cast<uint32_t>(device["Block_Append_First_Register"]), device);
}

void edgellm::addBlocks(DeviceInfo &device) {
  device.instructionBlocks = getBlocks;
  auto add = [&](TaskKind kind, auto instruction) {
    device.addTask(kind).instruction = instruction;
  };
  add(TaskKind::Linear, getLinear);
  add(TaskKind::KVAppend, getAppend);
  add(TaskKind::Norm, getTask<TaskKind::Norm, 0x07, 194>);
  add(TaskKind::Activation, getTask<TaskKind::Activation, 0x06, 194>);
  add(TaskKind::Softmax, getTask<TaskKind::Softmax, 0x05, 194>);
  add(TaskKind::Rope, getTask<TaskKind::Rope, 0x04, 194>);
  add(TaskKind::Scores, getTask<TaskKind::Scores, 0x03, 194>);
  add(TaskKind::Values, getTask<TaskKind::Values, 0x02, 194>);
  add(TaskKind::Elementwise, getTask<TaskKind::Elementwise, 0x01, 130>);
}
