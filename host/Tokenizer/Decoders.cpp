//===- Decoders.cpp - What makes text of tokens ---------------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "host/Tokenizer/Pipeline.h"
#include "host/Tokenizer/UTF8.h"

#include <algorithm>
#include <optional>

using namespace dlavm::host;

static void fuse(std::vector<std::string> &tokens, bool) {
  std::string all;
  for (const std::string &token : tokens)
    all += token;
  tokens.assign(1, std::move(all));
}

Decoder dlavm::host::makeByteLevelDecoder() {
  return [](std::vector<std::string> &tokens, bool keepsBytes) {
    std::string bytes;
    for (const std::string &token : tokens)
      bytes += fromByteLevel(token);
    tokens.assign(1, keepsBytes ? std::move(bytes) : replaceInvalid(bytes));
  };
}

static std::optional<char> readByte(std::string_view token) {
  if (token.size() != 6 || token.substr(0, 3) != "<0x" || token[5] != '>')
    return std::nullopt;
  int byte = 0;
  for (char c : token.substr(3, 2)) {
    if (!isxdigit(static_cast<unsigned char>(c)))
      return std::nullopt;
    byte = 16 * byte + (c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
  }
  return static_cast<char>(byte);
}

Decoder dlavm::host::makeByteFallbackDecoder() {
  return [](std::vector<std::string> &tokens, bool keepsBytes) {
    std::vector<std::string> result;
    std::string bytes;
    auto flush = [&] {
      if (keepsBytes || isUTF8(bytes))
        result.push_back(bytes);
      else
        result.insert(result.end(), bytes.size(), std::string(kReplacement));
      bytes.clear();
    };
    for (std::string &token : tokens) {
      if (const std::optional<char> byte = readByte(token)) {
        bytes += *byte;
        continue;
      }
      if (!bytes.empty())
        flush();
      result.push_back(std::move(token));
    }
    if (!bytes.empty())
      flush();
    tokens = std::move(result);
  };
}

Decoder dlavm::host::makeFuseDecoder() { return fuse; }

Decoder dlavm::host::makeDecoder(Normalizer normalizer) {
  return [normalizer = std::move(normalizer)](std::vector<std::string> &tokens,
                                              bool) {
    // Normalizers are for texts, which bytes that are kept may be none of.
    for (std::string &token : tokens)
      if (isUTF8(token))
        normalizer(token);
  };
}

Decoder dlavm::host::makeStripDecoder(std::string character, size_t start,
                                      size_t stop) {
  return [=](std::vector<std::string> &tokens, bool) {
    const size_t length = character.size();
    for (std::string &token : tokens) {
      size_t begin = 0, end = token.size();
      for (size_t i = 0; i < start && end - begin >= length &&
                         token.compare(begin, length, character) == 0;
           ++i)
        begin += length;
      for (size_t i = 0; i < stop && end - begin >= length &&
                         token.compare(end - length, length, character) == 0;
           ++i)
        end -= length;
      token = token.substr(begin, end - begin);
    }
  };
}

Decoder dlavm::host::makeMetaspaceDecoder(std::string replacement,
                                          bool dropsFirst) {
  const Normalizer drop = makeReplace(replacement, "");
  const Normalizer replace = makeReplace(replacement, " ");
  return [=](std::vector<std::string> &tokens, bool) {
    for (size_t i = 0; i < tokens.size(); ++i)
      (i == 0 && dropsFirst ? drop : replace)(tokens[i]);
  };
}
