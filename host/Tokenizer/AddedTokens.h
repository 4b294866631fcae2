//===- AddedTokens.h - Tokens that stand in the text ------------*- C++ -*-===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_HOST_TOKENIZER_ADDEDTOKENS_H
#define DLAVM_HOST_TOKENIZER_ADDEDTOKENS_H

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace dlavm::host {

/// A token that is found in the text before that is encoded.
struct AddedToken {
  int32_t id = -1;
  std::string content;
  bool singleWord = false;
  /// White space beside it belongs to it.
  bool stripLeft = false, stripRight = false;
  /// It is looked for in the normalized text.
  bool normalized = false;
  bool special = false;
};

/// Finds tokens in text: the first, of several that begin there the longest.
class TokenMatcher {
public:
  void add(std::string_view text, const AddedToken &token);

  /// Visits all of \p text, from left to right, with the token of each part or
  /// null. Where \p parseSpecial is false, special tokens are text.
  void split(std::string_view text, bool parseSpecial,
             const std::function<void(std::string_view part, size_t begin,
                                      const AddedToken *token)> &visit) const;

private:
  struct Match {
    const AddedToken *token;
    size_t length;
  };
  Match findAt(std::string_view text, size_t position) const;

  struct Entry {
    std::string text;
    AddedToken token;
  };
  /// By their first bytes; the longest first.
  std::unordered_map<unsigned char, std::vector<Entry>> entries;
  bool starts[256] = {};
};

} // namespace dlavm::host

#endif // DLAVM_HOST_TOKENIZER_ADDEDTOKENS_H
