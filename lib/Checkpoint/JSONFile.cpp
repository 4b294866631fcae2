//===- JSONFile.cpp - JSON objects of a checkpoint ------------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "JSONFile.h"

#include "DLAVM/Support/JSON.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"

using namespace dlavm;
using namespace llvm;

/// The first key that comes twice in one object of \p text, which is valid
/// JSON; json::parse keeps the last value and says nothing.
static std::optional<std::string> findDuplicateKey(StringRef text) {
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
        return key.getAsString()->str();
      break;
    }
    }
  }
  return std::nullopt;
}

Expected<json::Object> dlavm::parseJSONObject(StringRef text,
                                              const Twine &what) {
  if (!json::isUTF8(text))
    return createStringError(what + ": is not valid UTF-8; is the file "
                                    "complete?");
  if (isJSONTooDeep(text))
    return createStringError(what + ": arrays and objects nest deeper than " +
                             Twine(kMaxJSONDepth) + " levels");
  Expected<json::Value> value = json::parse(text);
  if (!value)
    return createStringError(
        what + ": is not valid JSON: " + toString(value.takeError()) +
        "; is the file complete?");
  json::Object *object = value->getAsObject();
  if (!object)
    return createStringError(what + ": must be a JSON object, found " +
                             printJSON(&*value));
  if (std::optional<std::string> key = findDuplicateKey(text))
    return createStringError(what + ": the key '" + *key + "' comes twice");
  return std::move(*object);
}

Expected<std::optional<json::Object>> dlavm::readJSONFile(StringRef directory,
                                                          StringRef name) {
  SmallString<128> path(directory);
  sys::path::append(path, name);
  auto buffer = MemoryBuffer::getFile(path, /*IsText=*/false,
                                      /*RequiresNullTerminator=*/false);
  if (buffer.getError() == std::errc::no_such_file_or_directory)
    return std::nullopt;
  if (!buffer)
    return createStringError(
        path + ": cannot be read: " + buffer.getError().message());
  Expected<json::Object> object = parseJSONObject((*buffer)->getBuffer(), path);
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
  return value ? printShortJSON(*value) : "nothing";
}
