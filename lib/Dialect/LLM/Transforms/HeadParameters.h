//===- HeadParameters.h - How heads lie in parameters -----------*- C++ -*-===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_LIB_DIALECT_LLM_TRANSFORMS_HEADPARAMETERS_H
#define DLAVM_LIB_DIALECT_LLM_TRANSFORMS_HEADPARAMETERS_H

#include "DLAVM/Dialect/LLM/IR/LLM.h"

#include "llvm/ADT/MapVector.h"

namespace dlavm::llm {

/// The ops that make heads, each for the next one alone.
struct HeadSource {
  /// Has no residual.
  LinearOp linear;
  /// Over the channels of all heads, or null.
  RMSNormOp normOfAll;
  SplitHeadsOp split;
  /// Over the channels of each head, or null.
  RMSNormOp normOfEach;
};

/// What makes \p heads, which have one use; nothing if it is something else.
std::optional<HeadSource> getHeadSource(mlir::Value heads);

/// Whether the channels of \p norm are those of each head, before it is known
/// what a head of the device is.
bool isNormOfEach(RMSNormOp norm);

/// Changes how the channels of heads lie in the parameters of linear layers and
/// norms. Changes are planned, which may fail and changes nothing, and then
/// applied together: a parameter that other ops use as it is stays, and the ops
/// get a copy. A norm over more channels, which are 0, has a smaller mean: its
/// weight and epsilon become smaller as well.
class HeadParameters {
public:
  explicit HeadParameters(mlir::ModuleOp module)
      : module(module), symbols(module) {}

  /// The head layout of a dimension once it is changed, made from the present
  /// one. Null if it cannot be changed.
  using Change = llvm::function_ref<HeadsAttr(HeadsAttr)>;

  /// Plans to change the rows of the parameters of \p op, an llm.linear or an
  /// llm.rms_norm, which are those of heads [\p heads, \p channels]. Where \p
  /// keepsSplats, the change is one that makes no difference if all elements
  /// are the same. Emits an error if a parameter's rows lie in another way.
  llvm::LogicalResult planRows(mlir::Operation *op, int64_t heads,
                               int64_t channels, bool keepsSplats,
                               Change change);
  /// The same for what makes heads, of the device's size or not.
  llvm::LogicalResult planRows(HeadSource source, bool keepsSplats,
                               Change change);
  /// Plans to change the columns of \p linear's weight.
  llvm::LogicalResult planColumns(LinearOp linear, int64_t heads,
                                  int64_t channels, Change change);

  void apply();

private:
  /// What an op needs of a parameter; null where it stays as it is.
  struct Layout {
    HeadsAttr rows, columns;
    double factor = 1;
    bool operator==(const Layout &other) const {
      return rows == other.rows && columns == other.columns &&
             factor == other.factor;
    }
  };
  /// An op's attribute that names a parameter.
  using Use = std::pair<mlir::Operation *, mlir::StringAttr>;

  llvm::LogicalResult plan(mlir::Operation *op, mlir::StringAttr role,
                           bool isColumns, int64_t heads, int64_t channels,
                           Change change);
  ParameterOp lookup(mlir::Operation *op, mlir::StringAttr role);
  bool isUsedOtherwise(ParameterOp parameter,
                       const mlir::SymbolUserMap &users) const;
  /// The parameter, or a copy of it, with heads that lie as \p layout says.
  ParameterOp create(ParameterOp parameter, const Layout &layout, bool isCopy);

  mlir::ModuleOp module;
  mlir::SymbolTable symbols;
  llvm::MapVector<Use, Layout> layouts;
  llvm::MapVector<RMSNormOp, double> epsilons;
};

} // namespace dlavm::llm

#endif // DLAVM_LIB_DIALECT_LLM_TRANSFORMS_HEADPARAMETERS_H
