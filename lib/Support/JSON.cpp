//===- JSON.cpp - Reading JSON files --------------------------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DLAVM/Support/JSON.h"

#include "DLAVM/Support/InputFile.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/raw_ostream.h"

using namespace dlavm;
using namespace llvm;

/// ":line:column" of an offset.
static std::string locate(StringRef text, size_t offset) {
  StringRef before = text.take_front(offset);
  const size_t lineBegin = before.rfind('\n') + 1;
  return ":" + std::to_string(before.count('\n') + 1) + ":" +
         std::to_string(offset - lineBegin + 1);
}

/// The most values and objects: several times what the largest checkpoints
/// have. json::Object is a hash table of kilobytes, however little it holds.
static constexpr size_t kMaxValues = 1'000'000, kMaxObjects = 100'000;

/// Where \p text begins to be more than json::parse may get, and why: it
/// recurses into arrays and objects, and takes up to hundreds of times the
/// memory of the text.
static std::optional<std::pair<size_t, std::string>>
findExcess(StringRef text) {
  unsigned depth = 0;
  size_t values = 0, objects = 0;
  bool isInString = false;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '"')
      isInString = !isInString;
    else if (isInString)
      i += c == '\\';
    else if (c == '[' || c == '{')
      ++depth;
    else if ((c == ']' || c == '}') && depth > 0)
      --depth;
    if (isInString)
      continue;
    values += c == ',' || c == '[' || c == '{';
    objects += c == '{';
    if (depth > kMaxJSONDepth)
      return std::pair(i, "arrays and objects nest deeper than " +
                              std::to_string(kMaxJSONDepth) + " levels");
    if (objects > kMaxObjects)
      return std::pair(i, "has more than " + std::to_string(kMaxObjects) +
                              " objects");
    if (values > kMaxValues)
      return std::pair(i, "has more than " + std::to_string(kMaxValues) +
                              " values");
  }
  return std::nullopt;
}

/// The first key that comes twice in one object of \p text, which is valid
/// JSON, and its place; json::parse keeps the last value and says nothing.
static std::optional<std::pair<std::string, size_t>>
findDuplicateKey(StringRef text) {
  // One set for each array and object around the current place.
  SmallVector<StringSet<>> scopes;
  bool isKey = false;
  for (size_t i = 0; i < text.size(); ++i) {
    switch (text[i]) {
    case '{':
    case '[':
      scopes.emplace_back();
      isKey = text[i] == '{';
      break;
    case '}':
    case ']':
      scopes.pop_back();
      isKey = false;
      break;
    case ',':
      // Where this is an array, no string is followed by a colon.
      isKey = true;
      break;
    case '"': {
      const size_t begin = i++;
      while (text[i] != '"')
        i += text[i] == '\\' ? 2 : 1;
      if (!isKey || !text.drop_front(i + 1).ltrim().starts_with(":"))
        break;
      isKey = false;
      // Escapes may spell one key in several ways.
      json::Value key = cantFail(json::parse(text.slice(begin, i + 1)));
      if (!scopes.back().insert(*key.getAsString()).second)
        return std::pair(key.getAsString()->str(), begin);
      break;
    }
    }
  }
  return std::nullopt;
}

/// Moves the place of an error of json::parse, "[3:7, byte=40]: Expected ...",
/// behind the name of the file.
static Error failParsing(const Twine &what, Error error) {
  std::string message = toString(std::move(error)), place;
  if (StringRef rest = message; rest.consume_front("[")) {
    auto [position, reason] = rest.split("]: ");
    place = (":" + position.split(',').first).str();
    message = reason.str();
  }
  return createStringError(what + place + ": is not valid JSON: " + message +
                           "; is the file complete?");
}

/// Python writes numbers that JSON does not have. As strings they are no
/// numbers for anybody who asks for one. Nothing where there are none.
static std::optional<std::string> quoteNonFinite(StringRef text) {
  // Most files have none, and headers of tensors are long.
  if (!text.contains("NaN") && !text.contains("Infinity"))
    return std::nullopt;
  std::string result;
  bool isInString = false;
  size_t done = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '"')
      isInString = !isInString;
    if (isInString) {
      i += text[i] == '\\';
      continue;
    }
    for (StringRef number : {"-Infinity", "Infinity", "NaN"})
      if (text.drop_front(i).starts_with(number)) {
        result += text.slice(done, i);
        result += "\"" + number.str() + "\"";
        i += number.size() - 1;
        done = i + 1;
        break;
      }
  }
  if (done == 0)
    return std::nullopt;
  return result + text.drop_front(done).str();
}

Error dlavm::checkUTF8(StringRef text, const Twine &what) {
  size_t invalid = 0;
  if (json::isUTF8(text, &invalid))
    return Error::success();
  return createStringError(what + locate(text, invalid) +
                           ": is not valid UTF-8; is the file complete?");
}

Expected<json::Object> dlavm::parseJSONObject(StringRef text,
                                              const Twine &what) {
  if (StringRef foreign = describeForeignFile(text); !foreign.empty())
    return createStringError(what + ": " + foreign);
  // A byte-order mark.
  text.consume_front("\xEF\xBB\xBF");
  if (Error error = checkUTF8(text, what))
    return error;
  if (auto excess = findExcess(text))
    return createStringError(what + locate(text, excess->first) + ": " +
                             excess->second);
  const std::optional<std::string> quoted = quoteNonFinite(text);
  if (quoted)
    text = *quoted;
  Expected<json::Value> value = json::parse(text);
  if (!value)
    return failParsing(what, value.takeError());
  json::Object *object = value->getAsObject();
  if (!object)
    return createStringError(what + ": must be a JSON object, found " +
                             printJSON(&*value));
  if (auto duplicate = findDuplicateKey(text))
    return createStringError(what + locate(text, duplicate->second) +
                             ": the key '" + duplicate->first +
                             "' comes twice");
  return std::move(*object);
}

Expected<json::Object> dlavm::readJSONFile(const Twine &path, StringRef hint) {
  Expected<std::unique_ptr<MemoryBuffer>> buffer = readTextFile(path);
  if (!buffer)
    return createStringError(
        path + ": cannot be read: " + toString(buffer.takeError()) + hint);
  return parseJSONObject((*buffer)->getBuffer(), path);
}

Expected<std::optional<json::Object>>
dlavm::readOptionalJSONFile(const Twine &path) {
  sys::fs::file_status status;
  if (sys::fs::status(path, status) == std::errc::no_such_file_or_directory)
    return std::nullopt;
  Expected<json::Object> object = readJSONFile(path);
  if (!object)
    return object.takeError();
  return std::move(*object);
}

std::vector<StringRef> dlavm::getSortedKeys(const json::Object &object) {
  std::vector<StringRef> keys;
  for (const auto &entry : object)
    keys.push_back(entry.first);
  sort(keys);
  return keys;
}

std::string dlavm::printJSON(const json::Value *value) {
  if (!value)
    return "nothing";
  constexpr size_t kMaxLength = 60;
  std::string text;
  raw_string_ostream(text) << *value;
  if (text.size() <= kMaxLength)
    return text;
  // Cut between characters, not inside the bytes of one.
  size_t length = kMaxLength;
  while ((text[length] & 0xC0) == 0x80)
    --length;
  return text.substr(0, length) + "...";
}
