//===- JSONValue.cpp - JSON with the place in its file --------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "host/Tokenizer/JSONValue.h"

#include <algorithm>

using namespace dlavm::host;

TextPlace dlavm::host::findPlace(const std::string &text, size_t offset) {
  const size_t position = std::min(offset, text.size());
  const auto lines = std::count(
      text.begin(), text.begin() + static_cast<ptrdiff_t>(position), '\n');
  const size_t lineStart =
      position == 0 ? 0 : text.rfind('\n', position - 1) + 1;
  return {1 + static_cast<size_t>(lines), position - lineStart + 1};
}

nlohmann::json dlavm::host::parseJSON(const std::string &path,
                                      const std::string &text) {
  // Whatever nests deeper is no file of a tokenizer.
  constexpr int kMaxDepth = 64;
  try {
    return nlohmann::json::parse(
        text, [&](int depth, nlohmann::json::parse_event_t, nlohmann::json &) {
          if (depth > kMaxDepth)
            throw dlavm::Error(path + ": is nested deeper than " +
                               std::to_string(kMaxDepth) + " levels");
          return true;
        });
  } catch (const nlohmann::json::parse_error &error) {
    std::string message = error.what();
    if (const size_t end = message.find("syntax error");
        end != std::string::npos)
      message = message.substr(end);
    // Bytes are counted from 1.
    const TextPlace place =
        findPlace(text, error.byte > 0 ? error.byte - 1 : 0);
    throw dlavm::Error(path + ":" + std::to_string(place.line) + ":" +
                       std::to_string(place.column) + ": " + message);
  } catch (const nlohmann::json::exception &error) {
    // "[json.exception.out_of_range.406] number overflow parsing '1e999'"
    const std::string message = error.what();
    const size_t begin = message.find("] ");
    throw dlavm::Error(
        path + ": " +
        (begin == std::string::npos ? message : message.substr(begin + 2)));
  }
}
