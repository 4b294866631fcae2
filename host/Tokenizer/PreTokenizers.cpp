//===- PreTokenizers.cpp - What cuts text into words ----------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "host/Tokenizer/Expressions.h"
#include "host/Tokenizer/Pipeline.h"
#include "host/Tokenizer/UTF8.h"

#include <unicode/uchar.h>

#include <algorithm>
#include <array>

using namespace dlavm::host;

bool dlavm::host::isSpace(uint32_t code) {
  return u_isUWhiteSpace(static_cast<UChar32>(code));
}
bool dlavm::host::isNumber(uint32_t code) {
  return (U_GET_GC_MASK(static_cast<UChar32>(code)) & U_GC_N_MASK) != 0;
}
bool dlavm::host::isPunctuation(uint32_t code) {
  return (code < 0x80 && ispunct(static_cast<int>(code)) != 0) ||
         u_ispunct(static_cast<UChar32>(code));
}

//===----------------------------------------------------------------------===//
// Bytes as characters
//===----------------------------------------------------------------------===//

namespace {

/// Bytes that can be seen stand for themselves, the others are U+0100 and so
/// on.
struct ByteTable {
  std::array<std::string, 256> characters;
  std::array<int16_t, 0x200> bytes;

  ByteTable() {
    bytes.fill(-1);
    uint32_t next = 0x100;
    for (uint32_t byte = 0; byte < 256; ++byte) {
      const bool isVisible = (byte >= '!' && byte <= '~') ||
                             (byte >= 0xA1 && byte <= 0xAC) || byte >= 0xAE;
      const uint32_t code = isVisible ? byte : next++;
      appendUTF8(characters[byte], code);
      bytes[code] = static_cast<int16_t>(byte);
    }
  }

  static const ByteTable &get() {
    static const ByteTable table;
    return table;
  }
};

} // namespace

void dlavm::host::appendByteLevel(std::string &out, std::string_view bytes) {
  const ByteTable &table = ByteTable::get();
  for (char c : bytes) {
    const std::string &character =
        table.characters[static_cast<unsigned char>(c)];
    if (character.size() == 1)
      out += character[0];
    else
      out.append(character.data(), 2);
  }
}

std::string dlavm::host::fromByteLevel(std::string_view text) {
  const ByteTable &table = ByteTable::get();
  std::string bytes;
  bytes.reserve(text.size());
  for (size_t i = 0; i < text.size();) {
    const Character character = readCharacter(text, i);
    const int byte =
        character.code < table.bytes.size() ? table.bytes[character.code] : -1;
    if (byte < 0)
      return std::string(text);
    bytes += static_cast<char>(byte);
    i += character.length;
  }
  return bytes;
}

//===----------------------------------------------------------------------===//
// Cutting
//===----------------------------------------------------------------------===//

namespace {

struct Part {
  size_t begin, end;
  bool isMatch;
};

/// Adds the parts that are left, of a piece that begins at \p base.
class Cutter {
public:
  Cutter(SplitBehavior behavior, std::vector<Pieces::Piece> &out)
      : behavior(behavior), out(out) {}

  void cut(const Pieces::Piece &piece, std::vector<Part> &parts) {
    auto emit = [&](const Part &part) {
      if (part.begin < part.end)
        out.push_back({piece.begin + part.begin, piece.begin + part.end,
                       piece.isFirst && part.begin == 0});
    };
    merge(parts);
    for (const Part &part : parts)
      if (behavior != SplitBehavior::Removed || !part.isMatch)
        emit(part);
  }

private:
  /// Merges what belongs together, in place.
  void merge(std::vector<Part> &parts) {
    if (parts.empty())
      return;
    size_t count = 0;
    bool wasMatch = false;
    switch (behavior) {
    case SplitBehavior::Removed:
    case SplitBehavior::Isolated:
      return;
    case SplitBehavior::Contiguous:
    case SplitBehavior::MergedWithPrevious:
      for (const Part part : parts) {
        const bool joins = behavior == SplitBehavior::Contiguous
                               ? part.isMatch == wasMatch
                               : part.isMatch && !wasMatch;
        wasMatch = part.isMatch;
        if (joins && count > 0)
          parts[count - 1].end = part.end;
        else
          parts[count++] = part;
      }
      break;
    case SplitBehavior::MergedWithNext:
      std::reverse(parts.begin(), parts.end());
      for (const Part part : parts) {
        const bool joins = part.isMatch && !wasMatch;
        wasMatch = part.isMatch;
        if (joins && count > 0)
          parts[count - 1].begin = part.begin;
        else
          parts[count++] = part;
      }
      std::reverse(parts.begin(),
                   parts.begin() + static_cast<std::ptrdiff_t>(count));
      break;
    }
    parts.resize(count);
  }

  SplitBehavior behavior;
  std::vector<Pieces::Piece> &out;
};

} // namespace

/// Cuts pieces at what \p find(text, visit) visits.
template <typename Find>
static void cutPieces(Pieces &pieces, SplitBehavior behavior, bool invert,
                      Find find) {
  std::vector<Pieces::Piece> result;
  result.reserve(pieces.text.size() / 4 + 1);
  Cutter cutter(behavior, result);
  std::vector<Part> parts;
  for (const Pieces::Piece &piece : pieces.pieces) {
    const std::string_view text = pieces.get(piece);
    parts.clear();
    size_t done = 0;
    find(text, [&](size_t begin, size_t end) {
      if (done < begin)
        parts.push_back({done, begin, invert});
      parts.push_back({begin, end, !invert});
      done = end;
    });
    if (done < text.size())
      parts.push_back({done, text.size(), invert});
    cutter.cut(piece, parts);
  }
  pieces.pieces = std::move(result);
}

PreTokenizer dlavm::host::makeSplit(Regex pattern, SplitBehavior behavior,
                                    bool invert) {
  auto shared = std::make_shared<Regex>(std::move(pattern));
  return [=](Pieces &pieces) {
    cutPieces(pieces, behavior, invert,
              [&](std::string_view text, const auto &visit) {
                shared->findMatches(text, visit);
              });
  };
}

template <typename Matches>
static void cutCharacters(Pieces &pieces, SplitBehavior behavior,
                          Matches matches) {
  cutPieces(pieces, behavior, /*invert=*/false,
            [&](std::string_view text, const auto &visit) {
              for (size_t i = 0; i < text.size();) {
                const Character character = readCharacter(text, i);
                if (matches(character.code))
                  visit(i, i + character.length);
                i += character.length;
              }
            });
}

PreTokenizer dlavm::host::makeSplit(std::function<bool(uint32_t)> matches,
                                    SplitBehavior behavior) {
  return [=](Pieces &pieces) { cutCharacters(pieces, behavior, matches); };
}

/// Replaces each piece by what \p append adds of it to a new text.
template <typename Append>
static void rewritePieces(Pieces &pieces, Append append) {
  std::string text;
  text.reserve(2 * pieces.text.size());
  for (Pieces::Piece &piece : pieces.pieces) {
    const size_t begin = text.size();
    append(text, pieces.get(piece), piece);
    piece.begin = begin;
    piece.end = text.size();
  }
  pieces.text = std::move(text);
}

PreTokenizer dlavm::host::makeByteLevel(bool addPrefixSpace, bool useRegex) {
  PreTokenizer split;
  if (useRegex)
    split = makeSplit(Regex(expression::kGPT2, "ByteLevel"),
                      SplitBehavior::Isolated, /*invert=*/false);
  return [=](Pieces &pieces) {
    if (addPrefixSpace)
      rewritePieces(pieces, [](std::string &text, std::string_view piece,
                               const Pieces::Piece &) {
        if (piece.empty() || piece[0] != ' ')
          text += ' ';
        text += piece;
      });
    if (split)
      split(pieces);
    rewritePieces(pieces,
                  [](std::string &text, std::string_view piece,
                     const Pieces::Piece &) { appendByteLevel(text, piece); });
  };
}

PreTokenizer dlavm::host::makeMetaspace(std::string replacement,
                                        PrependScheme scheme, bool split) {
  const uint32_t code = readCharacter(replacement, 0).code;
  const Normalizer replace = makeReplace(" ", replacement);
  return [=](Pieces &pieces) {
    rewritePieces(pieces, [&](std::string &text, std::string_view piece,
                              const Pieces::Piece &place) {
      std::string replaced(piece);
      replace(replaced);
      const bool hasOne =
          replaced.compare(0, replacement.size(), replacement) == 0;
      if (!hasOne && (scheme == PrependScheme::Always ||
                      (scheme == PrependScheme::First && place.isFirst)))
        text += replacement;
      text += replaced;
    });
    if (split)
      cutCharacters(pieces, SplitBehavior::MergedWithNext,
                    [&](uint32_t found) { return found == code; });
  };
}
