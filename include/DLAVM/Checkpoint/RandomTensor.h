//===- RandomTensor.h - Random weights, the same everywhere ---------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_CHECKPOINT_RANDOMTENSOR_H
#define DLAVM_CHECKPOINT_RANDOMTENSOR_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"

#include <cstdint>

namespace dlavm {

/// Fills \p out with elements \p first and up of the tensor \p name of \p
/// shape. Each depends on seed, name, shape and its index only, and is the same
/// on every machine. With w of mean 0, variance 1 and magnitude below 3.5
/// (close to a normal distribution):
///
/// - matrices: w / sqrt(columns), which keeps the magnitude of activations;
/// - vectors: 1 + w / 16 where the name contains "norm", else w / 16.
void fillRandomTensor(llvm::StringRef name, llvm::ArrayRef<int64_t> shape,
                      uint64_t seed, int64_t first,
                      llvm::MutableArrayRef<float> out);

} // namespace dlavm

#endif // DLAVM_CHECKPOINT_RANDOMTENSOR_H
