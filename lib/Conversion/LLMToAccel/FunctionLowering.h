//===- FunctionLowering.h - One function of llm to accel --------*- C++ -*-===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//
// Not a dialect conversion: views of buffers (the last token of a map, its
// heads) have layouts of their own, so the memref type of a value is no
// function of its tensor type, and a type converter could not say what it is.
// Functions are walked in order instead, with a map from tensors to memrefs.
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_CONVERSION_LLMTOACCEL_FUNCTIONLOWERING_H
#define DLAVM_CONVERSION_LLMTOACCEL_FUNCTIONLOWERING_H

#include "Objects.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/Pass/Pass.h"

namespace dlavm {

/// A map that functions and loops can hand around: FP16, with a static number
/// of heads and channels and tokens that its type tells.
bool isMapType(mlir::Type type);

/// Lowers one function.
class FunctionLowering {
public:
  FunctionLowering(const DeviceInfo &device, ObjectTable &objects,
                   mlir::Pass::Statistic &numTasks)
      : device(device), objects(objects), numTasks(numTasks) {}

  llvm::LogicalResult run(mlir::func::FuncOp from);

private:
  // Maps and their types.
  accel::SpaceAttr getMapSpace();
  mlir::MemRefType getMapType(llm::DimsAttr dims);
  llm::DimsAttr getBlockedDims(mlir::RankedTensorType type);
  mlir::Value createBuffer(mlir::Location loc, llvm::StringRef name,
                           mlir::RankedTensorType type);
  mlir::Type convertType(mlir::Type type);
  void setHost(mlir::Value buffer, accel::HostRole role, llvm::StringRef name,
               mlir::RankedTensorType type);
  mlir::Value getTokens(mlir::AffineExpr expr);

  // Blocks and control flow.
  mlir::FailureOr<llvm::SmallVector<mlir::Value>>
  handOn(mlir::Operation *op, mlir::ValueRange values);
  llvm::LogicalResult lowerBlock(mlir::Block &from, bool isEntry);
  llvm::LogicalResult lower(mlir::Operation *op);
  llvm::LogicalResult lowerFor(mlir::scf::ForOp op);
  llvm::LogicalResult lowerCall(mlir::func::CallOp op);
  llvm::LogicalResult lowerReturn(mlir::func::ReturnOp op);
  llvm::LogicalResult lowerEntryReturn(mlir::func::ReturnOp op);

  // Ops of the llm dialect.
  mlir::IntegerAttr getSlots(int64_t heads, int64_t slots, int64_t kvHeads);
  llvm::LogicalResult checkMaps(mlir::Operation *op);
  llvm::LogicalResult checkTask(mlir::Operation *op);
  llvm::LogicalResult lower(llm::LinearOp op);
  llvm::LogicalResult lower(llm::Conv2DOp op);
  llvm::LogicalResult lower(llm::LastTokenOp op);
  llvm::LogicalResult lower(llm::RMSNormOp op);
  llvm::LogicalResult lower(llm::LayerNormOp op);
  llvm::LogicalResult lowerBinary(mlir::Operation *op, accel::BinaryKind kind,
                                  mlir::Value lhs, mlir::Value rhs);
  llvm::LogicalResult lower(llm::KVAppendOp op);

  /// Checks a task that was just created.
  llvm::LogicalResult finishTask(mlir::Operation *op);
  template <typename Task, typename... Args>
  llvm::LogicalResult createTask(mlir::Location loc, Args &&...args) {
    return finishTask(
        Task::create(builder(), loc, std::forward<Args>(args)...));
  }

  mlir::OpBuilder &builder() { return *opBuilder; }
  mlir::Value getObject(mlir::Location loc, mlir::FlatSymbolRefAttr object,
                        mlir::Value layer) {
    return objects.get(builder(), loc, object,
                       layer ? map.lookup(layer) : mlir::Value());
  }

  const DeviceInfo &device;
  ObjectTable &objects;
  mlir::Pass::Statistic &numTasks;
  std::unique_ptr<mlir::OpBuilder> opBuilder;
  mlir::IRMapping map;
};

} // namespace dlavm

#endif // DLAVM_CONVERSION_LLMTOACCEL_FUNCTIONLOWERING_H
