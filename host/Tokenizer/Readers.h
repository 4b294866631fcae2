//===- Readers.h - One function for each kind of file -----------*- C++ -*-===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_HOST_TOKENIZER_READERS_H
#define DLAVM_HOST_TOKENIZER_READERS_H

#include "host/Tokenizer/Tokenizer.h"
#include "host/Tokenizer/TokenizerConfig.h"

namespace dlavm::host {

class JSONValue;
struct PipelineParts;

bool exists(const std::string &path);

/// An object with content, lstrip, and so on.
AddedToken readAddedToken(const JSONValue &value, int32_t id);

/// Adds \p token, or changes what is known of it.
void addToken(std::vector<AddedToken> &tokens, const AddedToken &token);

/// Finds begin and end token, and marks the special tokens of \p config.
void applyConfig(PipelineParts &parts, const TokenizerConfig &config);

std::unique_ptr<Tokenizer> openTokenizerJSON(const std::string &path,
                                             const TokenizerConfig &config);

} // namespace dlavm::host

#endif // DLAVM_HOST_TOKENIZER_READERS_H
