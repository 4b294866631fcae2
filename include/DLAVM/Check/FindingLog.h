//===- FindingLog.h - Collects findings -------------------------*- C++ -*-===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_CHECK_FINDINGLOG_H
#define DLAVM_CHECK_FINDINGLOG_H

#include "DLAVM/Check/Checker.h"
#include "DLAVM/Check/Intervals.h"
#include "DLAVM/Check/TaskDecoder.h"

#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/Twine.h"

namespace dlavm {

/// Identifies an op: its layer and the number of its name.
struct Mark {
  int32_t layer = -1;
  unsigned name = 0;
  bool operator==(const Mark &other) const {
    return layer == other.layer && name == other.name;
  }
  bool operator!=(const Mark &other) const { return !(*this == other); }
};

/// What a group of starts of an op touches through one register.
struct Operand {
  const Register *reg;
  unsigned memory;
  ByteRange bytes;
  /// The address in the register.
  int64_t address;
  /// Extent::isReused.
  bool isReused;
};

/// Consecutive starts with the same mark.
struct Op {
  const DecodedTask *task;
  Mark mark;
  /// Index of the first start in the run.
  unsigned start;
  llvm::SmallVector<Operand, 6> operands;
};

/// A finding in one line: "query of layer 3, start 17 of the call of 19 tokens
/// after 0, mvm::InputAddress, buffer hidden: the task reads ...".
std::string describe(const Finding &finding);

/// Numbers the names of ops, and keeps each kind of finding once.
class FindingLog {
public:
  FindingLog() { intern(""); }

  void beginRun(int64_t seq, int64_t past);
  unsigned intern(llvm::StringRef name);
  llvm::StringRef getName(unsigned name) const { return names[name]; }

  /// "query of layer 3"
  std::string describe(Mark mark) const;
  /// "bytes [64, 128)"
  static std::string describe(ByteRange bytes);

  void report(Mark mark, unsigned start, llvm::StringRef reg,
              llvm::StringRef buffer, const llvm::Twine &message);
  void report(const Op &op, const Operand &operand, llvm::StringRef buffer,
              const llvm::Twine &message) {
    report(op.mark, op.start, op.task->getName(*operand.reg), buffer, message);
  }

  llvm::ArrayRef<Finding> getFindings() const { return findings; }

private:
  int64_t seq = 0;
  int64_t past = 0;
  llvm::StringMap<unsigned> numbers;
  std::vector<llvm::StringRef> names;
  std::vector<Finding> findings;
  llvm::StringMap<size_t> known;
};

} // namespace dlavm

#endif // DLAVM_CHECK_FINDINGLOG_H
