//===- UTF8.h - UTF-8 text --------------------------------------*- C++ -*-===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_HOST_TOKENIZER_UTF8_H
#define DLAVM_HOST_TOKENIZER_UTF8_H

#include <cstdint>
#include <string>
#include <string_view>

namespace dlavm::host {

/// U+FFFD, for what is no character.
inline constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

/// How many bytes the character has that begins with this byte; 1 for a byte
/// that begins none.
inline size_t getUTF8Length(unsigned char first) {
  return first < 0xC0 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
}

inline bool endsWith(std::string_view text, std::string_view end) {
  return text.size() >= end.size() &&
         text.substr(text.size() - end.size()) == end;
}

/// A character of valid UTF-8.
struct Character {
  uint32_t code;
  size_t length;
};

/// The character that begins at \p position of valid UTF-8.
inline Character readCharacter(std::string_view text, size_t position) {
  auto byte = [&](size_t i) {
    return static_cast<uint32_t>(
        static_cast<unsigned char>(text[position + i]));
  };
  const size_t length = getUTF8Length(static_cast<unsigned char>(byte(0)));
  if (length == 1)
    return {byte(0), 1};
  uint32_t code = byte(0) & (0x7Fu >> length);
  for (size_t i = 1; i < length; ++i)
    code = code << 6 | (byte(i) & 0x3F);
  return {code, length};
}

void appendUTF8(std::string &text, uint32_t code);

/// The length without a character that has only begun at the end.
size_t getWholeLength(std::string_view bytes);
/// The length of the longest valid beginning.
size_t getValidLength(std::string_view bytes);
inline bool isUTF8(std::string_view bytes) {
  return getValidLength(bytes) == bytes.size();
}

/// Each longest sequence of bytes that begins no character, or only begins
/// one, becomes U+FFFD, as the Unicode standard recommends.
std::string replaceInvalid(std::string_view bytes);

} // namespace dlavm::host

#endif // DLAVM_HOST_TOKENIZER_UTF8_H
