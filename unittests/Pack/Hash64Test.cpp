//===- Hash64Test.cpp - Tests of xxHash64 in pieces -----------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Hash64.h"

#include "llvm/Support/xxhash.h"
#include "gtest/gtest.h"

#include <random>

using namespace dlavm;
using namespace llvm;

TEST(Hash64, EqualsThatOfOnePiece) {
  std::mt19937 random(1);
  for (size_t size = 0; size < 300; ++size) {
    std::vector<uint8_t> data(size);
    for (uint8_t &byte : data)
      byte = static_cast<uint8_t>(random());
    for (size_t most : {1, 7, 32, 50, 300}) {
      Hash64 hash;
      for (size_t at = 0; at < size;) {
        const size_t count = std::min<size_t>(1 + random() % most, size - at);
        hash.update(ArrayRef(data).slice(at, count));
        at += count;
      }
      ASSERT_EQ(hash.final(), xxHash64(data)) << size << " bytes";
    }
  }
}
