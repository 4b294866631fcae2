//===- Reducer.cpp - Small inputs -----------------------------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Reducer.h"

#include "llvm/ADT/StringRef.h"

#include <vector>

using namespace dlavm;

static std::string join(const std::vector<std::string> &parts) {
  std::string text;
  for (const std::string &part : parts)
    text += part;
  return text;
}

/// Takes ranges of parts away, shorter and shorter ones.
static void shrink(std::vector<std::string> &parts, unsigned tries,
                   llvm::function_ref<bool(const std::string &)> fails) {
  for (size_t length = parts.size() / 2; length > 0; length /= 2)
    for (size_t first = 0; first < parts.size();) {
      std::vector<std::string> rest = parts;
      rest.erase(rest.begin() + first,
                 rest.begin() + std::min(first + length, rest.size()));
      if (tries-- == 0)
        return;
      if (!rest.empty() && fails(join(rest)))
        parts = std::move(rest);
      else
        first += length;
    }
}

std::string dlavm::reduce(std::string text,
                          llvm::function_ref<bool(const std::string &)> fails) {
  constexpr unsigned kTries = 400;
  std::vector<std::string> lines, bytes;
  for (llvm::StringRef rest = text; !rest.empty();) {
    const size_t end = rest.find('\n');
    lines.push_back(
        rest.take_front(end == llvm::StringRef::npos ? end : end + 1).str());
    rest = rest.drop_front(lines.back().size());
  }
  shrink(lines, kTries, fails);
  for (char c : join(lines))
    bytes.emplace_back(1, c);
  shrink(bytes, kTries, fails);
  return join(bytes);
}
