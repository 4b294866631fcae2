//===- Intervals.h - Byte ranges and who wrote them -------------*- C++ -*-===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_CHECK_INTERVALS_H
#define DLAVM_CHECK_INTERVALS_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SmallVector.h"

#include <algorithm>
#include <cstdint>
#include <optional>

namespace dlavm {

/// Bytes [begin, end).
struct ByteRange {
  int64_t begin;
  int64_t end;

  bool overlaps(const ByteRange &other) const {
    return begin < other.end && other.begin < end;
  }
  bool contains(const ByteRange &other) const {
    return begin <= other.begin && other.end <= end;
  }
  bool operator==(const ByteRange &other) const {
    return begin == other.begin && end == other.end;
  }
  ByteRange intersection(const ByteRange &other) const {
    return {std::max(begin, other.begin), std::min(end, other.end)};
  }
  ByteRange hull(const ByteRange &other) const {
    return {std::min(begin, other.begin), std::max(end, other.end)};
  }
};

/// Sorted ranges, in a vector because there are few. Every kind of item has a
/// member `bytes`, and no two items overlap (RangeVector does not see to that).
template <typename Item> class RangeVector {
public:
  using iterator = typename llvm::SmallVector<Item, 0>::iterator;

  void clear() { items.clear(); }

  /// The items that overlap \p bytes, or touch it with \p adjacent.
  llvm::MutableArrayRef<Item> overlapping(ByteRange bytes,
                                          bool adjacent = false) {
    const int64_t margin = adjacent ? 1 : 0;
    auto first =
        std::partition_point(items.begin(), items.end(), [&](const Item &item) {
          return item.bytes.end + margin <= bytes.begin;
        });
    auto last = first;
    while (last != items.end() && last->bytes.begin < bytes.end + margin)
      ++last;
    return llvm::MutableArrayRef<Item>(first, last);
  }

  /// Puts \p replacement, which must be sorted, where \p old is.
  void replace(llvm::ArrayRef<Item> old, llvm::ArrayRef<Item> replacement) {
    iterator first = items.begin() + (old.data() - items.data());
    const size_t common = std::min(old.size(), replacement.size());
    std::copy_n(replacement.begin(), common, first);
    first += common;
    if (old.size() > common)
      items.erase(first, first + (old.size() - common));
    else
      items.insert(first, replacement.begin() + common, replacement.end());
  }

private:
  llvm::SmallVector<Item, 0> items;
};

/// A set of bytes.
class ByteSet {
public:
  /// Some bytes of \p bytes that are in the set.
  std::optional<ByteRange> intersection(ByteRange bytes) {
    llvm::MutableArrayRef<Item> found = items.overlapping(bytes);
    if (found.empty())
      return std::nullopt;
    return found.front().bytes.intersection(bytes);
  }

  void insert(ByteRange bytes) {
    llvm::MutableArrayRef<Item> old = items.overlapping(bytes, true);
    if (old.size() == 1 && old.front().bytes.contains(bytes))
      return;
    for (const Item &item : old)
      bytes = bytes.hull(item.bytes);
    items.replace(old, Item{bytes});
  }

private:
  struct Item {
    ByteRange bytes;
  };
  RangeVector<Item> items;
};

} // namespace dlavm

#endif // DLAVM_CHECK_INTERVALS_H
