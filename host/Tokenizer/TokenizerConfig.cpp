//===- TokenizerConfig.cpp - tokenizer_config.json ------------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "host/Tokenizer/TokenizerConfig.h"

#include "host/Tokenizer/JSONValue.h"
#include "host/Tokenizer/Readers.h"

#include <sys/stat.h>

using namespace dlavm::host;

bool dlavm::host::exists(const std::string &path) {
  struct stat status;
  return stat(path.c_str(), &status) == 0;
}

AddedToken dlavm::host::readAddedToken(const JSONValue &value, int32_t id) {
  AddedToken token;
  token.id = id;
  token.content = value.at("content").asString();
  if (token.content.empty())
    value.at("content").fail("an added token has no text");
  token.singleWord = value.getBool("single_word", false);
  token.stripLeft = value.getBool("lstrip", false);
  token.stripRight = value.getBool("rstrip", false);
  token.special = value.getBool("special", false);
  token.normalized = value.getBool("normalized", !token.special);
  return token;
}

/// A token is written as its text or as an object.
static std::optional<std::string>
findToken(const std::optional<JSONValue> &file, const char *key) {
  const std::optional<JSONValue> value = file ? file->find(key) : std::nullopt;
  if (!value)
    return std::nullopt;
  if (value->get().is_object())
    return value->at("content").asString();
  return value->asString();
}

TokenizerConfig TokenizerConfig::read(const std::string &directory) {
  TokenizerConfig config;
  std::vector<nlohmann::json> files;
  files.reserve(2);
  auto open = [&](const char *name) -> std::optional<JSONValue> {
    const std::string path = joinPath(directory, name);
    if (!exists(path))
      return std::nullopt;
    files.push_back(parseJSON(path, readFile(path)));
    const JSONValue value(files.back(), path);
    if (!files.back().is_object())
      value.expect("an object");
    return value;
  };
  const std::optional<JSONValue> main = open("tokenizer_config.json");
  const std::optional<JSONValue> map = open("special_tokens_map.json");
  auto find = [&](const char *key) {
    std::optional<std::string> token = findToken(main, key);
    return token ? token : findToken(map, key);
  };
  config.beginToken = find("bos_token");
  config.endToken = find("eos_token");
  for (const char *key : {"unk_token", "pad_token"})
    if (std::optional<std::string> token = find(key))
      config.specialTokens.push_back(*token);
  for (const std::optional<JSONValue> &file : {main, map})
    if (file)
      if (std::optional<JSONValue> more =
              file->find("additional_special_tokens"))
        for (size_t i = 0; i < more->size(); ++i) {
          const JSONValue token = (*more)[i];
          config.specialTokens.push_back(token.get().is_object()
                                             ? token.at("content").asString()
                                             : token.asString());
        }
  if (!main)
    return config;

  if (std::optional<JSONValue> name = main->find("tokenizer_class"))
    config.tokenizerClass = name->asString();
  if (std::optional<JSONValue> adds = main->find("add_bos_token"))
    config.addBeginToken = adds->asBool();
  if (std::optional<JSONValue> adds = main->find("add_eos_token"))
    config.addEndToken = adds->asBool();
  config.isLegacy = main->getBool("legacy", true);
  if (std::optional<JSONValue> added = main->find("added_tokens_decoder")) {
    if (!added->get().is_object())
      added->expect("an object");
    for (const auto &[key, value] : added->get().items()) {
      const JSONValue token = added->getElement(key, value);
      if (key.empty() || key.size() > 9 ||
          key.find_first_not_of("0123456789") != std::string::npos)
        token.fail("the key is no token id");
      config.added.push_back(readAddedToken(token, std::stoi(key)));
    }
  }
  return config;
}
