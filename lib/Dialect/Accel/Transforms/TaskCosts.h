//===- TaskCosts.h - What a task costs --------------------------*- C++ -*-===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The model of times (DLAVM/Device/StartTime.h) for tasks before they are cut
// to the chip. Where the record has no rates, a start takes a second and all
// else nothing.
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_LIB_DIALECT_ACCEL_TRANSFORMS_TASKCOSTS_H
#define DLAVM_LIB_DIALECT_ACCEL_TRANSFORMS_TASKCOSTS_H

#include "DLAVM/Device/StartTime.h"
#include "DLAVM/Dialect/Accel/IR/Accel.h"
#include "DLAVM/Encoding/Partition.h"

namespace dlavm::accel {

/// What a task costs in time. It stands in no loop over its parts yet, and is
/// no convolution. The device must outlive this.
class TaskCosts {
public:
  TaskCosts(TaskOpInterface task, const DeviceInfo &device, int64_t maxTokens);

  /// Counts what \p other, which has the input of the task, needs and writes
  /// as if the task computed that as well.
  void join(TaskOpInterface other);

  /// The most tokens that a start takes, in the longest call.
  int64_t getStep(int64_t tokens) const;
  /// The seconds that starts take which compute so many tokens, in the order of
  /// the record. What a start reads again, it waits for, unless the matrix unit
  /// takes longer.
  double get(int64_t tokens) const;
  /// The seconds of the slowest memory with the loop over tokens innermost,
  /// which keeps the weight on the chip, or with the one over output channels,
  /// which keeps the input. 0 where the record has no rates.
  double getMemoryTime(int64_t tokens, bool keepsWeight) const;

private:
  /// How many starts share the dimensions of the task.
  struct Parts {
    double tokens = 1, channels = 1, others = 1;
    bool sharesChannels = false;
  };
  Parts getParts(const dlavm::Partition &partition, int64_t tokens) const;
  StartTime getTime(const Parts &parts, int64_t tokens, bool keepsWeight) const;
  void addObject(GetObjectOp object);
  double getCycles(int64_t tokens) const;
  double getRowBytes(mlir::Value map) const;
  dlavm::Partition getPartition(int64_t tokens) const;
  int64_t getSize(TaskDimension dimension, int64_t tokens) const;

  mutable TaskOpInterface task;
  const DeviceInfo &device;
  int64_t maxTokens;
  std::optional<Rates> rates;
  /// Accesses of the host for a start.
  double accesses = 1;
  llvm::SmallVector<MovedBytes> objects;
  /// Bytes of a token: of the input, which starts may read again, and of the
  /// maps that move once, results and what is added to them.
  double inputBytes = 0, outputBytes = 0;
};

} // namespace dlavm::accel

#endif // DLAVM_LIB_DIALECT_ACCEL_TRANSFORMS_TASKCOSTS_H
