//===- StartCache.h - What the registers of starts say ----------*- C++ -*-===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_LIB_CHECK_STARTCACHE_H
#define DLAVM_LIB_CHECK_STARTCACHE_H

#include "DLAVM/Check/Intervals.h"
#include "DLAVM/Check/TaskDecoder.h"

namespace dlavm {

/// What the registers of a start say, addresses aside.
struct StartFacts {
  struct RelativeExtent {
    const Register *reg;
    /// The number of the memory.
    unsigned memory;
    /// Relative to the address.
    ByteRange bytes;
    bool isReused;
  };
  llvm::SmallVector<RelativeExtent, 6> extents;
  std::vector<std::pair<const Register *, std::string>> problems;
};

/// Works out the facts of a start, once for all starts that have the same
/// values in all registers but addresses. A run has thousands of starts, but
/// the layers repeat each other.
class StartCache {
public:
  explicit StartCache(const DeviceInfo &device)
      : device(device), slots(slotCount) {}

  /// The facts of a start, valid until the next call. \p file has the value of
  /// each register.
  const StartFacts &get(const DecodedTask &task, llvm::ArrayRef<uint32_t> file);

private:
  struct Entry {
    const DecodedTask *task;
    llvm::SmallVector<uint32_t, 36> key;
    StartFacts facts;
  };
  void compute(Entry &entry, llvm::ArrayRef<uint32_t> file) const;

  // Lengths differ in all starts, so old entries are worth little.
  static constexpr size_t maxEntries = 1024;
  static constexpr size_t slotCount = 4 * maxEntries;

  const DeviceInfo &device;
  std::vector<Entry> entries;
  /// Open hash table of indices into entries, plus 1.
  std::vector<unsigned> slots;
};

} // namespace dlavm

#endif // DLAVM_LIB_CHECK_STARTCACHE_H
