//===- BuiltinTemplates.cpp - Chat templates without Jinja ----------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "host/Chat/BuiltinTemplates.h"

#include "dlavm_runtime.h"

#include <algorithm>
#include <ctime>

using namespace dlavm::host;
using dlavm::Error;

using Messages = std::vector<Message>;

static std::string trim(const std::string &text) {
  const char *space = " \t\n\r\f\v";
  const size_t first = text.find_first_not_of(space);
  if (first == std::string::npos)
    return "";
  return text.substr(first, text.find_last_not_of(space) - first + 1);
}

static bool has(const std::string &text, const char *part) {
  return text.find(part) != std::string::npos;
}

/// Without white space outside of texts and without control of it, and with one
/// kind of quotes: templates differ in these.
static std::string normalize(const std::string &jinja) {
  std::string text;
  char quote = '\0';
  for (char c : jinja) {
    if (c == '"' || c == '\'') {
      if (quote == '\0')
        quote = c;
      else if (quote == c)
        quote = '\0';
      text += '\'';
    } else if (quote != '\0' || (c != ' ' && c != '\n')) {
      text += c;
    }
  }
  for (const char *tag : {"{{-", "{%-", "-}}", "-%}"})
    for (size_t at = text.find(tag); at != std::string::npos;
         at = text.find(tag, at))
      text.erase(tag[0] == '-' ? at : at + 2, 1);
  return text;
}

/// The first text between \p before and \p after that has none of \p excluded,
/// and is not empty.
static std::optional<std::string> findBetween(const std::string &text,
                                              const std::string &before,
                                              const std::string &after,
                                              const char *excluded) {
  for (size_t at = text.find(before); at != std::string::npos;
       at = text.find(before, at + 1)) {
    const size_t begin = at + before.size();
    const size_t end = text.find_first_of(excluded, begin);
    if (end != std::string::npos && end > begin &&
        text.compare(end, after.size(), after) == 0)
      return text.substr(begin, end - begin);
  }
  return std::nullopt;
}

static void checkAlternation(const Messages &messages, size_t first) {
  for (size_t i = first; i < messages.size(); ++i)
    if ((messages[i].role == "user") != ((i - first) % 2 == 0))
      throw Error("Conversation roles must alternate "
                  "user/assistant/user/assistant/...");
}

/// What thinking models write before their answer is left out of the history.
static std::string withoutThoughts(const std::string &content) {
  const std::string end = "</think>";
  const size_t found = content.rfind(end);
  if (found == std::string::npos)
    return content;
  const size_t rest = content.find_first_not_of('\n', found + end.size());
  return rest == std::string::npos ? "" : content.substr(rest);
}

/// Template-independent form of ChatML: a system message stands first unless
/// the conversation brings its own.
static std::string writeChatML(const Messages &messages,
                               const std::optional<std::string> &system,
                               bool thinks) {
  std::string text;
  if (system && (messages.empty() || messages[0].role != "system"))
    text = "<|im_start|>system\n" + *system + "<|im_end|>\n";
  for (const Message &message : messages)
    text += "<|im_start|>" + message.role + "\n" +
            (thinks && message.role == "assistant"
                 ? withoutThoughts(message.content)
                 : message.content) +
            "<|im_end|>\n";
  return text + "<|im_start|>assistant\n";
}

static std::string writeLlama2(const Messages &messages,
                               const std::string &bosToken,
                               const std::string &eosToken) {
  const bool hasSystem = !messages.empty() && messages[0].role == "system";
  const size_t first = hasSystem ? 1 : 0;
  checkAlternation(messages, first);
  std::string text;
  for (size_t i = first; i < messages.size(); ++i) {
    std::string content = messages[i].content;
    if (hasSystem && i == first)
      content = "<<SYS>>\n" + messages[0].content + "\n<</SYS>>\n\n" + content;
    if (messages[i].role == "user")
      text += bosToken + "[INST] " + trim(content) + " [/INST]";
    else if (messages[i].role == "assistant")
      text += " " + trim(content) + " " + eosToken;
  }
  return text;
}

static std::string writeMistral(const Messages &messages,
                                const std::string &bosToken,
                                const std::string &answerEnd) {
  checkAlternation(messages, 0);
  std::string text = bosToken;
  for (const Message &message : messages) {
    if (message.role == "user")
      text += "[INST] " + message.content + " [/INST]";
    else if (message.role == "assistant")
      text += message.content + answerEnd;
    else
      throw Error("Only user and assistant roles are supported!");
  }
  return text;
}

static std::string writeLlama3(const Messages &messages,
                               const std::string &bosToken,
                               const std::optional<std::string> &dates) {
  const auto header = [](const std::string &role) {
    return "<|start_header_id|>" + role + "<|end_header_id|>\n\n";
  };
  std::string text = bosToken;
  size_t first = 0;
  if (dates) {
    text += header("system") + *dates;
    if (!messages.empty() && messages[0].role == "system")
      text += trim(messages[first++].content);
    text += "<|eot_id|>";
  }
  for (size_t i = first; i < messages.size(); ++i)
    text += header(messages[i].role) + trim(messages[i].content) + "<|eot_id|>";
  return text + header("assistant");
}

/// Each message begins with its role in bars.
static std::string writeRoles(const Messages &messages, std::string text,
                              const char *before, const char *after,
                              const char *prompt) {
  for (const Message &message : messages)
    text += "<|" + message.role + "|>" + before + message.content + after;
  return text + prompt;
}

static std::string getToday() {
  const std::time_t now = std::time(nullptr);
  std::tm local;
  char text[64];
  const size_t size =
      std::strftime(text, sizeof text, "%d %b %Y", localtime_r(&now, &local));
  return std::string(text, size);
}

std::optional<BuiltinTemplate>
BuiltinTemplate::recognize(const std::string &jinja) {
  const std::string normal = normalize(jinja);
  const auto make = [](const char *name, auto write) {
    return BuiltinTemplate(name, write);
  };
  using Text = const std::string &;

  if (has(normal, "'<|start_header_id|>'+message['role']+"
                  "'<|end_header_id|>\\n\\n'+message['content']|trim+"
                  "'<|eot_id|>'")) {
    std::optional<std::string> date;
    const bool hasDates = has(jinja, "Cutting Knowledge Date: December 2023");
    if (hasDates)
      date = findBetween(jinja, "date_string = \"", "\"", "\"");
    const bool isToday = has(jinja, "strftime_now");
    if (hasDates && !isToday && !date)
      return std::nullopt;
    return make("Llama 3", [=](const Messages &messages, Text bos, Text) {
      std::optional<std::string> dates;
      if (hasDates)
        dates = "Cutting Knowledge Date: December 2023\nToday Date: " +
                (isToday ? getToday() : *date) + "\n\n";
      return writeLlama3(messages, bos, dates);
    });
  }
  // Further texts that are written between messages make it another one.
  if (has(normal, "'<|im_start|>'+message") && has(jinja, "<|im_end|>") &&
      !has(jinja, "<|im_sep|>") && !has(jinja, "strftime_now") &&
      !has(normal, "|trim") && !has(normal, ".strip()")) {
    const auto findSystem = [&](const char *lineEnd) {
      return findBetween(jinja, std::string("<|im_start|>system") + lineEnd,
                         "<|im_end|>", "<'\"{}");
    };
    std::optional<std::string> system = findSystem("\n");
    if (!system)
      system = findSystem("\\n");
    const bool thinks = has(jinja, "</think>");
    const bool hasBegin = has(normal, "{{bos_token}}");
    return make("ChatML", [=](const Messages &messages, Text bos, Text) {
      return (hasBegin ? bos : "") + writeChatML(messages, system, thinks);
    });
  }
  if (has(normal, "'[INST] '+content.strip()+' [/INST]'") &&
      has(normal, "' '+content.strip()+' '+eos_token") && has(jinja, "<<SYS>>"))
    return make("Llama 2", writeLlama2);
  if (has(normal, "{{'[INST] '+message['content']+' [/INST]'}}") &&
      has(normal, "{{message['content']+eos_token") && !has(jinja, "system")) {
    const bool hasSpace = has(normal, "{{message['content']+eos_token+' '}}");
    return make("Mistral", [=](const Messages &messages, Text bos, Text eos) {
      return writeMistral(messages, bos, hasSpace ? eos + " " : eos);
    });
  }
  if (has(jinja, "[gMASK]sop"))
    return make("ChatGLM3", [](const Messages &messages, Text, Text) {
      return writeRoles(messages, "[gMASK]sop", "\n ", "", "<|assistant|>");
    });
  if (has(jinja, "[gMASK]<sop>"))
    return make("GLM-4", [](const Messages &messages, Text, Text) {
      return writeRoles(messages, "[gMASK]<sop>", "\n", "", "<|assistant|>");
    });
  if (has(normal, "'<|user|>\\n'+message['content']+'<|end|>\\n'")) {
    const bool hasBegin = has(normal, "{{bos_token}}");
    return make("Phi-3", [=](const Messages &messages, Text bos, Text) {
      return writeRoles(messages, hasBegin ? bos : "", "\n", "<|end|>\n",
                        "<|assistant|>\n");
    });
  }
  return std::nullopt;
}
