//===- TaskDecoder.cpp - Which task a start is ----------------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DLAVM/Check/TaskDecoder.h"

using namespace dlavm;

TaskDecoder::TaskDecoder(const DeviceInfo &device) {
  for (const auto &[kind, support] : device.getTasks()) {
    const RegisterTable &table = support.registers;
    DecodedTask task = {kind,
                        &support,
                        &table.getOpcode(),
                        &table.getStatus(),
                        table.lookup(RegisterRole::Selector),
                        {}};
    for (const Register &reg : table.getRegisters()) {
      if (dlavm::isWritten(reg.role)) {
        task.written.push_back(&reg);
        add(reg.number, Written);
      } else {
        add(reg.number, Readable);
      }
    }
    add(task.opcode->number, Opcode);
    const auto index = static_cast<unsigned>(tasks.size());
    for (const NamedValue &value : task.opcode->values)
      starts.push_back({task.opcode->number, value.value, index});
    tasks.push_back(std::move(task));
  }
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
