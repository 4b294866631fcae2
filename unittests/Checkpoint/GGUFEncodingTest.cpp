//===- GGUFEncodingTest.cpp - How GGUF files encode matrices --------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DLAVM/Checkpoint/GGUFEncoding.h"
#include "DLAVM/Support/Half.h"

#include "llvm/ADT/STLExtras.h"
#include "gtest/gtest.h"

#include <random>
#include <vector>

using namespace dlavm;

/// A block of random bytes whose FP16 scales, at \p scales, are finite.
static std::vector<uint8_t> getBlock(const GGUFEncoding &encoding,
                                     std::initializer_list<int> scales,
                                     std::mt19937 &random) {
  std::vector<uint8_t> block(encoding.bytes);
  for (uint8_t &byte : block)
    byte = random();
  for (int place : scales) {
    const uint16_t code =
        doubleToHalf((static_cast<double>(random() % 2001) - 1000) / 777);
    block[place] = code & 255;
    block[place + 1] = code >> 8;
  }
  return block;
}

static double getHalf(const std::vector<uint8_t> &block, int place) {
  return halfToFloat(block[place] | block[place + 1] << 8);
}

/// Compares decoded blocks with \p getValue of (block, element), which is
/// written for one element from the definition.
template <typename GetValue>
static void check(uint32_t id, std::initializer_list<int> scales,
                  GetValue getValue) {
  const GGUFEncoding &encoding = *lookupGGUFEncoding(id);
  std::mt19937 random(id);
  std::vector<std::vector<uint8_t>> blocks;
  std::vector<uint8_t> bytes;
  for (int b = 0; b < 20; ++b) {
    blocks.push_back(getBlock(encoding, scales, random));
    llvm::append_range(bytes, blocks.back());
  }
  const size_t size = blocks.size() * encoding.elements;
  std::vector<double> doubles(size);
  std::vector<float> floats(size);
  encoding.decodeDoubles(bytes.data(), blocks.size(), doubles.data());
  encoding.decodeFloats(bytes.data(), blocks.size(), floats.data());
  for (size_t i = 0; i < size; ++i) {
    const double expected = getValue(blocks[i / encoding.elements],
                                     static_cast<int>(i % encoding.elements));
    ASSERT_EQ(doubles[i], expected) << encoding.name.str() << " " << i;
    ASSERT_EQ(floats[i], static_cast<float>(expected));
    ASSERT_TRUE(!encoding.fitsFloat || floats[i] == expected);
  }
}

using Block = std::vector<uint8_t>;

/// Nibble \p i of 32 that lie in 16 bytes from \p place on.
static int getNibble(const Block &block, int place, int i) {
  return i < 16 ? block[place + i] & 15 : block[place + i - 16] >> 4;
}

static int getBit(const Block &block, int place, int i) {
  return block[place + i / 8] >> (i % 8) & 1;
}

TEST(GGUFEncodingTest, BlocksOf32) {
  check(2, {0}, [](const Block &block, int i) {
    return getHalf(block, 0) * (getNibble(block, 2, i) - 8);
  });
  check(3, {0, 2}, [](const Block &block, int i) {
    return getHalf(block, 0) * getNibble(block, 4, i) + getHalf(block, 2);
  });
  check(6, {0}, [](const Block &block, int i) {
    return getHalf(block, 0) *
           (getNibble(block, 6, i) + 16 * getBit(block, 2, i) - 16);
  });
  check(7, {0, 2}, [](const Block &block, int i) {
    return getHalf(block, 0) *
               (getNibble(block, 8, i) + 16 * getBit(block, 4, i)) +
           getHalf(block, 2);
  });
  check(8, {0}, [](const Block &block, int i) {
    return getHalf(block, 0) * static_cast<int8_t>(block[2 + i]);
  });
}

/// The scale or, with \p isOffset, the offset of group \p g of Q4_K and Q5_K:
/// 6 bits of 12 bytes.
static int getSixBits(const Block &block, int g, bool isOffset) {
  const uint8_t *packed = block.data() + 4;
  if (g < 4)
    return packed[g + 4 * isOffset] % 64;
  const int low = isOffset ? packed[g + 4] / 16 : packed[g + 4] % 16;
  return low + packed[g - 4 + 4 * isOffset] / 64 * 16;
}

TEST(GGUFEncodingTest, BlocksOf256) {
  auto getNibbleOf = [](const Block &block, int place, int i) {
    const uint8_t byte = block[place + i / 64 * 32 + i % 32];
    return i % 64 < 32 ? byte % 16 : byte / 16;
  };
  check(12, {0, 2}, [&](const Block &block, int i) {
    return getHalf(block, 0) * getSixBits(block, i / 32, false) *
               getNibbleOf(block, 16, i) -
           getHalf(block, 2) * getSixBits(block, i / 32, true);
  });
  check(13, {0, 2}, [&](const Block &block, int i) {
    const int code =
        getNibbleOf(block, 48, i) + 16 * (block[16 + i % 32] >> (i / 32) & 1);
    return getHalf(block, 0) * getSixBits(block, i / 32, false) * code -
           getHalf(block, 2) * getSixBits(block, i / 32, true);
  });
  check(14, {208}, [](const Block &block, int i) {
    const int half = i / 128, j = i % 128;
    const uint8_t low = block[64 * half + j % 64];
    const int code = (j < 64 ? low % 16 : low / 16) +
                     16 * (block[128 + 32 * half + j % 32] >> (j / 32 * 2) & 3);
    return getHalf(block, 208) * static_cast<int8_t>(block[192 + i / 16]) *
           (code - 32);
  });
}

TEST(GGUFEncodingTest, Codes) {
  const GGUFEncoding &encoding = *lookupGGUFEncoding(2);
  std::mt19937 random(1);
  std::vector<uint8_t> bytes;
  for (int b = 0; b < 3; ++b)
    llvm::append_range(bytes, getBlock(encoding, {0}, random));
  double values[96];
  int8_t codes[96];
  float scales[96];
  encoding.decodeDoubles(bytes.data(), 3, values);
  decodeQ4_0Codes(bytes.data(), 3, codes, scales);
  for (int i = 0; i < 96; ++i) {
    EXPECT_EQ(double(codes[i]) * scales[i], values[i]);
    EXPECT_TRUE(codes[i] >= -8 && codes[i] <= 7);
  }
}

TEST(GGUFEncodingTest, PlainNumbers) {
  const uint8_t bytes[] = {0x00, 0x3C, 0x80, 0x3F};
  float half, bfloat;
  lookupGGUFEncoding(1)->decodeFloats(bytes, 1, &half);
  lookupGGUFEncoding(30)->decodeFloats(bytes + 2, 1, &bfloat);
  EXPECT_EQ(half, 1.0f);
  EXPECT_EQ(bfloat, 1.0f);
  const double third = 1.0 / 3;
  double value;
  lookupGGUFEncoding(28)->decodeDoubles(
      reinterpret_cast<const uint8_t *>(&third), 1, &value);
  EXPECT_EQ(value, third);
}

TEST(GGUFEncodingTest, Others) {
  EXPECT_EQ(lookupGGUFEncoding(4), nullptr);
  EXPECT_EQ(lookupGGUFEncoding(1000), nullptr);
  EXPECT_FALSE(lookupGGUFEncoding(23)->isSupported());
  EXPECT_EQ(lookupGGUFEncoding(39)->name, "MXFP4");
}
