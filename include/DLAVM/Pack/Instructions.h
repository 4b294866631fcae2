//===- Instructions.h - The words of instruction blocks ---------*- C++ -*-===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_PACK_INSTRUCTIONS_H
#define DLAVM_PACK_INSTRUCTIONS_H

#include "llvm/Support/Error.h"
#include "llvm/Support/JSON.h"

#include <cstdint>
#include <vector>

namespace dlavm {

/// The words of all blocks before any token, in their order: of each block the
/// header, whose byte k is the code of its task k, and the words of its tasks.
/// \p content is what the plan says of the object: `block_tasks`, the most
/// tasks of a block, `header_words`, and `runs` of tasks, each in blocks of its
/// own: those `first`, those of each of the `layers`, and those at the `last`.
/// Word i of a task is `words[i]`, in layer k `words[i] + k * steps[i]`. Fails
/// where this is not \p size words of 32 bits.
llvm::Expected<std::vector<uint32_t>>
assembleInstructions(const llvm::json::Object &content, int64_t size);

} // namespace dlavm

#endif // DLAVM_PACK_INSTRUCTIONS_H
