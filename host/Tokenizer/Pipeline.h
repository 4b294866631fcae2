//===- Pipeline.h - What happens to text before and after BPE ---*- C++ -*-===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_HOST_TOKENIZER_PIPELINE_H
#define DLAVM_HOST_TOKENIZER_PIPELINE_H

#include "host/Tokenizer/Regex.h"

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace dlavm::host {

/// Changes a text, which is valid UTF-8.
using Normalizer = std::function<void(std::string &text)>;

enum class UnicodeForm { NFC, NFD, NFKC, NFKD };
Normalizer makeUnicodeNormalizer(UnicodeForm form);
Normalizer makeLowercase();
Normalizer makeStripAccents();
Normalizer makeStrip(bool left, bool right);
/// Puts \p prefix before a text that is not empty.
Normalizer makePrepend(std::string prefix);
Normalizer makeReplace(std::string text, std::string content);
Normalizer makeReplace(Regex pattern, std::string content);
/// Every byte becomes a character of its own that can be seen (GPT-2).
Normalizer makeByteLevelNormalizer();

/// A text that is cut into pieces, from left to right.
struct Pieces {
  struct Piece {
    size_t begin, end;
    /// It begins where the input does.
    bool isFirst;
  };
  std::string text;
  std::vector<Piece> pieces;

  std::string_view get(const Piece &piece) const {
    return std::string_view(text).substr(piece.begin, piece.end - piece.begin);
  }
};

/// Cuts a text, and may change it.
using PreTokenizer = std::function<void(Pieces &pieces)>;

/// What becomes of what is matched.
enum class SplitBehavior {
  Removed,
  Isolated,
  MergedWithPrevious,
  MergedWithNext,
  Contiguous,
};
PreTokenizer makeSplit(Regex pattern, SplitBehavior behavior, bool invert);
PreTokenizer makeSplit(std::function<bool(uint32_t)> matches,
                       SplitBehavior behavior);
/// Each piece gets a space before it unless it has one; with \p useRegex it is
/// cut by GPT-2's expression; its bytes become characters.
PreTokenizer makeByteLevel(bool addPrefixSpace, bool useRegex);
enum class PrependScheme { Always, First, Never };
/// Spaces become \p replacement, which is put before pieces, too.
PreTokenizer makeMetaspace(std::string replacement, PrependScheme scheme,
                           bool split);
/// Whether a character is white space, a number, punctuation.
bool isSpace(uint32_t code);
bool isNumber(uint32_t code);
bool isPunctuation(uint32_t code);

/// Changes tokens, whose texts are joined in the end. Bytes that are no
/// characters become U+FFFD, unless \p keepsBytes.
using Decoder =
    std::function<void(std::vector<std::string> &tokens, bool keepsBytes)>;

Decoder makeByteLevelDecoder();
/// Tokens like <0x0A> become bytes.
Decoder makeByteFallbackDecoder();
/// Joins all tokens.
Decoder makeFuseDecoder();
/// Changes each token.
Decoder makeDecoder(Normalizer normalizer);
/// Removes up to \p start characters at the beginning of each token, and up to
/// \p stop at its end.
Decoder makeStripDecoder(std::string character, size_t start, size_t stop);
/// \p replacement becomes a space, and nothing in the first token if
/// \p dropsFirst.
Decoder makeMetaspaceDecoder(std::string replacement, bool dropsFirst);

/// Every byte as a character that can be seen, as GPT-2 has them; the bytes of
/// such a text, or the text itself if it has other characters.
void appendByteLevel(std::string &out, std::string_view bytes);
std::string fromByteLevel(std::string_view text);

} // namespace dlavm::host

#endif // DLAVM_HOST_TOKENIZER_PIPELINE_H
