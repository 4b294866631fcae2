//===- PlanText.cpp - Changing plan.json ----------------------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "PlanText.h"

#include "llvm/ADT/Twine.h"

using namespace dlavm;
using namespace llvm;

/// The index behind the string that begins at \p at.
static size_t skipString(StringRef text, size_t at) {
  for (++at; text[at] != '"'; ++at)
    at += text[at] == '\\';
  return at + 1;
}

std::string dlavm::removeMember(StringRef text, StringRef key) {
  // A member reaches from the comma or brace before it to the one behind it.
  size_t begin = text.find('{');
  bool isFirst = true;
  for (size_t at = begin + 1; at < text.size();) {
    const size_t name = text.find_first_of("\"}", at);
    if (name == StringRef::npos || text[name] == '}')
      break;
    const size_t nameEnd = skipString(text, name);
    size_t end = nameEnd;
    for (unsigned depth = 0;
         depth > 0 || (text[end] != ',' && text[end] != '}'); ++end) {
      if (text[end] == '"') {
        end = skipString(text, end) - 1;
        continue;
      }
      depth += text[end] == '[' || text[end] == '{';
      depth -= text[end] == ']' || text[end] == '}';
    }
    if (text.slice(name + 1, nameEnd - 1) == key) {
      const bool isLast = text[end] == '}';
      // The first member has no comma before it, so it takes the one behind.
      if (isFirst)
        return (text.take_front(begin + 1) +
                text.drop_front(isLast ? end : end + 1))
            .str();
      const StringRef before = text.take_front(begin);
      const StringRef space =
          isLast ? text.slice(text.take_front(end).rtrim().size(), end) : "";
      return (before + space + text.drop_front(end)).str();
    }
    begin = end;
    at = end + 1;
    isFirst = false;
    if (text[end] == '}')
      break;
  }
  return text.str();
}

std::string dlavm::appendMember(StringRef text, StringRef key,
                                StringRef value) {
  const StringRef members = text.take_front(text.rfind('}')).rtrim();
  return (members + ",\n  \"" + key + "\": " + value + "\n}\n").str();
}
