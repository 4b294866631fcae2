//===- PipelineTokenizer.h - A tokenizer made of BPE and a pipeline *- C++
//-*-===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_HOST_TOKENIZER_PIPELINETOKENIZER_H
#define DLAVM_HOST_TOKENIZER_PIPELINETOKENIZER_H

#include "host/Tokenizer/AddedTokens.h"
#include "host/Tokenizer/BPE.h"
#include "host/Tokenizer/Pipeline.h"
#include "host/Tokenizer/Tokenizer.h"

#include <mutex>

namespace dlavm::host {

/// What a pipeline consists of; each file format fills it in.
struct PipelineParts {
  std::unique_ptr<BPE> bpe;
  AddedTokenList added;
  std::vector<Normalizer> normalizers;
  std::vector<PreTokenizer> preTokenizers;
  std::vector<Decoder> decoders;
  /// What joins the tokens in the end.
  std::string separator;
  /// The tokens around a text.
  std::vector<int32_t> prefix, suffix;
  std::optional<int32_t> beginToken, endToken;
};

class PipelineTokenizer : public Tokenizer {
public:
  explicit PipelineTokenizer(PipelineParts parts);

  std::vector<int32_t> encode(std::string_view text,
                              const EncodeOptions &options) const override;
  std::string decode(const std::vector<int32_t> &ids,
                     bool skipSpecial) const override;
  std::string getBytes(int32_t id) const override;
  int32_t getSize() const override {
    return static_cast<int32_t>(pieces.size());
  }
  std::string getPiece(int32_t id) const override;
  std::optional<int32_t> findPiece(std::string_view piece) const override;
  bool isSpecial(int32_t id) const override;
  std::optional<int32_t> getBeginToken() const override {
    return parts.beginToken;
  }
  std::optional<int32_t> getEndToken() const override { return parts.endToken; }

private:
  void normalize(std::string &text) const;
  std::string join(std::vector<std::string> tokens, bool keepsBytes) const;
  void encodePart(std::string_view text, bool isFirst, WordCache *cache,
                  std::vector<int32_t> &ids) const;

  PipelineParts parts;
  /// By id, with the added tokens.
  std::vector<std::string> pieces;
  std::vector<bool> special;
  std::unordered_map<std::string, int32_t> addedIds;
  /// Of tokens that are looked for before the text is normalized, and after.
  TokenMatcher rawMatcher, normalizedMatcher;

  /// Whoever does not get it encodes without.
  mutable std::mutex cacheMutex;
  mutable WordCache cache;
};

} // namespace dlavm::host

#endif // DLAVM_HOST_TOKENIZER_PIPELINETOKENIZER_H
