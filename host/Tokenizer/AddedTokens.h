//===- AddedTokens.h - Tokens that stand in the text ------------*- C++ -*-===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_HOST_TOKENIZER_ADDEDTOKENS_H
#define DLAVM_HOST_TOKENIZER_ADDEDTOKENS_H

#include <array>
#include <cstdint>
#include <deque>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
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

/// Added tokens, each with a text of its own.
class AddedTokenList {
public:
  /// Adds \p token, or changes what is known of it.
  void add(const AddedToken &token);
  AddedToken *find(const std::string &content);
  const AddedToken *findId(int32_t id) const;

  std::vector<AddedToken>::const_iterator begin() const {
    return tokens.begin();
  }
  std::vector<AddedToken>::const_iterator end() const { return tokens.end(); }
  size_t size() const { return tokens.size(); }

private:
  std::vector<AddedToken> tokens;
  std::unordered_map<std::string, size_t> byContent;
  std::unordered_map<int32_t, size_t> byId;
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

  std::unordered_map<std::string_view, size_t> tokenOf;
  /// The texts of tokenOf, where they stay.
  std::deque<std::pair<std::string, AddedToken>> entries;
  /// By the first byte: how long texts are, the longest first.
  std::array<std::vector<size_t>, 256> lengths;
};

} // namespace dlavm::host

#endif // DLAVM_HOST_TOKENIZER_ADDEDTOKENS_H
