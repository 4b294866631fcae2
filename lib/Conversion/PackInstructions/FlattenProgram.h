//===- FlattenProgram.h - A register program without calls --------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_LIB_CONVERSION_PACKINSTRUCTIONS_FLATTENPROGRAM_H
#define DLAVM_LIB_CONVERSION_PACKINSTRUCTIONS_FLATTENPROGRAM_H

#include "DLAVM/Dialect/CSB/IR/CSB.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/OwningOpRef.h"

namespace dlavm::csb {

/// A start of the hardware: the writes of its registers, the last of which
/// starts it, and the poll that ends it.
struct TaskStart {
  TaskOp task;
  llvm::SmallVector<WriteOp, 32> writes;
  PollOp poll;

  WriteOp getOpcode() const { return writes.back(); }
};

/// A start, or the loop over the layers and those of a layer.
struct ProgramItem {
  mlir::scf::ForOp loop;
  llvm::SmallVector<TaskStart, 0> starts;

  int64_t getLayers() const;
};

/// A copy of a function in which nothing but the loops over layers is left of
/// calls, loops and branches, and what it consists of.
struct FlatProgram {
  mlir::OwningOpRef<mlir::func::FuncOp> function;
  llvm::SmallVector<CheckCallOp, 1> checks;
  llvm::SmallVector<ProgramItem, 0> items;
};

/// Emits an error at a loop whose iterations, or a branch whose condition, is
/// no constant, at one over layers in another or that does not count from 0 by
/// 1, at more starts than blocks should have, and at what is no part of a
/// start.
mlir::FailureOr<FlatProgram> flattenProgram(mlir::func::FuncOp function,
                                            mlir::SymbolTable &symbols);

} // namespace dlavm::csb

#endif // DLAVM_LIB_CONVERSION_PACKINSTRUCTIONS_FLATTENPROGRAM_H
