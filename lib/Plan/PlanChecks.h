//===- PlanChecks.h - What a plan must not say ----------------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_LIB_PLAN_PLANCHECKS_H
#define DLAVM_LIB_PLAN_PLANCHECKS_H

#include "DLAVM/Plan/DriverPlan.h"

namespace dlavm {

/// The error of a value at \p place: "buffers[0].bytes". \p found is not shown
/// if it is an array.
llvm::Error refuse(llvm::StringRef file, const llvm::Twine &place,
                   const llvm::Twine &expected, const llvm::json::Value &found);

/// Refuses what contradicts itself: names of nothing, shapes that do not fit,
/// ends that overflow. Afterwards the numbers can be computed with.
llvm::Error checkContents(const DriverPlan &plan, llvm::StringRef file);

/// Refuses numbers that do not fit the device, or one another, before anything
/// is allocated for them. \p plan has passed checkContents.
llvm::Error checkLimits(const DriverPlan &plan, const DeviceInfo &device,
                        llvm::StringRef file);

} // namespace dlavm

#endif // DLAVM_LIB_PLAN_PLANCHECKS_H
