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

#include <string_view>

namespace dlavm::host {

class JSONValue;
struct PipelineParts;

bool exists(const std::string &path);

/// An object with content, lstrip, and so on.
AddedToken readAddedToken(const JSONValue &value, int32_t id);

/// Finds begin and end token, and marks the special tokens of \p config.
void applyConfig(PipelineParts &parts, const TokenizerConfig &config);

/// Fails with \p place if the id of an added token is that of another, or its
/// text has another id.
void checkAddedToken(const std::string &place, const AddedToken &token,
                     const PipelineParts &parts);

std::unique_ptr<Tokenizer> openTokenizerJSON(const std::string &path,
                                             const TokenizerConfig &config);

std::unique_ptr<Tokenizer> openGGUF(const std::string &path);

std::unique_ptr<Tokenizer> openSentencePiece(const std::string &path,
                                             const TokenizerConfig &config);

/// What a file of tokens and ranks does not say.
struct TiktokenModel {
  std::string_view expression;
  /// Text is brought to NFC first.
  bool normalizes = false;
  /// Their ids follow the last rank.
  std::vector<std::string> specialTokens;
  /// The tokens before a text.
  std::vector<const char *> prefix;
};

/// Whether a file begins with a token in base64 and its rank.
bool isTiktoken(std::string_view text);
/// The class of \p config says what model it is.
std::unique_ptr<Tokenizer> openTiktoken(const std::string &path,
                                        const TokenizerConfig &config);
std::unique_ptr<Tokenizer> openTiktoken(const std::string &path,
                                        const TokenizerConfig &config,
                                        const TiktokenModel &model);

} // namespace dlavm::host

#endif // DLAVM_HOST_TOKENIZER_READERS_H
