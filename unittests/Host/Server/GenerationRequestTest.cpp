//===- GenerationRequestTest.cpp - What clients ask for -------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "host/Server/GenerationRequest.h"
#include "host/Server/ApiError.h"

#include <gtest/gtest.h>

using namespace dlavm::host;

namespace {

const ModelFacts facts{"small", 100, 50, true};
const std::string messages =
    R"("messages": [{"role": "user", "content": "Hi"}])";

GenerationRequest chat(const std::string &members) {
  return parseChatRequest(
      "{" + messages + (members.empty() ? "" : ", " + members) + "}", facts);
}

template <typename Function> std::string errorOf(Function function) {
  try {
    function();
  } catch (const ApiError &error) {
    return std::to_string(error.getStatus()) + " " + error.toJson();
  }
  return "";
}
std::string chatError(const std::string &members) {
  return errorOf([&] { chat(members); });
}
std::string bodyError(const std::string &body) {
  return errorOf([&] { parseChatRequest(body, facts); });
}
std::string completionError(const std::string &members) {
  return errorOf([&] { parseCompletionRequest("{" + members + "}", facts); });
}

void expectPart(const std::string &text, const std::string &part) {
  EXPECT_NE(text.find(part), std::string::npos) << text << "\nlacks " << part;
}
void expectError(const std::string &text, const std::string &parameter,
                 const std::string &code) {
  expectPart(text, "400 {\"error\":");
  expectPart(text, "\"type\":\"invalid_request_error\"");
  expectPart(text, "\"param\":\"" + parameter + "\"");
  expectPart(text, "\"code\":\"" + code + "\"");
}

TEST(GenerationRequest, HasOpenAIsDefaults) {
  const GenerationRequest request = chat("");
  EXPECT_TRUE(request.isChat);
  ASSERT_EQ(request.messages.size(), 1u);
  EXPECT_EQ(request.messages[0].role, "user");
  EXPECT_EQ(request.messages[0].content, "Hi");
  EXPECT_FALSE(request.stream);
  EXPECT_FALSE(request.maxNewTokens);
  EXPECT_FALSE(request.seed);
  EXPECT_EQ(request.sampling.temperature, 1);
  EXPECT_EQ(request.sampling.topP, 1);
  EXPECT_EQ(request.topLogprobs, -1);
  ModelFacts greedy = facts;
  greedy.hasLogits = false;
  EXPECT_EQ(parseChatRequest("{" + messages + "}", greedy).sampling.temperature,
            0);
  EXPECT_EQ(parseCompletionRequest(R"({"prompt": "a"})", facts).maxNewTokens,
            16);
}

TEST(GenerationRequest, TakesAllThatIsSupported) {
  const GenerationRequest request = chat(
      R"("model": "small", "stream": true, "stream_options": {"include_usage":
      true}, "stop": ["a", "b"], "max_completion_tokens": 7, "max_tokens": 7.0,
      "temperature": 0.5, "top_p": 0.25, "seed": -1, "presence_penalty": -2,
      "frequency_penalty": 2, "logprobs": true, "top_logprobs": 20, "top_k": 5,
      "min_p": 0.125, "repetition_penalty": 1.5)");
  EXPECT_TRUE(request.stream);
  EXPECT_TRUE(request.includeUsage);
  EXPECT_EQ(request.stopStrings, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(request.maxNewTokens, 7);
  EXPECT_EQ(request.sampling.temperature, 0.5);
  EXPECT_EQ(request.sampling.topP, 0.25);
  EXPECT_EQ(request.seed, UINT64_MAX);
  EXPECT_EQ(request.sampling.presencePenalty, -2);
  EXPECT_EQ(request.sampling.frequencyPenalty, 2);
  EXPECT_EQ(request.topLogprobs, 20);
  EXPECT_EQ(request.sampling.topK, 5);
  EXPECT_EQ(request.sampling.minP, 0.125);
  EXPECT_EQ(request.sampling.repetitionPenalty, 1.5);
  EXPECT_EQ(chat(R"("stop": "x")").stopStrings, std::vector<std::string>{"x"});
  EXPECT_EQ(chat(R"("logprobs": true)").topLogprobs, 0);
}

TEST(GenerationRequest, ModelsHaveDefaults) {
  ModelFacts own = facts;
  own.sampling.temperature = 0.25;
  own.sampling.topK = 20;
  own.sampling.topP = 0.5;
  own.sampling.minP = 0.125;
  own.sampling.repetitionPenalty = 1.5;
  const auto parse = [&](const std::string &members) {
    return parseCompletionRequest(R"({"prompt": "a")" + members + "}", own)
        .sampling;
  };
  EXPECT_EQ(parse("").temperature, 0.25);
  EXPECT_EQ(parse("").topK, 20);
  EXPECT_EQ(parse("").topP, 0.5);
  EXPECT_EQ(parse("").minP, 0.125);
  EXPECT_EQ(parse("").repetitionPenalty, 1.5);
  // Each counts for itself, and what is null is not there.
  const SamplingOptions asked =
      parse(R"(, "temperature": 2, "top_k": -1, "top_p": 1, "min_p": null)");
  EXPECT_EQ(asked.temperature, 2);
  EXPECT_EQ(asked.topK, 0);
  EXPECT_EQ(asked.topP, 1);
  EXPECT_EQ(asked.minP, 0.125);
  // None of them is possible without logits.
  own.hasLogits = false;
  EXPECT_TRUE(parse("").isGreedy());
}

TEST(GenerationRequest, TakesPartsAndRoles) {
  const GenerationRequest request = parseChatRequest(
      R"({"messages": [{"role": "developer", "content": [{"type": "text",
      "text": "a"}, {"type": "text", "text": "b"}]}, {"role": "assistant",
      "content": "c", "name": "x", "refusal": null}]})",
      facts);
  ASSERT_EQ(request.messages.size(), 2u);
  EXPECT_EQ(request.messages[0].role, "system");
  EXPECT_EQ(request.messages[0].content, "ab");
  EXPECT_EQ(request.messages[1].role, "assistant");
}

TEST(GenerationRequest, IgnoresWhatIsHarmless) {
  EXPECT_EQ(
      chatError(R"("user": "me", "metadata": {"a": "b"}, "store": false, "n": 1,
      "service_tier": "auto", "logit_bias": {}, "tools": [], "tool_choice":
      "none", "response_format": {"type": "text"}, "parallel_tool_calls": true,
      "modalities": ["text"], "audio": null, "unheard_of": null)"),
      "");
}

TEST(GenerationRequest, RefusesWhatIsNotSupported) {
  for (const char *member :
       {R"("n": 2)", R"("tools": [{}])", R"("tool_choice": "required")",
        R"("response_format": {"type": "json_object"})",
        R"("response_format": 1)", R"("logit_bias": {"1": 2})",
        R"("modalities": ["audio"])", R"("audio": {"voice": "x"})",
        R"("functions": [1])", R"("web_search_options": {})"}) {
    const std::string text(member);
    expectError(chatError(text), text.substr(1, text.find('"', 1) - 1),
                "unsupported_parameter");
  }
  expectError(chatError(R"("unheard_of": 1)"), "unheard_of",
              "unknown_parameter");
  expectError(chatError(R"("stream": true, "stream_options": {"x": 1})"),
              "stream_options.x", "unknown_parameter");
  ModelFacts greedy = facts;
  greedy.hasLogits = false;
  expectError(errorOf([&] {
                parseChatRequest("{" + messages + R"(, "temperature": 1})",
                                 greedy);
              }),
              "temperature", "unsupported_parameter");
}

TEST(GenerationRequest, RefusesWrongValues) {
  expectError(chatError(R"("temperature": 2.5)"), "temperature",
              "decimal_above_max_value");
  expectError(chatError(R"("temperature": -1)"), "temperature",
              "decimal_below_min_value");
  expectError(chatError(R"("temperature": "1")"), "temperature",
              "invalid_type");
  expectError(chatError(R"("max_tokens": 0)"), "max_tokens",
              "integer_below_min_value");
  expectError(chatError(R"("max_tokens": 1e30)"), "max_tokens", "invalid_type");
  expectError(chatError(R"("max_tokens": 18446744073709551615)"), "max_tokens",
              "integer_above_max_value");
  expectError(chatError(R"("max_tokens": 1.5)"), "max_tokens", "invalid_type");
  expectError(chatError(R"("max_tokens": 1, "max_completion_tokens": 2)"),
              "max_tokens", "invalid_value");
  expectError(chatError(R"("top_logprobs": 2)"), "top_logprobs",
              "invalid_value");
  expectError(chatError(R"("logprobs": true, "top_logprobs": 21)"),
              "top_logprobs", "integer_above_max_value");
  expectError(chatError(R"("stop": "")"), "stop", "invalid_value");
  expectError(chatError(R"("stop": [1])"), "stop", "invalid_type");
  expectError(chatError(R"("stream": 1)"), "stream", "invalid_type");
  expectError(chatError(R"("stream_options": {"include_usage": true})"),
              "stream_options", "invalid_value");
}

TEST(GenerationRequest, RefusesWrongMessages) {
  expectError(bodyError("{}"), "messages", "missing_required_parameter");
  expectError(bodyError(R"({"messages": []})"), "messages", "empty_array");
  expectError(bodyError(R"({"messages": "a"})"), "messages", "invalid_type");
  expectError(bodyError(R"({"messages": [1]})"), "messages[0]", "invalid_type");
  const auto one = [](const std::string &message) {
    return bodyError(R"({"messages": [)" + message + "]}");
  };
  expectError(one(R"({"content": "a"})"), "messages[0].role",
              "missing_required_parameter");
  expectError(one(R"({"role": "tool", "content": "a"})"), "messages[0].role",
              "unsupported_value");
  expectError(one(R"({"role": "user"})"), "messages[0].content",
              "missing_required_parameter");
  expectError(one(R"({"role": "user", "content": null})"),
              "messages[0].content", "missing_required_parameter");
  expectError(one(R"({"role": "user", "content": 1})"), "messages[0].content",
              "invalid_type");
  expectError(one(R"({"role": "user", "content": [{"type": "image_url",
      "image_url": {"url": "x"}}]})"),
              "messages[0].content[0].type", "unsupported_value");
  expectError(one(R"({"role": "user", "content": [{"type": "text"}]})"),
              "messages[0].content[0].text", "missing_required_parameter");
  expectError(one(R"({"role": "assistant", "content": "", "tool_calls": [1]})"),
              "messages[0].tool_calls", "unsupported_parameter");
  expectError(one(R"({"role": "user", "content": "a", "extra": 1})"),
              "messages[0].extra", "unknown_parameter");
}

TEST(GenerationRequest, SaysWhereJsonIsMalformed) {
  const std::string error = bodyError("{\"messages\":\n  [oops]}");
  expectPart(error, "line 2, column 4: invalid literal");
  expectPart(error, "\"code\":\"invalid_json\"");
  expectPart(bodyError(""), "line 1, column 1");
  expectPart(bodyError("{\"a\": \"\xff\"}"), "UTF-8");
  expectPart(bodyError("{\"a\": \"\xc3\"}"), "UTF-8");
  expectPart(bodyError("{\"a\": 1e999}"), "too large");
  expectPart(bodyError(std::string(100000, '[')), "within each other");
  expectPart(bodyError("[]"), "an object is expected");
  // Not the whole body.
  EXPECT_LT(bodyError("{\"a\": \"" + std::string(100000, 'x')).size(), 300u);
}

TEST(GenerationRequest, KnowsItsModel) {
  const std::string error = chatError(R"("model": "large")");
  expectPart(error, "404 ");
  expectPart(error, "\"code\":\"model_not_found\"");
  expectPart(error, "'small'");
}

TEST(GenerationRequest, TakesPrompts) {
  EXPECT_EQ(parseCompletionRequest(R"({"prompt": "ab"})", facts).prompt, "ab");
  EXPECT_EQ(parseCompletionRequest(R"({"prompt": ["ab"]})", facts).prompt,
            "ab");
  const std::vector<int32_t> ids{0, 49};
  EXPECT_EQ(parseCompletionRequest(R"({"prompt": [0, 49]})", facts).promptIds,
            ids);
  EXPECT_EQ(parseCompletionRequest(R"({"prompt": [[0, 49]]})", facts).promptIds,
            ids);
  EXPECT_EQ(parseCompletionRequest(R"({"prompt": "a", "logprobs": 3})", facts)
                .topLogprobs,
            3);
  expectError(completionError(R"("prompt": [0, 50])"), "prompt[1]",
              "integer_above_max_value");
  expectError(completionError(R"("prompt": [-1])"), "prompt[0]",
              "integer_below_min_value");
  expectError(completionError(R"("prompt": ["a", "b"])"), "prompt",
              "array_above_max_length");
  expectError(completionError(R"("prompt": [])"), "prompt", "empty_array");
  expectError(completionError(R"("prompt": {})"), "prompt", "invalid_type");
  expectError(completionError(R"("max_tokens": 1)"), "prompt",
              "missing_required_parameter");
  expectError(completionError(R"("prompt": "a", "echo": true, "logprobs": 1)"),
              "echo", "unsupported_parameter");
  expectError(completionError(R"("prompt": "a", "best_of": 2)"), "best_of",
              "unsupported_parameter");
  expectError(completionError(R"("prompt": "a", "suffix": "b")"), "suffix",
              "unsupported_parameter");
}

TEST(ApiError, HasATypeByStatus) {
  EXPECT_EQ(
      ApiError(429, "m", "", "c").toJson(),
      R"({"error":{"code":"c","message":"m","param":null,"type":"rate_limit_error"}})");
  expectPart(ApiError(500, "\xff").toJson(), "server_error");
  expectPart(ApiError(401, "m").toJson(), "authentication_error");
}

} // namespace
