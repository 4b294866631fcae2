//===- Regex.cpp - Regular expressions of tokenizers ----------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "host/Tokenizer/Regex.h"

#include "dlavm_runtime.h"
#include "host/Tokenizer/Tokenizer.h"
#include "host/Tokenizer/UTF8.h"

#include <unicode/regex.h>
#include <unicode/ustring.h>

#include <mutex>
#include <vector>

using namespace dlavm::host;

/// ICU gives some escapes another meaning than Oniguruma does.
static std::string translate(std::string_view pattern,
                             const std::string &place) {
  auto fail = [&](const std::string &what) {
    throw UnknownTokenizer(place + ": the regular expression '" +
                           std::string(pattern) + "' has " + what);
  };
  std::string result;
  int depth = 0;
  for (size_t i = 0; i < pattern.size(); ++i) {
    const char c = pattern[i];
    if (c == '[')
      ++depth;
    else if (c == ']' && depth > 0)
      --depth;
    // For Oniguruma the plus repeats, for ICU it makes the count possessive.
    if (c == '}' && depth == 0 && i + 1 < pattern.size() &&
        pattern[i + 1] == '+') {
      const size_t open = pattern.rfind('{', i);
      if (open != std::string_view::npos && open > 0 &&
          pattern.substr(open, i - open).find_first_not_of("{0123456789,") ==
              std::string_view::npos)
        fail("a '}+', which this reader does not know; write it without '+' "
             "where it means a possessive count");
    }
    if (depth == 0 && pattern.substr(i, 2) == "(?") {
      // Options have letters, and end so.
      const size_t end = pattern.find_first_not_of(
          "-ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz", i + 2);
      const std::string_view options = pattern.substr(i + 2, end - i - 2);
      if (end != std::string_view::npos &&
          (pattern[end] == ')' || pattern[end] == ':') &&
          options.find_first_not_of("-i") != std::string_view::npos)
        fail("the option '(?" + std::string(options) +
             "', which this reader does not know");
    }
    if (c != '\\' || i + 1 == pattern.size()) {
      result += c;
      continue;
    }
    const char escaped = pattern[++i];
    switch (escaped) {
    case 's':
      result += "\\p{White_Space}";
      break;
    case 'S':
      result += "\\P{White_Space}";
      break;
    case 'w':
      result += depth > 0 ? "\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}"
                          : "[\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}]";
      break;
    case 'W':
      result += "[^\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}]";
      break;
    case 'h':
      result += depth > 0 ? "0-9a-fA-F" : "[0-9a-fA-F]";
      break;
    case 'H':
      result += "[^0-9a-fA-F]";
      break;
    case 'Z':
    case 'K':
    case 'G':
    case 'g':
    case 'k':
    case 'X':
    case 'R':
      fail(std::string("a '\\") + escaped +
           "', which this reader does not "
           "know");
      break;
    default:
      result += c;
      result += escaped;
    }
  }
  return result;
}

struct Regex::Impl {
  std::unique_ptr<icu::RegexPattern> pattern;
  std::string text, place;

  /// Matchers that nobody uses now.
  std::mutex mutex;
  std::vector<std::unique_ptr<icu::RegexMatcher>> matchers;

  std::unique_ptr<icu::RegexMatcher> takeMatcher() {
    {
      std::lock_guard<std::mutex> lock(mutex);
      if (!matchers.empty()) {
        std::unique_ptr<icu::RegexMatcher> last = std::move(matchers.back());
        matchers.pop_back();
        return last;
      }
    }
    UErrorCode status = U_ZERO_ERROR;
    std::unique_ptr<icu::RegexMatcher> made(pattern->matcher(status));
    // Some seconds.
    if (U_SUCCESS(status))
      made->setTimeLimit(10000, status);
    check(status);
    return made;
  }
  void check(UErrorCode status) const {
    if (U_FAILURE(status))
      throw dlavm::Error(place + ": the regular expression '" + text +
                         "' cannot be matched: " + u_errorName(status));
  }
};

Regex::Regex(std::string_view pattern, const std::string &place)
    : impl(std::make_unique<Impl>()) {
  impl->text = pattern;
  impl->place = place;
  const std::string translated = translate(pattern, place);
  UParseError error;
  UErrorCode status = U_ZERO_ERROR;
  // To Oniguruma, ^ and $ are about lines, which \n ends.
  impl->pattern.reset(icu::RegexPattern::compile(
      icu::UnicodeString::fromUTF8(translated),
      UREGEX_MULTILINE | UREGEX_UNIX_LINES, error, status));
  if (U_FAILURE(status))
    throw UnknownTokenizer(
        place + ": '" + impl->text + "' is no regular expression: " +
        u_errorName(status) + " at character " + std::to_string(error.offset));
}

Regex Regex::literal(std::string_view text, const std::string &place) {
  std::string pattern;
  for (char c : text) {
    if (static_cast<unsigned char>(c) < 0x80 && !isalnum(c))
      pattern += '\\';
    pattern += c;
  }
  return Regex(pattern, place);
}

Regex::Regex(Regex &&) noexcept = default;
Regex &Regex::operator=(Regex &&) noexcept = default;
Regex::~Regex() = default;

void Regex::findMatches(
    std::string_view text,
    const std::function<void(size_t begin, size_t end)> &visit) const {
  if (text.empty())
    return;
  std::u16string units(text.size(), u'\0');
  int32_t length = 0;
  UErrorCode status = U_ZERO_ERROR;
  if (text.size() > static_cast<size_t>(INT32_MAX))
    throw dlavm::Error("a text of " + std::to_string(text.size()) +
                       " bytes is too long; at most 2147483647 are encoded "
                       "at once");
  u_strFromUTF8(units.data(), static_cast<int32_t>(units.size()), &length,
                text.data(), static_cast<int32_t>(text.size()), &status);
  impl->check(status);

  std::unique_ptr<icu::RegexMatcher> matcher = impl->takeMatcher();
  const icu::UnicodeString input(/*isTerminated=*/false, units.data(), length);
  matcher->reset(input);
  // Matches come in order, so their bytes are counted on.
  size_t byte = 0;
  int32_t unit = 0;
  auto getByte = [&](int32_t target) {
    while (unit < target) {
      const size_t bytes =
          getUTF8Length(static_cast<unsigned char>(text[byte]));
      byte += bytes;
      unit += bytes == 4 ? 2 : 1;
    }
    return byte;
  };
  while (matcher->find(status)) {
    const size_t begin = getByte(matcher->start(status));
    const size_t end = getByte(matcher->end(status));
    visit(begin, end);
  }
  impl->check(status);
  std::lock_guard<std::mutex> lock(impl->mutex);
  impl->matchers.push_back(std::move(matcher));
}
