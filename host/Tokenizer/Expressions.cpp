//===- Expressions.cpp - How models cut text into words -------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "host/Tokenizer/Expressions.h"

using namespace dlavm::host;
using namespace dlavm::host::expression;

static constexpr std::string_view kDigit = "\\p{N}";
static constexpr std::string_view kO200k =
    "[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]*"
    "[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|"
    "[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]+"
    "[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|"
    "\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*|\\s*[\\r\\n]+|"
    "\\s+(?!\\S)|\\s+";
static constexpr std::string_view kTekken =
    "[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]*"
    "[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]+|"
    "[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]+"
    "[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]*|"
    "\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";
static constexpr std::string_view kSeed =
    "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}|"
    " ?[^\\s\\p{L}\\p{N}\\r\\n]+|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";
static constexpr std::string_view kDeepSeek3 =
    "[!\"#$%&'()*+,\\-./:;<=>?@\\[\\\\\\]^_`{|}~][A-Za-z]+|"
    "[^\\r\\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+| ?[\\p{P}\\p{S}]+[\\r\\n]*|"
    "\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";
static constexpr std::string_view kHanAndKana =
    "[\u4E00-\u9FA5\u3040-\u309F\u30A0-\u30FF]+";

static const std::vector<GGUFPreTokenizer> &getTable() {
  static const std::vector<GGUFPreTokenizer> table = {
      {"gpt-2", {kGPT2}},
      {"phi-2", {kGPT2}},
      {"olmo", {kGPT2}},
      {"exaone4", {kGPT2}},
      {"mellum", {kGPT2}},
      {"qwen2", {kQwen2}},
      {"deepseek-r1-qwen", {kQwen2}},
      {"stablelm2", {kQwen2}},
      {"megrez", {kQwen2}},
      {"hunyuan", {kQwen2}},
      {"llama-bpe", {kLlama3}, true, true},
      {"llama3", {kLlama3}, true, true},
      {"llama-v3", {kLlama3}, true, true},
      {"falcon3", {kLlama3}, true, true},
      {"dbrx", {kLlama3}},
      {"smaug-bpe", {kLlama3}},
      {"chatglm-bpe", {kLlama3}},
      {"glm4", {kLlama3}, true},
      {"gpt-4o", {kO200k}},
      {"llama4", {kO200k}},
      {"tekken", {kTekken}, true, true},
      {"seed-coder", {kSeed}},
      {"starcoder", {kDigit, kGPT2}},
      {"refact", {kDigit, kGPT2}},
      {"command-r", {kDigit, kGPT2}},
      {"smollm", {kDigit, kGPT2}},
      {"codeshell", {kDigit, kGPT2}},
      {"exaone", {kDigit, kGPT2}},
      {"minerva-7b", {kDigit, kGPT2}},
      {"deepseek-v3", {"\\p{N}{1,3}", kHanAndKana, kDeepSeek3}},
      {"hunyuan-dense", {"\\p{N}{1,3}", kHanAndKana, kDeepSeek3}},
  };
  return table;
}

const GGUFPreTokenizer *
dlavm::host::findGGUFPreTokenizer(std::string_view name) {
  for (const GGUFPreTokenizer &known : getTable())
    if (known.name == name)
      return &known;
  return nullptr;
}

std::vector<std::string_view> dlavm::host::getGGUFPreTokenizers() {
  std::vector<std::string_view> names;
  for (const GGUFPreTokenizer &known : getTable())
    names.push_back(known.name);
  return names;
}
