//===- TestTokenizers.h - Small tokenizers for tests ------------*- C++ -*-===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_UNITTESTS_HOST_TOKENIZER_TESTTOKENIZERS_H
#define DLAVM_UNITTESTS_HOST_TOKENIZER_TESTTOKENIZERS_H

#include "dlavm_runtime.h"
#include "host/Tokenizer/Pipeline.h"
#include "host/Tokenizer/Tokenizer.h"

#include <nlohmann/json.hpp>

#include "gtest/gtest.h"

#include <filesystem>
#include <fstream>
#include <random>

namespace dlavm::host {

using Ids = std::vector<int32_t>;

/// A directory that is removed in the end.
class TestDirectory {
public:
  TestDirectory() {
    std::string name = testing::TempDir() + "/dlavm-tokenizer-XXXXXX";
    if (!mkdtemp(name.data()))
      throw dlavm::Error(name + " cannot be made");
    path = name;
  }
  ~TestDirectory() { std::filesystem::remove_all(path); }
  TestDirectory(const TestDirectory &) = delete;
  TestDirectory &operator=(const TestDirectory &) = delete;

  std::string write(const std::string &name, const std::string &text) const {
    const std::string file = path + "/" + name;
    std::ofstream(file, std::ios::binary) << text;
    return file;
  }
  std::string path;
};

/// What opening says, or "" if it succeeds.
inline std::string getError(const std::string &path) {
  try {
    Tokenizer::open(path);
  } catch (const dlavm::Error &error) {
    return error.what();
  }
  return "";
}

/// Text through a TextStream.
inline std::string streamAll(const Tokenizer &tokenizer, const Ids &ids,
                             bool skipSpecial = true) {
  TextStream stream(tokenizer, skipSpecial);
  std::string text;
  for (int32_t id : ids)
    text += stream.add(id);
  return text + stream.finish();
}

/// The bytes of tokens in the middle of a text.
inline std::string joinBytes(const Tokenizer &tokenizer, const Ids &ids) {
  std::string bytes;
  for (int32_t id : ids)
    bytes += tokenizer.getBytes(id);
  return bytes;
}

/// Checks that they are those of a text, but for the space that decoders take
/// away where it begins.
inline void expectBytes(const Tokenizer &tokenizer, const Ids &ids,
                        const std::string &text) {
  const std::string bytes = joinBytes(tokenizer, ids);
  EXPECT_TRUE(bytes == text || bytes == " " + text) << bytes;
}

/// A byte-level tokenizer: ids 0 to 255 are bytes, 256 to 260 are "he", "ll",
/// "hell", "o" after a space, and "hello"; 261 is <|end|>, 262 the added
/// <tool>.
inline nlohmann::json makeByteTokenizer() {
  nlohmann::json vocabulary = nlohmann::json::object();
  auto encode = [](const std::string &bytes) {
    std::string text;
    appendByteLevel(text, bytes);
    return text;
  };
  for (int byte = 0; byte < 256; ++byte)
    vocabulary[encode(std::string(1, static_cast<char>(byte)))] = byte;
  int id = 256;
  for (const char *token : {"he", "ll", "hell", " o", "hello"})
    vocabulary[encode(token)] = id++;
  auto makeAdded = [](int number, const char *content, bool special) {
    return nlohmann::json{{"id", number},         {"content", content},
                          {"single_word", false}, {"lstrip", false},
                          {"rstrip", false},      {"normalized", false},
                          {"special", special}};
  };
  return {
      {"version", "1.0"},
      {"added_tokens",
       {makeAdded(261, "<|end|>", true), makeAdded(262, "<tool>", false)}},
      {"normalizer", nullptr},
      {"pre_tokenizer",
       {{"type", "ByteLevel"},
        {"add_prefix_space", false},
        {"trim_offsets", true},
        {"use_regex", true}}},
      {"post_processor", nullptr},
      {"decoder",
       {{"type", "ByteLevel"},
        {"add_prefix_space", true},
        {"trim_offsets", true},
        {"use_regex", true}}},
      {"model",
       {{"type", "BPE"},
        {"dropout", nullptr},
        {"unk_token", nullptr},
        {"continuing_subword_prefix", ""},
        {"end_of_word_suffix", ""},
        {"fuse_unk", false},
        {"byte_fallback", false},
        {"vocab", vocabulary},
        {"merges", {"h e", "l l", "he ll", encode(" ") + " o", "hell o"}}}}};
}

inline std::string toBase64(const std::string &bytes) {
  static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrst"
                               "uvwxyz0123456789+/";
  std::string text;
  for (size_t i = 0; i < bytes.size(); i += 3) {
    uint32_t group = 0;
    for (size_t j = 0; j < 3; ++j)
      group =
          group << 8 |
          (i + j < bytes.size() ? static_cast<unsigned char>(bytes[i + j]) : 0);
    for (size_t j = 0; j < 4; ++j)
      text += i + j > bytes.size() ? '=' : digits[group >> (18 - 6 * j) & 63];
  }
  return text;
}

/// A GGUF file with metadata only.
class GGUFWriter {
public:
  template <typename T> static std::string print(T value) {
    return std::string(reinterpret_cast<const char *>(&value), sizeof value);
  }
  static std::string print(const std::string &text) {
    return print(uint64_t{text.size()}) + text;
  }
  void add(const std::string &key, uint32_t type, const std::string &value) {
    pairs += print(key) + print(type) + value;
    ++count;
  }
  void addText(const std::string &key, const std::string &text) {
    add(key, 8, print(text));
  }
  void addIndex(const std::string &key, uint32_t value) {
    add(key, 4, print(value));
  }
  void addBool(const std::string &key, bool value) {
    add(key, 7, std::string(1, value ? 1 : 0));
  }
  template <typename T>
  void addArray(const std::string &key, uint32_t type,
                const std::vector<T> &values) {
    std::string bytes = print(type) + print(uint64_t{values.size()});
    for (const T &value : values)
      bytes += print(value);
    add(key, 9, bytes);
  }
  std::string getFile() const {
    return "GGUF" + print(uint32_t{3}) + print(uint64_t{0}) + print(count) +
           pairs;
  }

private:
  std::string pairs;
  uint64_t count = 0;
};

/// A model of sentencepiece: <unk>, <s>, </s>, and pieces with scores.
class ModelWriter {
public:
  enum Type { Normal = 1, Unknown, Control, User, Unused, Byte };

  /// A field of bytes; all are shorter than 128.
  static std::string print(int number, const std::string &bytes) {
    return std::string(1, static_cast<char>(number << 3 | 2)) +
           static_cast<char>(bytes.size()) + bytes;
  }
  void add(const std::string &piece, float score = 0, int type = Normal) {
    std::string bytes = print(1, piece) + '\x15' + GGUFWriter::print(score);
    if (type != Normal)
      bytes += std::string("\x18") + static_cast<char>(type);
    pieces += print(1, bytes);
  }
  std::string getFile(bool isBPE = true) const {
    // The model type, and byte_fallback if there are bytes.
    std::string trainer = std::string("\x18") + (isBPE ? '\x02' : '\x01');
    if (hasBytes)
      trainer += std::string("\x98\x02\x01", 3);
    // "identity", and no normalization.
    return pieces + print(2, trainer) +
           print(3, print(1, "identity") + std::string("\x20\x00", 2));
  }
  bool hasBytes = false;

private:
  std::string pieces;
};

/// Changes a file at random: its end is cut off, a byte is another, some are
/// missing or put in.
template <typename Random>
std::string mutate(const std::string &text, Random &random) {
  auto draw = [&](size_t limit) {
    return std::uniform_int_distribution<size_t>(0, limit - 1)(random);
  };
  std::string changed = text;
  switch (draw(4)) {
  case 0:
    changed.resize(draw(text.size()));
    break;
  case 1:
    changed[draw(text.size())] = static_cast<char>(draw(256));
    break;
  case 2:
    changed.erase(draw(text.size()), draw(20));
    break;
  default: {
    const char *const words[] = {"null", "-1",   "\"\"", "[",  "{}",
                                 "1e99", "\\\\", "]",    "\"", "99999999"};
    changed.insert(draw(text.size()), words[draw(10)]);
  }
  }
  return changed;
}

} // namespace dlavm::host

#endif // DLAVM_UNITTESTS_HOST_TOKENIZER_TESTTOKENIZERS_H
