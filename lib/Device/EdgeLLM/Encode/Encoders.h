//===- Encoders.h - The tasks of edgellm when encoded ---------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_LIB_DEVICE_EDGELLM_ENCODE_ENCODERS_H
#define DLAVM_LIB_DEVICE_EDGELLM_ENCODE_ENCODERS_H

#include "DLAVM/Encoding/Partition.h"
#include "DLAVM/Encoding/TaskWriter.h"

namespace dlavm::edgellm {

void encodeLinear(mlir::Operation *task, TaskWriter &writer);
void encodeNorm(mlir::Operation *task, TaskWriter &writer);
void encodeActivation(mlir::Operation *task, TaskWriter &writer);
void encodeSoftmax(mlir::Operation *task, TaskWriter &writer);
void encodeRope(mlir::Operation *task, TaskWriter &writer);
void encodeScores(mlir::Operation *task, TaskWriter &writer);
void encodeValues(mlir::Operation *task, TaskWriter &writer);
void encodeKVAppend(mlir::Operation *task, TaskWriter &writer);
void encodeElementwise(mlir::Operation *task, TaskWriter &writer);
void encodeWeightCopy(const WeightCopy &copy, TaskWriter &writer);

Partition partitionLinear(mlir::Operation *task, const DeviceInfo &device,
                          const TaskCounts &counts);
Partition partitionScores(mlir::Operation *task, const DeviceInfo &device,
                          const TaskCounts &counts);
Partition partitionValues(mlir::Operation *task, const DeviceInfo &device,
                          const TaskCounts &counts);

llvm::LogicalResult verifyLinear(mlir::Operation *task,
                                 const DeviceInfo &device);
llvm::LogicalResult verifyNorm(mlir::Operation *task, const DeviceInfo &device);
llvm::LogicalResult verifyElementwise(mlir::Operation *task,
                                      const DeviceInfo &device);
/// Says which of its maps lie on the chip, where the version has a register for
/// it (section 6 of the document of the versions): those that the task reads,
/// and the one that it writes.
void writeOnChip(TaskWriter &writer, bool input, bool output);

/// A task addresses so many heads.
llvm::LogicalResult verifyNumHeads(mlir::Operation *task,
                                   const DeviceInfo &device, int64_t heads);
/// Rotary embedding, KV caches and attention: heads of one size only.
llvm::LogicalResult verifyHeads(mlir::Operation *task,
                                const DeviceInfo &device);

} // namespace dlavm::edgellm

#endif // DLAVM_LIB_DEVICE_EDGELLM_ENCODE_ENCODERS_H
