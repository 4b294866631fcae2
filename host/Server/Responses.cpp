//===- Responses.cpp - What clients get -----------------------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "host/Server/Responses.h"

#include <nlohmann/json.hpp>

#include <cmath>
#include <ctime>
#include <random>

using namespace dlavm::host;
using nlohmann::json;

static std::string dump(const json &value) {
  return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

std::string dlavm::host::makeEvent(const std::string &data) {
  return "data: " + data + "\n\n";
}

static std::string makeId(bool isChat) {
  static constexpr char digits[] = "0123456789abcdef";
  std::random_device random;
  std::string id = isChat ? "chatcmpl-" : "cmpl-";
  for (int i = 0; i < 24; ++i)
    id += digits[random() % 16];
  return id;
}

/// JSON has no infinity; OpenAI writes this number for what is impossible.
static double toNumber(float logprob) {
  return std::isfinite(logprob) ? std::max(double{logprob}, -9999.0) : -9999.0;
}

static json describeToken(const std::string &text, float logprob) {
  std::vector<int> bytes;
  for (char c : text)
    bytes.push_back(static_cast<unsigned char>(c));
  return {{"token", text}, {"logprob", toNumber(logprob)}, {"bytes", bytes}};
}

static json describeTokens(Engine &engine,
                           const std::vector<TokenLogprob> &tokens) {
  json content = json::array();
  for (const TokenLogprob &token : tokens) {
    json entry = describeToken(token.text, token.logprob);
    json top = json::array();
    for (const auto &[id, logprob] : token.top)
      top.push_back(describeToken(engine.decode({id}), logprob));
    entry["top_logprobs"] = top;
    content.push_back(entry);
  }
  return {{"content", content}, {"refusal", nullptr}};
}

static size_t countCharacters(const std::string &text) {
  size_t count = 0;
  for (char c : text)
    count += (static_cast<unsigned char>(c) & 0xc0) != 0x80;
  return count;
}

/// The older form, of /v1/completions.
static json listTokens(Engine &engine, const std::vector<TokenLogprob> &tokens,
                       size_t &offset) {
  json texts = json::array(), logprobs = json::array(), tops = json::array(),
       offsets = json::array();
  for (const TokenLogprob &token : tokens) {
    texts.push_back(token.text);
    logprobs.push_back(toNumber(token.logprob));
    json top = json::object();
    for (const auto &[id, logprob] : token.top)
      top[engine.decode({id})] = toNumber(logprob);
    tops.push_back(top);
    offsets.push_back(offset);
    offset += countCharacters(token.text);
  }
  return {{"tokens", texts},
          {"token_logprobs", logprobs},
          {"top_logprobs", tops},
          {"text_offset", offsets}};
}

static const char *toText(FinishReason reason) {
  return reason == FinishReason::Length || reason == FinishReason::Context
             ? "length"
             : "stop";
}

static json describeUsage(const TextResult &result) {
  return {{"prompt_tokens", result.promptTokens},
          {"completion_tokens", result.newTokens},
          {"total_tokens", result.promptTokens + result.newTokens},
          {"prompt_tokens_details", {{"cached_tokens", result.cachedTokens}}}};
}

ResponseWriter::ResponseWriter(Engine &engine, const GenerationRequest &request,
                               std::string modelName)
    : engine(engine), request(request), modelName(std::move(modelName)),
      id(makeId(request.isChat)), created(std::time(nullptr)) {}

json ResponseWriter::makeChunk(json choices) const {
  json chunk{{"id", id},
             {"object", !request.isChat  ? "text_completion"
                        : request.stream ? "chat.completion.chunk"
                                         : "chat.completion"},
             {"created", created},
             {"model", modelName},
             {"system_fingerprint", nullptr},
             {"choices", std::move(choices)}};
  if (request.stream && request.includeUsage)
    chunk["usage"] = nullptr;
  return chunk;
}

std::string ResponseWriter::begin() {
  json choice{{"index", 0}, {"logprobs", nullptr}, {"finish_reason", nullptr}};
  if (request.isChat) {
    choice["delta"] = {{"role", "assistant"}, {"content", ""}};
  } else {
    if (!request.echo)
      return "";
    choice["text"] = request.promptIds.empty()
                         ? request.prompt
                         : engine.decode(request.promptIds);
  }
  return makeEvent(dump(makeChunk(json::array({choice}))));
}

std::string ResponseWriter::add(const TextPiece &piece) {
  if (piece.text.empty() && piece.tokens.empty())
    return "";
  json choice{{"index", 0}, {"logprobs", nullptr}, {"finish_reason", nullptr}};
  if (request.isChat) {
    choice["delta"] = {{"content", piece.text}};
    if (request.topLogprobs >= 0)
      choice["logprobs"] = describeTokens(engine, piece.tokens);
  } else {
    choice["text"] = piece.text;
    if (request.topLogprobs >= 0)
      choice["logprobs"] = listTokens(engine, piece.tokens, offset);
  }
  return makeEvent(dump(makeChunk(json::array({choice}))));
}

std::string ResponseWriter::finish(const TextResult &result) {
  json choice{{"index", 0},
              {"logprobs", nullptr},
              {"finish_reason", toText(result.reason)}};
  if (request.isChat)
    choice["delta"] = json::object();
  else
    choice["text"] = "";
  std::string events = makeEvent(dump(makeChunk(json::array({choice}))));
  if (request.includeUsage) {
    json chunk = makeChunk(json::array());
    chunk["usage"] = describeUsage(result);
    events += makeEvent(dump(chunk));
  }
  return events + makeEvent("[DONE]");
}

std::string ResponseWriter::toJson(const std::string &text,
                                   const std::vector<TokenLogprob> &tokens,
                                   const TextResult &result) {
  json choice{{"index", 0},
              {"logprobs", nullptr},
              {"finish_reason", toText(result.reason)}};
  if (request.isChat) {
    choice["message"] = {
        {"role", "assistant"}, {"content", text}, {"refusal", nullptr}};
    if (request.topLogprobs >= 0)
      choice["logprobs"] = describeTokens(engine, tokens);
  } else {
    choice["text"] = !request.echo ? text
                     : request.promptIds.empty()
                         ? request.prompt + text
                         : engine.decode(request.promptIds) + text;
    if (request.topLogprobs >= 0)
      choice["logprobs"] = listTokens(engine, tokens, offset);
  }
  json whole = makeChunk(json::array({choice}));
  whole["usage"] = describeUsage(result);
  return dump(whole);
}
