//===- Checker.h - What a recorded run shows --------------------*- C++ -*-===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The second opinion on a driver: it sees only what the driver writes to the
// device, works out from the registers which bytes each start touches, and
// looks for what cannot be right. It shares no code with the planner or the
// encoders, and knows devices only through their register tables.
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_CHECK_CHECKER_H
#define DLAVM_CHECK_CHECKER_H

#include "DLAVM/Device/DeviceInfo.h"
#include "DLAVM/Plan/PlanRegion.h"

#include <memory>

namespace dlavm {

struct Instructions;

/// Something that cannot be right, at the first place where it was found.
struct Finding {
  int64_t seq;
  int64_t past;
  int32_t layer;
  std::string task;
  /// Index of the start in the run.
  unsigned start;
  /// "mvm::ResidualAddress", or empty.
  std::string reg;
  /// What the plan calls the bytes, or empty.
  std::string buffer;
  std::string message;
  /// How often it was found. Findings are the same if they differ in nothing
  /// but layers and numbers.
  unsigned count = 1;
};

/// Consumes the events of any number of runs and finds:
///
///  1. Starts before the poll of the last task, writes to registers of no task,
///     registers that a task needs and nobody wrote since the start before it,
///     or in the run if the device's registers keep their values; wrong polls.
///  2. Contradictions among the registers of a start (TaskSupport::check).
///     Tasks that compute with another call than the one that runs: a register
///     of the role Past holds the tokens in the KV cache before the call and
///     those of the op's earlier starts, and one of the role Keys those in the
///     KV cache and the call's, in every start of every task that writes it. A
///     register of the role Mask that is 0, though tokens of the start come
///     before others, and the model does not say that they see each other.
///  3. Operands that are not aligned or leave their memory.
///  4. Slices of an op (consecutive starts with the same mark) whose operands
///     do not advance together, or that leave gaps. The output advances by the
///     tokens of the start, which the register of the role Tokens says. Starts
///     that differ in their first output channel or in their KV heads are other
///     parts of the op: each has all tokens, and together they use all of the
///     weights or the cache. A start that keeps an operand on the chip keeps
///     what the start before it used.
///  5. Ops that write what they read.
///  6. Maps that an op reads, but another op has overwritten in part, or nobody
///     wrote; maps that are overwritten before anybody reads them; parameters
///     that are ever overwritten or overlap; KV caches that overlap parameters
///     or each other, or that are read before they are written.
///  7. Operands that leave their region of the plan or belong to another layer,
///     maps that a task writes elsewhere than the plan says, tasks that the
///     plan does not have and those that only the plan has.
///
/// Ops are told apart by their marks, (layer, name), and an op may come in
/// several groups of starts.
///
/// Extents and contradictions are worked out once for all starts that differ
/// only in addresses: TaskSupport::check may look at whether an address is 0,
/// and TaskSupport::extents must move along with it.
class Checker {
public:
  /// The device must outlive the checker. Without a plan, what no task of a run
  /// has written counts as its input. Without \p tasks, their names and results
  /// are not known, and all tokens see those before them.
  Checker(const DeviceInfo &device, std::vector<PlanRegion> plan,
          std::vector<PlannedTask> tasks = {});
  ~Checker();

  void beginRun(int64_t seq, int64_t past);
  /// Marks the op that the following writes belong to.
  void task(int32_t layer, llvm::StringRef name);
  void write(uint32_t reg, uint32_t value);
  void poll(uint32_t reg, uint32_t value);
  void read(uint32_t reg);
  /// What the host writes, among it the blocks of instructions whose tasks are
  /// then checked as if the host started them.
  void dmaWrite(uint64_t address, llvm::ArrayRef<uint8_t> bytes);
  /// Blocks that the host has loaded before the first run.
  void load(const Instructions &instructions);
  /// With \p onlySomeLayers, parameters and tasks of layers that the run left
  /// out are no finding.
  void endRun(bool onlySomeLayers = false);

  /// Adds what somebody else has found at this point of the run.
  void report(const llvm::Twine &message);

  llvm::ArrayRef<Finding> getFindings() const;

private:
  class Impl;
  std::unique_ptr<Impl> impl;
};

} // namespace dlavm

#endif // DLAVM_CHECK_CHECKER_H
