//===- TokenizerConfig.h - tokenizer_config.json ----------------*- C++ -*-===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_HOST_TOKENIZER_TOKENIZERCONFIG_H
#define DLAVM_HOST_TOKENIZER_TOKENIZERCONFIG_H

#include "host/Tokenizer/AddedTokens.h"

#include <optional>
#include <string>
#include <vector>

namespace dlavm::host {

/// What tokenizer_config.json, and special_tokens_map.json where it is silent,
/// say of a directory's tokenizer.
struct TokenizerConfig {
  /// The class that transformers would use; empty if nobody says.
  std::string tokenizerClass;
  std::optional<bool> addBeginToken, addEndToken;
  /// Segments of text behind a special token get a space before them, too.
  bool isLegacy = true;
  std::optional<std::string> beginToken, endToken;
  /// Further special tokens: unknown, padding, additional ones.
  std::vector<std::string> specialTokens;
  /// added_tokens_decoder.
  std::vector<AddedToken> added;

  /// Reads the files of \p directory, where they are there.
  static TokenizerConfig read(const std::string &directory);
};

} // namespace dlavm::host

#endif // DLAVM_HOST_TOKENIZER_TOKENIZERCONFIG_H
