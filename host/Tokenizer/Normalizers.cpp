//===- Normalizers.cpp - What changes text before it is cut ---------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dlavm_runtime.h"
#include "host/Tokenizer/Pipeline.h"
#include "host/Tokenizer/UTF8.h"

#include <unicode/bytestream.h>
#include <unicode/locid.h>
#include <unicode/normalizer2.h>
#include <unicode/uchar.h>
#include <unicode/unistr.h>

#include <algorithm>

using namespace dlavm::host;

static bool isASCII(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return static_cast<signed char>(c) >= 0; });
}

static const icu::Normalizer2 *getNormalizer(UnicodeForm form,
                                             UErrorCode &status) {
  switch (form) {
  case UnicodeForm::NFC:
    return icu::Normalizer2::getNFCInstance(status);
  case UnicodeForm::NFD:
    return icu::Normalizer2::getNFDInstance(status);
  case UnicodeForm::NFKC:
    return icu::Normalizer2::getNFKCInstance(status);
  case UnicodeForm::NFKD:
    return icu::Normalizer2::getNFKDInstance(status);
  }
  return nullptr;
}

Normalizer dlavm::host::makeUnicodeNormalizer(UnicodeForm form) {
  auto check = [](UErrorCode status) {
    if (U_FAILURE(status))
      throw dlavm::Error(String("ICU cannot normalize text: ") +
                         u_errorName(status));
  };
  UErrorCode found = U_ZERO_ERROR;
  const icu::Normalizer2 *normalizer = getNormalizer(form, found);
  check(found);
  return [=](std::string &text) {
    if (isASCII(text))
      return;
    UErrorCode status = U_ZERO_ERROR;
    if (normalizer->isNormalizedUTF8(text, status) && U_SUCCESS(status))
      return;
    status = U_ZERO_ERROR;
    std::string result;
    icu::StringByteSink<std::string> sink(
        &result, static_cast<int32_t>(std::min<size_t>(text.size(), 1 << 30)));
    normalizer->normalizeUTF8(0, text, sink, nullptr, status);
    check(status);
    text = std::move(result);
  };
}

/// Replaces each character by what \p append makes of it.
template <typename Append> static Normalizer makeMapping(Append append) {
  return [append](std::string &text) {
    std::string result;
    result.reserve(text.size());
    for (size_t i = 0; i < text.size();) {
      const Character character = readCharacter(text, i);
      append(result, character.code,
             std::string_view(text).substr(i, character.length));
      i += character.length;
    }
    text = std::move(result);
  };
}

Normalizer dlavm::host::makeLowercase() {
  return makeMapping([](std::string &result, uint32_t code,
                        std::string_view text) {
    if (code < 0x80) {
      result += static_cast<char>(code >= 'A' && code <= 'Z' ? code - 'A' + 'a'
                                                             : code);
      return;
    }
    icu::UnicodeString character(static_cast<UChar32>(code));
    icu::UnicodeString lower(character);
    lower.toLower(icu::Locale::getRoot());
    if (lower == character)
      result += text;
    else
      lower.toUTF8String(result);
  });
}

Normalizer dlavm::host::makeStripAccents() {
  return makeMapping(
      [](std::string &result, uint32_t code, std::string_view text) {
        if ((U_GET_GC_MASK(static_cast<UChar32>(code)) & U_GC_M_MASK) == 0)
          result += text;
      });
}

Normalizer dlavm::host::makeStrip(bool left, bool right) {
  return [=](std::string &text) {
    size_t begin = 0, end = text.size();
    while (left && begin < end && isSpace(readCharacter(text, begin).code))
      begin += readCharacter(text, begin).length;
    while (right && begin < end) {
      size_t last = end - 1;
      while ((static_cast<unsigned char>(text[last]) & 0xC0) == 0x80)
        --last;
      if (!isSpace(readCharacter(text, last).code))
        break;
      end = last;
    }
    text = text.substr(begin, end - begin);
  };
}

Normalizer dlavm::host::makePrepend(std::string prefix) {
  return [prefix](std::string &text) {
    if (!text.empty())
      text.insert(0, prefix);
  };
}

Normalizer dlavm::host::makeReplace(std::string text, std::string content) {
  return [text, content](std::string &input) {
    size_t found = text.empty() ? std::string::npos : input.find(text);
    if (found == std::string::npos)
      return;
    std::string result;
    result.reserve(input.size() + input.size() / 2);
    size_t done = 0;
    for (; found != std::string::npos; found = input.find(text, done)) {
      result.append(input, done, found - done);
      result += content;
      done = found + text.size();
    }
    result.append(input, done, std::string::npos);
    input = std::move(result);
  };
}

Normalizer dlavm::host::makeReplace(Regex pattern, std::string content) {
  auto shared = std::make_shared<Regex>(std::move(pattern));
  return [shared, content](std::string &input) {
    std::string result;
    size_t done = 0;
    shared->findMatches(input, [&](size_t begin, size_t end) {
      result.append(input, done, begin - done);
      result += content;
      done = end;
    });
    result.append(input, done, std::string::npos);
    input = std::move(result);
  };
}

Normalizer dlavm::host::makeByteLevelNormalizer() {
  return [](std::string &text) {
    std::string result;
    appendByteLevel(result, text);
    text = std::move(result);
  };
}
