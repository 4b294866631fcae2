//===- GenerationRequest.cpp - What clients ask for -----------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "host/Server/GenerationRequest.h"

#include "host/Server/ApiError.h"
#include "host/Tokenizer/JSONValue.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>

using namespace dlavm::host;
using nlohmann::json;

std::string ApiError::toJson() const {
  const auto orNull = [](const std::string &text) {
    return text.empty() ? json() : json(text);
  };
  const char *type = status == 401   ? "authentication_error"
                     : status == 429 ? "rate_limit_error"
                     : status >= 500 ? "server_error"
                                     : "invalid_request_error";
  return json{{"error",
               {{"message", message},
                {"type", type},
                {"param", orNull(parameter)},
                {"code", orNull(code)}}}}
      .dump(-1, ' ', false, json::error_handler_t::replace);
}

//===----------------------------------------------------------------------===//
// JSON
//===----------------------------------------------------------------------===//

static constexpr int maxDepth = 32;

static std::string describePlace(const std::string &text, size_t byte) {
  const TextPlace place = findPlace(text, byte);
  return "line " + std::to_string(place.line) + ", column " +
         std::to_string(place.column);
}

/// nlohmann's messages: "[json.exception.parse_error.101] parse error at line
/// 1, column 2: syntax error while parsing value - invalid literal; last read:
/// '...'; expected ...". The part that says what is wrong.
static std::string shortenReason(std::string reason) {
  if (const size_t found = reason.find(" - "); found != std::string::npos)
    reason.erase(0, found + 3);
  return reason.substr(0, reason.find("; last read: "));
}

static json parseBody(const std::string &body) {
  json value;
  try {
    value = json::parse(body, [](int depth, json::parse_event_t, json &) {
      if (depth > maxDepth)
        throw ApiError(400,
                       "the body has more than " + std::to_string(maxDepth) +
                           " arrays and objects within each other",
                       "", "invalid_json");
      return true;
    });
  } catch (const json::parse_error &error) {
    // Bytes are counted from 1.
    throw ApiError(
        400,
        "the body is no JSON: " +
            describePlace(body, error.byte > 0 ? error.byte - 1 : 0) + ": " +
            shortenReason(error.what()),
        "", "invalid_json");
  } catch (const json::exception &) {
    throw ApiError(400, "the body has a number that is too large", "",
                   "invalid_json");
  }
  if (!value.is_object())
    throw ApiError(400,
                   std::string("the body is ") + value.type_name() +
                       ", but an object is expected",
                   "", "invalid_type");
  return value;
}

namespace {

/// The members of an object. Those that are null count as absent, as clients
/// write them so.
class Fields {
public:
  Fields(const json &object, std::string place = "")
      : object(object), place(std::move(place)) {}

  std::string nameOf(const std::string &name) const {
    return place.empty() ? name : place + "." + name;
  }

  [[noreturn]] void refuse(const std::string &name, const std::string &message,
                           const char *code) const {
    throw ApiError(400, "'" + nameOf(name) + "' " + message, nameOf(name),
                   code);
  }

  const json *find(const std::string &name) {
    known.push_back(name);
    const auto found = object.find(name);
    return found == object.end() || found->is_null() ? nullptr : &*found;
  }

  std::optional<bool> getBool(const std::string &name) {
    const json *value = find(name);
    if (!value)
      return std::nullopt;
    if (!value->is_boolean())
      refuseType(name, *value, "true or false");
    return value->get<bool>();
  }

  std::optional<std::string> getString(const std::string &name) {
    const json *value = find(name);
    if (!value)
      return std::nullopt;
    if (!value->is_string())
      refuseType(name, *value, "a string");
    return value->get<std::string>();
  }

  std::optional<double> getNumber(const std::string &name, double least,
                                  double most) {
    const json *value = find(name);
    if (!value)
      return std::nullopt;
    if (!value->is_number())
      refuseType(name, *value, "a number");
    const double number = value->get<double>();
    if (!(number >= least))
      refuse(name,
             "is " + value->dump() + ", but at least " + json(least).dump() +
                 " is expected",
             "decimal_below_min_value");
    if (!(number <= most))
      refuse(name,
             "is " + value->dump() + ", but at most " + json(most).dump() +
                 " is expected",
             "decimal_above_max_value");
    return number;
  }

  std::optional<int64_t> getInteger(const std::string &name, int64_t least,
                                    int64_t most) {
    const json *value = find(name);
    if (!value)
      return std::nullopt;
    return toInteger(name, *value, least, most);
  }

  int64_t toInteger(const std::string &name, const json &value, int64_t least,
                    int64_t most) const {
    // Some clients have no integers.
    const bool isWhole =
        value.is_number_float() &&
        value.get<double>() == std::floor(value.get<double>()) &&
        std::fabs(value.get<double>()) < 9e15;
    if (!value.is_number_integer() && !isWhole)
      refuseType(name, value, "an integer");
    const bool isLarge = value.is_number_unsigned() &&
                         value.get<uint64_t>() > uint64_t{INT64_MAX};
    const int64_t number = isLarge   ? INT64_MAX
                           : isWhole ? static_cast<int64_t>(value.get<double>())
                                     : value.get<int64_t>();
    if (number < least)
      refuse(name,
             "is " + value.dump() + ", but at least " + std::to_string(least) +
                 " is expected",
             "integer_below_min_value");
    if (number > most || isLarge)
      refuse(name,
             "is " + value.dump() + ", but at most " + std::to_string(most) +
                 " is expected",
             "integer_above_max_value");
    return number;
  }

  [[noreturn]] void refuseType(const std::string &name, const json &value,
                               const std::string &expected) const {
    refuse(name,
           std::string("is ") + value.type_name() + ", but " + expected +
               " is expected",
           "invalid_type");
  }

  /// Refuses a member unless it asks for nothing.
  template <typename IsHarmless>
  void refuseUnless(const std::string &name, const std::string &message,
                    IsHarmless isHarmless) {
    if (const json *value = find(name); value && !isHarmless(*value))
      refuse(name, message, "unsupported_parameter");
  }

  void ignore(std::initializer_list<const char *> names) {
    known.insert(known.end(), names.begin(), names.end());
  }

  /// Refuses members that nobody asked for.
  void finish() const {
    for (const auto &[name, value] : object.items())
      if (!value.is_null() &&
          std::find(known.begin(), known.end(), name) == known.end())
        refuse(name.size() > 60 ? name.substr(0, 60) : name,
               "is no parameter that is known here", "unknown_parameter");
  }

private:
  const json &object;
  std::string place;
  std::vector<std::string> known;
};

} // namespace

//===----------------------------------------------------------------------===//
// Requests
//===----------------------------------------------------------------------===//

static bool isEmpty(const json &value) { return value.empty(); }

/// What both kinds of request have.
static void parseCommon(Fields &fields, const ModelFacts &facts,
                        GenerationRequest &request) {
  if (const auto model = fields.getString("model");
      model && *model != facts.name)
    throw ApiError(404,
                   "the model '" + model->substr(0, 100) +
                       "' does not exist; this server has '" + facts.name + "'",
                   "model", "model_not_found");
  request.stream = fields.getBool("stream").value_or(false);
  if (const json *options = fields.find("stream_options")) {
    if (!options->is_object())
      fields.refuseType("stream_options", *options, "an object");
    if (!request.stream)
      fields.refuse("stream_options", "is for requests with 'stream': true",
                    "invalid_value");
    Fields inner(*options, "stream_options");
    request.includeUsage = inner.getBool("include_usage").value_or(false);
    inner.ignore({"include_obfuscation"});
    inner.finish();
  }
  if (const json *stop = fields.find("stop")) {
    const json list = stop->is_array() ? *stop : json::array({*stop});
    if (list.size() > 16)
      fields.refuse("stop", "has more than 16 strings",
                    "array_above_max_length");
    for (const json &text : list) {
      if (!text.is_string())
        fields.refuseType("stop", text, "a string, or an array of strings,");
      if (text.get_ref<const std::string &>().empty())
        fields.refuse("stop", "has an empty string", "invalid_value");
      request.stopStrings.push_back(text);
    }
  }
  SamplingOptions &sampling = request.sampling;
  if (facts.hasLogits)
    sampling = facts.sampling;
  const auto setNumber = [&](double &option, const char *name, double least,
                             double most) {
    option = fields.getNumber(name, least, most).value_or(option);
  };
  setNumber(sampling.temperature, "temperature", 0, 2);
  setNumber(sampling.topP, "top_p", 0, 1);
  setNumber(sampling.presencePenalty, "presence_penalty", -2, 2);
  setNumber(sampling.frequencyPenalty, "frequency_penalty", -2, 2);
  // These are not OpenAI's, but other servers have them too.
  sampling.topK = static_cast<int32_t>(std::max<int64_t>(
      fields.getInteger("top_k", -1, INT32_MAX).value_or(sampling.topK), 0));
  setNumber(sampling.minP, "min_p", 0, 1);
  setNumber(sampling.repetitionPenalty, "repetition_penalty", 0.01, 100);
  if (const auto seed = fields.getInteger("seed", INT64_MIN, INT64_MAX))
    request.seed = static_cast<uint64_t>(*seed);
  fields.refuseUnless("n", "is not 1: one answer is generated for a request",
                      [](const json &value) { return value == 1; });
  fields.refuseUnless("logit_bias", "is not supported", isEmpty);
  fields.ignore({"user", "safety_identifier", "prompt_cache_key",
                 "prompt_cache_retention", "metadata", "store",
                 "service_tier"});
}

/// What needs logits is refused where the driver has none.
static void checkLogits(const ModelFacts &facts,
                        const GenerationRequest &request) {
  if (facts.hasLogits)
    return;
  const char *parameter =
      request.sampling.temperature != 0         ? "temperature"
      : request.sampling.presencePenalty != 0   ? "presence_penalty"
      : request.sampling.frequencyPenalty != 0  ? "frequency_penalty"
      : request.sampling.repetitionPenalty != 1 ? "repetition_penalty"
      : request.topLogprobs >= 0                ? "logprobs"
                                                : nullptr;
  if (parameter)
    throw ApiError(400,
                   std::string("'") + parameter +
                       "' needs logits, which this driver does not return, or "
                       "this device does not let anybody read",
                   parameter, "unsupported_parameter");
}

/// The text of a message: a string, or an array of parts of text.
static std::string parseContent(Fields &message) {
  const json *content = message.find("content");
  if (!content)
    message.refuse("content", "is missing", "missing_required_parameter");
  if (content->is_string())
    return *content;
  if (!content->is_array())
    message.refuseType("content", *content, "a string, or an array of parts,");
  std::string text;
  for (size_t i = 0; i < content->size(); ++i) {
    const json &part = (*content)[i];
    const std::string place =
        message.nameOf("content") + "[" + std::to_string(i) + "]";
    if (!part.is_object())
      throw ApiError(400,
                     "'" + place + "' is " + part.type_name() +
                         ", but an object is expected",
                     place, "invalid_type");
    Fields fields(part, place);
    const auto type = fields.getString("type");
    if (!type)
      fields.refuse("type", "is missing", "missing_required_parameter");
    if (*type != "text")
      fields.refuse("type",
                    "is '" + type->substr(0, 60) +
                        "', but only parts of type 'text' are supported",
                    "unsupported_value");
    const auto piece = fields.getString("text");
    if (!piece)
      fields.refuse("text", "is missing", "missing_required_parameter");
    text += *piece;
    fields.finish();
  }
  return text;
}

static std::vector<Message> parseMessages(Fields &fields) {
  const json *list = fields.find("messages");
  if (!list)
    fields.refuse("messages", "is missing", "missing_required_parameter");
  if (!list->is_array())
    fields.refuseType("messages", *list, "an array of messages");
  if (list->empty())
    fields.refuse("messages", "is empty, but at least one message is expected",
                  "empty_array");
  std::vector<Message> messages;
  for (size_t i = 0; i < list->size(); ++i) {
    const std::string place = "messages[" + std::to_string(i) + "]";
    const json &object = (*list)[i];
    if (!object.is_object())
      throw ApiError(400,
                     "'" + place + "' is " + object.type_name() +
                         ", but an object is expected",
                     place, "invalid_type");
    Fields message(object, place);
    auto role = message.getString("role");
    if (!role)
      message.refuse("role", "is missing", "missing_required_parameter");
    if (*role == "developer")
      role = "system";
    if (*role != "system" && *role != "user" && *role != "assistant")
      message.refuse("role",
                     "is '" + role->substr(0, 60) +
                         "', but 'system', 'developer', 'user' or 'assistant' "
                         "is expected",
                     "unsupported_value");
    message.refuseUnless("tool_calls", "is not supported", isEmpty);
    message.refuseUnless("function_call", "is not supported", isEmpty);
    message.refuseUnless("audio", "is not supported", isEmpty);
    message.ignore({"name", "refusal", "annotations"});
    messages.push_back({*role, parseContent(message)});
    message.finish();
  }
  return messages;
}

GenerationRequest dlavm::host::parseChatRequest(const std::string &body,
                                                const ModelFacts &facts) {
  const json object = parseBody(body);
  Fields fields(object);
  GenerationRequest request;
  request.isChat = true;
  parseCommon(fields, facts, request);
  request.messages = parseMessages(fields);

  const auto older = fields.getInteger("max_tokens", 1, INT32_MAX);
  const auto newer = fields.getInteger("max_completion_tokens", 1, INT32_MAX);
  if (older && newer && *older != *newer)
    fields.refuse("max_tokens", "and 'max_completion_tokens' differ",
                  "invalid_value");
  if (const auto most = newer ? newer : older)
    request.maxNewTokens = static_cast<int32_t>(*most);

  const bool logprobs = fields.getBool("logprobs").value_or(false);
  const auto top = fields.getInteger("top_logprobs", 0, 20);
  if (top && *top > 0 && !logprobs)
    fields.refuse("top_logprobs", "is for requests with 'logprobs': true",
                  "invalid_value");
  if (logprobs)
    request.topLogprobs = static_cast<int32_t>(top.value_or(0));
  checkLogits(facts, request);

  const auto isNoTool = [](const json &value) {
    return value == "none" || value == "auto";
  };
  fields.refuseUnless("tools", "is not supported", isEmpty);
  fields.refuseUnless("tool_choice", "needs tools, which are not supported",
                      isNoTool);
  fields.refuseUnless("functions", "is not supported", isEmpty);
  fields.refuseUnless("function_call", "is not supported", isNoTool);
  fields.refuseUnless(
      "response_format", "is supported with the type 'text' only",
      [](const json &value) {
        return value.is_object() && value.value("type", json()) == "text";
      });
  fields.refuseUnless(
      "modalities", "is supported with 'text' only",
      [](const json &value) { return value == json::array({"text"}); });
  fields.refuseUnless("audio", "is not supported", isEmpty);
  fields.refuseUnless("prediction", "is not supported", isEmpty);
  fields.refuseUnless("web_search_options", "is not supported",
                      [](const json &) { return false; });
  fields.ignore({"parallel_tool_calls", "reasoning_effort", "verbosity"});
  fields.finish();
  return request;
}

static void parsePrompt(Fields &fields, const ModelFacts &facts,
                        GenerationRequest &request) {
  const json *prompt = fields.find("prompt");
  if (!prompt)
    fields.refuse("prompt", "is missing", "missing_required_parameter");
  // An array of one prompt is that prompt.
  if (prompt->is_array() && !prompt->empty() &&
      ((*prompt)[0].is_string() || (*prompt)[0].is_array())) {
    if (prompt->size() > 1)
      fields.refuse("prompt",
                    "has " + std::to_string(prompt->size()) +
                        " prompts, but one is generated for",
                    "array_above_max_length");
    prompt = &(*prompt)[0];
  }
  if (prompt->is_string()) {
    request.prompt = *prompt;
    return;
  }
  if (!prompt->is_array())
    fields.refuseType("prompt", *prompt, "a string, or an array of token ids,");
  if (prompt->empty())
    fields.refuse("prompt", "is empty", "empty_array");
  for (size_t i = 0; i < prompt->size(); ++i)
    request.promptIds.push_back(static_cast<int32_t>(
        fields.toInteger("prompt[" + std::to_string(i) + "]", (*prompt)[i], 0,
                         facts.vocabularySize - 1)));
}

GenerationRequest dlavm::host::parseCompletionRequest(const std::string &body,
                                                      const ModelFacts &facts) {
  const json object = parseBody(body);
  Fields fields(object);
  GenerationRequest request;
  parseCommon(fields, facts, request);
  parsePrompt(fields, facts, request);
  request.echo = fields.getBool("echo").value_or(false);
  request.maxNewTokens = static_cast<int32_t>(
      fields.getInteger("max_tokens", 1, INT32_MAX).value_or(16));
  if (const auto top = fields.getInteger("logprobs", 0, 20))
    request.topLogprobs = static_cast<int32_t>(*top);
  if (request.echo && request.topLogprobs >= 0)
    fields.refuse("echo",
                  "cannot be combined with 'logprobs': those of the "
                  "prompt are not computed",
                  "unsupported_parameter");
  checkLogits(facts, request);
  fields.refuseUnless("best_of", "is not 1: one answer is generated",
                      [](const json &value) { return value == 1; });
  fields.refuseUnless("suffix", "is not supported", [](const json &value) {
    return value.is_string() && value.get_ref<const std::string &>().empty();
  });
  fields.finish();
  return request;
}
