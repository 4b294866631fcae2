//===- CheckCheckpoint.h - A checkpoint and a driver ------------*- C++ -*-===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_LIB_TOOL_CHECKCHECKPOINT_H
#define DLAVM_LIB_TOOL_CHECKCHECKPOINT_H

#include "DLAVM/Checkpoint/Checkpoint.h"
#include "OpenedModel.h"

namespace dlavm {

/// Fails unless the configuration in \p directory makes the model that the
/// driver computes, and its tensors, \p checkpoint, are those of that model. Of
/// a driver that was compiled from a module, nobody knows the configuration: a
/// note says so.
llvm::Error checkCheckpoint(llvm::StringRef directory,
                            llvm::ArrayRef<std::string> ignoredTensors,
                            Checkpoint &checkpoint, const OpenedModel &model,
                            const DriverPlan &plan);

} // namespace dlavm

#endif // DLAVM_LIB_TOOL_CHECKCHECKPOINT_H
