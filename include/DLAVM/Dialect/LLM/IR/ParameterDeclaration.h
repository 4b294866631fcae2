//===- ParameterDeclaration.h - What parameters have on each level --------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_DIALECT_LLM_IR_PARAMETERDECLARATION_H
#define DLAVM_DIALECT_LLM_IR_PARAMETERDECLARATION_H

#include "DLAVM/Dialect/LLM/IR/LLM.h"

namespace dlavm::llm {

/// Checks that dimension \p i has the channels that \p heads says.
llvm::LogicalResult verifyHeads(mlir::Operation *op,
                                mlir::RankedTensorType type, HeadsAttr heads,
                                unsigned i, llvm::StringRef what);

/// Verifies an `llm.parameter`, or another op with the same arguments.
template <typename ParameterOp>
llvm::LogicalResult verifyParameterDeclaration(ParameterOp op) {
  if (failed(verifyLayers(op, op.getLayers())))
    return llvm::failure();
  auto type = mlir::cast<mlir::RankedTensorType>(op.getType());
  mlir::Type element = type.getElementType();
  const bool isVector = type.getRank() == 1 && element.isF16();
  const bool isMatrix =
      type.getRank() == 2 && (element.isInteger(4) || element.isF16());
  if (!type.hasStaticShape() || !(isVector || isMatrix) ||
      llvm::is_contained(type.getShape(), 0))
    return op.emitOpError("must be a static tensor of f16 with one dimension, "
                          "or of i4 or f16 with two, not empty, found ")
           << type;
  if (op.getTensor().has_value() == op.getSplat().has_value())
    return op.emitOpError("needs exactly one of 'from' (the tensor of the "
                          "checkpoint) and 'splat' (the value of all "
                          "elements)");
  if (op.getSplat() && !op.getSplat()->isFinite())
    return op.emitOpError("needs a finite 'splat', found ")
           << op.getSplatAttr();
  // Elements, and the scales of INT4 ones, are FP16.
  constexpr double end = 65520;
  if (op.getSplat() && std::abs(op.getSplat()->convertToDouble()) >= end)
    return op.emitOpError("needs a 'splat' that FP16 can hold, found ")
           << op.getSplatAttr();
  if ((op.getRows() || op.getNormalized() || op.getTimes()) && !op.getTensor())
    return op.emitOpError(
        "has 'rows', 'normalized' or 'times', which say what "
        "of a tensor of the checkpoint it is, but names none");
  if (std::optional<llvm::ArrayRef<int64_t>> rows = op.getRows()) {
    auto isCount = [](int64_t rows) { return rows >= 0 && rows <= INT32_MAX; };
    if ((rows->size() != 1 && rows->size() != 3) ||
        !llvm::all_of(*rows, isCount))
      return op.emitOpError("needs the first row in 'rows', or the first, how "
                            "many, and from how many on, all up to ")
             << INT32_MAX << ", found [" << *rows << "]";
    if (rows->size() == 3 && ((*rows)[1] < 1 || (*rows)[1] > (*rows)[2]))
      return op.emitOpError(
                 "needs 1 or more 'rows' of at least as many, found ")
             << (*rows)[1] << " of " << (*rows)[2];
  }
  if (op.getNormalized() && (type.getRank() != 2 || op.getKernel()))
    return op.emitOpError("is 'normalized' row by row, so it must be a matrix "
                          "without 'kernel'");
  if (op.getTimes() && !op.getTimes()->isFiniteNonZero())
    return op.emitOpError("needs a finite factor 'times' that is not 0, found ")
           << op.getTimesAttr();
  if (op.getTensor() &&
      op.getTensor()->contains("{layer}") != op.getLayers().has_value())
    return op.emitOpError("must have '{layer}' in the name of its tensor if "
                          "and only if it has layers, found \"")
           << *op.getTensor() << "\"";
  if (failed(verifyHeads(op, type, op.getRowHeadsAttr(), 0, "row_heads")))
    return llvm::failure();
  if (std::optional<llvm::ArrayRef<int64_t>> kernel = op.getKernel()) {
    auto isCount = [](int64_t size) { return size > 0 && size <= 65536; };
    if (kernel->size() != 2 || !llvm::all_of(*kernel, isCount))
      return op.emitOpError("needs two sizes of 1 to 65536 in 'kernel', its "
                            "rows and columns, found [")
             << *kernel << "]";
    if (type.getRank() != 2 || !op.getTensor() || op.getColumnHeads() ||
        type.getDimSize(1) % ((*kernel)[0] * (*kernel)[1]) != 0)
      return op.emitOpError("has a 'kernel', so it needs a tensor of the "
                            "checkpoint, no 'column_heads' and a shape [output "
                            "channels, ")
             << (*kernel)[0] << " * " << (*kernel)[1]
             << " * input channels], found " << type;
  }
  return verifyHeads(op, type, op.getColumnHeadsAttr(), 1, "column_heads");
}

/// What it says, without MLIR.
template <typename ParameterOp>
ParameterInfo getParameterDeclaration(ParameterOp op) {
  ParameterInfo info;
  info.name = op.getSymName().str();
  info.tensor = op.getTensor().value_or("").str();
  if (std::optional<llvm::ArrayRef<int64_t>> rows = op.getRows()) {
    info.rows.emplace().first = (*rows)[0];
    if (rows->size() == 3) {
      info.rows->run = (*rows)[1];
      info.rows->stride = (*rows)[2];
    }
  }
  info.isNormalized = op.getNormalized();
  if (std::optional<llvm::APFloat> factor = op.getTimes())
    info.factor = factor->convertToDouble();
  if (std::optional<llvm::APFloat> splat = op.getSplat())
    info.splat = splat->convertToDouble();
  info.layers = op.getLayers().value_or(0);
  llvm::append_range(
      info.shape, mlir::cast<mlir::RankedTensorType>(op.getType()).getShape());
  if (HeadsAttr heads = op.getRowHeadsAttr())
    info.rowHeads = heads.getLayout();
  if (HeadsAttr heads = op.getColumnHeadsAttr())
    info.columnHeads = heads.getLayout();
  if (std::optional<llvm::ArrayRef<int64_t>> kernel = op.getKernel())
    info.kernel.assign(kernel->begin(), kernel->end());
  return info;
}

} // namespace dlavm::llm

#endif // DLAVM_DIALECT_LLM_IR_PARAMETERDECLARATION_H
