//===- QuantizedModules.h - Parts of quantized matrices -------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_LIB_CHECKPOINT_QUANTIZEDMODULES_H
#define DLAVM_LIB_CHECKPOINT_QUANTIZEDMODULES_H

#include "DLAVM/Checkpoint/Checkpoint.h"
#include "DLAVM/Checkpoint/Quantization.h"

namespace dlavm {

/// Whether some of the tensors are neither floating-point numbers nor tables
/// that models do not read.
bool isQuantized(const llvm::StringMap<Checkpoint::Entry> &tensors);

/// Replaces the parts of every quantized matrix, like X.qweight and X.scales,
/// with one tensor X.weight. Checks all that is known of the parts: types,
/// shapes, indices of groups, zero points, and that none is left over. Errors
/// name file and tensor.
llvm::Error joinQuantized(const Quantization &quantization,
                          llvm::StringMap<Checkpoint::Entry> &tensors);

} // namespace dlavm

#endif // DLAVM_LIB_CHECKPOINT_QUANTIZEDMODULES_H
