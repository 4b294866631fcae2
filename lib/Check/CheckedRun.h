//===- CheckedRun.h - How far a run has come --------------------*- C++ -*-===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_LIB_CHECK_CHECKEDRUN_H
#define DLAVM_LIB_CHECK_CHECKEDRUN_H

#include "DLAVM/Check/Plan.h"

namespace dlavm {

/// How far a run has come: its call, the op and the start that it is at, and
/// what registers hold. Findings are reported at that start.
class CheckedRun {
public:
  /// Of a device with so many registers. All must outlive the run.
  CheckedRun(const DeviceInfo &device, size_t numRegisters, const Plan &plan,
             FindingLog &log)
      : plan(plan), log(log), file(numRegisters), writtenAt(numRegisters),
        keepsValues(device.getTraits().registersKeepValues) {}

  void begin(int64_t newSeq, int64_t newPast) {
    seq = newSeq;
    past = newPast;
    starts = 0;
    mark = Mark();
    firstEpoch = ++epoch;
  }
  void write(uint32_t reg, uint32_t value) {
    file[reg] = value;
    writtenAt[reg] = epoch;
  }
  void endStart() {
    ++epoch;
    ++starts;
  }

  /// What each register holds, by number.
  const std::vector<uint32_t> &getFile() const { return file; }
  uint32_t getValue(const Register &reg) const { return file[reg.number]; }
  /// Whether the register has a value of this run: written since the start
  /// before, or anywhere in the run where registers keep their values.
  bool isKnown(const Register &reg) const {
    return writtenAt[reg.number] >= (keepsValues ? firstEpoch : epoch);
  }
  /// A register of a table that has it says a number of tokens.
  void checkCount(const DecodedTask &task, const Register *reg,
                  int64_t expected, const llvm::Twine &meaning) {
    // A register that nobody wrote has been reported.
    if (reg && isKnown(*reg) && getValue(*reg) != expected)
      report(task.getName(*reg), llvm::Twine(reg->name) + " is " +
                                     llvm::Twine(getValue(*reg)) + ", not " +
                                     llvm::Twine(expected) + ": " + meaning);
  }

  void report(llvm::StringRef reg, const llvm::Twine &message) {
    log.report(mark, starts, reg, "", message);
  }
  void report(const DecodedTask &task, const Operand &operand,
              const llvm::Twine &message) {
    log.report(mark, starts, task.getName(*operand.reg),
               plan.getName(operand.memory, operand.bytes), message);
  }

  int64_t seq = 0, past = 0;
  /// Of the run.
  unsigned starts = 0;
  /// The op that the host is at.
  Mark mark;

private:
  const Plan &plan;
  FindingLog &log;
  /// The registers of the device, and for each the number of the last start
  /// before it was written, plus 1.
  std::vector<uint32_t> file;
  std::vector<uint64_t> writtenAt;
  uint64_t epoch = 1;
  /// Of the run.
  uint64_t firstEpoch = 1;
  const bool keepsValues;
};

} // namespace dlavm

#endif // DLAVM_LIB_CHECK_CHECKEDRUN_H
