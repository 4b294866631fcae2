//===- GenerationConfig.h - What a checkpoint says of generating ----------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_CHECKPOINT_GENERATIONCONFIG_H
#define DLAVM_CHECKPOINT_GENERATIONCONFIG_H

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

#include <cstdint>
#include <vector>

namespace dlavm {

/// The tokens that end a text: `eos_token_id`, one or a list, of
/// generation_config.json in a directory, or where that says nothing, of
/// config.json; those that a GGUF file names. None where nothing is said.
/// Errors name file and key.
llvm::Expected<std::vector<int32_t>> readEndTokens(llvm::StringRef checkpoint);

} // namespace dlavm

#endif // DLAVM_CHECKPOINT_GENERATIONCONFIG_H
