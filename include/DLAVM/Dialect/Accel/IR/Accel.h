//===- Accel.h - The accel dialect ------------------------------*- C++ -*-===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_DIALECT_ACCEL_IR_ACCEL_H
#define DLAVM_DIALECT_ACCEL_IR_ACCEL_H

#include "DLAVM/Device/DeviceInfo.h"
#include "DLAVM/Dialect/LLM/IR/LLM.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Interfaces/DestinationStyleOpInterface.h"
#include "mlir/Interfaces/InferIntRangeInterface.h"

#include "DLAVM/Dialect/Accel/IR/AccelDialect.h.inc"

#include "DLAVM/Dialect/Accel/IR/AccelEnums.h.inc"
#define GET_ATTRDEF_CLASSES
#include "DLAVM/Dialect/Accel/IR/AccelAttrs.h.inc"
#define GET_TYPEDEF_CLASSES
#include "DLAVM/Dialect/Accel/IR/AccelTypes.h.inc"

#include "DLAVM/Dialect/Accel/IR/AccelInterfaces.h.inc"
#define GET_OP_CLASSES
#include "DLAVM/Dialect/Accel/IR/AccelOps.h.inc"

namespace dlavm::accel {

/// The device that the module of \p op names. Emits an error and returns null
/// where it names none, or one that is not known.
const DeviceInfo *getDevice(mlir::Operation *op);

/// The largest context that \p module states. Emits an error where it does not.
mlir::FailureOr<int64_t> getMaxTokens(mlir::ModuleOp module);

/// The device \p name. Emits an error at \p loc that lists the known devices
/// and returns null where there is none.
const DeviceInfo *lookupDevice(mlir::Location loc, llvm::StringRef name);

/// True if \p argument is the layer that its function computes.
bool isLayer(mlir::BlockArgument argument);

/// The kind as device descriptions know it.
ObjectKind getObjectKind(Kind kind);

/// The buffer that \p map is, or is a view of; null for others.
BufferOp getRoot(mlir::Value map);

/// Whether the surfaces of two maps lie as far apart, because the buffers that
/// they are views of hold as many tokens. True where one is a view of no
/// buffer.
bool haveEqualStrides(mlir::Value a, mlir::Value b);

/// The KV cache whose map \p map is, or is a view of; null for others.
GetObjectOp getCache(mlir::Value map);

/// The tokens of a slice that \p task runs over with others; nothing where it
/// takes all of them itself.
std::optional<int64_t> getSlice(mlir::Operation *task);

/// True if \p map is one on the chip.
bool isOnChip(mlir::Value map, const DeviceInfo &device);

/// The flag that says whether \p operand, a map of a task, lies on the chip
/// (TaskSupport::onChip); nothing for one that cannot, and for what is no map.
std::optional<unsigned> getOnChipFlag(mlir::OpOperand &operand,
                                      const DeviceInfo &device);

/// Emits an error at \p task if it has a map on the chip that \p device cannot
/// have there: not with this task, not without another map, or not with so many
/// tokens.
llvm::LogicalResult verifyOnChip(TaskOpInterface task,
                                 const DeviceInfo &device);

/// The bounds of a dimension of a map in a context of \p maxTokens tokens.
/// Emits an error at \p op where 64 bits may not hold it, or it may be
/// negative.
mlir::FailureOr<llm::TokenRange>
getSizeRange(mlir::Operation *op, mlir::AffineExpr dim, int64_t maxTokens);

} // namespace dlavm::accel

#endif // DLAVM_DIALECT_ACCEL_IR_ACCEL_H
