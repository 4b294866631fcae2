//===- Tokenizer.cpp - Between text and token ids -------------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "host/Tokenizer/Tokenizer.h"

#include "dlavm_runtime.h"
#include "host/Tokenizer/GGUFMetadata.h"
#include "host/Tokenizer/JSONValue.h"
#include "host/Tokenizer/Readers.h"
#include "host/Tokenizer/UTF8.h"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include <sys/stat.h>

using namespace dlavm::host;

static std::string getDirectory(const std::string &file) {
  const size_t slash = file.find_last_of('/');
  return slash == std::string::npos ? "." : file.substr(0, slash + 1);
}

static std::unique_ptr<Tokenizer> openFile(const std::string &path) {
  if (GGUFMetadata::isGGUF(path) || endsWith(path, ".gguf"))
    return openGGUF(path);
  const TokenizerConfig config = TokenizerConfig::read(getDirectory(path));
  if (endsWith(path, ".json"))
    return openTokenizerJSON(path, config);
  if (isTiktoken(readFile(path)))
    return openTiktoken(path, config);
  return openSentencePiece(path, config);
}

/// The file that says most comes first.
static constexpr const char *kFiles[] = {"tokenizer.json", "tokenizer.model",
                                         "qwen.tiktoken", "tokenizer.gguf"};

bool Tokenizer::isIn(const std::string &directory) {
  return std::any_of(
      std::begin(kFiles), std::end(kFiles),
      [&](const char *name) { return exists(joinPath(directory, name)); });
}

std::unique_ptr<Tokenizer> Tokenizer::open(const std::string &path) {
  struct stat status;
  if (stat(path.c_str(), &status) != 0)
    throw dlavm::Error(path + " cannot be opened: " + std::strerror(errno));
  if (!S_ISDIR(status.st_mode))
    return openFile(path);
  for (const char *name : kFiles)
    if (exists(joinPath(path, name)))
      return openFile(joinPath(path, name));
  throw UnknownTokenizer(path + " has no tokenizer: none of tokenizer.json, "
                                "tokenizer.model, qwen.tiktoken and "
                                "tokenizer.gguf is there");
}
