//===- TensorNames.h - Names that wrappers gave to tensors ------*- C++ -*-===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_LIB_CHECKPOINT_TENSORNAMES_H
#define DLAVM_LIB_CHECKPOINT_TENSORNAMES_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"

#include <string>
#include <vector>

namespace dlavm {

/// The names that the tensors of a causal language model have, for the \p names
/// that a checkpoint has: without what programs put in front that trained,
/// compiled or adapted the model, or that have it as a part; and with what is
/// missing where the model was saved without its output layer.
std::vector<std::string>
unwrapTensorNames(llvm::ArrayRef<llvm::StringRef> names);

} // namespace dlavm

#endif // DLAVM_LIB_CHECKPOINT_TENSORNAMES_H
