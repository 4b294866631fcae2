//===- OpenWeights.h - Checkpoints to compute with --------------*- C++ -*-===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_LIB_TOOL_OPENWEIGHTS_H
#define DLAVM_LIB_TOOL_OPENWEIGHTS_H

#include "DLAVM/Checkpoint/Checkpoint.h"

namespace dlavm {

/// Opens a checkpoint whose weights somebody computes with. Fails where \p path
/// is no directory or has no tensors.
llvm::Expected<std::unique_ptr<Checkpoint>> openWeights(llvm::StringRef path);

} // namespace dlavm

#endif // DLAVM_LIB_TOOL_OPENWEIGHTS_H
