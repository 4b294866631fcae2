//===- JSONValue.cpp - JSON with the place in its file --------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "host/Tokenizer/JSONValue.h"

using namespace dlavm::host;

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
    throw dlavm::Error(path + ": byte " + std::to_string(error.byte) + ": " +
                       message);
  } catch (const nlohmann::json::exception &error) {
    // "[json.exception.out_of_range.406] number overflow parsing '1e999'"
    const std::string message = error.what();
    const size_t begin = message.find("] ");
    throw dlavm::Error(
        path + ": " +
        (begin == std::string::npos ? message : message.substr(begin + 2)));
  }
}
