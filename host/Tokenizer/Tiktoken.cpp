//===- Tiktoken.cpp - Files of base64 tokens and ranks --------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// Such a file says neither how text is cut nor which special tokens there are;
// the classes of the models that ship it do.
//
//===----------------------------------------------------------------------===//

#include "dlavm_runtime.h"
#include "host/Tokenizer/Expressions.h"
#include "host/Tokenizer/JSONValue.h"
#include "host/Tokenizer/PipelineTokenizer.h"
#include "host/Tokenizer/Readers.h"

using namespace dlavm::host;

/// The value of a digit of base64, or -1.
static int getDigit(char c) {
  static constexpr std::string_view kDigits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  const size_t digit = kDigits.find(c);
  return digit == std::string_view::npos ? -1 : static_cast<int>(digit);
}

static std::optional<std::string> decodeBase64(std::string_view text) {
  if (text.empty() || text.size() % 4 != 0)
    return std::nullopt;
  std::string bytes;
  for (size_t i = 0; i < text.size(); i += 4) {
    uint32_t group = 0;
    int padding = 0;
    for (char c : text.substr(i, 4)) {
      const bool isPadding = c == '=' && i + 4 == text.size();
      if (isPadding)
        ++padding;
      const int digit = isPadding ? 0 : getDigit(c);
      if (digit < 0 || (padding > 0 && !isPadding))
        return std::nullopt;
      group = group << 6 | static_cast<uint32_t>(digit);
    }
    if (padding > 2)
      return std::nullopt;
    for (int byte = 0; byte < 3 - padding; ++byte)
      bytes += static_cast<char>(group >> (16 - 8 * byte) & 0xFF);
  }
  return bytes;
}

bool dlavm::host::isTiktoken(std::string_view text) {
  const std::string_view line = text.substr(0, text.find('\n'));
  const size_t space = line.find(' ');
  return space != std::string_view::npos && line.size() < 4096 &&
         decodeBase64(line.substr(0, space)).has_value();
}

/// The tokens by rank, as the bytes that can be seen.
static std::vector<std::string> readRanks(const std::string &path,
                                          std::string_view text) {
  std::vector<std::string> pieces;
  std::vector<size_t> lines;
  size_t line = 0;
  while (!text.empty()) {
    ++line;
    std::string_view entry = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(entry.size() + 1, text.size()));
    if (!entry.empty() && entry.back() == '\r')
      entry.remove_suffix(1);
    if (entry.empty())
      continue;
    auto fail = [&](const std::string &what) {
      throw dlavm::Error(path + ":" + std::to_string(line) + ": " + what);
    };
    const size_t space = entry.find(' ');
    const std::optional<std::string> bytes =
        decodeBase64(entry.substr(0, space));
    if (space == std::string_view::npos || !bytes)
      fail("expected a token in base64, a space and its rank");
    const std::string_view digits = entry.substr(space + 1);
    if (digits.empty() || digits.size() > 8 ||
        digits.find_first_not_of("0123456789") != std::string_view::npos)
      fail("the rank '" + std::string(digits.substr(0, 40)) +
           "' is no number from 0 to 99999999");
    const auto rank = static_cast<size_t>(std::stoul(std::string(digits)));
    // A line has at least 7 bytes, and ranks have few holes.
    if (rank > 2 * line + text.size() + 65536)
      fail("the rank " + std::string(digits) +
           " is larger than the file has tokens");
    if (rank >= pieces.size()) {
      pieces.resize(rank + 1);
      lines.resize(rank + 1);
    }
    if (!pieces[rank].empty())
      fail("the rank " + std::string(digits) + " is that of line " +
           std::to_string(lines[rank]));
    appendByteLevel(pieces[rank], *bytes);
    lines[rank] = line;
  }
  return pieces;
}

std::unique_ptr<Tokenizer>
dlavm::host::openTiktoken(const std::string &path,
                          const TokenizerConfig &config,
                          const TiktokenModel &model) {
  const std::string text = readFile(path);
  PipelineParts parts;
  parts.bpe = std::make_unique<BPE>(readRanks(path, text));
  const std::vector<std::string> &pieces = parts.bpe->getPieces();
  std::vector<uint32_t> ranks(pieces.size());
  for (size_t i = 0; i < pieces.size(); ++i) {
    ranks[i] = static_cast<uint32_t>(i);
    if (!pieces[i].empty() &&
        parts.bpe->find(pieces[i]) != static_cast<int32_t>(i))
      throw dlavm::Error(path + ": the token of rank " + std::to_string(i) +
                         " has a second rank");
  }
  for (int byte = 0; byte < 256; ++byte) {
    std::string piece;
    appendByteLevel(piece, std::string(1, static_cast<char>(byte)));
    if (!parts.bpe->find(piece))
      throw dlavm::Error(path + ": no token is the byte " +
                         std::to_string(byte) +
                         " alone, so not every text can be encoded");
  }
  parts.bpe->addAllMerges(ranks);
  parts.bpe->options.ignoreMerges = true;
  if (model.normalizes)
    parts.normalizers.push_back(makeUnicodeNormalizer(UnicodeForm::NFC));
  parts.preTokenizers = {makeSplit(Regex(model.expression, path),
                                   SplitBehavior::Isolated, /*invert=*/false),
                         makeByteLevel(false, false)};
  parts.decoders = {makeByteLevelDecoder()};

  auto next = static_cast<int32_t>(pieces.size());
  for (const std::string &content : model.specialTokens) {
    AddedToken token;
    token.id = next++;
    token.content = content;
    token.special = true;
    parts.added.add(token);
  }
  for (const AddedToken &token : config.added) {
    checkAddedToken(path, token, parts);
    parts.added.add(token);
  }
  applyConfig(parts, config);
  for (const char *content : model.prefix)
    if (const AddedToken *token = parts.added.find(content))
      parts.prefix.push_back(token->id);
  return std::make_unique<PipelineTokenizer>(std::move(parts));
}

std::unique_ptr<Tokenizer>
dlavm::host::openTiktoken(const std::string &path,
                          const TokenizerConfig &config) {
  const std::string &name = config.tokenizerClass;
  const bool isQwen = name == "QWenTokenizer" ||
                      (name.empty() && path.substr(path.find_last_of('/') +
                                                   1) == "qwen.tiktoken");
  if (isQwen) {
    TiktokenModel model;
    model.expression = expression::kQwen2;
    model.normalizes = true;
    model.specialTokens = {"<|endoftext|>", "<|im_start|>", "<|im_end|>"};
    for (int i = 0; i < 205; ++i)
      model.specialTokens.push_back("<|extra_" + std::to_string(i) + "|>");
    return openTiktoken(path, config, model);
  }
  if (name == "ChatGLM4Tokenizer") {
    TiktokenModel model;
    model.expression = expression::kLlama3;
    model.prefix = {"[gMASK]", "<sop>"};
    return openTiktoken(path, config, model);
  }
  throw UnknownTokenizer(path +
                         " has tokens and ranks, but not how text is cut; "
                         "tokenizer_config.json must say \"tokenizer_class\": "
                         "\"QWenTokenizer\" or \"ChatGLM4Tokenizer\", found " +
                         (name.empty() ? "none" : "\"" + name + "\"") +
                         "; a tokenizer.json beside it would say all");
}
