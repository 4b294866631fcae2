//===- Tokenizer.h - Between text and token ids -----------------*- C++ -*-===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_HOST_TOKENIZER_TOKENIZER_H
#define DLAVM_HOST_TOKENIZER_TOKENIZER_H

#include "dlavm_runtime.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace dlavm::host {

/// There is no tokenizer, or one of a kind that is not known here. What else
/// Tokenizer::open throws is about files that are damaged.
class UnknownTokenizer : public Error {
  using Error::Error;
};

struct EncodeOptions {
  /// Add what the tokenizer puts around a text, such as BOS.
  bool addSpecial = false;
  /// Take special tokens that are written out in the text for such; otherwise
  /// they are text.
  bool parseSpecial = true;
};

/// Encodes text as token ids and decodes them. Text is UTF-8; bytes that are
/// not are replaced as the tokenizer's own library replaces them. Const
/// functions may be called by several threads at once.
class Tokenizer {
public:
  virtual ~Tokenizer() = default;

  /// Opens the tokenizer of a directory (tokenizer.json; tokenizer.model, of
  /// sentencepiece or tiktoken; tokenizer.gguf), with what
  /// tokenizer_config.json says of it, or a GGUF file. Throws
  /// UnknownTokenizer if there is none that is known, else dlavm::Error, with
  /// file and place, if it is malformed.
  static std::unique_ptr<Tokenizer> open(const std::string &path);
  /// Whether the directory has a file that open takes.
  static bool isIn(const std::string &directory);

  virtual std::vector<int32_t>
  encode(std::string_view text, const EncodeOptions &options = {}) const = 0;
  virtual std::string decode(const std::vector<int32_t> &ids,
                             bool skipSpecial = true) const = 0;
  /// What a token, special ones too, adds to a text that it does not begin.
  /// These bytes may be only a part of a character. Empty where the id has no
  /// token.
  virtual std::string getBytes(int32_t id) const = 0;

  /// One more than the last id.
  virtual int32_t getSize() const = 0;
  /// The token as the tokenizer's file writes it; empty where the id has none.
  virtual std::string getPiece(int32_t id) const = 0;
  virtual std::optional<int32_t> findPiece(std::string_view piece) const = 0;
  virtual bool isSpecial(int32_t id) const = 0;

  virtual std::optional<int32_t> getBeginToken() const = 0;
  virtual std::optional<int32_t> getEndToken() const = 0;
};

/// Decodes tokens one by one.
class TextStream {
public:
  explicit TextStream(const Tokenizer &tokenizer, bool skipSpecial = true);

  /// The text that \p id adds to that of the tokens before: whole characters
  /// only, the first bytes of one wait for the rest.
  std::string add(int32_t id);
  /// What still waits, decoded as it is.
  std::string finish();

private:
  std::string decodeWaiting() const;
  void forget(std::string_view text);

  const Tokenizer &tokenizer;
  bool skipSpecial;
  /// Tokens whose text was handed out, of which the last are kept as what the
  /// text of the next depends on, and those that wait.
  std::vector<int32_t> ids;
  /// How many of them only give context.
  size_t context = 0;
  /// What of their text was handed out.
  std::string given;
};

} // namespace dlavm::host

#endif // DLAVM_HOST_TOKENIZER_TOKENIZER_H
