//===- TokenizerJSONTest.cpp - Tests of tokenizer.json --------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "TestTokenizers.h"

#include <thread>

using namespace dlavm::host;
using nlohmann::json;

namespace {

class TokenizerJSONTest : public testing::Test {
protected:
  std::unique_ptr<Tokenizer> open(const json &file) {
    directory.write("tokenizer.json", file.dump());
    return Tokenizer::open(directory.path);
  }
  /// What is said, without the path.
  std::string refuse(const json &file) {
    directory.write("tokenizer.json", file.dump());
    const std::string error = getError(directory.path);
    const std::string prefix = directory.path + "/tokenizer.json: ";
    return error.compare(0, prefix.size(), prefix) == 0
               ? error.substr(prefix.size())
               : error;
  }

  TestDirectory directory;
  json file = makeByteTokenizer();
};

TEST_F(TokenizerJSONTest, MergesInOrderOfRank) {
  const auto tokenizer = open(file);
  EXPECT_EQ(tokenizer->getSize(), 263);
  EXPECT_EQ(tokenizer->encode("hello"), Ids{260});
  EXPECT_EQ(tokenizer->encode("hell o"), (Ids{258, 259}));
  EXPECT_EQ(tokenizer->encode("lll"), (Ids{257, 'l'}));
  EXPECT_EQ(tokenizer->encode(""), Ids{});
  EXPECT_EQ(tokenizer->decode({260, 259, 257}), "hello oll");
  // A word that is too long for the quick way.
  std::string text;
  Ids ids;
  for (int i = 0; i < 50; ++i) {
    text += "hello";
    ids.push_back(260);
  }
  EXPECT_EQ(tokenizer->encode(text + "l"), (ids.push_back('l'), ids));
}

TEST_F(TokenizerJSONTest, SpecialTokensAreParsedOnDemand) {
  const auto tokenizer = open(file);
  EXPECT_EQ(tokenizer->encode("o<|end|>o"), (Ids{'o', 261, 'o'}));
  EXPECT_EQ(tokenizer->encode("<|", {false, false}), (Ids{'<', '|'}));
  EXPECT_EQ(tokenizer->encode("<|end|>", {false, false}).size(), 7u);
  // It is no special token.
  EXPECT_EQ(tokenizer->encode("<tool>", {false, false}), Ids{262});
  EXPECT_EQ(tokenizer->decode({'o', 261, 262}), "o<tool>");
  EXPECT_EQ(tokenizer->decode({'o', 261, 262}, false), "o<|end|><tool>");
  EXPECT_TRUE(tokenizer->isSpecial(261));
  EXPECT_FALSE(tokenizer->isSpecial(262));
  EXPECT_EQ(tokenizer->findPiece("<|end|>"), 261);
  EXPECT_EQ(tokenizer->findPiece("nothing"), std::nullopt);
  EXPECT_EQ(tokenizer->getPiece(263), "");
  EXPECT_EQ(tokenizer->getPiece(-1), "");
  EXPECT_EQ(tokenizer->decode({263, -1, 'o'}), "o");
}

TEST_F(TokenizerJSONTest, InvalidBytesAreReplaced) {
  const auto tokenizer = open(file);
  EXPECT_EQ(tokenizer->encode("\xFFo"), (Ids{0xEF, 0xBF, 0xBD, 'o'}));
  EXPECT_EQ(tokenizer->decode({0xC3, 'o'}), "\uFFFDo");
}

TEST_F(TokenizerJSONTest, TemplatesAndConfig) {
  file["post_processor"] = {
      {"type", "Sequence"},
      {"processors",
       {{{"type", "ByteLevel"}},
        {{"type", "TemplateProcessing"},
         {"single",
          {{{"SpecialToken", {{"id", "<|end|>"}, {"type_id", 0}}}},
           {{"Sequence", {{"id", "A"}, {"type_id", 0}}}},
           {{"SpecialToken", {{"id", "<tool>"}, {"type_id", 0}}}}}},
         {"special_tokens",
          {{"<|end|>", {{"id", "<|end|>"}, {"ids", {261}}}},
           {"<tool>", {{"id", "<tool>"}, {"ids", {262}}}}}}}}}};
  EXPECT_EQ(open(file)->encode("o", {true, true}), (Ids{261, 'o', 262}));
  EXPECT_EQ(open(file)->encode("o"), Ids{'o'});
  EXPECT_EQ(open(file)->getBeginToken(), std::nullopt);

  // The classes of Llama have their template from the configuration.
  json config = {{"tokenizer_class", "LlamaTokenizer"},
                 {"add_bos_token", true},
                 {"add_eos_token", false},
                 {"bos_token", {{"content", "<tool>"}}},
                 {"eos_token", "<|end|>"},
                 {"added_tokens_decoder",
                  {{"263", {{"content", "<new>"}, {"special", true}}}}}};
  directory.write("tokenizer_config.json", config.dump());
  auto tokenizer = open(file);
  EXPECT_EQ(tokenizer->encode("o", {true, true}), (Ids{262, 'o'}));
  EXPECT_EQ(tokenizer->getBeginToken(), 262);
  EXPECT_EQ(tokenizer->getEndToken(), 261);
  EXPECT_TRUE(tokenizer->isSpecial(262));
  EXPECT_EQ(tokenizer->encode("<new>o"), (Ids{263, 'o'}));

  config["tokenizer_class"] = "PreTrainedTokenizerFast";
  directory.write("tokenizer_config.json", config.dump());
  EXPECT_EQ(open(file)->encode("o", {true, true}), (Ids{261, 'o', 262}));

  directory.write("tokenizer_config.json", "{}");
  directory.write("special_tokens_map.json", R"({"bos_token": "<|end|>"})");
  EXPECT_EQ(open(file)->getBeginToken(), 261);
}

TEST_F(TokenizerJSONTest, ByteFallbackAndUnknown) {
  json vocabulary = {{"<unk>", 0}, {"\u2581", 1}, {"a", 2}, {"\u2581a", 3}};
  json &model = file["model"];
  model["vocab"] = vocabulary;
  model["merges"] = json::array({json::array({"\u2581", "a"})});
  model["unk_token"] = "<unk>";
  file["added_tokens"] = json::array();
  file["pre_tokenizer"] = {{"type", "Metaspace"},
                           {"replacement", "\u2581"},
                           {"prepend_scheme", "first"},
                           {"split", false}};
  file["decoder"] = {{"type", "Metaspace"},
                     {"replacement", "\u2581"},
                     {"prepend_scheme", "first"}};
  EXPECT_EQ(open(file)->encode("a axxa"), (Ids{3, 3, 0, 0, 2}));
  EXPECT_EQ(open(file)->decode({3, 3, 2}), "a aa");
  model["fuse_unk"] = true;
  EXPECT_EQ(open(file)->encode("axxa"), (Ids{3, 0, 2}));
  model["unk_token"] = nullptr;
  EXPECT_EQ(open(file)->encode("axxa"), (Ids{3, 2}));

  model["byte_fallback"] = true;
  model["unk_token"] = "<unk>";
  model["vocab"]["<0xC3>"] = 4;
  model["vocab"]["<0xA9>"] = 5;
  EXPECT_EQ(open(file)->encode("a\u00E9x"), (Ids{3, 4, 5, 0}));
}

TEST_F(TokenizerJSONTest, IgnoresMergesOnDemand) {
  file["model"]["merges"] = json::array();
  EXPECT_EQ(open(file)->encode("hello"), (Ids{'h', 'e', 'l', 'l', 'o'}));
  file["model"]["ignore_merges"] = true;
  EXPECT_EQ(open(file)->encode("hello"), Ids{260});
}

TEST_F(TokenizerJSONTest, NormalizedTokensAreFoundInNormalizedText) {
  file["normalizer"] = {{"type", "Lowercase"}};
  file["added_tokens"][1]["content"] = "Tool";
  file["added_tokens"][1]["normalized"] = true;
  EXPECT_EQ(open(file)->encode("oTOOLo"), (Ids{'o', 262, 'o'}));
  file["added_tokens"][1]["normalized"] = false;
  EXPECT_EQ(open(file)->encode("TOol").size(), 4u);
  EXPECT_EQ(open(file)->encode("Tool"), Ids{262});
}

TEST_F(TokenizerJSONTest, SeveralThreadsEncode) {
  const auto tokenizer = open(file);
  std::vector<std::thread> threads;
  std::vector<int> wrong(4);
  for (int &failures : wrong)
    threads.emplace_back([&] {
      for (int i = 0; i < 200; ++i)
        failures +=
            tokenizer->encode("hello hell o") != Ids{260, ' ', 258, 259};
    });
  for (std::thread &thread : threads)
    thread.join();
  EXPECT_EQ(wrong, std::vector<int>(4));
}

TEST_F(TokenizerJSONTest, WhatIsNotKnownIsRefusedWithItsPlace) {
  auto change = [&](const char *pointer, const json &value) {
    json changed = file;
    changed[json::json_pointer(pointer)] = value;
    return refuse(changed);
  };
  EXPECT_EQ(change("/version", "2.0"),
            "version: expected \"1.0\", found \"2.0\"");
  EXPECT_EQ(change("/model/type", "WordPiece"),
            "model.type: the model \"WordPiece\" is not known; known is BPE");
  EXPECT_EQ(change("/model/dropout", 0.1),
            "model.dropout: expected null or 0, as the same text must have the "
            "same tokens, found 0.1");
  EXPECT_EQ(change("/model/end_of_word_suffix", "</w>"),
            "model.end_of_word_suffix: expected null or \"\"; no other form is "
            "known, found \"</w>\"");
  EXPECT_EQ(change("/model/new_option", true),
            "model.new_option: this member is not known here");
  EXPECT_EQ(change("/model/unk_token", "<unk>"),
            "model.unk_token: '<unk>' is no token of the vocabulary");
  EXPECT_EQ(change("/model/merges/1", "l x y"),
            "model.merges[1]: expected two tokens with a space between them, "
            "found \"l x y\"");
  EXPECT_EQ(change("/model/merges/1", "l xy"),
            "model.merges[1]: 'xy' is no token of the vocabulary");
  EXPECT_EQ(change("/model/vocab/he", 0),
            "model.vocab.'\u0100': expected an id of its own ('he' has the "
            "same), found 0");
  EXPECT_EQ(change("/model/vocab/he", 1000000),
            "model.vocab.'he': expected an id from 0 to 66057, found 1000000");
  EXPECT_EQ(change("/normalizer", {{"type", "Nmt"}}).substr(0, 54),
            "normalizer.type: the normalizer \"Nmt\" is not known; kn");
  EXPECT_EQ(change("/pre_tokenizer",
                   {{"type", "Sequence"},
                    {"pretokenizers", {{{"type", "UnicodeScripts"}}}}})
                .substr(0, 59),
            "pre_tokenizer.pretokenizers[0].type: the pre-tokenizer \"Uni");
  EXPECT_EQ(change("/decoder/type", "CTC").substr(0, 30),
            "decoder.add_prefix_space: this");
  EXPECT_EQ(change("/pre_tokenizer", {{"type", "Split"},
                                      {"pattern", {{"Regex", "("}}},
                                      {"behavior", "Isolated"},
                                      {"invert", false}}),
            "pre_tokenizer.pattern.Regex: '(' is no regular expression: "
            "U_REGEX_MISMATCHED_PAREN at character 1");
  EXPECT_EQ(change("/added_tokens/0/id", 5),
            "added_tokens[0]: the added token '<|end|>' has the id 5, which "
            "is that of '\u0105'");
  EXPECT_EQ(change("/added_tokens/0/id", 262),
            "added_tokens[1]: the added token '<tool>' has the id 262, but "
            "'<|end|>' has the id 262");
  EXPECT_EQ(change("/added_tokens/0/content", "he"),
            "added_tokens[0]: the added token 'he' has the id 261, but 256 in "
            "the vocabulary");
  EXPECT_EQ(change("/added_tokens/0/special", 1),
            "added_tokens[0].special: expected true or false, found 1");
  EXPECT_EQ(change("/model", 5), "model: expected an object, found 5");
}

TEST_F(TokenizerJSONTest, BrokenFiles) {
  EXPECT_NE(getError(directory.path).find("no tokenizer"), std::string::npos);
  EXPECT_FALSE(Tokenizer::isIn(directory.path));
  directory.write("tokenizer.json", "{\n\"version\": }");
  EXPECT_NE(getError(directory.path).find("tokenizer.json:2:12: "),
            std::string::npos);
  directory.write("tokenizer.json",
                  std::string(1000000, '[') + std::string(1000000, ']'));
  EXPECT_NE(getError(directory.path).find("is nested deeper than 64 levels"),
            std::string::npos);
  std::filesystem::remove(directory.path + "/tokenizer.json");
  std::filesystem::create_directory(directory.path + "/tokenizer.json");
  EXPECT_NE(getError(directory.path).find("is no regular file"),
            std::string::npos);
}

/// Whatever happens to the bytes of a file, it is opened, or refused with its
/// name.
TEST_F(TokenizerJSONTest, MutatedFilesDoNotCrash) {
  file["normalizer"] = {{"type", "NFC"}};
  file["pre_tokenizer"] = {{"type", "Sequence"},
                           {"pretokenizers",
                            {{{"type", "Split"},
                              {"pattern", {{"Regex", "\\p{L}+|[^\\s]+|\\s+"}}},
                              {"behavior", "Isolated"},
                              {"invert", false}},
                             {{"type", "ByteLevel"},
                              {"add_prefix_space", false},
                              {"use_regex", false}}}}};
  // Few tokens, so that what is changed is seldom one of them.
  json vocabulary;
  for (const char *token : {"h", "e", "l", "o", "he", "ll", "hell", "hello"})
    vocabulary[token] = vocabulary.size();
  file["model"]["vocab"] = vocabulary;
  file["model"]["merges"] = {"h e", "l l", "he ll", "hell o"};
  file["added_tokens"][0]["id"] = 8;
  file["added_tokens"][1]["id"] = 9;
  const std::string text = file.dump();
  ASSERT_EQ((directory.write("tokenizer.json", text), getError(directory.path)),
            "");
  std::mt19937 random(1);
  int opened = 0;
  for (int round = 0; round < 3000; ++round) {
    directory.write("tokenizer.json", mutate(text, random));
    try {
      const auto tokenizer = Tokenizer::open(directory.path);
      tokenizer->decode(tokenizer->encode("hello <tool>\xFF", {true, true}));
      ++opened;
    } catch (const dlavm::Error &error) {
      const std::string message = error.what();
      EXPECT_NE(message.find("tokenizer.json:"), std::string::npos) << message;
    }
  }
  // Both happens.
  EXPECT_GT(opened, 30);
  EXPECT_LT(opened, 2000);
}

TEST_F(TokenizerJSONTest, StreamsHandOutWholeCharacters) {
  const auto tokenizer = open(file);
  TextStream stream(*tokenizer);
  EXPECT_EQ(stream.add('a'), "a");
  // U+1F600.
  EXPECT_EQ(stream.add(0xF0), "");
  EXPECT_EQ(stream.add(0x9F), "");
  EXPECT_EQ(stream.add(0x98), "");
  EXPECT_EQ(stream.add(0x80), "\U0001F600");
  EXPECT_EQ(stream.add(261), "");
  EXPECT_EQ(stream.add(0xE2), "");
  EXPECT_EQ(stream.add('b'), "\uFFFDb");
  EXPECT_EQ(stream.add(0xC3), "");
  EXPECT_EQ(stream.finish(), "\uFFFD");
  EXPECT_EQ(stream.add('c'), "c");
}

TEST_F(TokenizerJSONTest, StreamsOfAnyBytesAreTheirText) {
  const auto tokenizer = open(file);
  std::mt19937 random(2);
  for (unsigned round = 0; round < 500; ++round) {
    Ids ids(round % 5 == 0 ? 200 : 20);
    // Some have hardly a whole character.
    const unsigned whole = round % 4 ? 3 : 50;
    for (int32_t &id : ids)
      id = static_cast<int32_t>(random() % whole ? 0x80 + random() % 0x80
                                                 : random() % 263);
    EXPECT_EQ(streamAll(*tokenizer, ids), tokenizer->decode(ids));
  }
}

/// Knows how many ids were decoded at once.
class CountingTokenizer : public Tokenizer {
public:
  explicit CountingTokenizer(const Tokenizer &other) : other(other) {}
  Ids encode(std::string_view text,
             const EncodeOptions &options) const override {
    return other.encode(text, options);
  }
  std::string decode(const Ids &ids, bool skipSpecial) const override {
    most = std::max(most, ids.size());
    return other.decode(ids, skipSpecial);
  }
  std::string getBytes(int32_t id) const override { return other.getBytes(id); }
  int32_t getSize() const override { return other.getSize(); }
  std::string getPiece(int32_t id) const override { return other.getPiece(id); }
  std::optional<int32_t> findPiece(std::string_view piece) const override {
    return other.findPiece(piece);
  }
  bool isSpecial(int32_t id) const override { return other.isSpecial(id); }
  std::optional<int32_t> getBeginToken() const override { return {}; }
  std::optional<int32_t> getEndToken() const override { return {}; }

  mutable size_t most = 0;

private:
  const Tokenizer &other;
};

TEST_F(TokenizerJSONTest, StreamsForgetWhatAddsNoText) {
  const auto tokenizer = open(file);
  // Special tokens, bytes that are no character, half a character for each.
  for (const Ids &part :
       {Ids{261}, Ids{0x80}, Ids{0xC3}, Ids{0xA9, 0xC3}, Ids{263}}) {
    Ids ids = {0xC3};
    while (ids.size() < 1000)
      ids.insert(ids.end(), part.begin(), part.end());
    const CountingTokenizer counting(*tokenizer);
    EXPECT_EQ(streamAll(counting, ids), tokenizer->decode(ids));
    EXPECT_LE(counting.most, 40u);
  }
}

TEST_F(TokenizerJSONTest, BytesOfTokens) {
  const auto tokenizer = open(file);
  EXPECT_EQ(joinBytes(*tokenizer, {259, 0xC3, 261, 262}),
            " o\xC3<|end|><tool>");
  EXPECT_EQ(joinBytes(*tokenizer, {-1, 263}), "");
  // Where nothing decodes, tokens are words.
  file["decoder"] = nullptr;
  EXPECT_EQ(open(file)->getBytes('a'), " a");
  // Each word is stripped, or what they are together.
  const json strip = {
      {"type", "Strip"}, {"content", "h"}, {"start", 1}, {"stop", 0}};
  file["decoder"] = strip;
  EXPECT_EQ(open(file)->getBytes(256), "e");
  file["decoder"] = {{"type", "Sequence"},
                     {"decoders", {{{"type", "Fuse"}}, strip}}};
  EXPECT_EQ(open(file)->getBytes(256), "he");
  EXPECT_EQ(open(file)->decode({256}), "e");
}

TEST_F(TokenizerJSONTest, StreamsKeepSpacesBetweenWords) {
  json &model = file["model"];
  model["vocab"] = {{"<unk>", 0},   {"\u2581", 1}, {"a", 2},
                    {"\u2581a", 3}, {"<0xC3>", 4}, {"<0xA9>", 5}};
  model["merges"] = {"\u2581 a"};
  file["added_tokens"] = json::array();
  file["pre_tokenizer"] = nullptr;
  file["decoder"] = {
      {"type", "Sequence"},
      {"decoders",
       {{{"type", "Replace"},
         {"pattern", {{"String", "\u2581"}}},
         {"content", " "}},
        {{"type", "ByteFallback"}},
        {{"type", "Fuse"}},
        {{"type", "Strip"}, {"content", " "}, {"start", 1}, {"stop", 0}}}}};
  const auto tokenizer = open(file);
  EXPECT_EQ(joinBytes(*tokenizer, {3, 1, 4, 5, 4}), " a \u00E9\xC3");
  TextStream stream(*tokenizer);
  EXPECT_EQ(stream.add(3), "a");
  EXPECT_EQ(stream.add(3), " a");
  EXPECT_EQ(stream.add(1), " ");
  EXPECT_EQ(stream.add(3), " a");
  EXPECT_EQ(stream.add(4), "");
  EXPECT_EQ(stream.add(5), "\u00E9");
  EXPECT_EQ(stream.add(4), "");
  EXPECT_EQ(stream.add(5), "\u00E9");
  EXPECT_EQ(stream.add(3), " a");
  EXPECT_EQ(streamAll(*tokenizer, {1, 3, 1, 1, 3}),
            tokenizer->decode({1, 3, 1, 1, 3}));
  // A character, then half a one, which makes the decoder doubt both.
  EXPECT_EQ(streamAll(*tokenizer, {4, 5, 4, 2}), "\u00E9\uFFFDa");
  EXPECT_EQ(streamAll(*tokenizer, {4, 5, 4}), "\u00E9\uFFFD");
}

} // namespace
