//===- BPE.h - Byte-pair encoding -------------------------------*- C++ -*-===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_HOST_TOKENIZER_BPE_H
#define DLAVM_HOST_TOKENIZER_BPE_H

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace dlavm::host {

/// What words were encoded as. It forgets all when it is full.
class WordCache {
public:
  /// Appends the ids of a word, if they are known.
  bool find(std::string_view word, std::vector<int32_t> &ids) const;
  void add(std::string_view word, const int32_t *ids, size_t count);

private:
  struct Slot {
    uint32_t hash = 0, length = 0, count = 0;
    size_t word = 0, ids = 0;
  };
  size_t findSlot(std::string_view word, uint32_t hash) const;

  std::vector<Slot> slots;
  size_t used = 0;
  std::string words;
  std::vector<int32_t> ids;
};

/// Which pair of tokens becomes which token.
class MergeTable {
public:
  struct Merge {
    uint32_t rank;
    int32_t result;
  };
  void reserve(size_t count);
  /// A pair that comes twice has the last rank.
  void add(int32_t left, int32_t right, Merge merge);
  const Merge *find(int32_t left, int32_t right) const {
    if (slots.empty())
      return nullptr;
    const uint64_t key = getKey(left, right);
    for (size_t i = getIndex(key);; i = (i + 1) & mask) {
      if (slots[i].key == key)
        return &slots[i].merge;
      if (slots[i].key == kEmpty)
        return nullptr;
    }
  }

private:
  static constexpr uint64_t kEmpty = ~uint64_t{0};
  struct Slot {
    uint64_t key = kEmpty;
    Merge merge = {};
  };
  static uint64_t getKey(int32_t left, int32_t right) {
    return uint64_t{static_cast<uint32_t>(left)} << 32 |
           static_cast<uint32_t>(right);
  }
  size_t getIndex(uint64_t key) const {
    return (key * 0x9E3779B97F4A7C15u) >> shift;
  }

  std::vector<Slot> slots;
  size_t mask = 0, used = 0;
  unsigned shift = 0;
};

struct BPEOptions {
  /// Stands for characters that no token has; without it they are left out.
  std::optional<int32_t> unknown;
  /// Neighbours of these are one token.
  bool fuseUnknown = false;
  /// Characters that no token has become the tokens <0x00> to <0xFF>.
  bool byteFallback = false;
  /// A word that is a token is not put together from others.
  bool ignoreMerges = false;
};

/// Encodes words as tokens: begins with a token for each character, and merges
/// the pair of neighbours with the lowest rank, the first of several, until
/// there is none.
class BPE {
public:
  /// \p pieces are the tokens by id; where there is none, the piece is empty.
  explicit BPE(std::vector<std::string> pieces);
  BPE(const BPE &) = delete;
  BPE &operator=(const BPE &) = delete;

  BPEOptions options;

  /// A token of a lower rank is merged first.
  void reserveMerges(size_t count) { merges.reserve(count); }
  void addMerge(int32_t left, int32_t right, int32_t result, uint32_t rank) {
    merges.add(left, right, {rank, result});
  }
  /// Adds the merges of all pairs of tokens that make a token; \p ranks are
  /// those of the tokens that result, by id.
  void addAllMerges(const std::vector<uint32_t> &ranks);

  const std::vector<std::string> &getPieces() const { return pieces; }
  std::optional<int32_t> find(std::string_view piece) const;

  /// Appends the ids of a word.
  void encode(std::string_view word, std::vector<int32_t> &ids) const;

private:
  static constexpr size_t kShortWord = 32;
  void appendCharacters(std::string_view word, std::vector<int32_t> &ids) const;
  void mergeShort(std::vector<int32_t> &ids, size_t first) const;
  void mergeLong(std::vector<int32_t> &ids, size_t first) const;

  std::vector<std::string> pieces;
  std::unordered_map<std::string_view, int32_t> idOf;
  MergeTable merges;
  /// Tokens of one character, by its code, or -1; those beyond are in idOf.
  std::vector<int32_t> characters;
  std::array<int32_t, 256> bytes;
};

} // namespace dlavm::host

#endif // DLAVM_HOST_TOKENIZER_BPE_H
