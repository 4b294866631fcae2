//===- OpenedModel.h - The model of a driver and its tensors ----*- C++ -*-===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_TOOL_OPENEDMODEL_H
#define DLAVM_TOOL_OPENEDMODEL_H

#include "DLAVM/Checkpoint/TensorSource.h"
#include "DLAVM/Plan/DriverPlan.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/IR/OwningOpRef.h"

namespace dlavm {

/// The llm module that a driver computes, for the reference interpreter.
class OpenedModel {
public:
  /// Parses the module that `dlavm compile` wrote into \p directory; its
  /// parameters come from \p tensors, named as in the checkpoint, which may be
  /// null until setTensors().
  static llvm::Expected<OpenedModel>
  open(llvm::StringRef directory, const DriverPlan &plan,
       std::unique_ptr<TensorSource> tensors);
  /// The same, with the parameters that `dlavm pack` wrote into \p directory.
  /// Their matrices are rounded to INT4 already.
  static llvm::Expected<OpenedModel> openPacked(llvm::StringRef directory,
                                                const DriverPlan &plan,
                                                const DeviceInfo &device);

  void setTensors(std::unique_ptr<TensorSource> newTensors) {
    tensors = std::move(newTensors);
  }
  /// Gives parameters that have one value for all elements a tensor of their
  /// own, so that random tensors tell them apart.
  void replaceSplats();

  mlir::ModuleOp getModule() const { return *module; }
  TensorSource &getTensors() const { return *tensors; }

private:
  OpenedModel() = default;

  std::unique_ptr<mlir::MLIRContext> context;
  mlir::OwningOpRef<mlir::ModuleOp> module;
  std::unique_ptr<TensorSource> tensors;
};

/// The same in a plan.
void replaceSplats(std::vector<ParameterInfo> &parameters);

} // namespace dlavm

#endif // DLAVM_TOOL_OPENEDMODEL_H
