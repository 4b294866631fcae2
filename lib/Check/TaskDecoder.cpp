//===- TaskDecoder.cpp - Which task a start is ----------------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DLAVM/Check/TaskDecoder.h"

#include "llvm/ADT/DenseMap.h"

using namespace dlavm;

TaskDecoder::TaskDecoder(const DeviceInfo &device) {
  for (const auto &[kind, support] : device.getTasks()) {
    const RegisterTable &table = support.registers;
    for (const Register &reg : table.getRegisters())
      add(reg.number, dlavm::isWritten(reg.role) ? Written : Readable);
    const Register &opcode = table.getOpcode();
    add(opcode.number, Opcode);
    llvm::SmallDenseMap<const Register *, unsigned> indices;
    for (const NamedValue &value : opcode.values) {
      const Register &status = table.getStatus(value.value);
      auto [it, isNew] = indices.try_emplace(&status, 0);
      if (isNew)
        it->second = addTask(kind, support, status);
      starts.push_back({opcode.number, value.value, it->second});
    }
  }
}

unsigned TaskDecoder::addTask(TaskKind kind, const TaskSupport &support,
                              const Register &status) {
  const RegisterTable &table = support.registers;
  DecodedTask task = {kind,
                      &support,
                      &table.getOpcode(),
                      &status,
                      table.lookup(RegisterRole::Selector),
                      {}};
  for (const Register &reg : table.getRegisters())
    if (dlavm::isWritten(reg.role))
      task.written.push_back(&reg);
  tasks.push_back(std::move(task));
  return static_cast<unsigned>(tasks.size() - 1);
}

void TaskDecoder::add(uint32_t reg, Use use) {
  if (reg >= uses.size())
    uses.resize(reg + 1);
  uses[reg] |= use;
}

const DecodedTask *TaskDecoder::lookup(uint32_t reg, uint32_t value,
                                       llvm::ArrayRef<uint32_t> file) const {
  for (const Start &start : starts) {
    if (start.reg != reg || start.value != value)
      continue;
    const DecodedTask &task = tasks[start.task];
    if (!task.selector ||
        llvm::any_of(task.selector->values, [&](const NamedValue &selected) {
          return selected.value == file[task.selector->number];
        }))
      return &task;
  }
  return nullptr;
}

const DecodedTask *TaskDecoder::lookup(uint32_t reg) const {
  for (const DecodedTask &task : tasks)
    if (task.opcode->number == reg)
      return &task;
  return nullptr;
}
