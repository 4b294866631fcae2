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
/// calls, loops and branches, and what it consists of. Holds for the calls
/// after `firstPast` to `endPast - 1` tokens, whose starts are as many.
struct FlatProgram {
  mlir::OwningOpRef<mlir::func::FuncOp> function;
  llvm::SmallVector<CheckCallOp, 1> checks;
  llvm::SmallVector<ProgramItem, 0> items;
  int64_t firstPast = 0;
  int64_t endPast = 0;
};

/// Copies of a function of past, one for each range of calls whose loops and
/// branches run alike, in order. Emits an error at a loop or branch that
/// depends on more than past, at loops over layers in one another or that do
/// not count from 0 by 1, at more starts or copies than blocks should have, at
/// what is no part of a start, and where no `csb.check_call` says which calls
/// there are.
mlir::FailureOr<llvm::SmallVector<FlatProgram>>
flattenProgram(mlir::func::FuncOp function, mlir::SymbolTable &symbols);

} // namespace dlavm::csb

#endif // DLAVM_LIB_CONVERSION_PACKINSTRUCTIONS_FLATTENPROGRAM_H
