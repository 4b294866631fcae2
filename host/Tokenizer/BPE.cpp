//===- BPE.cpp - Byte-pair encoding ---------------------------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "host/Tokenizer/BPE.h"

#include "host/Tokenizer/UTF8.h"

#include <algorithm>
#include <cstdio>
#include <functional>
#include <queue>

using namespace dlavm::host;

//===----------------------------------------------------------------------===//
// WordCache
//===----------------------------------------------------------------------===//

static constexpr size_t kSlots = 1 << 17, kMaxWords = kSlots / 2;
/// Longer words seldom come again.
static constexpr size_t kMaxWordLength = 256;

static uint32_t getHash(std::string_view word) {
  return static_cast<uint32_t>(std::hash<std::string_view>()(word));
}

size_t WordCache::findSlot(std::string_view word, uint32_t hash) const {
  size_t i = hash & (kSlots - 1);
  while (slots[i].length != 0 &&
         (slots[i].hash != hash || slots[i].length != word.size() ||
          words.compare(slots[i].word, slots[i].length, word) != 0))
    i = (i + 1) & (kSlots - 1);
  return i;
}

bool WordCache::find(std::string_view word, std::vector<int32_t> &out) const {
  if (slots.empty() || word.size() > kMaxWordLength)
    return false;
  const Slot &slot = slots[findSlot(word, getHash(word))];
  if (slot.length == 0)
    return false;
  const int32_t *first = ids.data() + slot.ids;
  out.insert(out.end(), first, first + slot.count);
  return true;
}

void WordCache::add(std::string_view word, const int32_t *first, size_t count) {
  if (word.empty() || word.size() > kMaxWordLength)
    return;
  if (used == kMaxWords) {
    used = 0;
    slots.clear();
    words.clear();
    ids.clear();
  }
  slots.resize(kSlots);
  const uint32_t hash = getHash(word);
  Slot &slot = slots[findSlot(word, hash)];
  if (slot.length != 0)
    return;
  slot = {hash, static_cast<uint32_t>(word.size()),
          static_cast<uint32_t>(count), words.size(), ids.size()};
  words += word;
  ids.insert(ids.end(), first, first + count);
  ++used;
}

//===----------------------------------------------------------------------===//
// MergeTable
//===----------------------------------------------------------------------===//

void MergeTable::reserve(size_t count) {
  unsigned bits = 4;
  while ((size_t{1} << bits) < 2 * count)
    ++bits;
  if (bits < 64 - shift && !slots.empty())
    return;
  std::vector<Slot> before(size_t{1} << bits);
  std::swap(slots, before);
  mask = slots.size() - 1;
  shift = 64 - bits;
  used = 0;
  for (const Slot &slot : before)
    if (slot.key != kEmpty)
      add(static_cast<int32_t>(slot.key >> 32),
          static_cast<int32_t>(slot.key & 0xFFFFFFFF), slot.merge);
}

void MergeTable::add(int32_t left, int32_t right, Merge merge) {
  if (2 * (used + 1) > slots.size())
    reserve(2 * (used + 1));
  const uint64_t key = getKey(left, right);
  size_t i = getIndex(key);
  while (slots[i].key != kEmpty && slots[i].key != key)
    i = (i + 1) & mask;
  if (slots[i].key == kEmpty)
    ++used;
  slots[i] = {key, merge};
}

//===----------------------------------------------------------------------===//
// BPE
//===----------------------------------------------------------------------===//

BPE::BPE(std::vector<std::string> tokens) : pieces(std::move(tokens)) {
  characters.assign(0x3000, -1);
  idOf.reserve(pieces.size());
  for (size_t i = 0; i < pieces.size(); ++i) {
    const std::string &piece = pieces[i];
    if (piece.empty())
      continue;
    const auto id = static_cast<int32_t>(i);
    idOf.emplace(piece, id);
    const Character character = readCharacter(piece, 0);
    if (character.length == piece.size() &&
        character.code < characters.size() && characters[character.code] < 0)
      characters[character.code] = id;
  }
  for (int byte = 0; byte < 256; ++byte) {
    char name[8];
    std::snprintf(name, sizeof name, "<0x%02X>", byte);
    bytes[static_cast<size_t>(byte)] = find(name).value_or(-1);
  }
}

std::optional<int32_t> BPE::find(std::string_view piece) const {
  auto found = idOf.find(piece);
  if (found == idOf.end())
    return std::nullopt;
  return found->second;
}

void BPE::addAllMerges(const std::vector<uint32_t> &ranks) {
  for (size_t i = 0; i < pieces.size(); ++i) {
    const std::string_view piece = pieces[i];
    if (piece.empty())
      continue;
    for (size_t cut = readCharacter(piece, 0).length; cut < piece.size();
         cut += readCharacter(piece, cut).length) {
      const std::optional<int32_t> left = find(piece.substr(0, cut));
      const std::optional<int32_t> right =
          left ? find(piece.substr(cut)) : std::nullopt;
      if (right)
        addMerge(*left, *right, static_cast<int32_t>(i), ranks[i]);
    }
  }
}

void BPE::appendCharacters(std::string_view word,
                           std::vector<int32_t> &ids) const {
  std::optional<int32_t> pending;
  auto flush = [&] {
    if (pending)
      ids.push_back(*pending);
    pending.reset();
  };
  for (size_t i = 0; i < word.size();) {
    const Character character = readCharacter(word, i);
    const std::string_view text = word.substr(i, character.length);
    i += character.length;
    const int32_t id = character.code < characters.size()
                           ? characters[character.code]
                           : find(text).value_or(-1);
    if (id >= 0) {
      flush();
      ids.push_back(id);
      continue;
    }
    auto getByte = [&](char c) { return bytes[static_cast<unsigned char>(c)]; };
    if (options.byteFallback &&
        std::all_of(text.begin(), text.end(),
                    [&](char c) { return getByte(c) >= 0; })) {
      // An unknown character before them comes after them, as it does in
      // Hugging Face's library.
      for (char c : text)
        ids.push_back(getByte(c));
      continue;
    }
    if (!options.unknown)
      continue;
    if (!options.fuseUnknown)
      flush();
    pending = options.unknown;
  }
  flush();
}

/// Looks at all pairs for each merge.
void BPE::mergeShort(std::vector<int32_t> &ids, size_t first) const {
  constexpr uint32_t kNone = UINT32_MAX;
  size_t count = ids.size() - first;
  int32_t *symbols = ids.data() + first;
  MergeTable::Merge pairs[kShortWord];
  auto look = [&](size_t i) {
    const MergeTable::Merge *merge = merges.find(symbols[i], symbols[i + 1]);
    pairs[i] = merge ? *merge : MergeTable::Merge{kNone, -1};
  };
  for (size_t i = 0; i + 1 < count; ++i)
    look(i);
  while (count > 1) {
    size_t best = 0;
    for (size_t i = 1; i + 1 < count; ++i)
      if (pairs[i].rank < pairs[best].rank)
        best = i;
    if (pairs[best].result < 0)
      break;
    symbols[best] = pairs[best].result;
    std::copy(symbols + best + 2, symbols + count, symbols + best + 1);
    std::copy(pairs + best + 1, pairs + count - 1, pairs + best);
    --count;
    if (best > 0)
      look(best - 1);
    if (best + 1 < count)
      look(best);
  }
  ids.resize(first + count);
}

/// Keeps the pairs in a heap.
void BPE::mergeLong(std::vector<int32_t> &ids, size_t first) const {
  struct Symbol {
    int32_t id;
    uint32_t previous, next;
  };
  struct Candidate {
    uint32_t rank, position;
    int32_t result;
    bool operator<(const Candidate &other) const {
      return rank != other.rank ? rank > other.rank : position > other.position;
    }
  };
  constexpr uint32_t kNone = UINT32_MAX;
  const auto count = static_cast<uint32_t>(ids.size() - first);
  std::vector<Symbol> symbols(count);
  for (uint32_t i = 0; i < count; ++i)
    symbols[i] = {ids[first + i], i == 0 ? kNone : i - 1,
                  i + 1 == count ? kNone : i + 1};
  std::vector<Candidate> found;
  found.reserve(count);
  for (uint32_t i = 0; i + 1 < count; ++i)
    if (const MergeTable::Merge *merge =
            merges.find(symbols[i].id, symbols[i + 1].id))
      found.push_back({merge->rank, i, merge->result});
  std::priority_queue<Candidate> queue(std::less<Candidate>(),
                                       std::move(found));
  auto look = [&](uint32_t position) {
    const uint32_t next = symbols[position].next;
    if (const MergeTable::Merge *merge =
            merges.find(symbols[position].id, symbols[next].id))
      queue.push({merge->rank, position, merge->result});
  };
  while (!queue.empty()) {
    const Candidate top = queue.top();
    queue.pop();
    Symbol &symbol = symbols[top.position];
    if (symbol.id < 0 || symbol.next == kNone)
      continue;
    Symbol &right = symbols[symbol.next];
    const MergeTable::Merge *merge = merges.find(symbol.id, right.id);
    if (!merge || merge->result != top.result)
      continue;
    symbol.id = top.result;
    symbol.next = right.next;
    right.id = -1;
    if (symbol.next != kNone)
      symbols[symbol.next].previous = top.position;
    if (symbol.previous != kNone)
      look(symbol.previous);
    if (symbol.next != kNone)
      look(top.position);
  }
  ids.resize(first);
  for (const Symbol &symbol : symbols)
    if (symbol.id >= 0)
      ids.push_back(symbol.id);
}

void BPE::encode(std::string_view word, std::vector<int32_t> &ids) const {
  if (options.ignoreMerges)
    if (const std::optional<int32_t> id = find(word)) {
      ids.push_back(*id);
      return;
    }
  const size_t first = ids.size();
  appendCharacters(word, ids);
  if (ids.size() - first <= kShortWord)
    mergeShort(ids, first);
  else
    mergeLong(ids, first);
}
