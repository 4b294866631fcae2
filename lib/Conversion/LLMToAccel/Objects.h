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

#include "llvm/ADT/StringSet.h"

namespace dlavm {

/// A symbol's name with letters, digits and underscores only, so that the
/// driver source and file names can show it.
std::string toIdentifier(llvm::StringRef symbol);

/// Declares the `accel.object`s of a module, each once.
class ObjectTable {
public:
  ObjectTable(mlir::ModuleOp module, const Device &device);

  mlir::FlatSymbolRefAttr getWeight(mlir::FlatSymbolRefAttr weight);
  /// The scale and bias words of the layer whose weight is called \p name.
  mlir::FlatSymbolRefAttr getScaleBias(llvm::StringRef name,
                                       mlir::FlatSymbolRefAttr scale,
                                       mlir::FlatSymbolRefAttr bias);
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

  /// A name that no task has yet: \p wish, or with a number. Tasks of one layer
  /// are told apart by their names.
  std::string getTaskName(const llvm::Twine &wish);

  /// Warns, once per value, when the device computes with another epsilon.
  void checkEpsilon(mlir::Operation *op, double epsilon);

  unsigned size() const { return objects.size(); }

private:
  mlir::FlatSymbolRefAttr declare(llvm::StringRef name, accel::Kind kind,
                                  llvm::ArrayRef<int64_t> shape,
                                  llvm::ArrayRef<mlir::Attribute> sources,
                                  mlir::IntegerAttr layers,
                                  mlir::DictionaryAttr config = {});

  mlir::ModuleOp module;
  mlir::SymbolTable symbols;
  const Device &device;
  /// From everything that identifies an object to its symbol.
  llvm::DenseMap<mlir::Attribute, mlir::FlatSymbolRefAttr> objects;
  llvm::DenseMap<mlir::StringAttr, accel::CacheSide> sides;
  llvm::SmallVector<double> warnedEpsilons;
  llvm::StringSet<> taskNames;
};

} // namespace dlavm

#endif // DLAVM_CONVERSION_LLMTOACCEL_OBJECTS_H
