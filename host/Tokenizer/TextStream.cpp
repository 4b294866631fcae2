//===- TextStream.cpp - Decoding tokens one by one ------------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "host/Tokenizer/Tokenizer.h"
#include "host/Tokenizer/UTF8.h"

using namespace dlavm::host;

TextStream::TextStream(const Tokenizer &tokenizer, bool skipSpecial)
    : tokenizer(tokenizer), skipSpecial(skipSpecial) {}

std::string TextStream::add(int32_t id) {
  // These add no text, whatever stands around them.
  if ((skipSpecial && tokenizer.isSpecial(id)) ||
      tokenizer.getPiece(id).empty())
    return "";
  ids.push_back(id);
  const std::string text = tokenizer.decode(ids, skipSpecial);
  // The last bytes may become characters with those that follow: there are up
  // to three, and a decoder may write one U+FFFD for each.
  std::string_view ready = text;
  for (int i = 0; i < 3 && endsWith(ready, kReplacement); ++i)
    ready.remove_suffix(kReplacement.size());
  const bool isWhole = ready.size() == text.size();
  // Bytes after a character may make it invalid until they are complete.
  const bool goesOn = ready.substr(0, given.size()) == given;
  std::string added;
  if (goesOn)
    added = ready.substr(given.size());
  else if (isWhole)
    added = decodeWaiting();
  if (!isWhole || (added.empty() && goesOn)) {
    given += added;
    forget(text);
    return added;
  }
  // The last tokens that added text are the context of the next.
  ids.erase(ids.begin(), ids.begin() + static_cast<std::ptrdiff_t>(context));
  context = ids.size();
  given = tokenizer.decode(ids, skipSpecial);
  return added;
}

/// Keeps the last of many tokens whose text is \p text, where a text may never
/// be whole: each token is decoded with those that are kept.
void TextStream::forget(std::string_view text) {
  constexpr size_t most = 32, kept = 16;
  if (ids.size() < most || text.substr(0, given.size()) != given)
    return;
  const std::vector<int32_t> last(ids.end() - kept, ids.end());
  const std::string lastText = tokenizer.decode(last, skipSpecial);
  const std::string_view waiting = text.substr(given.size());
  if (!endsWith(lastText, waiting))
    return;
  ids = last;
  // Each U+FFFD is of a token at least.
  context = kept - waiting.size() / kReplacement.size();
  given = lastText.substr(0, lastText.size() - waiting.size());
}

std::string TextStream::decodeWaiting() const {
  return tokenizer.decode(
      {ids.begin() + static_cast<std::ptrdiff_t>(context), ids.end()},
      skipSpecial);
}

std::string TextStream::finish() {
  const std::string text = tokenizer.decode(ids, skipSpecial);
  std::string rest;
  if (text.compare(0, given.size(), given) == 0)
    rest = text.substr(given.size());
  else
    rest = decodeWaiting();
  ids.clear();
  context = 0;
  given.clear();
  return rest;
}
