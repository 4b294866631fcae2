//===- AddedTokens.cpp - Tokens that stand in the text --------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "host/Tokenizer/AddedTokens.h"

#include "host/Tokenizer/UTF8.h"

#include <unicode/uchar.h>

#include <algorithm>
#include <functional>

using namespace dlavm::host;

static bool isWordCharacter(uint32_t code) {
  const auto c = static_cast<UChar32>(code);
  const uint32_t mask = U_GET_GC_MASK(c);
  return u_hasBinaryProperty(c, UCHAR_ALPHABETIC) ||
         u_hasBinaryProperty(c, UCHAR_JOIN_CONTROL) ||
         (mask & (U_GC_M_MASK | U_GC_ND_MASK | U_GC_PC_MASK)) != 0;
}

/// Where the character before \p position begins.
static size_t stepBack(std::string_view text, size_t position) {
  do
    --position;
  while (position > 0 &&
         (static_cast<unsigned char>(text[position]) & 0xC0) == 0x80);
  return position;
}

void AddedTokenList::add(const AddedToken &token) {
  const auto [place, isNew] = byContent.emplace(token.content, tokens.size());
  if (isNew) {
    tokens.push_back(token);
  } else {
    byId.erase(tokens[place->second].id);
    tokens[place->second] = token;
  }
  byId[token.id] = place->second;
}

AddedToken *AddedTokenList::find(const std::string &content) {
  auto found = byContent.find(content);
  return found == byContent.end() ? nullptr : &tokens[found->second];
}

const AddedToken *AddedTokenList::findId(int32_t id) const {
  auto found = byId.find(id);
  return found == byId.end() ? nullptr : &tokens[found->second];
}

void TokenMatcher::add(std::string_view text, const AddedToken &token) {
  if (text.empty())
    return;
  if (auto found = tokenOf.find(text); found != tokenOf.end()) {
    entries[found->second].second = token;
    return;
  }
  entries.emplace_back(text, token);
  tokenOf.emplace(entries.back().first, entries.size() - 1);
  std::vector<size_t> &known = lengths[static_cast<unsigned char>(text[0])];
  auto place = std::lower_bound(known.begin(), known.end(), text.size(),
                                std::greater<size_t>());
  if (place == known.end() || *place != text.size())
    known.insert(place, text.size());
}

TokenMatcher::Match TokenMatcher::findAt(std::string_view text,
                                         size_t position) const {
  const std::string_view rest = text.substr(position);
  for (size_t length : lengths[static_cast<unsigned char>(rest[0])])
    if (length <= rest.size())
      if (auto found = tokenOf.find(rest.substr(0, length));
          found != tokenOf.end())
        return {&entries[found->second].second, length};
  return {nullptr, 0};
}

void TokenMatcher::split(
    std::string_view text, bool parseSpecial,
    const std::function<void(std::string_view, size_t, const AddedToken *)>
        &visit) const {
  auto isSpace = [&](size_t position) {
    return u_isUWhiteSpace(
        static_cast<UChar32>(readCharacter(text, position).code));
  };
  auto isWord = [&](size_t position) {
    return isWordCharacter(readCharacter(text, position).code);
  };
  // Everything before has been visited.
  size_t done = 0;
  for (size_t position = 0; position < text.size();) {
    const Match match = findAt(text, position);
    if (!match.token) {
      ++position;
      continue;
    }
    size_t begin = position, end = position + match.length;
    position = end;
    const AddedToken &token = *match.token;
    if (token.special && !parseSpecial)
      continue;
    if (token.singleWord && ((begin > 0 && isWord(stepBack(text, begin))) ||
                             (end < text.size() && isWord(end))))
      continue;
    if (token.stripLeft)
      while (begin > done && isSpace(stepBack(text, begin)))
        begin = stepBack(text, begin);
    if (token.stripRight)
      while (end < text.size() && isSpace(end))
        end += readCharacter(text, end).length;
    // White space that the one before took.
    begin = std::max(begin, done);
    if (done < begin)
      visit(text.substr(done, begin - done), done, nullptr);
    visit(text.substr(begin, end - begin), begin, &token);
    done = end;
    position = std::max(position, end);
  }
  if (done < text.size())
    visit(text.substr(done), done, nullptr);
}
