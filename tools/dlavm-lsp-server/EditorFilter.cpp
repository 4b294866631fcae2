//===- EditorFilter.cpp - Between editor and language server ------------- ===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "EditorFilter.h"
#include "OpDocs.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Errno.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/LSP/Transport.h"
#include "llvm/Support/PrettyStackTrace.h"
#include "llvm/Support/raw_ostream.h"

#include <cstdio>
#include <set>
#include <unistd.h>

using namespace dlavm;
using namespace llvm;
using lsp::JSONStreamStyle;

static std::string print(const json::Value &value) {
  return formatv("{0}", value);
}

//===----------------------------------------------------------------------===//
// Messages
//===----------------------------------------------------------------------===//

/// The symbols of \p text as items of a completion, if the name of one is being
/// typed at the place.
static json::Array findSymbols(StringRef text, int64_t line,
                               int64_t character) {
  StringRef rest = text;
  for (; line > 0 && !rest.empty(); --line)
    rest = rest.split('\n').second;
  auto isPart = [](char c) {
    return isAlnum(c) || StringRef("_$.-").contains(c);
  };
  const StringRef before =
      rest.split('\n').first.take_front(std::max<int64_t>(character, 0));
  size_t begin = before.size();
  while (begin > 0 && isPart(before[begin - 1]))
    --begin;
  if (line != 0 || begin == 0 || before[--begin] != '@')
    return {};

  const char *const typed = before.data() + begin;
  std::set<std::string> names;
  for (size_t at = text.find('@'); at != StringRef::npos;
       at = text.find('@', at + 1)) {
    StringRef name = text.drop_front(at + 1).take_while(isPart);
    if (!name.empty() && text.data() + at != typed)
      names.insert(("@" + name).str());
  }
  // Editors differ in whether '@' is a part of the word that they replace.
  const int64_t row = text.take_front(typed - text.data()).count('\n');
  const json::Object range{
      {"start", json::Object{{"line", row}, {"character", int64_t(begin)}}},
      {"end", json::Object{{"line", row}, {"character", character}}}};
  constexpr int kReference = 18;
  json::Array items;
  for (const std::string &name : names)
    items.push_back(
        json::Object{{"label", name},
                     {"kind", kReference},
                     {"filterText", name},
                     {"textEdit", json::Object{{"range", json::Object(range)},
                                               {"newText", name}}}});
  return items;
}

void EditorFilter::read(const json::Object &request) {
  const StringRef method = request.getString("method").value_or("");
  const json::Object *params = request.getObject("params");
  const json::Object *document =
      params ? params->getObject("textDocument") : nullptr;
  if (!document)
    return;
  const StringRef uri = document->getString("uri").value_or("");
  if (method == "textDocument/didOpen") {
    texts[uri] = document->getString("text").value_or("").str();
  } else if (method == "textDocument/didChange") {
    // The server asks for whole texts.
    const json::Array *changes = params->getArray("contentChanges");
    if (changes && !changes->empty())
      if (const json::Object *change = changes->back().getAsObject())
        texts[uri] = change->getString("text").value_or("").str();
  } else if (method == "textDocument/didClose") {
    texts.erase(uri);
  } else if (method == "textDocument/completion") {
    const json::Object *position = params->getObject("position");
    const json::Value *id = request.get("id");
    if (!position || !id)
      return;
    json::Array items = findSymbols(
        texts.lookup(uri), position->getInteger("line").value_or(-1),
        position->getInteger("character").value_or(0));
    std::lock_guard<std::mutex> lock(completionsMutex);
    completions[print(*id)] = std::move(items);
  }
}

/// The documentation of the op that a hover is about, or nothing.
static StringRef findDocumentation(StringRef hover) {
  hover.consume_front("Operation: ");
  if (!hover.consume_front("\""))
    return "";
  const StringRef op = hover.take_until([](char c) { return c == '"'; });
  const size_t begin = getOpDocs().find(("\n### `" + op + "` (").str());
  if (begin == StringRef::npos)
    return "";
  StringRef section = getOpDocs().drop_front(begin + 1);
  return section.take_front(section.find("\n### ")).trim();
}

bool EditorFilter::extend(json::Object &answer) {
  json::Object *result = answer.getObject("result");
  if (!result)
    return false;
  if (json::Object *contents = result->getObject("contents")) {
    std::string text = contents->getString("value").value_or("").str();
    const StringRef documentation = findDocumentation(text);
    if (documentation.empty())
      return false;
    text.insert(std::min(text.find("Generic Form:"), text.size()),
                (documentation + "\n\n").str());
    (*contents)["value"] = std::move(text);
    return true;
  }
  if (json::Object *capabilities = result->getObject("capabilities")) {
    json::Object *completion = capabilities->getObject("completionProvider");
    json::Array *triggers =
        completion ? completion->getArray("triggerCharacters") : nullptr;
    if (triggers)
      triggers->push_back("@");
    return triggers;
  }
  const json::Value *id = answer.get("id");
  if (!id)
    return false;
  std::lock_guard<std::mutex> lock(completionsMutex);
  auto it = completions.find(print(*id));
  if (it == completions.end())
    return false;
  json::Array added = std::move(it->second);
  completions.erase(it);
  json::Array *items = result->getArray("items");
  if (!items || added.empty())
    return false;
  std::move(added.begin(), added.end(), std::back_inserter(*items));
  return true;
}

//===----------------------------------------------------------------------===//
// Streams
//===----------------------------------------------------------------------===//

/// Calls \p pass with each message until there are no more or it returns false.
static void readMessages(int input, JSONStreamStyle style,
                         function_ref<bool(std::string)> pass) {
  std::FILE *file = fdopen(input, "r");
  if (!file)
    return;
  lsp::JSONTransportInputOverFile messages(file, style);
  bool isOpen = true;
  while (isOpen && !messages.isEndOfInput() && !messages.hasError()) {
    std::string text;
    if (succeeded(messages.readMessage(text)))
      isOpen = pass(std::move(text));
  }
  std::fclose(file);
}

static void write(raw_fd_ostream &os, StringRef text) {
  os << "Content-Length: " << text.size() << "\r\n\r\n" << text;
  os.flush();
  // Whoever has closed the other end wants nothing more.
  os.clear_error();
}

void EditorFilter::passRequests() {
  const JSONStreamStyle style =
      isDelimited ? JSONStreamStyle::Delimited : JSONStreamStyle::Standard;
  raw_fd_ostream os(serverInput, /*shouldClose=*/true);
  readMessages(editorInput, style, [&](std::string text) {
    bool isLast = false;
    Expected<json::Value> message = json::parse(text);
    if (!message)
      consumeError(message.takeError());
    else if (const json::Object *request = message->getAsObject()) {
      read(*request);
      isLast = request->getString("method") == "exit";
    }
    if (isDelimited) {
      os << text << "\n// -----\n";
      os.flush();
      os.clear_error();
    } else {
      write(os, text);
    }
    return !isLast;
  });
}

void EditorFilter::passAnswers() {
  raw_fd_ostream os(editorOutput, /*shouldClose=*/false);
  readMessages(serverOutput, JSONStreamStyle::Standard, [&](std::string text) {
    Expected<json::Value> message = json::parse(text);
    if (!message)
      consumeError(message.takeError());
    else if (json::Object *answer = message->getAsObject();
             answer && extend(*answer))
      text = isDelimited ? formatv("{0:2}", *message).str() : print(*message);
    write(os, text);
    return true;
  });
}

EditorFilter::EditorFilter(int argc, const char *const *argv, bool isDelimited)
    : isDelimited(isDelimited) {
  int input[2], output[2];
  editorInput = dup(STDIN_FILENO);
  editorOutput = dup(STDOUT_FILENO);
  if (editorInput < 0 || editorOutput < 0 || pipe(input) != 0 ||
      pipe(output) != 0 || dup2(input[0], STDIN_FILENO) < 0 ||
      dup2(output[1], STDOUT_FILENO) < 0) {
    errs() << "error: the system has no pipes for the language server: "
           << sys::StrError() << "\n";
    std::_Exit(1);
  }
  close(input[0]);
  close(output[1]);
  serverInput = input[1];
  serverOutput = output[0];
  requests = std::thread([=] {
    PrettyStackTraceProgram trace(argc, argv);
    passRequests();
  });
  answers = std::thread([=] {
    PrettyStackTraceProgram trace(argc, argv);
    passAnswers();
  });
}

EditorFilter::~EditorFilter() {
  outs().flush();
  dup2(editorOutput, STDOUT_FILENO);
  answers.join();
  // It waits for the editor where the server ends by itself.
  requests.detach();
}
