//===- StartCache.cpp - What the registers of starts say ------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "StartCache.h"

#include "DLAVM/Check/Plan.h"

#include "llvm/Support/xxhash.h"

using namespace dlavm;

const StartFacts &StartCache::get(const DecodedTask &task,
                                  llvm::ArrayRef<uint32_t> file) {
  llvm::SmallVector<uint32_t, 36> key;
  const RegisterTable &table = task.getTable();
  const RegisterValues values(table, file);
  for (const Register *reg : task.written) {
    const uint32_t value = file[reg->number];
    key.push_back(isAddress(reg->role) ? values.getAddress(*reg) != 0
                  : reg->role == RegisterRole::HighAddress
                      ? value & ~table.getAddressBits(*reg)
                      : value);
  }
  const llvm::ArrayRef<uint8_t> bytes(
      reinterpret_cast<const uint8_t *>(key.data()),
      key.size() * sizeof(uint32_t));
  size_t slot = llvm::xxh3_64bits(bytes) % slotCount;
  for (; slots[slot]; slot = (slot + 1) % slotCount) {
    const Entry &entry = entries[slots[slot] - 1];
    if (entry.task == &task && entry.key == key)
      return entry.facts;
  }

  if (entries.size() == maxEntries) {
    entries.clear();
    std::fill(slots.begin(), slots.end(), 0);
  }
  entries.push_back({&task, std::move(key), {}});
  slots[slot] = static_cast<unsigned>(entries.size());
  compute(entries.back(), file);
  return entries.back().facts;
}

void StartCache::compute(Entry &entry, llvm::ArrayRef<uint32_t> file) const {
  const TaskSupport &support = *entry.task->support;
  const RegisterValues values(support.registers, file);
  if (support.check)
    support.check(values, device, [&](const Register &reg, std::string text) {
      entry.facts.problems.push_back({&reg, std::move(text)});
    });
  if (!support.extents)
    return;
  llvm::SmallVector<Extent> extents;
  support.extents(values, device, extents);
  for (const Extent &extent : extents) {
    const int64_t address = values.getAddress(*extent.reg);
    entry.facts.extents.push_back(
        {extent.reg,
         getMemoryIndex(device, device.getMemory(values, *extent.reg)),
         {extent.begin - address, extent.end - address},
         extent.isReused});
  }
}
