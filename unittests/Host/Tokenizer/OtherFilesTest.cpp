//===- OtherFilesTest.cpp - Tests of GGUF, sentencepiece and tiktoken -----===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "TestTokenizers.h"
#include "host/Tokenizer/TokenizerFiles.h"

using namespace dlavm::host;

using Texts = std::vector<std::string>;

namespace {

class OtherFilesTest : public testing::Test {
protected:
  /// What is said, without the path.
  std::string refuse(const std::string &name, const std::string &file) {
    const std::string path = directory.write(name, file);
    const std::string error = getError(path);
    return error.compare(0, path.size(), path) == 0 ? error.substr(path.size())
                                                    : error;
  }
  /// Changed files are opened or refused with their name.
  void mutateAll(const std::string &name, const std::string &file, int rounds) {
    std::mt19937 random(1);
    int opened = 0;
    for (int round = 0; round < rounds; ++round) {
      const std::string path = directory.write(name, mutate(file, random));
      try {
        const auto tokenizer = Tokenizer::open(path);
        tokenizer->decode(tokenizer->encode("hello \u00E9</s>", {true, true}),
                          false);
        ++opened;
      } catch (const dlavm::Error &error) {
        EXPECT_NE(std::string(error.what()).find(name), std::string::npos)
            << error.what();
      }
    }
    EXPECT_GT(opened, 0);
    EXPECT_LT(opened, rounds);
  }

  TestDirectory directory;
};

//===----------------------------------------------------------------------===//
// GGUF
//===----------------------------------------------------------------------===//

/// Bytes, "he", "ll", "hell", and <|end|> and <tool>.
GGUFWriter makeByteLevelGGUF(const std::string &pre = "gpt-2") {
  Texts tokens;
  std::vector<int32_t> types(261, 1);
  for (int byte = 0; byte < 256; ++byte) {
    tokens.emplace_back();
    appendByteLevel(tokens.back(), std::string(1, static_cast<char>(byte)));
  }
  for (const char *token : {"he", "ll", "hell", "<|end|>", "<tool>"})
    tokens.emplace_back(token);
  types[259] = 3;
  types[260] = 4;
  GGUFWriter file;
  file.addText("general.architecture", "llama");
  file.addArray<int32_t>("llama.skipped", 5, {1, 2, 3});
  file.addText("tokenizer.ggml.model", "gpt2");
  file.addText("tokenizer.ggml.pre", pre);
  file.addArray("tokenizer.ggml.tokens", 8, tokens);
  file.addArray("tokenizer.ggml.token_type", 5, types);
  file.addArray<std::string>("tokenizer.ggml.merges", 8,
                             {"h e", "l l", "he ll"});
  file.addIndex("tokenizer.ggml.bos_token_id", 259);
  file.addIndex("tokenizer.ggml.eos_token_id", 259);
  return file;
}

TEST_F(OtherFilesTest, GGUFOfBytes) {
  const std::string path =
      directory.write("a.gguf", makeByteLevelGGUF().getFile());
  auto tokenizer = Tokenizer::open(path);
  EXPECT_EQ(tokenizer->getSize(), 261);
  EXPECT_EQ(tokenizer->encode("hello"), (Ids{258, 'o'}));
  EXPECT_EQ(tokenizer->encode("o", {true, true}), Ids{'o'});
  EXPECT_EQ(tokenizer->encode("<|end|><tool>"), (Ids{259, 260}));
  EXPECT_EQ(tokenizer->encode("<|end|><tool>", {false, false}).back(), 260);
  EXPECT_EQ(tokenizer->decode({258, 'o', 259}), "hello");
  EXPECT_EQ(tokenizer->getEndToken(), 259);

  // These models begin with BOS, unless the file says otherwise.
  GGUFWriter llama = makeByteLevelGGUF("llama-bpe");
  directory.write("a.gguf", llama.getFile());
  EXPECT_EQ(Tokenizer::open(path)->encode("o", {true, true}), (Ids{259, 'o'}));
  llama.addBool("tokenizer.ggml.add_bos_token", false);
  llama.addBool("tokenizer.ggml.add_eos_token", true);
  directory.write("a.gguf", llama.getFile());
  EXPECT_EQ(Tokenizer::open(path)->encode("o", {true, true}), (Ids{'o', 259}));
}

/// <unk>, <s>, </s>, "_", "a", "b", "_a", "ab", the bytes of U+00E9.
GGUFWriter makeSentencePieceGGUF() {
  GGUFWriter file;
  file.addText("tokenizer.ggml.model", "llama");
  file.addArray<std::string>("tokenizer.ggml.tokens", 8,
                             {"<unk>", "<s>", "</s>", "\u2581", "a", "b",
                              "\u2581a", "ab", "<0xC3>", "<0xA9>"});
  file.addArray<float>("tokenizer.ggml.scores", 6,
                       {0, 0, 0, -3, -4, -5, -2, -1, 0, 0});
  file.addArray<int32_t>("tokenizer.ggml.token_type", 5,
                         {2, 3, 3, 1, 1, 1, 1, 1, 6, 6});
  file.addIndex("tokenizer.ggml.bos_token_id", 1);
  file.addIndex("tokenizer.ggml.eos_token_id", 2);
  file.addIndex("tokenizer.ggml.unknown_token_id", 0);
  return file;
}

TEST_F(OtherFilesTest, GGUFOfScores) {
  GGUFWriter file = makeSentencePieceGGUF();
  const std::string path = directory.write("a.gguf", file.getFile());
  auto tokenizer = Tokenizer::open(path);
  // "ab" has the larger score.
  EXPECT_EQ(tokenizer->encode("ab a"), (Ids{3, 7, 6}));
  EXPECT_EQ(tokenizer->encode("a", {true, true}), (Ids{1, 6}));
  EXPECT_EQ(tokenizer->encode("\u00E9x"), (Ids{3, 8, 9, 0}));
  EXPECT_EQ(tokenizer->encode("a</s>a"), (Ids{6, 2, 6}));
  EXPECT_EQ(tokenizer->decode({1, 3, 7, 6, 8, 9, 2}), "ab a\u00E9");
  EXPECT_EQ(streamAll(*tokenizer, {1, 3, 7, 6, 8, 9, 2}), "ab a\u00E9");
  EXPECT_EQ(joinBytes(*tokenizer, {3, 6, 8, 2}), "  a\xC3</s>");

  file.addBool("tokenizer.ggml.add_space_prefix", false);
  directory.write("a.gguf", file.getFile());
  EXPECT_EQ(Tokenizer::open(path)->encode("ab a"), (Ids{7, 6}));
  EXPECT_EQ(Tokenizer::open(path)->decode({6, 6}), " a a");
}

TEST_F(OtherFilesTest, GGUFWithTooMuch) {
  GGUFWriter file;
  file.addArray("other.bytes", 0, std::vector<uint8_t>((1 << 24) + 1));
  file.addArray("tokenizer.bytes", 0, std::vector<uint8_t>((1 << 24) + 1));
  const std::string path = directory.write("a.gguf", file.getFile());
  EXPECT_NE(getError(path).find("an array has 16777217 elements, more than any "
                                "tokenizer"),
            std::string::npos)
      << getError(path);
}

TEST_F(OtherFilesTest, GGUFIsRefusedWithTheByte) {
  auto change = [&](const std::function<void(GGUFWriter &)> &add) {
    GGUFWriter file;
    add(file);
    return refuse("a.gguf", file.getFile());
  };
  EXPECT_EQ(
      refuse("a.gguf", makeByteLevelGGUF("unheard").getFile()).substr(0, 65),
      ": byte 192: 'tokenizer.ggml.pre' is 'unheard', which is not known");
  EXPECT_EQ(change([](GGUFWriter &) {}),
            ": 'tokenizer.ggml.model' is missing; the file has no tokenizer");
  EXPECT_EQ(change([](GGUFWriter &file) {
              file.addIndex("tokenizer.ggml.model", 1);
            }),
            ": byte 56: 'tokenizer.ggml.model' is no text");
  EXPECT_EQ(change([](GGUFWriter &file) {
              file.addText("tokenizer.ggml.model", "bert");
              file.addArray<std::string>("tokenizer.ggml.tokens", 8, {"a"});
            }),
            ": byte 56: 'tokenizer.ggml.model' is 'bert'; known are gpt2 and "
            "llama");
  EXPECT_EQ(change([](GGUFWriter &file) {
              file.addText("tokenizer.ggml.model", "gpt2");
              file.addText("tokenizer.ggml.model", "gpt2");
            }),
            ": byte 68: the key 'tokenizer.ggml.model' comes a second time");
  EXPECT_EQ(
      change([](GGUFWriter &file) {
        file.addText("tokenizer.ggml.model", "llama");
        file.addArray<std::string>("tokenizer.ggml.tokens", 8, {"a", "b", "a"});
      }),
      ": byte 102: 'tokenizer.ggml.tokens' has the token 'a' twice");
  EXPECT_EQ(change([](GGUFWriter &file) {
              file.addText("tokenizer.ggml.model", "llama");
              file.addArray<std::string>("tokenizer.ggml.tokens", 8, {"a"});
              file.addArray<float>("tokenizer.ggml.scores", 6, {1, 2});
            }),
            ": byte 156: 'tokenizer.ggml.scores' is no array of 1 numbers, one "
            "for each token");
  std::string file = makeByteLevelGGUF().getFile();
  EXPECT_EQ(refuse("a.gguf", file.substr(0, 100)),
            ": byte 98: the file ends within a value; is the download "
            "complete?");
  file[4] = 9;
  EXPECT_EQ(refuse("a.gguf", file),
            ": byte 4: the version is 9, but 2 and 3 are supported; convert "
            "the model again");
  EXPECT_EQ(refuse("a.gguf", "GGML"),
            ": byte 0: it is no GGUF file, which begins with these letters");
}

TEST_F(OtherFilesTest, GGUFWithoutModelHasTheSameTokenizer) {
  GGUFWriter file = makeByteLevelGGUF("llama-bpe");
  file.addText("tokenizer.chat_template", "{{messages}}");
  const std::string path = directory.write("a.gguf", file.getFile());
  const TokenizerFiles files = collectTokenizerFiles(path);
  EXPECT_EQ(files.problem, "");
  ASSERT_EQ(files.files.size(), 1u);
  EXPECT_EQ(files.files[0].name, "tokenizer.gguf");
  EXPECT_EQ(files.files[0].content.find("llama.skipped"), std::string::npos);
  EXPECT_NE(files.files[0].content.find("{{messages}}"), std::string::npos);
  TestDirectory packed;
  packed.write("tokenizer.gguf", files.files[0].content);
  const auto tokenizer = Tokenizer::open(packed.path);
  EXPECT_EQ(tokenizer->getSize(), 261);
  EXPECT_EQ(tokenizer->encode("hello", {true, true}), (Ids{259, 258, 'o'}));

  // Nothing is copied where there is none.
  GGUFWriter none;
  none.addText("general.architecture", "llama");
  const TokenizerFiles empty =
      collectTokenizerFiles(directory.write("b.gguf", none.getFile()));
  EXPECT_EQ(empty.files.size(), 0u);
  EXPECT_NE(empty.problem.find("the file has no tokenizer"), std::string::npos);
}

TEST_F(OtherFilesTest, MutatedGGUFDoesNotCrash) {
  mutateAll("a.gguf", makeSentencePieceGGUF().getFile(), 2000);
}

//===----------------------------------------------------------------------===//
// sentencepiece
//===----------------------------------------------------------------------===//

ModelWriter makeModel() {
  ModelWriter model;
  model.hasBytes = true;
  model.add("<unk>", 0, ModelWriter::Unknown);
  model.add("<s>", 0, ModelWriter::Control);
  model.add("</s>", 0, ModelWriter::Control);
  for (int byte = 0; byte < 256; ++byte) {
    char name[8];
    std::snprintf(name, sizeof name, "<0x%02X>", byte);
    model.add(name, 0, ModelWriter::Byte);
  }
  float score = -1;
  for (const char *piece : {"ab", "\u2581a", "\u2581", "a", "b"})
    model.add(piece, score--);
  return model;
}

TEST_F(OtherFilesTest, SentencePiece) {
  const std::string path =
      directory.write("tokenizer.model", makeModel().getFile());
  auto tokenizer = Tokenizer::open(path);
  EXPECT_EQ(tokenizer->getSize(), 264);
  EXPECT_EQ(tokenizer->encode("ab a"), (Ids{261, 259, 260}));
  EXPECT_EQ(tokenizer->encode("a", {true, true}), (Ids{1, 260}));
  EXPECT_EQ(tokenizer->encode("a</s>a"), (Ids{260, 2, 260}));
  EXPECT_EQ(tokenizer->encode("</s>", {false, false}).size(), 5u);
  EXPECT_EQ(tokenizer->decode({1, 261, 259, 260, 2}), "ab a");
  EXPECT_EQ(tokenizer->decode({1, 261, 259, 260, 2}, false), "<s>ab a</s>");
  EXPECT_EQ(streamAll(*tokenizer, {260, 260, 198, 172, 261, 260}),
            "a a\u00E9  a");
  EXPECT_EQ(joinBytes(*tokenizer, {260, 198, 261, 1, 999, -1}), " a\xC3 <s>");
  // What is unknown has no text of its own.
  EXPECT_EQ(tokenizer->getBytes(0), tokenizer->decode({0}));
  EXPECT_EQ(tokenizer->findPiece("ab"), 259);
  EXPECT_TRUE(tokenizer->isSpecial(1));
  EXPECT_FALSE(tokenizer->isSpecial(259));

  directory.write("tokenizer_config.json", R"({
    "tokenizer_class": "LlamaTokenizer", "legacy": false,
    "add_bos_token": false, "add_eos_token": true, "eos_token": "<end>",
    "added_tokens_decoder": {"264": {"content": "<end>", "special": true}}})");
  tokenizer = Tokenizer::open(directory.path);
  // No space behind special tokens.
  EXPECT_EQ(tokenizer->encode("a<end>ab", {true, true}),
            (Ids{260, 264, 259, 264}));
  EXPECT_EQ(tokenizer->decode({260, 264}, false), "a<end>");
  EXPECT_EQ(tokenizer->getEndToken(), 264);
}

TEST_F(OtherFilesTest, SentencePieceOfChatGLM) {
  directory.write("tokenizer.model", makeModel().getFile());
  directory.write("tokenizer_config.json",
                  R"({"tokenizer_class": "ChatGLMTokenizer",
                      "added_tokens_decoder":
                        {"269": {"content": "<|user|>", "special": true}}})");
  const auto tokenizer = Tokenizer::open(directory.path);
  EXPECT_EQ(tokenizer->encode("a", {true, true}), (Ids{265, 267, 260}));
  EXPECT_EQ(tokenizer->encode("<|user|>a"), (Ids{269, 260}));
}

TEST_F(OtherFilesTest, SentencePieceIsRefusedWithTheByte) {
  auto change = [&](const std::function<void(ModelWriter &)> &add) {
    ModelWriter model;
    add(model);
    return refuse("tokenizer.model", model.getFile());
  };
  EXPECT_EQ(change([](ModelWriter &) {}),
            " has 0 pieces for what is unknown, but a model of sentencepiece "
            "has one");
  EXPECT_EQ(change([](ModelWriter &model) {
              model.add("<unk>", 0, ModelWriter::Unknown);
              model.add("<unk>");
            }),
            ": byte 18: the piece '<unk>' comes twice");
  EXPECT_EQ(change([](ModelWriter &model) { model.add("a", NAN); }),
            ": byte 5: the piece 0 has a score that is no number of at most "
            "1e10");
  EXPECT_EQ(change([](ModelWriter &model) { model.add("a", 0, 9); }),
            ": byte 10: the piece 0 has the unknown type 9");
  EXPECT_EQ(change([](ModelWriter &model) { model.add("\xFF"); }),
            ": byte 2: the piece 0 is no text");
  const std::string file = makeModel().getFile();
  EXPECT_EQ(refuse("tokenizer.model", file.substr(0, 10)),
            ": byte 0: a field has 14 bytes, but only 8 are left; is the "
            "download complete?");
  EXPECT_EQ(refuse("tokenizer.model", ""),
            " has 0 pieces for what is unknown, but a model of sentencepiece "
            "has one");
}

TEST_F(OtherFilesTest, MutatedSentencePieceDoesNotCrash) {
  mutateAll("tokenizer.model", makeModel().getFile(), 2000);
  mutateAll("tokenizer.model", makeModel().getFile(/*isBPE=*/false), 1000);
}

/// It has a character map, in which the library would get lost.
TEST_F(OtherFilesTest, MutatedCharacterMapDoesNotCrash) {
  const std::string path = std::string(DLAVM_SHARED_DIR) +
                           "/tokenizers/spm_bytefallback_small/tokenizer.model";
  if (!std::filesystem::exists(path))
    GTEST_SKIP() << "needs ../shared/tokenizers";
  std::ifstream stream(path, std::ios::binary);
  const std::string file{std::istreambuf_iterator<char>(stream), {}};
  mutateAll("tokenizer.model", file, 200);
  std::mt19937 random(3);
  for (int round = 0; round < 100; ++round) {
    std::string changed = file;
    for (int i = 0; i < 100; ++i)
      changed[file.size() / 5 + random() % (file.size() * 4 / 5)] =
          static_cast<char>(random());
    const std::string name = directory.write("tokenizer.model", changed);
    try {
      Tokenizer::open(name)->encode("\uFB01 \u2460 \u0958 \uFF41e\u0301");
    } catch (const dlavm::Error &) {
    }
  }
}

//===----------------------------------------------------------------------===//
// tiktoken
//===----------------------------------------------------------------------===//

/// The bytes, "ll", "he", "hell".
std::string makeTiktoken() {
  std::string text;
  int rank = 0;
  for (int byte = 0; byte < 256; ++byte)
    text += toBase64(std::string(1, static_cast<char>(byte))) + " " +
            std::to_string(rank++) + "\n";
  for (const char *token : {"ll", "he", "hell"})
    text += toBase64(token) + " " + std::to_string(rank++) + "\n";
  return text;
}

TEST_F(OtherFilesTest, TiktokenOfQwen) {
  directory.write("qwen.tiktoken", makeTiktoken());
  const auto tokenizer = Tokenizer::open(directory.path);
  EXPECT_EQ(tokenizer->getSize(), 259 + 208);
  EXPECT_EQ(tokenizer->encode("hello"), (Ids{258, 'o'}));
  EXPECT_EQ(tokenizer->encode("<|im_start|>e\u0301"), (Ids{260, 0xC3, 0xA9}));
  EXPECT_EQ(tokenizer->decode({260, 258, 0xC3, 0xA9}), "hell\u00E9");
  EXPECT_EQ(tokenizer->findPiece("<|extra_204|>"), 259 + 207);
}

TEST_F(OtherFilesTest, TiktokenOfGLM4) {
  directory.write("tokenizer.model", makeTiktoken());
  directory.write("tokenizer_config.json",
                  R"({"tokenizer_class": "ChatGLM4Tokenizer",
                      "eos_token": "<|endoftext|>", "added_tokens_decoder": {
                        "259": {"content": "<|endoftext|>", "special": true},
                        "260": {"content": "[gMASK]", "special": true},
                        "261": {"content": "<sop>", "special": true}}})");
  const auto tokenizer = Tokenizer::open(directory.path);
  EXPECT_EQ(tokenizer->encode("he", {true, true}), (Ids{260, 261, 257}));
  EXPECT_EQ(tokenizer->encode("1234"), (Ids{'1', '2', '3', '4'}));
  EXPECT_EQ(tokenizer->getEndToken(), 259);
}

TEST_F(OtherFilesTest, TiktokenIsRefusedWithTheLine) {
  EXPECT_NE(refuse("tokenizer.model", makeTiktoken())
                .find("tokenizer_config.json must say \"tokenizer_class\""),
            std::string::npos);
  auto change = [&](const std::string &line) {
    return refuse("qwen.tiktoken", makeTiktoken() + line);
  };
  EXPECT_EQ(change("bGw=\n"),
            ":260: expected a token in base64, a space and its rank");
  EXPECT_EQ(change("b*== 259\n"),
            ":260: expected a token in base64, a space and its rank");
  EXPECT_EQ(change("bGxs 12\n"), ":260: the rank 12 is that of line 13");
  EXPECT_EQ(change("bGxs x\n"),
            ":260: the rank 'x' is no number from 0 to 99999999");
  EXPECT_EQ(change("bGxs 99999999\n"),
            ":260: the rank 99999999 is larger than the file has tokens");
  EXPECT_EQ(change("bGw= 259\n"), ": the token of rank 259 has a second rank");
  EXPECT_EQ(refuse("qwen.tiktoken", makeTiktoken().substr(7)),
            ": no token is the byte 0 alone, so not every text can be encoded");
}

TEST_F(OtherFilesTest, MutatedTiktokenDoesNotCrash) {
  mutateAll("qwen.tiktoken", makeTiktoken(), 1000);
}

} // namespace
