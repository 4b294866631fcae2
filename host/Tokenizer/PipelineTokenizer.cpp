//===- PipelineTokenizer.cpp - A tokenizer made of BPE and a pipeline -----===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "host/Tokenizer/PipelineTokenizer.h"

#include "host/Tokenizer/UTF8.h"

#include <algorithm>

using namespace dlavm::host;

PipelineTokenizer::PipelineTokenizer(PipelineParts given)
    : parts(std::move(given)), pieces(parts.bpe->getPieces()) {
  while (!pieces.empty() && pieces.back().empty())
    pieces.pop_back();
  special.resize(pieces.size());
  for (const AddedToken &token : parts.added) {
    const auto index = static_cast<size_t>(token.id);
    if (index >= pieces.size()) {
      pieces.resize(index + 1);
      special.resize(index + 1);
    }
    pieces[index] = token.content;
    special[index] = token.special;
    addedIds[token.content] = token.id;
    if (!token.normalized) {
      rawMatcher.add(token.content, token);
      continue;
    }
    std::string content = token.content;
    normalize(content);
    normalizedMatcher.add(content, token);
  }
}

void PipelineTokenizer::normalize(std::string &text) const {
  for (const Normalizer &normalizer : parts.normalizers)
    normalizer(text);
}

void PipelineTokenizer::encodePart(std::string_view text, bool isFirst,
                                   WordCache *words,
                                   std::vector<int32_t> &ids) const {
  if (text.empty())
    return;
  Pieces cut{std::string(text), {{0, text.size(), isFirst}}};
  for (const PreTokenizer &preTokenizer : parts.preTokenizers)
    preTokenizer(cut);
  for (const Pieces::Piece &piece : cut.pieces) {
    const std::string_view word = cut.get(piece);
    if (words && words->find(word, ids))
      continue;
    const size_t first = ids.size();
    parts.bpe->encode(word, ids);
    if (words)
      words->add(word, ids.data() + first, ids.size() - first);
  }
}

std::vector<int32_t>
PipelineTokenizer::encode(std::string_view text,
                          const EncodeOptions &options) const {
  std::string repaired;
  if (!isUTF8(text)) {
    repaired = replaceInvalid(text);
    text = repaired;
  }
  const std::unique_lock<std::mutex> lock(cacheMutex, std::try_to_lock);
  WordCache *words = lock.owns_lock() ? &cache : nullptr;

  std::vector<int32_t> ids;
  if (options.addSpecial)
    ids = parts.prefix;
  rawMatcher.split(
      text, options.parseSpecial,
      [&](std::string_view part, size_t begin, const AddedToken *token) {
        if (token) {
          ids.push_back(token->id);
          return;
        }
        std::string normalized(part);
        normalize(normalized);
        normalizedMatcher.split(
            normalized, options.parseSpecial,
            [&](std::string_view rest, size_t place, const AddedToken *found) {
              if (found)
                ids.push_back(found->id);
              else
                encodePart(rest, begin == 0 && place == 0, words, ids);
            });
      });
  if (options.addSpecial)
    ids.insert(ids.end(), parts.suffix.begin(), parts.suffix.end());
  return ids;
}

std::string PipelineTokenizer::decode(const std::vector<int32_t> &ids,
                                      bool skipSpecial) const {
  std::vector<std::string> tokens;
  tokens.reserve(ids.size());
  for (int32_t id : ids)
    if (std::string piece = getPiece(id);
        !piece.empty() && !(skipSpecial && isSpecial(id)))
      tokens.push_back(std::move(piece));
  return join(std::move(tokens), /*keepsBytes=*/false);
}

std::string PipelineTokenizer::getBytes(int32_t id) const {
  const std::string piece = getPiece(id);
  if (piece.empty())
    return "";
  // Between two others, as decoders treat the ends of a text in a way of their
  // own. No decoder changes this character.
  const std::string guard = "\xee\x80\x80", separator = parts.separator;
  const std::string text = join({guard, piece, guard}, /*keepsBytes=*/true);
  const size_t around = 2 * guard.size() + separator.size();
  return text.size() < around ? ""
                              : text.substr(guard.size(), text.size() - around);
}

std::string PipelineTokenizer::join(std::vector<std::string> tokens,
                                    bool keepsBytes) const {
  for (const Decoder &decoder : parts.decoders)
    decoder(tokens, keepsBytes);
  std::string text;
  for (size_t i = 0; i < tokens.size(); ++i) {
    if (i > 0)
      text += parts.separator;
    text += tokens[i];
  }
  return text;
}

std::string PipelineTokenizer::getPiece(int32_t id) const {
  return id >= 0 && id < getSize() ? pieces[static_cast<size_t>(id)] : "";
}

std::optional<int32_t>
PipelineTokenizer::findPiece(std::string_view piece) const {
  auto found = addedIds.find(std::string(piece));
  return found != addedIds.end() ? found->second : parts.bpe->find(piece);
}

bool PipelineTokenizer::isSpecial(int32_t id) const {
  return id >= 0 && id < getSize() && special[static_cast<size_t>(id)];
}
