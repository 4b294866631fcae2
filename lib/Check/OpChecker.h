//===- OpChecker.h - The starts that make an op -----------------*- C++ -*-===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_LIB_CHECK_OPCHECKER_H
#define DLAVM_LIB_CHECK_OPCHECKER_H

#include "CheckedRun.h"
#include "Dataflow.h"

#include <map>
#include <tuple>

namespace dlavm {

/// Joins the starts of an op, and checks that they go on where those before
/// them ended and that none is missing. What an op touches as a whole goes to
/// the dataflow and the plan.
class OpChecker {
public:
  using Operands = llvm::SmallVector<Operand, 6>;

  /// All must outlive the checker.
  OpChecker(CheckedRun &run, const DeviceInfo &device,
            const TaskDecoder &decoder, Plan &plan, Dataflow &dataflow,
            FindingLog &log);

  void beginRun() { earlier.clear(); }
  /// A start of the op that the run is at.
  void add(const DecodedTask &task, Operands operands);
  /// Ends the group of starts of the current op, if there is one.
  void finish();

private:
  /// What starts may share an op by, besides tokens: the first output channel,
  /// 0 where there is none, and where the KV heads begin in their cache.
  struct Part {
    uint32_t firstChannel;
    int64_t cache;
    bool operator<(const Part &other) const {
      return std::tie(cache, firstChannel) <
             std::tie(other.cache, other.firstChannel);
    }
  };
  /// The last start that computed a part of the op.
  struct Slice {
    Operands operands;
    int64_t width = 0;
    /// Of this start and those before it.
    int64_t tokens = 0;
  };

  /// What an op has done in groups of starts before this one, with other ops
  /// between: slices of its tokens.
  struct Earlier {
    Operands first;
    /// The last start of the same part as the first.
    Slice last;
    int64_t tokens = 0;
  };

  /// For each task a register of its table, or null.
  using TaskRegisters = llvm::SmallVector<const Register *, 16>;

  Part getPart(const DecodedTask &task, const Operands &operands) const;
  void checkReuse(const DecodedTask &task, const Operands &operands);
  void checkAdvance(const DecodedTask &task, const Slice &slice,
                    Operands &operands);
  /// The next slice of an op takes the next rows of each map, or those of a map
  /// that holds a slice.
  void checkContinues(const DecodedTask &task, const Operands &operands);
  /// What the op in the current group has done before; null for none, or where
  /// ops have no names.
  Earlier *findEarlier();
  /// The parts of an op are those of one whole.
  void checkParts();
  /// A start without a mask has no token that comes before another.
  void checkMask(const DecodedTask &task, int64_t firstToken, int64_t tokens);

  CheckedRun &run;
  const TaskDecoder &decoder;
  Plan &plan;
  Dataflow &dataflow;
  FindingLog &log;
  const int64_t rowBytes;
  /// Those that say how many tokens a start writes, its first output channel,
  /// and what call it belongs to.
  TaskRegisters widths, firstChannels, pasts, keys, masks;

  std::optional<Op> op;
  std::map<Part, Slice> lastSlices;
  /// The first start of the op.
  Part firstPart = {0, 0};
  Operands firstOperands;
  /// Of this run, by layer, name and task.
  std::map<std::tuple<int32_t, unsigned, const DecodedTask *>, Earlier> earlier;
  /// Of the last start of the op.
  llvm::SmallVector<uint32_t, 36> lastValues;
  Operands lastOperands;
};

} // namespace dlavm

#endif // DLAVM_LIB_CHECK_OPCHECKER_H
