//===- PlanRegions.h - The plan of a csb module -------------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_RUN_PLANREGIONS_H
#define DLAVM_RUN_PLANREGIONS_H

#include "DLAVM/Check/Checker.h"

#include "mlir/IR/BuiltinOps.h"

namespace dlavm {

/// The buffers and objects of a csb module as the checker wants them. Emits an
/// error at one that lies in no memory of the device.
mlir::FailureOr<std::vector<PlanRegion>>
getPlanRegions(mlir::ModuleOp module, const DeviceInfo &device);

} // namespace dlavm

#endif // DLAVM_RUN_PLANREGIONS_H
