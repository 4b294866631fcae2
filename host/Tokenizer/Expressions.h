//===- Expressions.h - How models cut text into words -----------*- C++ -*-===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_HOST_TOKENIZER_EXPRESSIONS_H
#define DLAVM_HOST_TOKENIZER_EXPRESSIONS_H

#include <string_view>
#include <vector>

namespace dlavm::host {

/// Regular expressions, each of which cuts what those before left together.
using Expressions = std::vector<std::string_view>;

namespace expression {

inline constexpr std::string_view kGPT2 =
    "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|"
    "\\s+(?!\\S)|\\s+";
inline constexpr std::string_view kQwen2 =
    "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}|"
    " ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";
/// Llama 3 and GLM-4.
inline constexpr std::string_view kLlama3 =
    "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}|"
    " ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";

} // namespace expression

/// A name of tokenizer.ggml.pre, and what it means.
struct GGUFPreTokenizer {
  std::string_view name;
  Expressions expressions;
  bool ignoresMerges = false;
  bool addsBeginToken = false;
};

/// Those of architectures that can be compiled; null for any other.
const GGUFPreTokenizer *findGGUFPreTokenizer(std::string_view name);
/// Their names, for messages.
std::vector<std::string_view> getGGUFPreTokenizers();

} // namespace dlavm::host

#endif // DLAVM_HOST_TOKENIZER_EXPRESSIONS_H
