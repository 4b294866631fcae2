//===- ResponsesTest.cpp - Tests of what clients get ----------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "host/Server/Responses.h"

#include <nlohmann/json.hpp>

#include "gtest/gtest.h"

using namespace dlavm::host;
using nlohmann::json;

namespace {

class NoEngine : public Engine {
public:
  ModelFacts getFacts() const override { return {}; }
  std::vector<int32_t> encode(const GenerationRequest &) override { return {}; }
  std::string decode(const std::vector<int32_t> &) override { return ""; }
  std::vector<int32_t> getEndTokens(bool) override { return {}; }
  TextResult complete(const std::vector<int32_t> &, const TextOptions &,
                      const std::function<bool(const TextPiece &)> &) override {
    return {};
  }
};

class ResponsesTest : public testing::Test {
protected:
  json getLogprobs(const std::vector<TokenLogprob> &tokens) {
    request.topLogprobs = 3;
    ResponseWriter writer(engine, request, "model");
    const json answer = json::parse(writer.toJson("", tokens, TextResult{}));
    return answer["choices"][0]["logprobs"];
  }
  static TokenLogprob makeToken(const std::string &bytes,
                                std::vector<TokenCandidate> top = {}) {
    return {{1, bytes, -1}, std::move(top)};
  }

  NoEngine engine;
  GenerationRequest request;
};

} // namespace

TEST_F(ResponsesTest, OffsetsAreOfCharacters) {
  // U+1F600 in three tokens.
  const json logprobs =
      getLogprobs({makeToken("\u00E4"), makeToken(" a\xF0"),
                   makeToken("\x9F\x98"), makeToken("\x80"), makeToken("b")});
  EXPECT_EQ(logprobs["tokens"], json({"\u00E4", "bytes:\\x20\\x61\\xf0",
                                      "bytes:\\x9f\\x98", "bytes:\\x80", "b"}));
  EXPECT_EQ(logprobs["text_offset"], json({0, 1, 3, 3, 4}));
  EXPECT_EQ(getLogprobs({makeToken("\xF0\x9F"), makeToken("\xF0"),
                         makeToken("a"), makeToken("a")})["text_offset"],
            json({0, 0, 1, 3}));
}

TEST_F(ResponsesTest, PiecesGoOnWithOffsets) {
  request.stream = true;
  request.topLogprobs = 0;
  ResponseWriter writer(engine, request, "model");
  const auto add = [&](const std::string &bytes) {
    const std::string event = writer.add({"", {makeToken(bytes)}});
    return json::parse(
        event.substr(6))["choices"][0]["logprobs"]["text_offset"];
  };
  EXPECT_EQ(add("\xC3"), json({0}));
  EXPECT_EQ(add("\xA4"), json({0}));
  EXPECT_EQ(add("a"), json({1}));
}

TEST_F(ResponsesTest, EqualTextsAreSeveralEntries) {
  // The name is that of the chosen one.
  EXPECT_EQ(
      getLogprobs({makeToken(
          "a", {{3, "a", -0.5}, {1, "a", -1}, {4, " a", -2}})})["top_logprobs"],
      json({{{"token_id:3", -0.5}, {"a", -1.0}, {" a", -2.0}}}));
  EXPECT_EQ(getLogprobs({makeToken(
                "a", {{3, "b", -0.5}, {4, "b", -2}})})["top_logprobs"],
            json({{{"b", -0.5}, {"token_id:4", -2.0}}}));
}

TEST_F(ResponsesTest, ChatsHaveBytes) {
  request.isChat = true;
  const json content =
      getLogprobs({makeToken("\xF0\x9F", {{3, "\x98", -2}})})["content"];
  EXPECT_EQ(content[0]["token"], "\uFFFD");
  EXPECT_EQ(content[0]["bytes"], json({0xF0, 0x9F}));
  EXPECT_EQ(content[0]["top_logprobs"][0]["bytes"], json({0x98}));
}
