//===- TokenizerFiles.cpp - The files of a checkpoint's tokenizer ---------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "host/Tokenizer/TokenizerFiles.h"

#include "dlavm_runtime.h"
#include "host/Tokenizer/GGUFMetadata.h"
#include "host/Tokenizer/JSONValue.h"
#include "host/Tokenizer/Pipeline.h"
#include "host/Tokenizer/Readers.h"

using namespace dlavm::host;

const std::vector<std::string> &dlavm::host::getTokenizerFileNames() {
  static const std::vector<std::string> names = {
      "tokenizer.json",      "tokenizer.model",       "qwen.tiktoken",
      "tokenizer.gguf",      "tokenizer_config.json", "special_tokens_map.json",
      "chat_template.jinja", "generation_config.json"};
  return names;
}

static void collect(const std::string &checkpoint, TokenizerFiles &result) {
  if (GGUFMetadata::isGGUF(checkpoint)) {
    const GGUFMetadata metadata = GGUFMetadata::read(checkpoint);
    if (metadata.findText("tokenizer.ggml.model"))
      result.files.push_back({"tokenizer.gguf", metadata.print()});
  } else {
    for (const std::string &name : getTokenizerFileNames()) {
      const std::string path = joinPath(checkpoint, name);
      if (!exists(path))
        continue;
      result.files.push_back({name, readFile(path)});
      result.sources.push_back(path);
    }
  }
  // It is known now whether text can be used.
  result.size = Tokenizer::open(checkpoint)->getSize();
}

TokenizerFiles
dlavm::host::collectTokenizerFiles(const std::string &checkpoint) noexcept {
  TokenizerFiles result;
  try {
    collect(checkpoint, result);
  } catch (const UnknownTokenizer &error) {
    result.problem = error.what();
  } catch (const std::exception &error) {
    result.damage = error.what();
  }
  return result;
}

std::string
dlavm::host::makeByteTokenizer(const std::vector<std::string> &special,
                               size_t size) {
  nlohmann::ordered_json vocabulary = nlohmann::ordered_json::object();
  nlohmann::ordered_json added = nlohmann::ordered_json::array();
  int id = 0;
  for (const std::string &content : special) {
    added.push_back({{"id", id},
                     {"content", content},
                     {"single_word", false},
                     {"lstrip", false},
                     {"rstrip", false},
                     {"normalized", false},
                     {"special", true}});
    vocabulary[content] = id++;
  }
  for (int byte = 0; byte < 256; ++byte) {
    std::string piece;
    appendByteLevel(piece, std::string(1, static_cast<char>(byte)));
    vocabulary[piece] = id++;
  }
  nlohmann::ordered_json merges = nlohmann::ordered_json::array();
  // The most frequent ones first.
  const std::string_view letters = "etaoinshrdlucmfwypvbgkqjxz";
  for (char left : letters)
    for (char right : letters) {
      if (vocabulary.size() >= size)
        break;
      vocabulary[std::string{left, right}] = id++;
      merges.push_back(std::string{left, ' ', right});
    }
  const nlohmann::ordered_json bytes = {{"type", "ByteLevel"},
                                        {"add_prefix_space", false},
                                        {"trim_offsets", false},
                                        {"use_regex", false}};
  const nlohmann::ordered_json file = {{"version", "1.0"},
                                       {"truncation", nullptr},
                                       {"padding", nullptr},
                                       {"added_tokens", added},
                                       {"normalizer", nullptr},
                                       {"pre_tokenizer", bytes},
                                       {"post_processor", nullptr},
                                       {"decoder", bytes},
                                       {"model",
                                        {{"type", "BPE"},
                                         {"dropout", nullptr},
                                         {"unk_token", nullptr},
                                         {"continuing_subword_prefix", nullptr},
                                         {"end_of_word_suffix", nullptr},
                                         {"fuse_unk", false},
                                         {"byte_fallback", false},
                                         {"ignore_merges", false},
                                         {"vocab", vocabulary},
                                         {"merges", merges}}}};
  return file.dump(2) + "\n";
}
