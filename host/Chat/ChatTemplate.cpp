//===- ChatTemplate.cpp - Conversations as tokens -------------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "host/Chat/ChatTemplate.h"

#include "dlavm_runtime.h"
#include "host/Chat/BuiltinTemplates.h"
#include "host/Chat/TemplateProcess.h"
#include "host/Tokenizer/GGUFMetadata.h"
#include "host/Tokenizer/JSONValue.h"

#include "nlohmann/json.hpp"

#include <algorithm>
#include <cstdlib>
#include <map>
#include <optional>

using namespace dlavm::host;
using dlavm::Error;
using nlohmann::json;

namespace {

/// A template, and what it may use.
struct Source {
  /// Where it was found, for messages.
  std::string place;
  std::string jinja;
  /// bos_token and the like.
  std::map<std::string, std::string> specialTokens;

  std::string getSpecial(const char *name) const {
    const auto found = specialTokens.find(name);
    return found == specialTokens.end() ? "" : found->second;
  }
};

class PlainTemplate : public ChatTemplate {
public:
  explicit PlainTemplate(const Tokenizer &tokenizer) : ChatTemplate(tokenizer) {
    addSpecial = true;
  }
  std::string render(const std::vector<Message> &messages) override {
    std::string text;
    for (const Message &message : messages)
      text += message.content;
    return text;
  }
};

class FixedTemplate : public ChatTemplate {
public:
  FixedTemplate(const Tokenizer &tokenizer, Source source, BuiltinTemplate form)
      : ChatTemplate(tokenizer), source(std::move(source)),
        form(std::move(form)) {}
  std::string render(const std::vector<Message> &messages) override {
    return form.render(messages, source.getSpecial("bos_token"),
                       source.getSpecial("eos_token"));
  }

private:
  Source source;
  BuiltinTemplate form;
};

class JinjaTemplate : public ChatTemplate {
public:
  /// Throws if the template is no Jinja.
  JinjaTemplate(const Tokenizer &tokenizer, Source source,
                std::unique_ptr<TemplateProcess> python)
      : ChatTemplate(tokenizer), source(std::move(source)),
        python(std::move(python)) {
    call(nullptr);
  }

  std::string render(const std::vector<Message> &messages) override {
    // Templates may print a message: the role comes first there.
    nlohmann::ordered_json list = nlohmann::ordered_json::array();
    for (const Message &message : messages)
      list.push_back({{"role", message.role}, {"content", message.content}});
    return call(list);
  }

private:
  std::string call(const nlohmann::ordered_json &messages) {
    const nlohmann::ordered_json request = {
        {"template", source.jinja},
        {"messages", messages},
        {"variables", source.specialTokens}};
    // ASCII, whatever encoding Python reads by. Bytes that are no UTF-8 become
    // U+FFFD, as in tokenizers.
    const std::string line = request.dump(-1, ' ', /*ensure_ascii=*/true,
                                          json::error_handler_t::replace);
    const json answer = json::parse(python->call(line), nullptr,
                                    /*allow_exceptions=*/false);
    if (answer.is_object() && answer.contains("text"))
      return answer["text"].get<std::string>();
    if (!answer.is_object() || !answer.contains("error"))
      throw Error(source.place + ": Python answers what is no JSON of ours");
    std::string place = source.place;
    if (answer["line"].is_number())
      place += ", line " + answer["line"].dump();
    throw Error(place + ": " + answer["error"].get<std::string>());
  }

  Source source;
  std::unique_ptr<TemplateProcess> python;
};

} // namespace

/// An object, empty where the file is not there.
static json readObject(const std::string &path) {
  const std::optional<std::string> text = readFileIfThere(path);
  if (!text)
    return json::object();
  json value = parseJSON(path, *text);
  if (!value.is_object())
    throw Error(path + ": expected a JSON object");
  return value;
}

/// Takes the special tokens that are not known yet: texts, or objects with one.
static void addSpecialTokens(const json &object, Source &source) {
  for (const char *name : {"bos_token", "eos_token", "unk_token", "sep_token",
                           "pad_token", "cls_token", "mask_token"}) {
    const auto found = object.find(name);
    if (found == object.end())
      continue;
    const json &value = found->is_object() && found->contains("content")
                            ? (*found)["content"]
                            : *found;
    if (value.is_string())
      source.specialTokens.emplace(name, value.get<std::string>());
  }
}

/// A text, or the one named "default" of a list.
static std::string getTemplate(const json &value, const std::string &place) {
  if (value.is_string())
    return value.get<std::string>();
  std::string names;
  if (value.is_array())
    for (const json &entry : value) {
      if (!entry.is_object() || !entry.contains("name") ||
          !entry["name"].is_string() || !entry.contains("template") ||
          !entry["template"].is_string())
        throw Error(place +
                    ": expected objects with \"name\" and "
                    "\"template\", found " +
                    entry.dump().substr(0, 60));
      if (entry["name"] == "default" || value.size() == 1)
        return entry["template"].get<std::string>();
      names += (names.empty() ? "" : ", ") + entry["name"].get<std::string>();
    }
  throw Error(place +
              ": expected a template, or a list of templates with one "
              "named \"default\"" +
              (names.empty() ? "" : "; the names here are " + names));
}

/// The template of a directory or a GGUF file; without a place if there is
/// none.
static Source readSource(const std::string &path) {
  Source source;
  const bool isGGUF = GGUFMetadata::isGGUF(path);
  const std::string configPath = joinPath(path, "tokenizer_config.json");
  const std::string ggufPath = isGGUF ? path : joinPath(path, "tokenizer.gguf");
  json config;
  if (!isGGUF) {
    config = readObject(configPath);
    addSpecialTokens(config, source);
    addSpecialTokens(readObject(joinPath(path, "special_tokens_map.json")),
                     source);
  }
  const std::string jinjaPath = joinPath(path, "chat_template.jinja");
  if (const auto text = isGGUF ? std::nullopt : readFileIfThere(jinjaPath)) {
    source.place = jinjaPath;
    source.jinja = *text;
  } else if (config.contains("chat_template") &&
             !config["chat_template"].is_null()) {
    source.place = configPath + ": chat_template";
    source.jinja = getTemplate(config["chat_template"], source.place);
  } else if (GGUFMetadata::isGGUF(ggufPath)) {
    const char *key = "tokenizer.chat_template";
    if (const auto text = GGUFMetadata::read(ggufPath).findText(key)) {
      source.place = ggufPath + ": " + key;
      source.jinja = *text;
    }
  }
  if (!source.place.empty() &&
      source.jinja.find_first_not_of(" \t\r\n") == std::string::npos)
    throw Error(source.place + " is empty; write a template, or remove it, and "
                               "messages follow each other as they are");
  return source;
}

/// What ends a message of the assistant, or begins one of somebody else.
static std::vector<int32_t> findEndTokens(const Tokenizer &tokenizer,
                                          const std::string &jinja) {
  std::vector<int32_t> ids;
  if (const auto end = tokenizer.getEndToken())
    ids.push_back(*end);
  for (const char *piece : {"<|im_end|>", "<|eot_id|>", "<|eom_id|>", "<|end|>",
                            "<|user|>", "<|observation|>", "<end_of_turn>",
                            "<|end_of_text|>", "<|endoftext|>", "</s>"}) {
    const auto id = tokenizer.findPiece(piece);
    if (id && tokenizer.isSpecial(*id) &&
        jinja.find(piece) != std::string::npos &&
        std::find(ids.begin(), ids.end(), *id) == ids.end())
      ids.push_back(*id);
  }
  return ids;
}

void ChatTemplate::check(const std::string &directory) {
  (void)readSource(directory);
}

std::unique_ptr<ChatTemplate>
ChatTemplate::open(const std::string &directory, const Tokenizer &tokenizer,
                   const std::function<void(const std::string &)> &note) {
  Source source = readSource(directory);
  if (const auto begin = tokenizer.getBeginToken())
    source.specialTokens.emplace("bos_token", tokenizer.getPiece(*begin));
  if (const auto end = tokenizer.getEndToken())
    source.specialTokens.emplace("eos_token", tokenizer.getPiece(*end));
  const std::vector<int32_t> endTokens = findEndTokens(tokenizer, source.jinja);
  std::unique_ptr<ChatTemplate> result;
  std::string why;
  if (source.place.empty()) {
    note(directory + " has no chat template: messages follow each other as "
                     "they are");
    result = std::make_unique<PlainTemplate>(tokenizer);
  } else if (auto python = TemplateProcess::start(why)) {
    result = std::make_unique<JinjaTemplate>(tokenizer, std::move(source),
                                             std::move(python));
  } else if (auto form = BuiltinTemplate::recognize(source.jinja)) {
    note("the chat template is taken for the built-in one of " +
         form->getName() + ", as " + why);
    result = std::make_unique<FixedTemplate>(tokenizer, std::move(source),
                                             std::move(*form));
  } else {
    throw Error(source.place + ": no built-in template is like this one, and " +
                why +
                "; install python3-jinja2, or name a Python that has "
                "jinja2 with DLAVM_PYTHON");
  }
  result->endTokens = endTokens;
  return result;
}

const std::vector<ChatTemplate::Special> &ChatTemplate::getSpecials() {
  const std::lock_guard<std::mutex> lock(mutex);
  if (specials.empty())
    for (int32_t id = 0; id < tokenizer.getSize(); ++id)
      if (tokenizer.isSpecial(id) && !tokenizer.getPiece(id).empty())
        specials.push_back({tokenizer.getPiece(id), id});
  return specials;
}

/// A text that no template changes, and that stands in none.
static std::string makeMark(size_t index) {
  return "\xee\x80\x80" + std::to_string(index) + "\xee\x80\x81";
}

/// The bytes of the messages in the rendered text, in order; nothing if the
/// template changes them. \p marked is the text of the messages' marks.
static std::optional<std::vector<std::pair<size_t, size_t>>>
findContents(const std::string &text, const std::string &marked,
             const std::vector<Message> &messages) {
  std::vector<std::pair<size_t, size_t>> found;
  size_t at = 0, markedAt = 0;
  while (true) {
    // Up to the next mark, both are the template's.
    const size_t mark = marked.find("\xee\x80\x80", markedAt);
    const size_t size = std::min(mark, marked.size()) - markedAt;
    if (text.compare(at, size, marked, markedAt, size) != 0)
      return std::nullopt;
    at += size;
    if (mark == std::string::npos)
      break;
    const size_t index = std::strtoul(marked.c_str() + mark + 3, nullptr, 10);
    if (index >= messages.size() ||
        marked.compare(mark, makeMark(index).size(), makeMark(index)) != 0)
      return std::nullopt;
    markedAt = mark + makeMark(index).size();
    const size_t next = marked.find("\xee\x80\x80", markedAt);
    const std::string behind = marked.substr(
        markedAt, next == std::string::npos ? next : next - markedAt);
    // Templates trim messages.
    const std::string &whole = messages[index].content;
    const char *space = " \t\n\r\f\v";
    const size_t begin = std::min(whole.find_first_not_of(space), whole.size());
    const size_t end = whole.find_last_not_of(space) + 1;
    bool isThere = false;
    for (const std::string &content :
         {whole, whole.substr(begin, std::max(begin, end) - begin),
          whole.substr(begin), whole.substr(0, end)})
      if (text.compare(at, content.size(), content) == 0 &&
          text.compare(at + content.size(), behind.size(), behind) == 0) {
        found.emplace_back(at, at + content.size());
        at += content.size();
        isThere = true;
        break;
      }
    if (!isThere)
      return std::nullopt;
  }
  if (at != text.size())
    return std::nullopt;
  return found;
}

std::vector<int32_t> ChatTemplate::encodeText(const std::string &text) const {
  return tokenizer.encode(text, {addSpecial, /*parseSpecial=*/true});
}

std::vector<int32_t>
ChatTemplate::findSpecialTokens(const std::string &text) const {
  std::vector<int32_t> ids = encodeText(text);
  ids.erase(
      std::remove_if(ids.begin(), ids.end(),
                     [&](int32_t id) { return !tokenizer.isSpecial(id); }),
      ids.end());
  return ids;
}

std::vector<int32_t>
ChatTemplate::encodeApart(const std::string &text,
                          const std::vector<Place> &contents) {
  // Special tokens of the template, the longest one at each place. What is
  // between them is text.
  std::vector<int32_t> ids;
  std::string chunk;
  bool isFirst = true;
  const auto encodeChunk = [&] {
    const std::vector<int32_t> added = tokenizer.encode(
        chunk, {addSpecial && isFirst, /*parseSpecial=*/false});
    ids.insert(ids.end(), added.begin(), added.end());
    chunk.clear();
    isFirst = false;
  };
  size_t next = 0;
  for (size_t at = 0; at < text.size();) {
    if (next < contents.size() && at == contents[next].first) {
      chunk.append(text, at, contents[next].second - at);
      at = contents[next++].second;
      continue;
    }
    const size_t end =
        next < contents.size() ? contents[next].first : text.size();
    const Special *best = nullptr;
    for (const Special &special : getSpecials())
      if (at + special.text.size() <= end &&
          text.compare(at, special.text.size(), special.text) == 0 &&
          (!best || special.text.size() > best->text.size()))
        best = &special;
    if (!best) {
      chunk += text[at++];
      continue;
    }
    if (!chunk.empty())
      encodeChunk();
    isFirst = false;
    ids.push_back(best->id);
    at += best->text.size();
  }
  if (!chunk.empty())
    encodeChunk();
  return ids;
}

std::vector<int32_t>
ChatTemplate::encode(const std::vector<Message> &messages) {
  const std::string text = render(messages);
  std::vector<int32_t> ids = encodeText(text);
  // What the template writes around messages is known from messages that cannot
  // be mistaken for it, nor be a part of a special token.
  std::vector<Message> marks = messages;
  for (size_t i = 0; i < marks.size(); ++i)
    marks[i].content = makeMark(i);
  try {
    const std::string marked = render(marks);
    if (findSpecialTokens(text) != findSpecialTokens(marked))
      if (const auto contents = findContents(text, marked, messages))
        ids = encodeApart(text, *contents);
  } catch (const TemplateFailure &) {
    throw;
  } catch (const Error &) {
    // The template refuses such messages: then nobody knows.
  }
  // A template may write BOS where the tokenizer adds it.
  const std::optional<int32_t> begin = tokenizer.getBeginToken();
  while (begin && ids.size() > 1 && ids[0] == *begin && ids[1] == *begin)
    ids.erase(ids.begin());
  return ids;
}
