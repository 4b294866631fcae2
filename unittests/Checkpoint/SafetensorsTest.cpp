//===- SafetensorsTest.cpp - The file format safetensors ------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DLAVM/Checkpoint/Safetensors.h"

#include "llvm/Support/raw_ostream.h"
#include "gtest/gtest.h"

#include <random>

using namespace dlavm;
using namespace llvm;

/// A file with this header and as many bytes of data, which count up.
static std::string getFile(StringRef header, size_t dataBytes) {
  std::string file;
  for (int i = 0; i < 8; ++i)
    file += static_cast<char>(header.size() >> (8 * i));
  file += header;
  for (size_t i = 0; i < dataBytes; ++i)
    file += static_cast<char>(i);
  return file;
}

static std::string getError(StringRef file) {
  Expected<SafetensorsContent> content = parseSafetensors(file, "f");
  return content ? "" : toString(content.takeError());
}

static std::string getError(StringRef header, size_t dataBytes) {
  return getError(getFile(header, dataBytes));
}

static std::string getEntry(StringRef name, StringRef type, StringRef shape,
                            StringRef offsets) {
  return ("\"" + name + "\": {\"dtype\": \"" + type +
          "\", \"shape\": " + shape + ", \"data_offsets\": " + offsets + "}")
      .str();
}

/// The error of a file with the one tensor "a" and 8 bytes of data.
static std::string getEntryError(StringRef type, StringRef shape,
                                 StringRef offsets) {
  return getError("{" + getEntry("a", type, shape, offsets) + "}", 8);
}

TEST(SafetensorsTest, Tensors) {
  const std::string file =
      getFile("{" + getEntry("b", "F16", "[1, 2]", "[6, 10]") + ", " +
                  getEntry("a", "I8", "[3]", "[0, 3]") +
                  ", \"__metadata__\": {\"y\": \"2\", \"x\": \"\\u0031\"}, " +
                  getEntry("none", "F32", "[0, 5]", "[6, 6]") + "," +
                  getEntry("scalar", "U8", "[]", "[3, 4]") + "," +
                  getEntry("later", "F1000", "[7]", "[4, 6]") + "}   ",
              10);
  SafetensorsContent content = cantFail(parseSafetensors(file, "f"));
  std::vector<std::string> names;
  for (const StoredTensor &tensor : content.tensors)
    names.push_back(tensor.name);
  EXPECT_EQ(names,
            (std::vector<std::string>{"a", "scalar", "later", "none", "b"}));
  const StoredTensor &last = content.tensors.back();
  EXPECT_EQ(last.type, "F16");
  EXPECT_EQ(last.shape, (SmallVector<int64_t, 2>{1, 2}));
  EXPECT_EQ(last.bytes, ArrayRef<uint8_t>({6, 7, 8, 9}));
  EXPECT_EQ(content.metadata, (std::vector<std::pair<std::string, std::string>>{
                                  {"x", "1"}, {"y", "2"}}));
  EXPECT_TRUE(
      cantFail(parseSafetensors(getFile("{}", 0), "f")).tensors.empty());
}

TEST(SafetensorsTest, NoHeader) {
  EXPECT_EQ(getError(""), "f: is empty; is the download complete?");
  EXPECT_EQ(getError("abc"),
            "f: is no safetensors file: it has 3 bytes, but the length of the "
            "header alone has 8");
  EXPECT_EQ(getError("PK\x03\x05 something else"),
            "f: is no safetensors file: its header would have "
            "7885648053909277520 bytes, more than the 100000000 that the "
            "format allows");
  EXPECT_EQ(getError("PK\x03\x04 something else"),
            "f: is a file in PyTorch's own format; convert it to safetensors, "
            "as save_pretrained(DIR, safe_serialization=True) of Transformers "
            "does");
  EXPECT_EQ(getError("version https://git-lfs.github.com/spec/v1\noid"),
            "f: is a pointer of Git LFS and not the file itself; get that with "
            "'git lfs pull'");
  EXPECT_EQ(getError(StringRef(getFile("{}  ", 0)).drop_back(1)),
            "f: its header should have 4 bytes, but only 3 follow; is the file "
            "complete?");
  EXPECT_EQ(getError(" {}", 0), "f: is no safetensors file: its header does "
                                "not start with '{'");
  EXPECT_EQ(getError("", 0), "f: is no safetensors file: its header does not "
                             "start with '{'");
}

TEST(SafetensorsTest, BadJSON) {
  EXPECT_NE(
      getError("{\"a\": ", 0).find("f: the header:1:6: is not valid JSON: "),
      std::string::npos);
  EXPECT_NE(getError("{\xff}", 0).find("f: the header:1:2: is not valid UTF-8"),
            std::string::npos);
  EXPECT_NE(getError("{\"a\":" + std::string(100000, '['), 0)
                .find("nest deeper than 64 levels"),
            std::string::npos);
  EXPECT_EQ(getError("{\"a\": 3}", 0),
            "f: the entry of the tensor 'a' must be an object, found 3");
  EXPECT_EQ(getError("{\"__metadata__\": []}", 0),
            "f: '__metadata__' must be an object of strings, found []");
  EXPECT_EQ(getError("{\"__metadata__\": {\"a\": 1}}", 0),
            "f: 'a' of '__metadata__' must be a string, found 1");
}

TEST(SafetensorsTest, DuplicateKeys) {
  const std::string a = getEntry("a", "F32", "[2]", "[0, 8]");
  EXPECT_EQ(getError("{" + a + "," + a + "}", 8),
            "f: the header:1:62: the key 'a' comes twice");
  EXPECT_EQ(getError("{" + a + "," +
                         getEntry("\\u0061", "F32", "[2]", "[0, 8]") + "}",
                     8),
            "f: the header:1:62: the key 'a' comes twice");
  EXPECT_EQ(getError("{\"a\": {\"dtype\": \"F32\", \"shape\": [2], "
                     "\"data_offsets\": [0, 8], \"shape\" : [2]}}",
                     8),
            "f: the header:1:62: the key 'shape' comes twice");
  // A key may have the name of another object's key, or of a string.
  EXPECT_EQ(getError("{" + a +
                         ", \"__metadata__\": {\"a\": \"a\", \"b\\\"\": "
                         "\"a\"}, " +
                         getEntry("shape", "F32", "[]", "[8, 12]") + "}",
                     12),
            "");
}

TEST(SafetensorsTest, BadEntries) {
  EXPECT_EQ(getEntryError("F32", "[2]", "[0, 8]"), "");
  EXPECT_EQ(getError("{\"a\": {\"shape\": [2]}}", 8),
            "f: the 'dtype' of the tensor 'a' must be a string, found nothing");
  EXPECT_EQ(getEntryError("F32", "2", "[0, 8]"),
            "f: the 'shape' of the tensor 'a' must be an array, found 2");
  EXPECT_EQ(getEntryError("F32", "[-2]", "[0, 8]"),
            "f: the 'shape' of the tensor 'a' must have integers from 0 on, "
            "found [-2]");
  EXPECT_NE(getEntryError("F32", "[1.5]", "[0, 8]"), "");
  EXPECT_NE(getEntryError("F32", "[99999999999999999999]", "[0, 8]"), "");
  EXPECT_EQ(getEntryError("F32", "[4611686018427387904, 2]", "[0, 8]"),
            "f: the shape [4611686018427387904, 2] of the tensor 'a' is too "
            "large");
  for (StringRef offsets :
       {"[8, 0]", "[-1, 8]", "[0]", "[0, 8, 8]", "8", "[0, \"8\"]", "null"})
    EXPECT_EQ(getEntryError("F32", "[2]", offsets)
                  .find("f: the 'data_offsets' of the tensor 'a' must be two "
                        "integers from 0 on, the second not below the first, "
                        "found "),
              0u)
        << offsets.str();
  EXPECT_EQ(getEntryError("F32", "[3]", "[0, 12]"),
            "f: the tensor 'a' ends at byte 12 of the data, but the file has "
            "only 8; is the file complete?");
  EXPECT_EQ(getEntryError("F32", "[3]", "[0, 8]"),
            "f: the tensor 'a' of shape [3] and type F32 must have 12 bytes, "
            "but its 'data_offsets' [0, 8] give it 8");
  EXPECT_EQ(getEntryError("F4", "[15]", "[0, 8]"),
            "f: the tensor 'a' of shape [15] and type F4 ends within a byte");
  EXPECT_EQ(getEntryError("F4", "[16]", "[0, 8]"), "");
}

TEST(SafetensorsTest, Coverage) {
  auto getCoverageError = [](StringRef a, StringRef b) {
    return getError("{" + getEntry("a", "X", "[]", a) + "," +
                        getEntry("b", "X", "[]", b) + "}",
                    8);
  };
  EXPECT_EQ(getCoverageError("[0, 5]", "[5, 8]"), "");
  EXPECT_EQ(getCoverageError("[5, 8]", "[0, 5]"), "");
  EXPECT_EQ(getCoverageError("[0, 0]", "[0, 8]"), "");
  EXPECT_EQ(getCoverageError("[4, 8]", "[0, 5]"),
            "f: the tensors 'b' and 'a' overlap: they have the bytes [0, 5) "
            "and [4, 8) of the data");
  EXPECT_EQ(getCoverageError("[0, 8]", "[0, 8]"),
            "f: the tensors 'a' and 'b' overlap: they have the bytes [0, 8) "
            "and [0, 8) of the data");
  EXPECT_EQ(getCoverageError("[0, 4]", "[5, 8]"),
            "f: no tensor has the bytes [4, 5) of the data, but the format "
            "allows no holes");
  EXPECT_NE(getCoverageError("[1, 4]", "[4, 8]"), "");
  EXPECT_EQ(getCoverageError("[0, 4]", "[4, 6]"),
            "f: no tensor has the bytes [6, 8) of the data, but the format "
            "allows no holes");
}

// Damage anywhere in the header is an error or another file, never a crash.
TEST(SafetensorsTest, RandomDamage) {
  const std::string file =
      getFile("{\"__metadata__\": {\"format\": \"pt\"}, " +
                  getEntry("a", "F32", "[2, 1]", "[0, 8]") + "," +
                  getEntry("b\\n", "BF16", "[4]", "[8, 16]") + "}",
              16);
  ASSERT_EQ(getError(file), "");
  std::mt19937 generator(5);
  for (int i = 0; i < 20000; ++i) {
    std::string damaged = file;
    for (int count = generator() % 3 + 1; count > 0; --count)
      damaged[generator() % damaged.size()] =
          generator() % 2 ? generator() : "{}[]\",:\\09"[generator() % 10];
    if (generator() % 2)
      damaged.resize(generator() % damaged.size());
    Expected<SafetensorsContent> content = parseSafetensors(damaged, "f");
    if (!content) {
      EXPECT_EQ(toString(content.takeError()).find("f: "), 0u);
      continue;
    }
    for (const StoredTensor &tensor : content->tensors)
      EXPECT_LE(tensor.bytes.end(), reinterpret_cast<const uint8_t *>(
                                        damaged.data() + damaged.size()));
  }
}

TEST(SafetensorsTest, Writer) {
  for (ElementType type :
       {ElementType::F32, ElementType::F16, ElementType::BF16}) {
    std::string file;
    raw_string_ostream os(file);
    // One of them is more than a piece; 0.1 needs rounding.
    writeSafetensors(
        os, {{"one", {3}}, {"large \"2\"", {300, 301}}}, type,
        [](size_t tensor, int64_t first, MutableArrayRef<float> out) {
          for (size_t i = 0; i < out.size(); ++i)
            out[i] = tensor ? (first + i) % 251 : 0.1f;
          return true;
        });
    SafetensorsContent content = cantFail(parseSafetensors(file, "f"));
    ASSERT_EQ(content.tensors.size(), 2u);
    std::vector<float> values(300 * 301);
    for (const StoredTensor &tensor : content.tensors) {
      EXPECT_EQ(tensor.type, stringify(type));
      EXPECT_EQ((tensor.bytes.data() -
                 reinterpret_cast<const uint8_t *>(file.data())) %
                    2,
                0);
    }
    const StoredTensor &one = content.tensors[0], &large = content.tensors[1];
    EXPECT_EQ(one.name, "one");
    EXPECT_EQ(large.name, "large \"2\"");
    EXPECT_EQ(large.shape, (SmallVector<int64_t, 2>{300, 301}));
    convertElements(type, large.bytes, MutableArrayRef<float>(values));
    for (size_t i = 0; i < values.size(); ++i)
      ASSERT_EQ(values[i], i % 251) << i;
    convertElements(type, one.bytes,
                    MutableArrayRef<float>(values).take_front(3));
    const float expected = type == ElementType::F32   ? 0.1f
                           : type == ElementType::F16 ? 0x1.998p-4f
                                                      : 0x1.9ap-4f;
    EXPECT_EQ(values[2], expected);
  }
}
