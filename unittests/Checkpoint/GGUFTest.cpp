//===- GGUFTest.cpp - The file format GGUF --------------------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DLAVM/Checkpoint/GGUF.h"
#include "GGUFWriter.h"

#include "llvm/ADT/StringExtras.h"
#include "gtest/gtest.h"

#include <cmath>
#include <limits>
#include <random>

using namespace dlavm;
using namespace llvm;

static std::string getParseError(StringRef file) {
  Expected<GGUFContent> content = parseGGUF(file, "f");
  return content ? "" : toString(content.takeError());
}

static GGUFContent parse(const std::string &file) {
  Expected<GGUFContent> content = parseGGUF(file, "f");
  if (content)
    return std::move(*content);
  ADD_FAILURE() << toString(content.takeError());
  return {};
}

/// Some of everything.
static GGUFWriter getWriter() {
  using Writer = GGUFWriter;
  Writer writer;
  writer.add("name", "something");
  writer.add("words", 9,
             Writer::number<uint32_t>(8) + Writer::number<uint64_t>(2) +
                 Writer::text("a") + Writer::text("bc"));
  writer.add("numbers", 9,
             Writer::number<uint32_t>(3) + Writer::number<uint64_t>(3) +
                 "abcdef");
  writer.add("epsilon", 1e-6f);
  writer.add("last", 12u);
  writer.addFloats("matrix", {3, 2});
  writer.addFloats("vector", {5});
  return writer;
}

TEST(GGUFTest, Values) {
  using Writer = GGUFWriter;
  Writer writer;
  writer.version = 2;
  writer.add("u8", 0, Writer::number<uint8_t>(200));
  writer.add("i8", 1, Writer::number<int8_t>(-3));
  writer.add("u16", 2, Writer::number<uint16_t>(60000));
  writer.add("i16", 3, Writer::number<int16_t>(-300));
  writer.add("u32", 4, Writer::number<uint32_t>(4000000000));
  writer.add("i32", 5, Writer::number<int32_t>(-70000));
  writer.add("f32", 6, Writer::number(1e-6f));
  writer.add("bool", 7, Writer::number<uint8_t>(1));
  writer.add("string", 8, Writer::text("text"));
  writer.add("u64", 10, Writer::number(std::numeric_limits<uint64_t>::max()));
  writer.add("i64", 11, Writer::number(std::numeric_limits<int64_t>::min()));
  writer.add("f64", 12, Writer::number(0.1));
  writer.add("nested", 9,
             Writer::number<uint32_t>(9) + Writer::number<uint64_t>(2) +
                 Writer::number<uint32_t>(0) + Writer::number<uint64_t>(3) +
                 "abc" + Writer::number<uint32_t>(8) +
                 Writer::number<uint64_t>(1) + Writer::text("d"));
  writer.add("behind", 7u);
  const std::string file = writer.getFile();
  const GGUFContent content = parse(file);
  const std::pair<StringRef, json::Value> expected[] = {
      {"u8", 200},
      {"i8", -3},
      {"u16", 60000},
      {"i16", -300},
      {"u32", 4000000000},
      {"i32", -70000},
      {"f32", 1e-6},
      {"bool", true},
      {"string", "text"},
      {"u64", std::numeric_limits<uint64_t>::max()},
      {"i64", std::numeric_limits<int64_t>::min()},
      {"f64", 0.1},
      {"behind", 7}};
  for (const auto &[key, value] : expected) {
    ASSERT_TRUE(content.find(key)) << key.str();
    EXPECT_EQ(*content.find(key), value) << key.str();
  }
  EXPECT_EQ(content.find("nested"), nullptr);
  EXPECT_EQ(content.metadata.lookup("nested").count, 2u);
  EXPECT_EQ(content.metadata.size(), std::size(expected) + 1);
}

/// What people write has few digits.
TEST(GGUFTest, ShortestDecimals) {
  EXPECT_EQ(getShortestDecimal(1e-6f), 1e-6);
  EXPECT_EQ(getShortestDecimal(1e-5f), 1e-5);
  EXPECT_EQ(getShortestDecimal(10000.0f), 10000.0);
  EXPECT_EQ(getShortestDecimal(0.1f), 0.1);
  EXPECT_EQ(getShortestDecimal(1.5625e-07f), 1.5625e-07);
  std::mt19937 random(1);
  for (int i = 0; i < 1000; ++i) {
    uint32_t bits = random();
    float number;
    std::memcpy(&number, &bits, sizeof(number));
    EXPECT_TRUE(std::isnan(number) ||
                static_cast<float>(getShortestDecimal(number)) == number);
  }
}

TEST(GGUFTest, Tensors) {
  GGUFWriter writer = getWriter();
  writer.addTensor("block", {32, 2, 1}, 2, std::string(36, 'x'));
  writer.addTensor("scalar", {}, 24, "y");
  const std::string file = writer.getFile();
  const GGUFContent content = parse(file);
  ASSERT_EQ(content.tensors.size(), 4u);
  const GGUFTensorInfo *matrix = content.findTensor("matrix");
  ASSERT_TRUE(matrix);
  EXPECT_EQ(ArrayRef<int64_t>(matrix->shape), ArrayRef<int64_t>({2, 3}));
  EXPECT_EQ(matrix->bytes.size(), 24u);
  EXPECT_EQ(matrix->encoding->name, "F32");
  EXPECT_EQ(toStringRef(matrix->bytes).substr(4, 4), GGUFWriter::number(1.0f));
  const GGUFTensorInfo *block = content.findTensor("block");
  ASSERT_TRUE(block);
  EXPECT_EQ(ArrayRef<int64_t>(block->shape), ArrayRef<int64_t>({1, 2, 32}));
  EXPECT_EQ(toStringRef(block->bytes), std::string(36, 'x'));
  EXPECT_EQ(content.findTensor("scalar")->bytes.size(), 1u);
  EXPECT_EQ(content.findTensor("none"), nullptr);
}

TEST(GGUFTest, Alignment) {
  GGUFWriter writer;
  writer.alignment = 128;
  writer.add("general.alignment", 128u);
  writer.addFloats("a", {1});
  writer.addFloats("b", {1});
  const std::string file = writer.getFile();
  const GGUFContent content = parse(file);
  EXPECT_EQ(content.tensors[1].bytes.data() - content.tensors[0].bytes.data(),
            128);
  for (uint32_t wrong : {0u, 24u, 1u << 31}) {
    GGUFWriter other;
    other.add("general.alignment", wrong);
    EXPECT_EQ(getParseError(other.getFile()),
              "f: 'general.alignment' must be a power of 2 up to 2^30, found " +
                  std::to_string(wrong));
  }
}

TEST(GGUFTest, Start) {
  EXPECT_EQ(getParseError(""), "f: is empty; is the download complete?");
  EXPECT_EQ(getParseError("GGU"),
            "f: is no GGUF file: it does not begin with these "
            "letters");
  EXPECT_EQ(getParseError("GGUF\3"),
            "f: ends within its first 24 bytes; is the download complete?");
  EXPECT_EQ(getParseError("<html>"),
            "f: is an HTML page and not the file itself: a page about it, or "
            "an error, has been downloaded in its place");
  GGUFWriter writer = getWriter();
  writer.version = 1;
  EXPECT_EQ(getParseError(writer.getFile()),
            "f: is a GGUF file of version 1, but versions 2 and 3 are "
            "supported; convert the model again with a newer llama.cpp");
  writer.version = 4;
  EXPECT_EQ(getParseError(writer.getFile()),
            "f: is a GGUF file of version 4, but versions 2 and 3 are "
            "supported; convert the model again with an older llama.cpp");
  writer.version = 3 << 24;
  EXPECT_EQ(getParseError(writer.getFile()),
            "f: is a GGUF file of a big-endian machine; convert the model "
            "again without --bigendian");
}

/// Nothing that ends early is accepted, wherever that is.
TEST(GGUFTest, Truncated) {
  const std::string file = getWriter().getFile();
  for (size_t size = 0; size < file.size(); ++size)
    EXPECT_NE(getParseError(StringRef(file).take_front(size)), "") << size;
  EXPECT_EQ(getParseError(file), "");
  EXPECT_EQ(getParseError(StringRef(file).take_front(30)),
            "f: ends within metadata 1 of 5; is the download complete?");
  EXPECT_EQ(getParseError(StringRef(file).take_front(45)),
            "f: ends within metadata 1 of 5, 'name'; is the download "
            "complete?");
  EXPECT_EQ(getParseError(StringRef(file).drop_back(1)),
            "f: the tensor 'vector' ends at byte 52 of the data, but the file "
            "has only 51; is the download complete?");
}

TEST(GGUFTest, Metadata) {
  auto getErrorOf = [](uint32_t type, const std::string &value) {
    GGUFWriter writer;
    writer.add("k", type, value);
    return getParseError(writer.getFile());
  };
  const auto n32 = GGUFWriter::number<uint32_t>;
  const auto n64 = GGUFWriter::number<uint64_t>;
  EXPECT_EQ(getErrorOf(13, "1"),
            "f: 'k' has type 13, which GGUF does not know");
  EXPECT_EQ(getErrorOf(7, "\2"),
            "f: 'k' must be 0 or 1, as a truth value is, found 2");
  EXPECT_EQ(getErrorOf(9, n32(77) + n64(1) + "1"),
            "f: the elements of 'k' have type 77, which GGUF does not know");
  for (uint64_t count : {uint64_t(1) << 20, ~uint64_t(0), uint64_t(1) << 61})
    for (uint32_t type : {0u, 8u, 9u, 10u})
      EXPECT_EQ(getErrorOf(9, n32(type) + n64(count)),
                "f: ends within metadata 1 of 1, 'k'; is the download "
                "complete?");
  EXPECT_EQ(getErrorOf(8, n64(~uint64_t(0))),
            "f: ends within metadata 1 of 1, 'k'; is the download complete?");
  std::string deep;
  for (int i = 0; i < 20; ++i)
    deep += n32(9) + n64(1);
  EXPECT_EQ(getErrorOf(9, deep),
            "f: 'k' has arrays within arrays, more than 8 deep");
  GGUFWriter writer;
  writer.add("a", 1u);
  writer.add("a", 1u);
  EXPECT_EQ(getParseError(writer.getFile()),
            "f: has 'a' twice in its metadata");
  GGUFWriter binary;
  binary.add("\xFF", 1u);
  EXPECT_EQ(getParseError(binary.getFile()),
            "f: metadata 1 of 1 has the name \"FF\" (in hexadecimal), which is "
            "no text");
}

TEST(GGUFTest, WrongTensors) {
  auto getErrorOf = [](std::vector<uint64_t> dimensions, uint32_t encoding,
                       uint64_t offset) {
    GGUFWriter writer;
    writer.addEntry("t", dimensions, encoding, offset);
    writer.data = std::string(64, 'x');
    return getParseError(writer.getFile());
  };
  EXPECT_EQ(getErrorOf({4, 4}, 0, 0), "");
  EXPECT_EQ(getErrorOf({1, 1, 1, 1, 1}, 0, 0),
            "f: the tensor 't' has 5 dimensions, but GGUF has at most 4");
  EXPECT_EQ(getErrorOf({~uint64_t(0)}, 0, 0),
            "f: a dimension of the tensor 't' has the size "
            "18446744073709551615");
  EXPECT_EQ(getErrorOf({4}, 4, 0),
            "f: the tensor 't' has encoding 4, which is not known; quantize "
            "the model to another one, Q4_K_M for instance");
  EXPECT_EQ(getErrorOf({48}, 2, 0), "f: the tensor 't' has rows of 48 "
                                    "elements, but Q4_0 has blocks of 32");
  EXPECT_EQ(getErrorOf({1ull << 40, 1ull << 40}, 0, 0),
            "f: the shape [1099511627776, 1099511627776] of the tensor 't' is "
            "too large");
  EXPECT_EQ(getErrorOf({4}, 0, 8),
            "f: the tensor 't' begins at byte 8 of the data, which is no "
            "multiple of 32, the alignment");
  EXPECT_EQ(getErrorOf({4}, 0, 32), "f: no tensor has the bytes [0, 32) of the "
                                    "data, but the format allows no holes");
  EXPECT_EQ(getErrorOf({17}, 0, 0),
            "f: the tensor 't' ends at byte 68 of the data, but the file has "
            "only 64; is the download complete?");
  EXPECT_EQ(getErrorOf({1ull << 61}, 24, ~uint64_t(31)),
            "f: the tensor 't' ends at byte 18446744073709551615 of the data, "
            "but the file has only 64; is the download complete?");
  GGUFWriter writer;
  writer.addEntry("a", {16}, 0, 0);
  writer.addEntry("b", {8}, 0, 32);
  writer.data = std::string(64, 'x');
  EXPECT_EQ(getParseError(writer.getFile()),
            "f: the tensors 'a' and 'b' overlap: they have the bytes [0, 64) "
            "and [32, 64) of the data");
  GGUFWriter twice;
  twice.addFloats("a", {1});
  twice.addFloats("a", {1});
  EXPECT_EQ(getParseError(twice.getFile()), "f: has the tensor 'a' twice");
}

/// Whatever changes, it neither crashes nor hangs.
TEST(GGUFTest, ChangedBytes) {
  const std::string file = getWriter().getFile();
  std::mt19937 random(1);
  for (int i = 0; i < 20000; ++i) {
    std::string changed = file;
    for (int j = 0; j < 3; ++j)
      changed[random() % changed.size()] = static_cast<char>(random());
    (void)getParseError(changed);
  }
}
