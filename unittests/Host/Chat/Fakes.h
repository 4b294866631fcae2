//===- Fakes.h - A tokenizer and a model for tests --------------*- C++ -*-===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_UNITTESTS_HOST_CHAT_FAKES_H
#define DLAVM_UNITTESTS_HOST_CHAT_FAKES_H

#include "host/Session/TokenModel.h"
#include "host/Tokenizer/Tokenizer.h"

#include "dlavm_runtime.h"

#include <algorithm>
#include <cstddef>
#include <string>
#include <utility>

namespace dlavm::host {

/// Its tokens are given; those of the form <...> are special. Encoding takes
/// the longest token.
class FakeTokenizer : public Tokenizer {
public:
  explicit FakeTokenizer(std::vector<std::string> pieces)
      : pieces(std::move(pieces)) {}

  std::vector<int32_t> encode(std::string_view text,
                              const EncodeOptions &options) const override {
    std::vector<int32_t> ids;
    if (options.addSpecial && begin)
      ids.push_back(*begin);
    while (!text.empty()) {
      int32_t best = -1;
      for (int32_t id = 0; id < getSize(); ++id) {
        const std::string &piece = pieces[static_cast<size_t>(id)];
        if ((options.parseSpecial || !isSpecial(id)) && !piece.empty() &&
            text.substr(0, piece.size()) == piece &&
            (best < 0 || piece.size() > getPiece(best).size()))
          best = id;
      }
      if (best < 0)
        throw Error("no token for '" + std::string(text) + "'");
      ids.push_back(best);
      text.remove_prefix(getPiece(best).size());
    }
    return ids;
  }
  /// A character that is not whole becomes U+FFFD, as in other tokenizers.
  std::string decode(const std::vector<int32_t> &ids,
                     bool skipSpecial) const override {
    std::string text;
    for (int32_t id : ids)
      if (!skipSpecial || !isSpecial(id))
        text += getPiece(id);
    if (stripsFirst && !text.empty() && text[0] == ' ')
      text.erase(0, 1);
    for (size_t size = 1; size < 4 && size <= text.size(); ++size) {
      const auto byte = static_cast<unsigned char>(text[text.size() - size]);
      const size_t whole = byte >= 0xf0   ? 4
                           : byte >= 0xe0 ? 3
                           : byte >= 0xc0 ? 2
                                          : 1;
      if (whole > size)
        return text.substr(0, text.size() - size) + "\xef\xbf\xbd";
      if (whole > 1)
        break;
    }
    return text;
  }
  std::string getBytes(int32_t id) const override { return getPiece(id); }
  int32_t getSize() const override {
    return static_cast<int32_t>(pieces.size());
  }
  std::string getPiece(int32_t id) const override {
    return pieces[static_cast<size_t>(id)];
  }
  std::optional<int32_t> findPiece(std::string_view piece) const override {
    const auto found = std::find(pieces.begin(), pieces.end(), piece);
    if (found == pieces.end())
      return std::nullopt;
    return static_cast<int32_t>(found - pieces.begin());
  }
  bool isSpecial(int32_t id) const override {
    const std::string piece = getPiece(id);
    return piece.size() > 2 && piece.front() == '<' && piece.back() == '>';
  }
  std::optional<int32_t> getBeginToken() const override { return begin; }
  std::optional<int32_t> getEndToken() const override { return end; }

  std::optional<int32_t> begin, end;
  /// A space that begins a text is left out, as by models of sentencepiece.
  bool stripsFirst = false;

private:
  std::vector<std::string> pieces;
};

/// Yields given tokens, whatever it is called with.
class ScriptedModel : public TokenModel {
public:
  explicit ScriptedModel(std::vector<int32_t> script, int32_t vocabulary = 64,
                         int32_t maxTokens = 64)
      : script(std::move(script)), vocabulary(vocabulary),
        maxTokens(maxTokens) {}

  int32_t getMaxTokens() const override { return maxTokens; }
  int32_t getVocabularySize() const override { return vocabulary; }
  int32_t call(const std::vector<int32_t> &, int32_t) override {
    return script[next++ % script.size()];
  }
  bool hasLogits() const override { return true; }
  /// That of the token is 1, those of the others are 0.
  void readLogits(std::vector<float> &logits) override {
    logits.assign(static_cast<size_t>(vocabulary), 0);
    logits[static_cast<size_t>(script[(next - 1) % script.size()])] = 1;
  }

  size_t next = 0;

private:
  std::vector<int32_t> script;
  int32_t vocabulary, maxTokens;
};

/// What \p run fails with, or "".
template <typename Run> std::string getMessage(const Run &run) {
  try {
    run();
  } catch (const dlavm::Error &error) {
    return error.what();
  }
  return "";
}

} // namespace dlavm::host

#endif // DLAVM_UNITTESTS_HOST_CHAT_FAKES_H
