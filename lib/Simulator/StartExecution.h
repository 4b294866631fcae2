//===- StartExecution.h - One start of a simulated task ------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_LIB_SIMULATOR_STARTEXECUTION_H
#define DLAVM_LIB_SIMULATOR_STARTEXECUTION_H

#include "DLAVM/Check/TaskDecoder.h"
#include "DLAVM/Device/TaskExecution.h"
#include "Sanitizer.h"

#include <mutex>

namespace llvm {
class ThreadPoolInterface;
} // namespace llvm

namespace dlavm {

/// What the starts of a simulator have in common.
struct SimulatedMachine {
  const DeviceInfo &device;
  FindingLog &log;
  const Plan &plan;
  /// Of each memory of the device.
  std::vector<SparseArray<uint8_t>> memories;
  /// By register number.
  std::vector<uint32_t> registers;
  /// Starts until now.
  int64_t starts = 0;
  /// What starts leave on the chip, by the number of an address register.
  std::map<uint32_t, std::vector<uint8_t>> buffers;
  /// Null if one thread computes.
  std::unique_ptr<llvm::ThreadPoolInterface> threads;
  /// Null without sanitizer.
  std::unique_ptr<Sanitizer> sanitizer;
  /// Whether a start of this call has written what is no finite number: those
  /// that follow compute with it.
  bool isBeyondRange = false;
};

/// Runs the task that a write to its opcode register started.
class StartExecution final : public TaskExecution {
public:
  StartExecution(SimulatedMachine &machine, const DecodedTask &task, Mark mark,
                 unsigned start);
  /// Reports what was wrong with the accesses of the task.
  void run();

  int64_t getIndex() const override { return index; }
  int64_t getCachedTokens() const override;
  void fail(llvm::StringRef reg, const llvm::Twine &message) override;
  void setResult(llvm::StringRef reg, uint32_t value) override;
  std::vector<uint8_t> &getBuffer(llvm::StringRef reg) override;
  void parallelFor(int64_t count,
                   llvm::function_ref<void(int64_t)> body) override;

  /// The registers that the task left results in.
  llvm::ArrayRef<const Register *> getResults() const { return results; }

private:
  /// Accesses of one kind through one register; the one at the lowest place
  /// stands for all.
  struct Accesses {
    const Register *reg;
    TaskAccess first;
    int64_t count;
  };

  uint8_t *getBytes(const Memory &memory) override;
  void leaveMemory(const Register &reg, const TaskAccess &access) override;
  void exceedRange(const Register &reg, const TaskAccess &access) override;
  void watch(const Register &reg, const TaskAccess &access) override;
  void note(llvm::SmallVectorImpl<Accesses> &list, const Register &reg,
            const TaskAccess &access);
  /// True if the task writes what it reads, so that the order matters.
  bool overwritesOperands() const;
  /// True if parts of the task may touch the same pixel, which the sanitizer
  /// keeps one state for. Writes to other bytes of it are no conflict else.
  bool splitsPixels() const;
  void reportOutside(const Accesses &outside);
  void reportBeyondRange(const Accesses &beyond);

  SimulatedMachine &machine;
  const DecodedTask &task;
  const Mark mark;
  const unsigned start;
  const int64_t index;
  llvm::SmallVector<const Register *, 1> results;
  std::mutex mutex;
  llvm::SmallVector<Accesses, 2> outsides, beyondRange;
};

} // namespace dlavm

#endif // DLAVM_LIB_SIMULATOR_STARTEXECUTION_H
