//===- Encoders.h - The tasks of ohbm when encoded ------------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_LIB_DEVICE_OHBM_ENCODE_ENCODERS_H
#define DLAVM_LIB_DEVICE_OHBM_ENCODE_ENCODERS_H

#include "DLAVM/Encoding/Partition.h"
#include "DLAVM/Encoding/TaskWriter.h"

namespace dlavm::ohbm {

void encodeLinear(mlir::Operation *task, TaskWriter &writer);
void encodeConv2D(mlir::Operation *task, TaskWriter &writer);
void encodeNorm(mlir::Operation *task, TaskWriter &writer);
void encodeActivation(mlir::Operation *task, TaskWriter &writer);
void encodeSoftmax(mlir::Operation *task, TaskWriter &writer);
void encodeRope(mlir::Operation *task, TaskWriter &writer);
void encodeScores(mlir::Operation *task, TaskWriter &writer);
void encodeValues(mlir::Operation *task, TaskWriter &writer);
void encodeKVAppend(mlir::Operation *task, TaskWriter &writer);
void encodeElementwise(mlir::Operation *task, TaskWriter &writer);

Partition partitionLinear(mlir::Operation *task, const DeviceInfo &device,
                          const TaskCounts &counts);
Partition partitionConv2D(mlir::Operation *task, const DeviceInfo &device,
                          const TaskCounts &counts);
Partition partitionNorm(mlir::Operation *task, const DeviceInfo &device,
                        const TaskCounts &counts);
Partition partitionActivation(mlir::Operation *task, const DeviceInfo &device,
                              const TaskCounts &counts);
Partition partitionSoftmax(mlir::Operation *task, const DeviceInfo &device,
                           const TaskCounts &counts);
Partition partitionRope(mlir::Operation *task, const DeviceInfo &device,
                        const TaskCounts &counts);
Partition partitionScores(mlir::Operation *task, const DeviceInfo &device,
                          const TaskCounts &counts);
Partition partitionValues(mlir::Operation *task, const DeviceInfo &device,
                          const TaskCounts &counts);
Partition partitionElementwise(mlir::Operation *task, const DeviceInfo &device,
                               const TaskCounts &counts);

llvm::LogicalResult verifyLinear(mlir::Operation *task,
                                 const DeviceInfo &device);
llvm::LogicalResult verifyConv2D(mlir::Operation *task,
                                 const DeviceInfo &device);
llvm::LogicalResult verifyNorm(mlir::Operation *task, const DeviceInfo &device);
/// Heads of one size only.
llvm::LogicalResult verifyHeads(mlir::Operation *task,
                                const DeviceInfo &device);
/// Attention: also, that each KV head's queries begin a row.
llvm::LogicalResult verifyAttention(mlir::Operation *task,
                                    const DeviceInfo &device);

// What several encoders share.

/// What a start computes of the output channels, and what it does not load.
struct Part {
  Word first, channels, reusesWeight, reusesInput;
};
Part getPart(TaskWriter &writer, mlir::ValueRange part);

/// Writes the registers of a map: \p prefix with Address, Surface and Line.
void writeMap(TaskWriter &writer, const MapOperand &map,
              llvm::StringRef prefix);
/// How many rows heads take, and how many of them a row holds.
Word packHeadRows(const DeviceInfo &device, int64_t heads);

} // namespace dlavm::ohbm

#endif // DLAVM_LIB_DEVICE_OHBM_ENCODE_ENCODERS_H
