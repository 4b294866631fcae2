//===- TaskDecoder.h - Which task a start is --------------------*- C++ -*-===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_CHECK_TASKDECODER_H
#define DLAVM_CHECK_TASKDECODER_H

#include "DLAVM/Device/DeviceInfo.h"

#include "llvm/ADT/SmallVector.h"

#include <cstdint>
#include <vector>

namespace dlavm {

/// A task with what is looked up for each of its starts. Where forms of a task
/// have status registers of their own, each is a task here.
struct DecodedTask {
  TaskKind kind;
  const TaskSupport *support;
  const Register *opcode;
  const Register *status;
  /// Tells the task from others with its opcode; null where there are none.
  const Register *selector;
  /// The registers that a start writes, in the order of the table.
  llvm::SmallVector<const Register *, 36> written;

  const RegisterTable &getTable() const { return support->registers; }
  /// "mvm::InputWidth"
  std::string getName(const Register &reg) const {
    return getTable().getName().str() + "::" + reg.name;
  }
};

/// Knows which task a write starts. One register number means different things
/// in different tasks, so that a write has no name before the opcode is
/// written. The device must outlive the decoder.
class TaskDecoder {
public:
  explicit TaskDecoder(const DeviceInfo &device);

  llvm::ArrayRef<DecodedTask> getTasks() const { return tasks; }
  /// One more than the largest register number of any task.
  uint32_t getRegisterEnd() const { return static_cast<uint32_t>(uses.size()); }

  /// True if some task writes this register.
  bool isWritten(uint32_t reg) const { return has(reg, Written); }
  /// True if a write to this register starts a task.
  bool isOpcode(uint32_t reg) const { return has(reg, Opcode); }
  /// True if some task says that the host may read this register.
  bool isReadable(uint32_t reg) const { return has(reg, Readable); }

  /// The task that this write starts, or null if the value is no opcode. Where
  /// one opcode starts several tasks, \p file, the value of each register
  /// before the write, says which.
  const DecodedTask *lookup(uint32_t reg, uint32_t value,
                            llvm::ArrayRef<uint32_t> file) const;
  /// The first task that is started through this register; tasks that share an
  /// opcode register mostly share the status register too.
  const DecodedTask *lookup(uint32_t reg) const;

private:
  enum Use : uint8_t { Written = 1, Opcode = 2, Readable = 4 };
  unsigned addTask(TaskKind kind, const TaskSupport &support,
                   const Register &status);
  bool has(uint32_t reg, Use use) const {
    return reg < uses.size() && (uses[reg] & use);
  }
  void add(uint32_t reg, Use use);

  struct Start {
    uint32_t reg;
    uint32_t value;
    unsigned task;
  };
  std::vector<DecodedTask> tasks;
  std::vector<uint8_t> uses;
  llvm::SmallVector<Start, 16> starts;
};

/// Follows the writes of a driver to the starts among them.
class StartDecoder {
public:
  /// The device must outlive the decoder.
  explicit StartDecoder(const DeviceInfo &device)
      : decoder(device), file(decoder.getRegisterEnd()) {}

  /// The task that this write starts, or null.
  const DecodedTask *write(uint32_t reg, uint32_t value) {
    if (reg < file.size())
      file[reg] = value;
    return decoder.lookup(reg, value, file);
  }
  bool isOpcode(uint32_t reg) const { return decoder.isOpcode(reg); }
  /// The value that was written last, 0 before that.
  uint32_t getValue(const Register &reg) const { return file[reg.number]; }
  /// All values, as the registers of \p task.
  RegisterValues getValues(const DecodedTask &task) const {
    return RegisterValues(task.getTable(), file);
  }

private:
  TaskDecoder decoder;
  std::vector<uint32_t> file;
};

} // namespace dlavm

#endif // DLAVM_CHECK_TASKDECODER_H
