//===- ProgramValues.h - What values depend on ----------------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_LIB_CONVERSION_PACKINSTRUCTIONS_PROGRAMVALUES_H
#define DLAVM_LIB_CONVERSION_PACKINSTRUCTIONS_PROGRAMVALUES_H

#include "FlattenProgram.h"

namespace dlavm::csb {

/// What a value is in layer k for the first history of its variant:
/// first + k * step.
struct LayerValue {
  int64_t first = 0;
  int64_t step = 0;
};

/// Says what values of a flat program depend on.
class ProgramValues {
public:
  /// The program's argument is past.
  ProgramValues(const FlatProgram &program, mlir::SymbolTable &symbols);

  mlir::Operation *getModule() const { return symbols.getOp(); }

  bool dependsOnPast(mlir::Value value) { return get(value).onPast; }
  bool dependsOnLayer(mlir::Value value) { return get(value).onLayer; }
  /// The value for the first history. Emits an error at an op that makes it
  /// change otherwise than by a constant from layer to layer.
  mlir::FailureOr<LayerValue> evaluate(mlir::Value value, int64_t layers);

private:
  struct Dependence {
    bool onPast = false, onLayer = false;
  };
  Dependence get(mlir::Value value);

  mlir::Value past;
  int64_t firstPast;
  mlir::SymbolTable &symbols;
  llvm::DenseMap<mlir::Value, Dependence> dependences;
  llvm::DenseMap<mlir::Value, LayerValue> values;
};

} // namespace dlavm::csb

#endif // DLAVM_LIB_CONVERSION_PACKINSTRUCTIONS_PROGRAMVALUES_H
