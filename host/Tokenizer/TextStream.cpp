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
  if (!isWhole) {
    given += added;
    return added;
  }
  if (added.empty() && goesOn)
    return added;
  // The last tokens that added text are the context of the next.
  ids.erase(ids.begin(), ids.begin() + static_cast<std::ptrdiff_t>(context));
  context = ids.size();
  given = tokenizer.decode(ids, skipSpecial);
  return added;
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
