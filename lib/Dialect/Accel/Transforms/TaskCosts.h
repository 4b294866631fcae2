//===- TaskCosts.h - What a task costs --------------------------*- C++ -*-===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A small model by which passes choose: starts of tasks, and what these read,
// some of it twice. It knows nothing of cycles.
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_LIB_DIALECT_ACCEL_TRANSFORMS_TASKCOSTS_H
#define DLAVM_LIB_DIALECT_ACCEL_TRANSFORMS_TASKCOSTS_H

#include "DLAVM/Dialect/Accel/IR/Accel.h"
#include "DLAVM/Encoding/Partition.h"

namespace dlavm::accel {

/// The costs of one task that stands in no loop over its parts yet. The device
/// must outlive them.
class TaskCosts {
public:
  TaskCosts(TaskOpInterface task, const DeviceInfo &device, int64_t maxTokens);

  /// Counts the parameters of \p other as those of the task, too.
  void addObjectsOf(TaskOpInterface other);

  /// The most tokens that a start takes, in the longest call.
  int64_t getStep(int64_t tokens) const;
  /// What starts that compute so many tokens read and take, in bytes.
  double get(int64_t tokens) const;

private:
  double getBytes(GetObjectOp object) const;
  double getRowBytes(mlir::Value map) const;
  dlavm::Partition getPartition(int64_t tokens) const;
  int64_t getSize(TaskDimension dimension, int64_t tokens) const;

  mutable TaskOpInterface task;
  const DeviceInfo &device;
  int64_t maxTokens;
  double objectBytes = 0;
  /// Of what the task reads for a token.
  double rowBytes = 0;
};

} // namespace dlavm::accel

#endif // DLAVM_LIB_DIALECT_ACCEL_TRANSFORMS_TASKCOSTS_H
