//===- CppNames.cpp - Names in driver source ------------------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DLAVM/Support/CppNames.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSet.h"

using namespace llvm;
using namespace dlavm;

bool dlavm::isIdentifier(StringRef text) {
  return !text.empty() && !isDigit(text.front()) && text.front() != '_' &&
         !text.contains("__") &&
         all_of(text, [](char c) { return isAlnum(c) || c == '_'; });
}

bool dlavm::isReservedWord(StringRef name) {
  // clang-format off
  static constexpr StringLiteral words[] = {
      "__", "alignas", "alignof", "and", "and_eq", "asm", "auto", "bitand",
      "bitor", "bool", "break", "case", "catch", "char", "char16_t",
      "char32_t", "char8_t", "class", "co_await", "co_return", "co_yield",
      "compl", "concept", "const", "const_cast", "consteval", "constexpr",
      "constinit", "continue", "decltype", "default", "delete", "device",
      "dlavm", "do", "double", "dynamic_cast", "else", "enum", "explicit",
      "export", "extern", "false", "float", "for", "friend", "goto", "if",
      "inline", "int", "int32_t", "int64_t", "long", "main", "mutable",
      "namespace", "new", "noexcept", "not", "not_eq", "nullptr", "operator",
      "or", "or_eq", "private", "protected", "public", "register",
      "reinterpret_cast", "requires", "return", "short", "signed", "sizeof",
      "static", "static_assert", "static_cast", "std", "struct", "switch",
      "template", "this", "thread_local", "throw", "true", "try", "typedef",
      "typeid", "typename", "uint16_t", "uint32_t", "union", "unsigned",
      "using", "virtual", "void", "volatile", "wchar_t", "while", "xor",
      "xor_eq"};
  // clang-format on
  return is_contained(words, name);
}

bool dlavm::isCLibraryName(StringRef name) {
  static const StringSet<> names = {
#include "CLibraryNames.def"
  };
  return names.contains(name);
}
