//===- Tokenizer.cpp - Between text and token ids -------------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "host/Tokenizer/Tokenizer.h"

#include "dlavm_runtime.h"
#include "host/Tokenizer/Readers.h"

#include <sys/stat.h>

using namespace dlavm::host;

std::unique_ptr<Tokenizer> Tokenizer::open(const std::string &path) {
  const std::string json = path + "/tokenizer.json";
  if (exists(json))
    return openTokenizerJSON(json, TokenizerConfig::read(path));
  throw dlavm::Error(path + " has no tokenizer.json");
}
