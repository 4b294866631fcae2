//===- TraceDiff.h - Where two traces differ --------------------*- C++ -*-===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_CHECK_TRACEDIFF_H
#define DLAVM_CHECK_TRACEDIFF_H

#include "DLAVM/Device/DeviceInfo.h"

#include "llvm/Support/Error.h"

namespace dlavm {

/// One write or poll of a trace.
struct TraceEvent {
  /// 'W' or 'P'.
  char kind = 'W';
  uint32_t reg = 0;
  /// A decimal or hexadecimal number, or the name of an address ("weight+64").
  std::string value;
  /// The task of the comment before it, "layer 3, query"; empty without one.
  std::string task;
  /// In its file, from 1.
  int64_t line = 0;
  /// A write of a task in a block of instructions, which the host does not see.
  bool isInBlock = false;
};

/// Reads what `dlavm trace` prints, and the traces of others in its format: a
/// line "W REGISTER VALUE" or "P REGISTER VALUE" for each event, and comments
/// behind '#', among which TracePrinter has the tasks of blocks. Fails at the
/// first line that is neither, with its number.
llvm::Expected<std::vector<TraceEvent>> parseTrace(llvm::StringRef text);

/// Drops tasks in blocks where not both traces have some.
void dropBlocks(std::vector<TraceEvent> &a, std::vector<TraceEvent> &b);

/// Prints a line for each register whose values differ in \p a and \p b, by the
/// names that it has in the task of \p a, and where the order of events parts,
/// beyond which nothing is compared. Returns the number of lines.
int64_t diffTraces(llvm::ArrayRef<TraceEvent> a, llvm::ArrayRef<TraceEvent> b,
                   const DeviceInfo &device, llvm::raw_ostream &os);

} // namespace dlavm

#endif // DLAVM_CHECK_TRACEDIFF_H
