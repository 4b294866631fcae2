//===- LowerDriver.h - Compiling the model of a driver again ----*- C++ -*-===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_LIB_REPORT_LOWERDRIVER_H
#define DLAVM_LIB_REPORT_LOWERDRIVER_H

#include "DLAVM/Pipelines/Pipelines.h"
#include "DLAVM/Report/Report.h"

namespace dlavm {

/// Sets what a plan says of the options that its driver was compiled with.
void setOptions(CompileOptions &options, const DriverPlan &plan);

/// Runs a part of the pipeline, which makes a module of the dialect \p level,
/// and adds what each of its passes leaves to \p effects. Fails, with
/// diagnostics, where a pass does.
llvm::LogicalResult
runPasses(mlir::ModuleOp module, llvm::StringRef level,
          void (*build)(mlir::OpPassManager &, const CompileOptions &),
          const CompileOptions &options, std::vector<PassEffect> &effects,
          mlir::OwningOpRef<mlir::ModuleOp> *unpacked = nullptr);

} // namespace dlavm

#endif // DLAVM_LIB_REPORT_LOWERDRIVER_H
