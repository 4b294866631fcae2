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

} // namespace dlavm::host

#endif // DLAVM_UNITTESTS_HOST_TOKENIZER_TESTTOKENIZERS_H
