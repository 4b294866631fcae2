//===- SharedFilesTest.cpp - Tests with real tokenizers -------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// Every file of ../shared/tokenizers encodes the given texts as its reference
// does.
//
//===----------------------------------------------------------------------===//

#include "TestTokenizers.h"
#include "host/Tokenizer/Expressions.h"
#include "host/Tokenizer/Readers.h"

using namespace dlavm::host;
using nlohmann::json;

namespace {

std::string getPath(const std::string &name) {
  return std::string(DLAVM_SHARED_DIR) + "/tokenizers/" + name;
}

json readJSON(const std::string &name) {
  std::ifstream stream(getPath(name));
  return json::parse(stream);
}

json readCases(const std::string &name) {
  const json cases = readJSON(name).at("cases");
  EXPECT_EQ(cases.size(), 200u);
  return cases;
}

/// Skips where the files are missing.
class SharedTest : public testing::Test {
protected:
  void SetUp() override {
    if (!std::filesystem::exists(getPath("strings.json")))
      GTEST_SKIP() << "needs ../shared/tokenizers";
  }
};

class HuggingFaceTest : public SharedTest,
                        public testing::WithParamInterface<const char *> {};

TEST_P(HuggingFaceTest, Encodes) {
  const std::string folder = GetParam();
  const auto tokenizer = Tokenizer::open(getPath(folder));
  const json cases = readCases(folder + "/expected_hf.json");
  for (const json &entry : cases) {
    const std::string text = entry.at("text");
    SCOPED_TRACE(json(text).dump());
    const Ids ids = entry.at("ids"), special = entry.at("ids_special");
    EXPECT_EQ(tokenizer->encode(text), ids);
    EXPECT_EQ(tokenizer->encode(text, {true, true}), special);
    // A second time, from the cache.
    EXPECT_EQ(tokenizer->encode(text), ids);
    const std::string all = entry.at("decoded"),
                      visible = entry.at("decoded_skip_special");
    EXPECT_EQ(tokenizer->decode(ids, false), all);
    EXPECT_EQ(tokenizer->decode(ids, true), visible);
    EXPECT_EQ(streamAll(*tokenizer, ids, false), all);
    EXPECT_EQ(streamAll(*tokenizer, ids, true), visible);
    expectBytes(*tokenizer, ids, all);
    const std::vector<std::string> pieces = entry.at("tokens");
    ASSERT_EQ(pieces.size(), ids.size());
    for (size_t i = 0; i < ids.size(); ++i) {
      // Of an added token, what it was found as.
      if (tokenizer->isSpecial(ids[i]))
        continue;
      EXPECT_EQ(tokenizer->getPiece(ids[i]), pieces[i]);
      EXPECT_EQ(tokenizer->findPiece(pieces[i]), ids[i]);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(SharedFiles, HuggingFaceTest,
                         testing::Values("gpt2", "qwen2", "o200k_gpt4o",
                                         "mistral_v01", "story-656k"));

struct GGUFCase {
  const char *file;
  const char *expected;
};

class GGUFTest : public SharedTest,
                 public testing::WithParamInterface<GGUFCase> {};

TEST_P(GGUFTest, EncodesAsLlamaCpp) {
  const auto tokenizer = Tokenizer::open(getPath(GetParam().file));
  for (const json &entry : readCases(GetParam().expected)) {
    const std::string text = entry.at("text");
    SCOPED_TRACE(json(text).dump());
    const Ids ids = entry.at("ids"), special = entry.at("ids_special");
    EXPECT_EQ(tokenizer->encode(text, {false, false}), ids);
    EXPECT_EQ(tokenizer->encode(text, {true, true}), special);
    EXPECT_EQ(tokenizer->decode(ids, false), text);
    EXPECT_EQ(streamAll(*tokenizer, ids, false), text);
    expectBytes(*tokenizer, ids, text);
  }
}

INSTANTIATE_TEST_SUITE_P(
    SharedFiles, GGUFTest,
    testing::Values(GGUFCase{"gpt2/ggml-vocab-gpt-2.gguf",
                             "gpt2/expected_llamacpp.json"},
                    GGUFCase{"qwen2/ggml-vocab-qwen2.gguf",
                             "qwen2/expected_llamacpp.json"}));

struct ModelCase {
  const char *folder;
  const char *file;
};

class SentencePieceTest : public SharedTest,
                          public testing::WithParamInterface<ModelCase> {};

TEST_P(SentencePieceTest, EncodesAsTheLibrary) {
  const std::string folder = GetParam().folder;
  const auto tokenizer =
      Tokenizer::open(getPath(folder + "/" + GetParam().file));
  const json expected = readJSON(folder + "/expected_sentencepiece.json");
  EXPECT_EQ(tokenizer->getSize(), expected.at("vocab"));
  for (const json &entry : expected.at("cases")) {
    const std::string text = entry.at("text"), decoded = entry.at("decoded");
    SCOPED_TRACE(json(text).dump());
    const Ids ids = entry.at("ids");
    EXPECT_EQ(tokenizer->encode(text, {false, false}), ids);
    EXPECT_EQ(tokenizer->decode(ids, false), decoded);
    EXPECT_EQ(streamAll(*tokenizer, ids, false), decoded);
    expectBytes(*tokenizer, ids, decoded);
    const std::vector<std::string> pieces = entry.at("tokens");
    ASSERT_EQ(pieces.size(), ids.size());
    for (size_t i = 0; i < ids.size(); ++i)
      // Of what is unknown, the library says the text.
      if (ids[i] != 0) {
        EXPECT_EQ(tokenizer->getPiece(ids[i]), pieces[i]);
      }
  }
}

INSTANTIATE_TEST_SUITE_P(
    SharedFiles, SentencePieceTest,
    testing::Values(ModelCase{"mistral_v01", "tokenizer.model"},
                    ModelCase{"spm_bytefallback_small", "tokenizer.model"}));

/// tokenizer.model says what tokenizer.json says, but for special tokens.
TEST_F(SharedTest, SentencePieceModelHasSpecialTokens) {
  const auto tokenizer =
      Tokenizer::open(getPath("mistral_v01/tokenizer.model"));
  EXPECT_EQ(tokenizer->getBeginToken(), 1);
  EXPECT_EQ(tokenizer->getEndToken(), 2);
  for (const json &entry : readCases("mistral_v01/expected_hf.json")) {
    const std::string text = entry.at("text");
    SCOPED_TRACE(json(text).dump());
    EXPECT_EQ(tokenizer->encode(text), entry.at("ids").get<Ids>());
    EXPECT_EQ(tokenizer->encode(text, {true, true}),
              entry.at("ids_special").get<Ids>());
  }
}

TEST_F(SharedTest, OtherSentencePieceModelOpens) {
  const auto tokenizer = Tokenizer::open(
      getPath("spm_bytefallback_small/test_sentencepiece_bpe.model"));
  const std::string text = "this is a test";
  EXPECT_EQ(tokenizer->decode(tokenizer->encode(text)), text);
}

/// The tokens of a byte-level tokenizer.json as a file of tiktoken.
std::string makeTiktoken(const json &vocabulary, size_t count) {
  std::vector<std::string> lines(count);
  for (const auto &[piece, id] : vocabulary.items())
    if (id < count)
      lines[id.get<size_t>()] =
          toBase64(fromByteLevel(piece)) + " " + id.dump() + "\n";
  std::string text;
  for (const std::string &line : lines)
    text += line;
  return text;
}

TEST_F(SharedTest, QwensTiktokenFileSaysWhatTokenizerJSONSays) {
  TestDirectory directory;
  directory.write(
      "qwen.tiktoken",
      makeTiktoken(readJSON("qwen2/tokenizer.json")["model"]["vocab"], 151643));
  directory.write("tokenizer_config.json",
                  R"({"tokenizer_class": "QWenTokenizer"})");
  const auto tokenizer = Tokenizer::open(directory.path);
  for (const json &entry : readCases("qwen2/expected_hf.json")) {
    const std::string text = entry.at("text");
    SCOPED_TRACE(json(text).dump());
    const Ids ids = entry.at("ids");
    EXPECT_EQ(tokenizer->encode(text), ids);
    EXPECT_EQ(tokenizer->decode(ids, false), entry.at("decoded"));
    EXPECT_EQ(streamAll(*tokenizer, ids, false), entry.at("decoded"));
  }
}

TEST_F(SharedTest, GPT2sTiktokenFileEncodesAsTiktoken) {
  TestDirectory directory;
  const std::string path = directory.write(
      "gpt2.tiktoken",
      makeTiktoken(readJSON("gpt2/tokenizer.json")["model"]["vocab"], 50256));
  TiktokenModel model;
  model.expression = expression::kGPT2;
  model.specialTokens = {"<|endoftext|>"};
  const auto tokenizer = openTiktoken(path, {}, model);
  for (const json &entry : readCases("gpt2/expected_tiktoken.json")) {
    const std::string text = entry.at("text");
    SCOPED_TRACE(json(text).dump());
    EXPECT_EQ(tokenizer->encode(text, {false, false}),
              entry.at("ids").get<Ids>());
    EXPECT_EQ(tokenizer->encode(text), entry.at("ids_special").get<Ids>());
    EXPECT_EQ(tokenizer->decode(entry.at("ids").get<Ids>(), false),
              entry.at("decoded"));
  }
}

} // namespace
