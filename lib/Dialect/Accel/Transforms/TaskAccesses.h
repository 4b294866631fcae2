//===- TaskAccesses.h - What tasks read and write ---------------*- C++ -*-===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_LIB_DIALECT_ACCEL_TRANSFORMS_TASKACCESSES_H
#define DLAVM_LIB_DIALECT_ACCEL_TRANSFORMS_TASKACCESSES_H

#include "DLAVM/Dialect/Accel/IR/Accel.h"

#include "llvm/ADT/DenseSet.h"

namespace dlavm::accel {

/// What a task reads and writes in memory: maps by their buffers or arguments,
/// objects and KV caches by their symbols, of all layers.
struct TaskAccesses {
  llvm::SmallDenseSet<const void *> reads, writes;

  void add(const TaskAccesses &other);
  /// True if two tasks with these cannot change places.
  bool conflicts(const TaskAccesses &other) const;
};

/// What an operand stands for in these.
const void *getResource(mlir::Value operand);

/// None for ops that are no tasks.
TaskAccesses getAccesses(mlir::Operation *op);

/// True for what stands between tasks and starts none.
bool startsNoTask(mlir::Operation *op);

} // namespace dlavm::accel

#endif // DLAVM_LIB_DIALECT_ACCEL_TRANSFORMS_TASKACCESSES_H
