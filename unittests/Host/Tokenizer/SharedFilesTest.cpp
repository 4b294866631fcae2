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

#include "host/Tokenizer/Tokenizer.h"

#include <nlohmann/json.hpp>

#include "gtest/gtest.h"

#include <filesystem>
#include <fstream>

using namespace dlavm::host;
using nlohmann::json;

using Ids = std::vector<int32_t>;

namespace {

std::string getPath(const std::string &name) {
  return std::string(DLAVM_SHARED_DIR) + "/tokenizers/" + name;
}

json readCases(const std::string &name) {
  std::ifstream stream(getPath(name));
  return json::parse(stream).at("cases");
}

std::string stream(const Tokenizer &tokenizer, const Ids &ids,
                   bool skipSpecial) {
  TextStream stream(tokenizer, skipSpecial);
  std::string text;
  for (int32_t id : ids)
    text += stream.add(id);
  return text + stream.finish();
}

class SharedFilesTest : public testing::TestWithParam<const char *> {
protected:
  void SetUp() override {
    if (!std::filesystem::exists(getPath("strings.json")))
      GTEST_SKIP() << "needs ../shared/tokenizers";
  }
};

TEST_P(SharedFilesTest, EncodesAsHuggingFace) {
  const std::string folder = GetParam();
  const auto tokenizer = Tokenizer::open(getPath(folder));
  const json cases = readCases(folder + "/expected_hf.json");
  ASSERT_EQ(cases.size(), 200u);
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
    EXPECT_EQ(stream(*tokenizer, ids, false), all);
    EXPECT_EQ(stream(*tokenizer, ids, true), visible);
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

INSTANTIATE_TEST_SUITE_P(HuggingFace, SharedFilesTest,
                         testing::Values("gpt2", "qwen2", "o200k_gpt4o",
                                         "mistral_v01", "story-656k"));

} // namespace
