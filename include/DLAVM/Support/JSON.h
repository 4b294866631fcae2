//===- JSON.h - What json::parse does not check ---------------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_SUPPORT_JSON_H
#define DLAVM_SUPPORT_JSON_H

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/raw_ostream.h"

#include <string>

namespace dlavm {

/// llvm::json::parse recurses into arrays and objects, so that their depth must
/// be limited before it runs. Files that we read nest three deep.
inline constexpr unsigned kMaxJSONDepth = 64;

/// Whether the arrays and objects of \p text nest deeper than kMaxJSONDepth.
inline bool isJSONTooDeep(llvm::StringRef text) {
  unsigned depth = 0;
  bool isInString = false;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '"')
      isInString = !isInString;
    else if (isInString)
      i += c == '\\';
    else if (c == '[' || c == '{')
      ++depth;
    else if ((c == ']' || c == '}') && depth > 0)
      --depth;
    if (depth > kMaxJSONDepth)
      return true;
  }
  return false;
}

/// \p value as JSON for a message, cut if it is long.
inline std::string printShortJSON(const llvm::json::Value &value) {
  constexpr size_t kMaxLength = 60;
  std::string text;
  llvm::raw_string_ostream(text) << value;
  if (text.size() <= kMaxLength)
    return text;
  // Cut between characters, not inside the bytes of one.
  size_t length = kMaxLength;
  while ((text[length] & 0xC0) == 0x80)
    --length;
  return text.substr(0, length) + "...";
}

} // namespace dlavm

#endif // DLAVM_SUPPORT_JSON_H
