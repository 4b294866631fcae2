//===- JSONValue.cpp - JSON with the place in its file --------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "host/Tokenizer/JSONValue.h"

#include <cerrno>
#include <cstring>
#include <fstream>

#include <sys/stat.h>

using namespace dlavm::host;

std::string dlavm::host::readFile(const std::string &path, size_t limit) {
  struct stat status;
  if (stat(path.c_str(), &status) != 0)
    throw dlavm::Error(path + " cannot be read: " + std::strerror(errno));
  if (!S_ISREG(status.st_mode))
    throw dlavm::Error(path + " is no regular file");
  if (static_cast<size_t>(status.st_size) > limit)
    throw dlavm::Error(path + " has " + std::to_string(status.st_size) +
                       " bytes; at most " + std::to_string(limit) +
                       " are read");
  std::ifstream stream(path, std::ios::binary);
  std::string text(static_cast<size_t>(status.st_size), '\0');
  if (!stream.read(text.data(), static_cast<std::streamsize>(text.size())))
    throw dlavm::Error(path + " cannot be read: it is shorter than its size "
                              "says");
  return text;
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
    throw dlavm::Error(path + ": byte " + std::to_string(error.byte) + ": " +
                       message);
  } catch (const nlohmann::json::exception &error) {
    throw dlavm::Error(path + ": " + error.what());
  }
}
