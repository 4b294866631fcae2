//===- PipelineTest.cpp - Tests of what pipelines consist of --------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "host/Tokenizer/Pipeline.h"

#include "dlavm_runtime.h"
#include "host/Tokenizer/AddedTokens.h"
#include "host/Tokenizer/UTF8.h"

#include "gtest/gtest.h"

using namespace dlavm::host;

using Words = std::vector<std::string>;

static Words cut(const PreTokenizer &preTokenizer, const std::string &text) {
  Pieces pieces{text, {{0, text.size(), true}}};
  preTokenizer(pieces);
  Words words;
  for (const Pieces::Piece &piece : pieces.pieces)
    words.emplace_back(pieces.get(piece));
  return words;
}

static std::string change(const Normalizer &normalizer, std::string text) {
  normalizer(text);
  return text;
}

static Words change(const Decoder &decoder, Words tokens) {
  decoder(tokens, /*keepsBytes=*/false);
  return tokens;
}

static Regex makeRegex(const std::string &pattern) {
  return Regex(pattern, "file: place");
}

namespace {

TEST(UTF8Test, InvalidBytesAreReplacedByLongestBeginnings) {
  EXPECT_EQ(replaceInvalid("a\xC3\xA9z"), "a\xC3\xA9z");
  // Two bytes of three, then a letter; a byte that begins nothing.
  EXPECT_EQ(replaceInvalid("\xE2\x82x\x80"), "\uFFFDx\uFFFD");
  // Surrogates and overlong forms: each byte for itself.
  EXPECT_EQ(replaceInvalid("\xED\xA0\x80"), "\uFFFD\uFFFD\uFFFD");
  EXPECT_EQ(replaceInvalid("\xC0\xAF"), "\uFFFD\uFFFD");
  EXPECT_EQ(replaceInvalid("\xF4\x90\x80\x80"), "\uFFFD\uFFFD\uFFFD\uFFFD");
  EXPECT_EQ(replaceInvalid("\xF0\x9F\x98"), "\uFFFD");
  EXPECT_EQ(replaceInvalid("\xF0\x9F\x98\x80"), "\U0001F600");
}

TEST(NormalizerTest, ChangesText) {
  EXPECT_EQ(change(makeUnicodeNormalizer(UnicodeForm::NFC), "e\u0301"),
            "\u00E9");
  EXPECT_EQ(change(makeUnicodeNormalizer(UnicodeForm::NFD), "\u00E9"),
            "e\u0301");
  EXPECT_EQ(change(makeUnicodeNormalizer(UnicodeForm::NFKC), "\uFB01 \u2460"),
            "fi 1");
  EXPECT_EQ(change(makeUnicodeNormalizer(UnicodeForm::NFKD), "\uFB01\u00E9"),
            "fie\u0301");
  EXPECT_EQ(change(makeLowercase(), "ABC \u00C4\u0130\u03A3"),
            "abc \u00E4i\u0307\u03C3");
  EXPECT_EQ(change(makeStripAccents(), "e\u0301"), "e");
  EXPECT_EQ(change(makeStrip(true, false), " \u00A0a "), "a ");
  EXPECT_EQ(change(makeStrip(false, true), " a\u3000\n"), " a");
  EXPECT_EQ(change(makeStrip(true, true), " \t "), "");
  EXPECT_EQ(change(makePrepend("_"), "a"), "_a");
  EXPECT_EQ(change(makePrepend("_"), ""), "");
  EXPECT_EQ(change(makeReplace(std::string(" "), "_"), " a  b"), "_a__b");
  EXPECT_EQ(change(makeReplace(makeRegex(" {2,}"), "+"), "a   b c"), "a+b c");
}

TEST(PreTokenizerTest, SplitsInFiveWays) {
  const std::string text = "the-final--countdown";
  auto split = [&](SplitBehavior behavior) {
    return cut(makeSplit(makeRegex("-"), behavior, false), text);
  };
  EXPECT_EQ(split(SplitBehavior::Removed),
            (Words{"the", "final", "countdown"}));
  EXPECT_EQ(split(SplitBehavior::Isolated),
            (Words{"the", "-", "final", "-", "-", "countdown"}));
  EXPECT_EQ(split(SplitBehavior::MergedWithPrevious),
            (Words{"the-", "final-", "-", "countdown"}));
  EXPECT_EQ(split(SplitBehavior::MergedWithNext),
            (Words{"the", "-final", "-", "-countdown"}));
  EXPECT_EQ(split(SplitBehavior::Contiguous),
            (Words{"the", "-", "final", "--", "countdown"}));
  EXPECT_EQ(
      cut(makeSplit(makeRegex("[a-z]+"), SplitBehavior::Removed, true), text),
      (Words{"the", "final", "countdown"}));
}

TEST(PreTokenizerTest, WordsNumbersAndPunctuation) {
  EXPECT_EQ(cut(makeSplit(isNumber, SplitBehavior::Isolated), "a12\u00BDb"),
            (Words{"a", "1", "2", "\u00BD", "b"}));
  EXPECT_EQ(cut(makeSplit(isNumber, SplitBehavior::Contiguous), "a12b"),
            (Words{"a", "12", "b"}));
  EXPECT_EQ(cut(makeSplit(isSpace, SplitBehavior::Removed), " a\u3000b "),
            (Words{"a", "b"}));
  EXPECT_EQ(cut(makeSplit(isPunctuation, SplitBehavior::Isolated), "a+b\u2026"),
            (Words{"a", "+", "b", "\u2026"}));
}

TEST(PreTokenizerTest, ByteLevelMakesBytesVisible) {
  EXPECT_EQ(cut(makeByteLevel(false, true), "I'm  a\n\u00E9"),
            (Words{"I", "'m", "\u0120", "\u0120a", "\u010A", "\u00C3\u00A9"}));
  EXPECT_EQ(cut(makeByteLevel(true, false), "a b"), (Words{"\u0120a\u0120b"}));
  EXPECT_EQ(cut(makeByteLevel(true, false), " a"), (Words{"\u0120a"}));
}

TEST(PreTokenizerTest, MetaspaceHasThreeSchemes) {
  auto run = [](PrependScheme scheme, bool split, const std::string &text) {
    return cut(makeMetaspace("_", scheme, split), text);
  };
  EXPECT_EQ(run(PrependScheme::Always, true, "a b"), (Words{"_a", "_b"}));
  EXPECT_EQ(run(PrependScheme::Always, false, " a b"), (Words{"_a_b"}));
  EXPECT_EQ(run(PrependScheme::Never, true, "a  b"), (Words{"a", "_", "_b"}));
  // Only the piece that the input begins with.
  Pieces pieces{"ab", {{0, 1, true}, {1, 2, false}}};
  makeMetaspace("_", PrependScheme::First, true)(pieces);
  EXPECT_EQ(pieces.text, "_ab");
}

TEST(RegexTest, EscapesMeanWhatTheyMeanToOniguruma) {
  auto split = [](const std::string &pattern, const std::string &text) {
    return cut(makeSplit(makeRegex(pattern), SplitBehavior::Removed, true),
               text);
  };
  // White space has U+0085 and the vertical tab, too.
  EXPECT_EQ(split("\\s", "a\u0085\v\u2028b"),
            (Words{"\u0085", "\v", "\u2028"}));
  EXPECT_EQ(split("[^\\s]+", "a\u0085b"), (Words{"a", "b"}));
  EXPECT_EQ(split("\\h+", "xbeefx"), (Words{"beef"}));
  EXPECT_EQ(split("^.", "ab\ncd"), (Words{"a", "c"}));
  EXPECT_EQ(split("(?i:'s)", "'s'S'\u017F"), (Words{"'s", "'S", "'\u017F"}));
  EXPECT_EQ(split("x*", "axxb"), (Words{"xx"}));
}

TEST(RegexTest, WhatMeansSomethingElseIsRefused) {
  auto getError = [](const std::string &pattern) -> std::string {
    try {
      makeRegex(pattern);
    } catch (const dlavm::Error &error) {
      return error.what();
    }
    return "";
  };
  EXPECT_EQ(getError("a(b"), "file: place: 'a(b' is no regular expression: "
                             "U_REGEX_MISMATCHED_PAREN at character 3");
  EXPECT_NE(getError("a{1,3}+").find("has a '}+'"), std::string::npos);
  for (const char *options : {"m", "im", "sm", "i-m", "-x", "ix", "W"})
    for (const char *end : {":a)", ")a"})
      EXPECT_NE(getError("(b|(?" + (options + std::string(end)) + ")")
                    .find("the option '(?" + std::string(options) + "'"),
                std::string::npos)
          << options;
  EXPECT_EQ(getError("(?i:a)(?-i:b)(?:m:)(?=m)(?<!m)[(?m:]\\(?m:?"), "");
  EXPECT_NE(getError("a\\Kb").find("has a '\\K'"), std::string::npos);
}

TEST(DecoderTest, MakesText) {
  EXPECT_EQ(change(makeByteLevelDecoder(), {"\u0120a", "\u00C3", "\u00A9"}),
            Words{" a\u00E9"});
  // A token with other characters stands for itself.
  EXPECT_EQ(change(makeByteLevelDecoder(), {"\u4F60", "\u00FF"}),
            Words{"\u4F60\uFFFD"});
  EXPECT_EQ(change(makeByteFallbackDecoder(),
                   {"<0xC3>", "<0xa9>", "x", "<0xFF>", "<0x41>", "<0xG0>"}),
            (Words{"\u00E9", "x", "\uFFFD", "\uFFFD", "<0xG0>"}));
  EXPECT_EQ(change(makeFuseDecoder(), {"a", "b"}), Words{"ab"});
  EXPECT_EQ(change(makeStripDecoder(" ", 1, 0), {"  a ", "b"}),
            (Words{" a ", "b"}));
  EXPECT_EQ(change(makeStripDecoder(" ", 0, 9), {" a  ", "   "}),
            (Words{" a", ""}));
  EXPECT_EQ(change(makeMetaspaceDecoder("_", true), {"_a_", "_b"}),
            (Words{"a", " b"}));
  EXPECT_EQ(change(makeMetaspaceDecoder("_", false), {"_a", "_b"}),
            (Words{" a", " b"}));
}

TEST(TokenMatcherTest, FindsTheFirstAndLongest) {
  auto add = [](TokenMatcher &matcher, AddedToken token) {
    matcher.add(token.content, token);
  };
  TokenMatcher matcher;
  add(matcher, {0, "<a>", false, false, false, false, true});
  add(matcher, {1, "<a><b>", false, false, false, false, true});
  add(matcher, {2, "word", true, false, false, false, false});
  add(matcher, {3, "[M]", false, true, true, false, false});
  auto split = [&](const std::string &text, bool parseSpecial) {
    Words words;
    matcher.split(text, parseSpecial,
                  [&](std::string_view part, size_t, const AddedToken *token) {
                    words.push_back(
                        (token ? std::to_string(token->id) + ":" : "") +
                        std::string(part));
                  });
    return words;
  };
  EXPECT_EQ(split("x<a><b><a>", true), (Words{"x", "1:<a><b>", "0:<a>"}));
  EXPECT_EQ(split("x<a>word", false), (Words{"x<a>", "2:word"}));
  EXPECT_EQ(split("words word-word \u00E9word", true),
            (Words{"words ", "2:word", "-", "2:word", " \u00E9word"}));
  EXPECT_EQ(split("a  [M] \u3000 b", true),
            (Words{"a", "3:  [M] \u3000 ", "b"}));
  EXPECT_EQ(split("[M] [M]", true), (Words{"3:[M] ", "3:[M]"}));
  EXPECT_EQ(split("", true), Words{});
}

} // namespace
