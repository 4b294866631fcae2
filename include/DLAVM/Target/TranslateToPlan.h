//===- TranslateToPlan.h - plan.json and report.txt from csb ------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_TARGET_TRANSLATETOPLAN_H
#define DLAVM_TARGET_TRANSLATETOPLAN_H

#include "DLAVM/Plan/DriverPlan.h"

#include "mlir/IR/BuiltinOps.h"
#include "llvm/Support/raw_ostream.h"

#include <optional>

namespace dlavm {

/// Prints what tools need to know of a driver: its functions, tasks, buffers
/// with extents and lifetimes, objects with addresses and files, and the
/// parameters that they are made of. The driver is in the namespace
/// \p namespaceName and the header of that name. \p model is the text of the
/// llm module that is written beside it; without one, nobody will notice that
/// it is another. \p optimizations are those that made the module, for tools
/// that lower the model again. Emits an error, and writes nothing, where the
/// module is no complete driver.
llvm::LogicalResult
translateToPlan(mlir::ModuleOp module, llvm::StringRef namespaceName,
                llvm::raw_ostream &os,
                std::optional<llvm::StringRef> model = {},
                std::optional<PlanOptimizations> optimizations = {});

/// Prints what people want to know of a driver: tasks and register writes of a
/// prompt and of a decode step, arenas, buffers, a picture of the memory, the
/// peak and what makes it.
llvm::LogicalResult translateToReport(mlir::ModuleOp module,
                                      llvm::raw_ostream &os);

} // namespace dlavm

#endif // DLAVM_TARGET_TRANSLATETOPLAN_H
