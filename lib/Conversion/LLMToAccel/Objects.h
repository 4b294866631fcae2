//===- Objects.h - Objects that parameters become -----------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_CONVERSION_LLMTOACCEL_OBJECTS_H
#define DLAVM_CONVERSION_LLMTOACCEL_OBJECTS_H

#include "DLAVM/Dialect/Accel/IR/Accel.h"
#include "DLAVM/Dialect/LLM/IR/LLM.h"

namespace dlavm {

/// Declares the `accel.object`s of a module, each once.
class ObjectTable {
public:
  ObjectTable(mlir::ModuleOp module, const DeviceInfo &device);

  mlir::FlatSymbolRefAttr getWeight(mlir::FlatSymbolRefAttr weight);
  /// The scale and bias words of the layer \p op, which has some. Where an
  /// argmax reads its result, the channels that fill up the last group of the
  /// device get the least bias, so that it never chooses them.
  mlir::FlatSymbolRefAttr getScaleBias(llm::LinearOp op);
  /// The same of a convolution, whose weights' scales are part of it.
  mlir::FlatSymbolRefAttr getScaleBias(llm::Conv2DOp op);
  mlir::FlatSymbolRefAttr getConvWeight(llm::Conv2DOp op);
  /// Fails if weight or scale of a convolution also serve another op, which
  /// would need them without the scales of the weights in them.
  llvm::LogicalResult checkConvParameters(llm::Conv2DOp op);
  /// The words of a norm; \p bias is null where it has none.
  mlir::FlatSymbolRefAttr getNormWeight(mlir::FlatSymbolRefAttr weight,
                                        mlir::FlatSymbolRefAttr bias);
  mlir::FlatSymbolRefAttr getRopeTable(llm::RopeOp op);
  mlir::FlatSymbolRefAttr getActivationTable(llm::ActivationKind kind);
  mlir::FlatSymbolRefAttr getCache(mlir::FlatSymbolRefAttr cache);
  int64_t getCacheHeads(mlir::FlatSymbolRefAttr cache);
  /// What a cache holds, known from the ops that read it.
  accel::CacheSide getCacheSide(mlir::FlatSymbolRefAttr cache);

  /// One layer's object. The layer is left out where the object has none.
  mlir::Value get(mlir::OpBuilder &builder, mlir::Location loc,
                  mlir::FlatSymbolRefAttr object, mlir::Value layer);

  /// Checks that the task of \p op has a name, which no other has: tasks of one
  /// layer are told apart by their names.
  llvm::LogicalResult checkTaskName(mlir::Operation *op);

  /// Warns, once per value, when the device computes with another epsilon than
  /// that of a norm with this weight.
  void checkEpsilon(mlir::Operation *op, mlir::FlatSymbolRefAttr weight,
                    double epsilon);

  unsigned size() const { return objects.size(); }

private:
  mlir::FlatSymbolRefAttr declare(llvm::StringRef name, accel::Kind kind,
                                  llvm::ArrayRef<int64_t> shape,
                                  llvm::ArrayRef<mlir::Attribute> sources,
                                  mlir::IntegerAttr layers,
                                  mlir::DictionaryAttr config = {});

  mlir::ModuleOp module;
  mlir::SymbolTable symbols;
  const DeviceInfo &device;
  /// From everything that identifies an object to its symbol.
  llvm::DenseMap<mlir::Attribute, mlir::FlatSymbolRefAttr> objects;
  llvm::DenseMap<mlir::StringAttr, accel::CacheSide> sides;
  llvm::SmallVector<double> warnedEpsilons;
  llvm::DenseMap<mlir::StringAttr, mlir::Location> taskNames;
};

} // namespace dlavm

#endif // DLAVM_CONVERSION_LLMTOACCEL_OBJECTS_H
