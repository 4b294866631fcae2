//===- UTF8.cpp - UTF-8 text ----------------------------------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "host/Tokenizer/UTF8.h"

using namespace dlavm::host;

void dlavm::host::appendUTF8(std::string &text, uint32_t code) {
  auto add = [&](uint32_t byte) { text += static_cast<char>(byte); };
  if (code < 0x80)
    return add(code);
  if (code < 0x800) {
    add(0xC0 | code >> 6);
  } else {
    if (code < 0x10000) {
      add(0xE0 | code >> 12);
    } else {
      add(0xF0 | code >> 18);
      add(0x80 | (code >> 12 & 0x3F));
    }
    add(0x80 | (code >> 6 & 0x3F));
  }
  add(0x80 | (code & 0x3F));
}

/// Looks at the character at \p position: how many of its bytes are right, and
/// whether these are all.
static bool scanCharacter(std::string_view bytes, size_t position,
                          size_t &length) {
  auto byte = [&](size_t i) -> unsigned {
    return position + i < bytes.size()
               ? static_cast<unsigned char>(bytes[position + i])
               : 0;
  };
  const unsigned first = byte(0);
  length = 1;
  if (first < 0x80)
    return true;
  if (first < 0xC2 || first > 0xF4)
    return false;
  const size_t all = getUTF8Length(static_cast<unsigned char>(first));
  unsigned low = 0x80, high = 0xBF;
  if (first == 0xE0)
    low = 0xA0;
  else if (first == 0xED)
    high = 0x9F;
  else if (first == 0xF0)
    low = 0x90;
  else if (first == 0xF4)
    high = 0x8F;
  for (; length < all; ++length) {
    if (byte(length) < low || byte(length) > high)
      return false;
    low = 0x80;
    high = 0xBF;
  }
  return true;
}

size_t dlavm::host::getValidLength(std::string_view bytes) {
  size_t position = 0, length = 0;
  while (position < bytes.size() && scanCharacter(bytes, position, length))
    position += length;
  return position;
}

size_t dlavm::host::getWholeLength(std::string_view bytes) {
  for (size_t size = 1; size < 4 && size <= bytes.size(); ++size) {
    const size_t begin = bytes.size() - size;
    const auto first = static_cast<unsigned char>(bytes[begin]);
    if ((first & 0xC0) == 0x80)
      continue;
    size_t length = 0;
    const bool hasBegun = first >= 0xC2 && first <= 0xF4 &&
                          !scanCharacter(bytes, begin, length) &&
                          begin + length == bytes.size();
    return hasBegun ? begin : bytes.size();
  }
  return bytes.size();
}

std::string dlavm::host::replaceInvalid(std::string_view bytes) {
  std::string text;
  text.reserve(bytes.size());
  while (true) {
    const size_t valid = getValidLength(bytes);
    text += bytes.substr(0, valid);
    bytes.remove_prefix(valid);
    if (bytes.empty())
      return text;
    size_t length = 0;
    scanCharacter(bytes, 0, length);
    text += kReplacement;
    bytes.remove_prefix(length);
  }
}
