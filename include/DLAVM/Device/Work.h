//===- Work.h - What a start moves and computes, and how fast -------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_DEVICE_WORK_H
#define DLAVM_DEVICE_WORK_H

#include "DLAVM/Device/Formula.h"

#include "llvm/ADT/SmallVector.h"

#include <string>
#include <vector>

namespace dlavm {

/// Bytes that a start moves through one address register, all ports together.
struct Traffic {
  const Register *reg;
  Formula bytes;
};

/// What one start does, by its register values.
struct TaskWork {
  /// Multiplications and additions of a product; of other tasks, the elements
  /// that they write.
  Formula operations;
  /// Of the matrix unit if it never waits; 0 for tasks of other units, of which
  /// only the bytes are known.
  Formula cycles;
  llvm::SmallVector<Traffic, 6> traffic;
};

/// How fast a device is.
struct Rates {
  struct MemoryRate {
    /// Of DeviceInfo::getMemories.
    std::string memory;
    /// Over all ports.
    double bitsPerCycle;
  };

  /// In Hz, that of the matrix unit and of the buses.
  double clock;
  /// Multiplications and additions of INT4 weights in a cycle of the matrix
  /// unit; more than any product reaches.
  double operationsPerCycle;
  std::vector<MemoryRate> memories;
  /// The part of its memory's rate that a stream of weights was measured to
  /// reach, at most 1.
  double weightEfficiency;
  /// Where the numbers come from, and which are assumed.
  std::string source;
};

} // namespace dlavm

#endif // DLAVM_DEVICE_WORK_H
