//===- Hash64.cpp - xxHash64 of data in pieces ----------------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Written from the description of the XXH64 algorithm, release 0.1.1.
//
//===----------------------------------------------------------------------===//

#include "Hash64.h"

#include "llvm/ADT/bit.h"
#include "llvm/Support/Endian.h"

#include <cstring>

using namespace dlavm;
using namespace llvm;
using support::endian::read32le;
using support::endian::read64le;

static constexpr uint64_t kPrime1 = 0x9E3779B185EBCA87;
static constexpr uint64_t kPrime2 = 0xC2B2AE3D27D4EB4F;
static constexpr uint64_t kPrime3 = 0x165667B19E3779F9;
static constexpr uint64_t kPrime4 = 0x85EBCA77C2B2AE63;
static constexpr uint64_t kPrime5 = 0x27D4EB2F165667C5;

static uint64_t addWord(uint64_t lane, uint64_t word) {
  return llvm::rotl(lane + word * kPrime2, 31) * kPrime1;
}

void Hash64::addStripes(const uint8_t *data, size_t count) {
  std::array<uint64_t, 4> local = lanes;
  for (const uint8_t *end = data + count * kStripe; data != end;
       data += kStripe)
    for (size_t lane = 0; lane < 4; ++lane)
      local[lane] = addWord(local[lane], read64le(data + 8 * lane));
  lanes = local;
}

void Hash64::update(ArrayRef<uint8_t> data) {
  if (data.empty())
    return;
  total += data.size();
  if (numRest > 0) {
    const size_t count = std::min(kStripe - numRest, data.size());
    std::memcpy(rest.data() + numRest, data.data(), count);
    numRest += count;
    data = data.drop_front(count);
    if (numRest < kStripe)
      return;
    addStripes(rest.data(), 1);
  }
  addStripes(data.data(), data.size() / kStripe);
  numRest = data.size() % kStripe;
  if (numRest > 0)
    std::memcpy(rest.data(), data.end() - numRest, numRest);
}

uint64_t Hash64::final() const {
  uint64_t hash = kPrime5;
  if (total >= kStripe) {
    hash = llvm::rotl(lanes[0], 1) + llvm::rotl(lanes[1], 7) +
           llvm::rotl(lanes[2], 12) + llvm::rotl(lanes[3], 18);
    for (uint64_t lane : lanes)
      hash = (hash ^ addWord(0, lane)) * kPrime1 + kPrime4;
  }
  hash += total;
  const uint8_t *next = rest.data(), *end = next + numRest;
  for (; end - next >= 8; next += 8)
    hash =
        llvm::rotl(hash ^ addWord(0, read64le(next)), 27) * kPrime1 + kPrime4;
  if (end - next >= 4) {
    hash = llvm::rotl(hash ^ read32le(next) * kPrime1, 23) * kPrime2 + kPrime3;
    next += 4;
  }
  for (; next != end; ++next)
    hash = llvm::rotl(hash ^ *next * kPrime5, 11) * kPrime1;
  hash = (hash ^ hash >> 33) * kPrime2;
  hash = (hash ^ hash >> 29) * kPrime3;
  return hash ^ hash >> 32;
}
