//===- CheckpointTest.cpp - Hugging Face checkpoints ----------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DLAVM/Checkpoint/Checkpoint.h"
#include "DLAVM/Checkpoint/GenerationConfig.h"

#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"
#include "gtest/gtest.h"

using namespace dlavm;
using namespace llvm;

namespace {

/// A directory whose files the tests write.
class CheckpointTest : public testing::Test {
protected:
  void SetUp() override {
    SmallString<128> path;
    ASSERT_FALSE(sys::fs::createUniqueDirectory("dlavm-checkpoint", path));
    directory = path.str().str();
  }
  void TearDown() override { sys::fs::remove_directories(directory); }

  void write(StringRef name, StringRef content) {
    std::error_code error;
    raw_fd_ostream os(directory + "/" + name.str(), error);
    ASSERT_FALSE(error);
    os << content;
  }

  /// Writes a file with these tensors of two F32, [value, value].
  void writeTensors(StringRef name,
                    ArrayRef<std::pair<std::string, float>> tensors) {
    std::vector<TensorDeclaration> declarations;
    for (auto &[tensor, value] : tensors)
      declarations.push_back({tensor, {2}});
    std::string content;
    raw_string_ostream os(content);
    writeSafetensors(
        os, declarations, ElementType::F32,
        [&](size_t tensor, int64_t first, MutableArrayRef<float> out) {
          fill(out, tensors[tensor].second);
          return true;
        });
    write(name, content);
  }

  /// Writes a file with this header and 8 bytes of data.
  void writeHeader(StringRef name, StringRef header) {
    std::string content(8, '\0');
    content[0] = header.size();
    write(name, content + header.str() + "12345678");
  }

  std::unique_ptr<Checkpoint> open() {
    Expected<std::unique_ptr<Checkpoint>> checkpoint =
        Checkpoint::open(directory);
    if (checkpoint)
      return std::move(*checkpoint);
    ADD_FAILURE() << toString(checkpoint.takeError());
    return nullptr;
  }

  /// The error of open() without the directory's name.
  std::string getError() {
    Expected<std::unique_ptr<Checkpoint>> checkpoint =
        Checkpoint::open(directory);
    return checkpoint ? "" : shorten(toString(checkpoint.takeError()));
  }

  std::string shorten(std::string text) {
    for (size_t place; (place = text.find(directory)) != text.npos;)
      text.replace(place, directory.size(), "DIR");
    return text;
  }

  /// The value of the tensor's elements, or the error.
  std::string getValue(Checkpoint &checkpoint, StringRef name) {
    Expected<std::shared_ptr<const Tensor>> tensor = checkpoint.getTensor(name);
    if (!tensor)
      return shorten(toString(tensor.takeError()));
    std::vector<float> values(2);
    (*tensor)->readRow(0, MutableArrayRef<float>(values));
    EXPECT_EQ(values[0], values[1]);
    return std::to_string(static_cast<int>(values[0]));
  }

  std::string directory;
};

} // namespace

TEST_F(CheckpointTest, SingleFile) {
  EXPECT_FALSE(Checkpoint::hasTensors(directory));
  writeTensors("model.safetensors", {{"b", 2}, {"a", 1}});
  EXPECT_TRUE(Checkpoint::hasTensors(directory));
  // Beside it, others do not count.
  writeTensors("consolidated.safetensors", {{"c", 3}});
  auto checkpoint = open();
  EXPECT_EQ(checkpoint->getTensorNames(), (std::vector<StringRef>{"a", "b"}));
  EXPECT_EQ(getValue(*checkpoint, "a"), "1");
  EXPECT_EQ(getValue(*checkpoint, "b"), "2");
  EXPECT_EQ(getValue(*checkpoint, "c"),
            "DIR/model.safetensors: has no tensor 'c'");
  EXPECT_TRUE(checkpoint->contains("a"));
  EXPECT_FALSE(checkpoint->contains("c"));
  EXPECT_EQ(shorten((*checkpoint->getTensor("a"))->getOrigin().str()),
            "DIR/model.safetensors");
}

TEST_F(CheckpointTest, FilesWithoutIndex) {
  writeTensors("model-1.safetensors", {{"a", 1}});
  writeTensors("model-2.safetensors", {{"b", 2}});
  // What some systems put beside files.
  write("._model-1.safetensors", "Mac OS X");
  auto checkpoint = open();
  EXPECT_EQ(getValue(*checkpoint, "b"), "2");
  writeTensors("model-3.safetensors", {{"a", 3}});
  EXPECT_EQ(getError(), "DIR/model-3.safetensors: has the tensor 'a', but so "
                        "has DIR/model-1.safetensors");
}

TEST_F(CheckpointTest, Index) {
  const char *index = "model.safetensors.index.json";
  writeTensors("1.safetensors", {{"a", 1}, {"b", 2}});
  writeTensors("2.safetensors", {{"c", 3}});
  write(index, R"({"metadata": {}, "weight_map": {"a": "1.safetensors",
      "b": "1.safetensors", "c": "2.safetensors"}})");
  auto checkpoint = open();
  EXPECT_EQ(getValue(*checkpoint, "b"), "2");
  EXPECT_EQ(getValue(*checkpoint, "c"), "3");
  EXPECT_EQ(shorten(checkpoint->getPath().str()),
            "DIR/model.safetensors.index.json");

  write(index, R"({"weight_map": {"a": "1.safetensors",
      "b": "2.safetensors", "c": "2.safetensors"}})");
  EXPECT_EQ(getError(), "DIR/2.safetensors: has no tensor 'b', but "
                        "model.safetensors.index.json says so");
  write(index, R"({"weight_map": {"a": "1.safetensors",
      "c": "2.safetensors"}})");
  EXPECT_EQ(getError(), "DIR/1.safetensors: has the tensor 'b', of which "
                        "model.safetensors.index.json says nothing");
  write(index, R"({"weight_map": {"a": "3.safetensors"}})");
  EXPECT_EQ(getError(), "DIR/model.safetensors.index.json: names the file "
                        "'3.safetensors', which is missing; is the download "
                        "complete?");
  for (StringRef file :
       {"\"../1.safetensors\"", "\"/1.safetensors\"", "\"x/1.safetensors\"",
        "\"..\"", "\"config.json\"", "1", "\"\""}) {
    write(index, ("{\"weight_map\": {\"a\": " + file + "}}").str());
    EXPECT_EQ(getError(),
              "DIR/model.safetensors.index.json: 'weight_map' must name a "
              ".safetensors file beside it for the tensor 'a', found " +
                  file.str());
  }
  write(index, R"({"weight_map": {"a": "1.safetensors",
      "a": "2.safetensors"}})");
  EXPECT_EQ(getError(),
            "DIR/model.safetensors.index.json:2:7: the key 'a' comes twice");
  write(index, "{}");
  EXPECT_EQ(getError(), "DIR/model.safetensors.index.json: 'weight_map' must "
                        "be an object, found nothing");
  write(index, "[");
  EXPECT_NE(
      getError().find("DIR/model.safetensors.index.json:1:1: is not valid "
                      "JSON"),
      std::string::npos);
}

TEST_F(CheckpointTest, OtherFormats) {
  EXPECT_EQ(
      getError(),
      "DIR: has no model.safetensors and no model.safetensors.index.json");
  write("pytorch_model-00001-of-00002.bin", "PK");
  EXPECT_TRUE(Checkpoint::hasTensors(directory));
  EXPECT_EQ(getError(),
            "DIR: has its tensors in PyTorch's own format only; convert them "
            "to safetensors, as save_pretrained(DIR, safe_serialization=True) "
            "of Transformers does");
  writeTensors("model.safetensors", {{"a", 1}});
  EXPECT_EQ(getError(), "");
}

TEST_F(CheckpointTest, Types) {
  writeHeader("model.safetensors", R"({"a": {"dtype": "I8", "shape": [8],
      "data_offsets": [0, 8]}})");
  auto checkpoint = open();
  EXPECT_TRUE(checkpoint->contains("a"));
  EXPECT_EQ(getValue(*checkpoint, "a"),
            "DIR/model.safetensors: the tensor 'a' has the type I8, but F64, "
            "F32, F16 or BF16 is needed");
  // 2 and 2.
  std::string header = R"({"a": {"dtype": "F64", "shape": [2],
      "data_offsets": [0, 16]}})";
  std::string content(8, '\0');
  content[0] = static_cast<char>(header.size());
  const std::string two("\0\0\0\0\0\0\0\x40", 8);
  write("model.safetensors", content + header + two + two);
  checkpoint = open();
  EXPECT_EQ(getValue(*checkpoint, "a"), "2");
}

TEST_F(CheckpointTest, Metadata) {
  writeHeader("model.safetensors", R"({"__metadata__": {"format": "pt",
      "b": "a", "x": "b", "c": "missing"}, "a": {"dtype": "F32", "shape": [2],
      "data_offsets": [0, 8]}})");
  auto checkpoint = open();
  EXPECT_EQ(checkpoint->resolve("b"), "a");
  EXPECT_EQ(checkpoint->resolve("a"), "a");
  EXPECT_EQ(checkpoint->resolve("x"), "");
  EXPECT_EQ(checkpoint->resolve("c"), "");
  EXPECT_EQ(checkpoint->resolve("format"), "");
  EXPECT_EQ(checkpoint->getTensorNames(), std::vector<StringRef>{"a"});
}

TEST_F(CheckpointTest, MetadataOfSeveralFiles) {
  auto writeAlias = [&](StringRef file, StringRef tensor, StringRef meaning) {
    writeHeader(file, ("{\"__metadata__\": {\"x\": \"" + meaning +
                       "\", \"b\": \"a\"}, \"" + tensor +
                       "\": {\"dtype\": \"F32\", \"shape\": [2], "
                       "\"data_offsets\": [0, 8]}}")
                          .str());
  };
  writeAlias("1.safetensors", "a", "b");
  writeAlias("2.safetensors", "b", "b");
  EXPECT_EQ(open()->resolve("x"), "b");
  // What is stored is no alias.
  EXPECT_EQ(open()->resolve("b"), "b");
  writeAlias("2.safetensors", "b", "a");
  EXPECT_EQ(getError(), "DIR: '__metadata__' says that 'x' is the tensor 'b' "
                        "and 'a'");
}

TEST_F(CheckpointTest, TiedEmbeddings) {
  const std::pair<std::string, std::string> pairs[] = {
      {"model.embed_tokens.weight", "lm_head.weight"},
      {"transformer.embedding.word_embeddings.weight",
       "transformer.output_layer.weight"}};
  for (const auto &[embedding, output] : pairs) {
    for (const std::string &stored : {embedding, output}) {
      writeTensors("model.safetensors", {{stored, 5}});
      write("config.json", R"({"tie_word_embeddings": true})");
      auto checkpoint = open();
      EXPECT_EQ(getValue(*checkpoint, embedding), "5");
      EXPECT_EQ(getValue(*checkpoint, output), "5");
      EXPECT_EQ(checkpoint->getTensorNames(), std::vector<StringRef>{stored});

      const std::string &other = stored == output ? embedding : output;
      for (StringRef config : {R"({"tie_word_embeddings": false})", "{}"}) {
        write("config.json", config);
        EXPECT_FALSE(open()->contains(other));
      }
    }
    // Both are there.
    write("config.json", R"({"tie_word_embeddings": true})");
    writeTensors("model.safetensors", {{embedding, 5}, {output, 5}});
    EXPECT_EQ(open()->resolve(output), embedding);
    EXPECT_EQ(open()->getTensorNames(), std::vector<StringRef>{embedding});
    writeTensors("model.safetensors", {{embedding, 5}, {output, 6}});
    EXPECT_EQ(getError(), "DIR/model.safetensors: the tensor '" + output +
                              "' is not equal to '" + embedding +
                              "', but config.json says that both are one; set "
                              "its 'tie_word_embeddings' to false if they are "
                              "not");
    write("config.json", "{}");
    EXPECT_EQ(getValue(*open(), output), "6");
  }
}

TEST_F(CheckpointTest, EndTokens) {
  auto getTokens = [&] {
    Expected<std::vector<int32_t>> tokens = readEndTokens(directory);
    if (tokens)
      return *tokens;
    ADD_FAILURE() << toString(tokens.takeError());
    return std::vector<int32_t>();
  };
  using Tokens = std::vector<int32_t>;
  EXPECT_EQ(getTokens(), Tokens());
  write("config.json", R"({"eos_token_id": 7})");
  EXPECT_EQ(getTokens(), Tokens{7});
  write("generation_config.json", R"({"eos_token_id": [128001, 0]})");
  EXPECT_EQ(getTokens(), (Tokens{128001, 0}));
  write("generation_config.json", R"({"eos_token_id": null})");
  EXPECT_EQ(getTokens(), Tokens{7});
  write("config.json", R"({"eos_token_id": null})");
  EXPECT_EQ(getTokens(), Tokens());
  for (StringRef value : {"-1", "\"a\"", "[1, null]", "2147483648", "1.5"}) {
    write("config.json", ("{\"eos_token_id\":" + value + "}").str());
    EXPECT_NE(shorten(toString(readEndTokens(directory).takeError()))
                  .find("DIR/config.json: 'eos_token_id' must be a token or a "
                        "list of tokens, found "),
              std::string::npos);
  }
}

TEST_F(CheckpointTest, Story) {
  const std::string story = DLAVM_SHARED_DIR "/models/story-656k";
  if (!sys::fs::exists(story))
    GTEST_SKIP() << "needs the shared folder";
  auto checkpoint = cantFail(Checkpoint::open(story));
  EXPECT_EQ(checkpoint->resolve("model.embed_tokens.weight"), "lm_head.weight");
  EXPECT_EQ(checkpoint->getTensorNames().size(), 20u);
  EXPECT_EQ(cantFail(readEndTokens(story)), std::vector<int32_t>{2});
}
