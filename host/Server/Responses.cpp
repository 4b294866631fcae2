//===- Responses.cpp - What clients get -----------------------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "host/Server/Responses.h"

#include "host/Tokenizer/UTF8.h"

#include <nlohmann/json.hpp>

#include <cmath>
#include <cstdio>
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

/// Clients put characters together from the bytes of several tokens.
static json describeToken(const TokenCandidate &token) {
  std::vector<int> bytes;
  for (char c : token.bytes)
    bytes.push_back(static_cast<unsigned char>(c));
  return {{"token", token.bytes},
          {"logprob", toNumber(token.logprob)},
          {"bytes", bytes}};
}

static json describeTokens(const std::vector<TokenLogprob> &tokens) {
  json content = json::array();
  for (const TokenLogprob &token : tokens) {
    json entry = describeToken(token);
    json top = json::array();
    for (const TokenCandidate &candidate : token.top)
      top.push_back(describeToken(candidate));
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

/// What /v1/completions calls a token: OpenAI writes bytes so that are no text.
static std::string nameToken(const std::string &bytes) {
  if (isUTF8(bytes))
    return bytes;
  std::string name = "bytes:";
  for (char c : bytes) {
    char escaped[8];
    std::snprintf(escaped, sizeof escaped, "\\x%02x",
                  static_cast<unsigned>(static_cast<unsigned char>(c)));
    name += escaped;
  }
  return name;
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

/// The older form, of /v1/completions.
json ResponseWriter::listTokens(const std::vector<TokenLogprob> &tokens) {
  json texts = json::array(), logprobs = json::array(), tops = json::array(),
       offsets = json::array();
  for (const TokenLogprob &token : tokens) {
    const std::string name = nameToken(token.bytes);
    texts.push_back(name);
    logprobs.push_back(toNumber(token.logprob));
    json top = json::object();
    for (const TokenCandidate &candidate : token.top) {
      std::string key = nameToken(candidate.bytes);
      // Of tokens with the same text, the answer's has it as its name, else the
      // first; others have the name that vLLM gives to ids.
      if (top.contains(key) || (key == name && candidate.id != token.id))
        key = "token_id:" + std::to_string(candidate.id);
      top[key] = toNumber(candidate.logprob);
    }
    tops.push_back(top);
    offsets.push_back(offset);
    waiting += token.bytes;
    const size_t whole = getWholeLength(waiting);
    offset += countCharacters(replaceInvalid(waiting.substr(0, whole)));
    waiting.erase(0, whole);
  }
  return {{"tokens", texts},
          {"token_logprobs", logprobs},
          {"top_logprobs", tops},
          {"text_offset", offsets}};
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
      choice["logprobs"] = describeTokens(piece.tokens);
  } else {
    choice["text"] = piece.text;
    if (request.topLogprobs >= 0)
      choice["logprobs"] = listTokens(piece.tokens);
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
      choice["logprobs"] = describeTokens(tokens);
  } else {
    choice["text"] = !request.echo ? text
                     : request.promptIds.empty()
                         ? request.prompt + text
                         : engine.decode(request.promptIds) + text;
    if (request.topLogprobs >= 0)
      choice["logprobs"] = listTokens(tokens);
  }
  json whole = makeChunk(json::array({choice}));
  whole["usage"] = describeUsage(result);
  return dump(whole);
}
