//===- Hash64Test.cpp - The checksum of the runtime -----------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dlavm_runtime.h"

#include "llvm/ADT/ArrayRef.h"
#include "llvm/Support/xxhash.h"

#include "gtest/gtest.h"

#include <random>

using dlavm::detail::Hash64;

// The implementation of LLVM is another one, by the author of the algorithm.
TEST(Hash64, EqualsThatOfLLVM) {
  std::mt19937 random(7);
  std::vector<uint8_t> data;
  for (size_t size = 0; size < 1000; ++size) {
    Hash64 hash;
    for (size_t done = 0; done < size;) {
      const size_t piece = std::min<size_t>(random() % 100, size - done);
      hash.update(data.data() + done, piece);
      done += piece;
    }
    ASSERT_EQ(hash.get(), llvm::xxHash64(llvm::ArrayRef<uint8_t>(data)))
        << size << " bytes";
    data.push_back(static_cast<uint8_t>(random()));
  }
}

TEST(Hash64, CanBeAskedInBetween) {
  const char text[] = "a text of more than thirty-two characters";
  Hash64 once, often;
  once.update(text, sizeof text);
  for (char c : text) {
    often.get();
    often.update(&c, 1);
  }
  EXPECT_EQ(once.get(), often.get());
}
