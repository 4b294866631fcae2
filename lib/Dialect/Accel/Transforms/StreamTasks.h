//===- StreamTasks.h - Tasks that run over slices together ------*- C++ -*-===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_LIB_DIALECT_ACCEL_TRANSFORMS_STREAMTASKS_H
#define DLAVM_LIB_DIALECT_ACCEL_TRANSFORMS_STREAMTASKS_H

#include "DLAVM/Dialect/Accel/IR/Accel.h"

namespace dlavm::accel {

/// The buffer that \p map is if the host does not move it, one task writes it,
/// and one reads it; null for other maps.
BufferOp getLink(mlir::Value map);
/// That task, of a buffer that `getLink` yields.
TaskOpInterface getReader(BufferOp link);

/// The first result of \p task.
mlir::Value getOutput(mlir::Operation *task);

/// The task that writes \p buffer, or null unless there is exactly one.
TaskOpInterface getWriter(BufferOp buffer);

/// What tasks that run over slices together have in common.
struct StreamOptions {
  const DeviceInfo &device;
  int64_t maxTokens;
  /// The most bytes (of a port) that the maps of a slice may take; 0 for an
  /// eighth of the memory.
  int64_t sliceBytes;
};

/// The tokens of a slice that \p tasks should run over together, whose maps
/// between each other are \p inner, when they have \p tokens of them at most;
/// \p tokens where slices do not pay.
int64_t chooseSlice(llvm::ArrayRef<TaskOpInterface> tasks,
                    llvm::ArrayRef<BufferOp> inner, int64_t tokens,
                    const StreamOptions &options);

/// Bytes (of a port) that the maps between tasks take for slices of so many
/// tokens; the largest number where 64 bits do not hold them.
int64_t getSliceBytes(llvm::ArrayRef<BufferOp> inner, int64_t slice,
                      const StreamOptions &options);

/// Puts \p tasks of one block, in its order, into a loop over slices of tokens.
/// The result of the last one is all that others may use. What stands between
/// them moves before them. False, and nothing is changed, where they cannot run
/// so, or where slices do not pay.
bool streamTasks(llvm::ArrayRef<TaskOpInterface> tasks,
                 const StreamOptions &options);

} // namespace dlavm::accel

#endif // DLAVM_LIB_DIALECT_ACCEL_TRANSFORMS_STREAMTASKS_H
