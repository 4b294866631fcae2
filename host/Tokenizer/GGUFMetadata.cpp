//===- GGUFMetadata.cpp - What a GGUF file says of its tokenizer ----------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "host/Tokenizer/GGUFMetadata.h"

#include "dlavm_runtime.h"
#include "host/Support/GGUFValues.h"
#include "host/Tokenizer/Tokenizer.h"
#include "host/Tokenizer/UTF8.h"

#include <cstring>
#include <fstream>

#include <sys/stat.h>

using namespace dlavm::host;

namespace {

constexpr std::string_view kPrefix = "tokenizer.";

/// Reads a file from its beginning, as it may have many gigabytes behind its
/// metadata.
class Reader {
public:
  explicit Reader(const std::string &path) : path(path) {
    struct stat status;
    if (stat(path.c_str(), &status) != 0 || !S_ISREG(status.st_mode))
      throw dlavm::Error(path + " is no regular file that can be read");
    size = static_cast<uint64_t>(status.st_size);
    stream.open(path, std::ios::binary);
  }

  [[noreturn]] void fail(uint64_t at, const std::string &what) const {
    throw dlavm::Error(path + ": byte " + std::to_string(at) + ": " + what);
  }
  uint64_t getPosition() const { return position; }
  uint64_t getRest() const { return size - position; }

  void read(void *bytes, uint64_t count) {
    if (count > getRest() || !stream.read(static_cast<char *>(bytes),
                                          static_cast<std::streamsize>(count)))
      fail(position, "the file ends within a value; is the download complete?");
    position += count;
    if (isKept)
      kept.append(static_cast<char *>(bytes), count);
  }
  template <typename T> T read() {
    T value;
    read(&value, sizeof value);
    return value;
  }
  std::string readText() {
    const uint64_t begin = position;
    const auto length = read<uint64_t>();
    // Chat templates and names of tokens are far shorter.
    if (length > getRest() || length > (uint64_t{1} << 28))
      fail(begin, "a text has " + std::to_string(length) +
                      " bytes, but the file ends " + std::to_string(getRest()) +
                      " bytes later");
    std::string text(length, '\0');
    read(text.data(), length);
    if (!isUTF8(text))
      fail(begin, "a text is not UTF-8");
    return text;
  }
  void skip(uint64_t count) {
    if (count > getRest())
      fail(position, "the file ends within a value; is the download complete?");
    stream.seekg(static_cast<std::streamoff>(count), std::ios::cur);
    position += count;
  }
  double readNumber(uint32_t type) {
    switch (type) {
    case gguf::UInt8:
      return read<uint8_t>();
    case gguf::Int8:
      return read<int8_t>();
    case gguf::UInt16:
      return read<uint16_t>();
    case gguf::Int16:
      return read<int16_t>();
    case gguf::UInt32:
      return read<uint32_t>();
    case gguf::Int32:
      return read<int32_t>();
    case gguf::Float32:
      return static_cast<double>(read<float>());
    case gguf::UInt64:
      return static_cast<double>(read<uint64_t>());
    case gguf::Int64:
      return static_cast<double>(read<int64_t>());
    case gguf::Float64:
      return read<double>();
    default:
      return read<uint8_t>() != 0;
    }
  }

  void skipValue(uint32_t type, int depth) {
    if (const size_t bytes = gguf::getSize(type))
      return skip(bytes);
    if (type == gguf::String) {
      readText();
      return;
    }
    const uint64_t begin = position - sizeof(uint32_t);
    if (type != gguf::Array || depth > 8)
      fail(begin, "a value has the unknown type " + std::to_string(type));
    const auto element = read<uint32_t>();
    const uint64_t count = readCount(element);
    if (const size_t bytes = gguf::getSize(element))
      return skip(count * bytes);
    for (uint64_t i = 0; i < count; ++i)
      skipValue(element, depth + 1);
  }
  /// How many elements of \p type follow, which the file has room for.
  uint64_t readCount(uint32_t type) {
    const uint64_t begin = position;
    const auto count = read<uint64_t>();
    const size_t least = gguf::getSize(type) ? gguf::getSize(type) : 8;
    if (count > getRest() / least)
      fail(begin, "an array has " + std::to_string(count) +
                      " elements, for which the file is too short");
    return count;
  }

  GGUFMetadata::Value readValue(uint32_t type) {
    GGUFMetadata::Value value;
    value.type = type;
    value.position = position;
    if (type == gguf::String) {
      value.texts.push_back(readText());
      return value;
    }
    if (gguf::getSize(type)) {
      value.numbers.push_back(readNumber(type));
      return value;
    }
    if (type != gguf::Array)
      fail(position - sizeof(uint32_t),
           "a value has the unknown type " + std::to_string(type));
    value.elementType = read<uint32_t>();
    const bool isText = value.elementType == gguf::String;
    if (!isText && !gguf::getSize(value.elementType))
      fail(position - sizeof(uint32_t),
           "an array has elements of the unknown type " +
               std::to_string(value.elementType));
    const uint64_t begin = position;
    const uint64_t count = readCount(value.elementType);
    // Elements take more memory than in the file.
    constexpr uint64_t most = uint64_t{1} << 24;
    if (count > most)
      fail(begin, "an array has " + std::to_string(count) +
                      " elements, more than any tokenizer, of which at most " +
                      std::to_string(most) + " are read");
    for (uint64_t i = 0; i < count; ++i)
      if (isText)
        value.texts.push_back(readText());
      else
        value.numbers.push_back(readNumber(value.elementType));
    return value;
  }

  /// What is read from here on is kept.
  void keep() {
    isKept = true;
    kept.clear();
  }
  std::string takeKept() {
    isKept = false;
    return std::move(kept);
  }

private:
  const std::string &path;
  std::ifstream stream;
  uint64_t size = 0, position = 0;
  bool isKept = false;
  std::string kept;
};

template <typename T> void append(std::string &bytes, T value) {
  bytes.append(reinterpret_cast<const char *>(&value), sizeof value);
}

} // namespace

bool GGUFMetadata::isGGUF(const std::string &path) {
  struct stat status;
  if (stat(path.c_str(), &status) != 0 || !S_ISREG(status.st_mode))
    return false;
  char magic[4] = {};
  std::ifstream(path, std::ios::binary).read(magic, sizeof magic);
  return std::memcmp(magic, "GGUF", 4) == 0;
}

GGUFMetadata GGUFMetadata::read(const std::string &path) {
  Reader reader(path);
  char magic[4];
  reader.read(magic, sizeof magic);
  if (std::memcmp(magic, "GGUF", 4) != 0)
    reader.fail(0, "it is no GGUF file, which begins with these letters");
  const auto version = reader.read<uint32_t>();
  if (version != 2 && version != 3)
    reader.fail(4, "the version is " + std::to_string(version) +
                       ", but 2 and 3 are supported; convert the model again");
  reader.read<uint64_t>();
  const auto pairs = reader.read<uint64_t>();
  GGUFMetadata metadata;
  metadata.path = path;
  for (uint64_t i = 0; i < pairs; ++i) {
    const uint64_t begin = reader.getPosition();
    reader.keep();
    const std::string key = reader.readText();
    const auto type = reader.read<uint32_t>();
    if (key.compare(0, kPrefix.size(), kPrefix) != 0) {
      reader.takeKept();
      reader.skipValue(type, 0);
      continue;
    }
    Value value = reader.readValue(type);
    value.bytes = reader.takeKept();
    if (!metadata.values.emplace(key, std::move(value)).second)
      reader.fail(begin, "the key '" + key + "' comes a second time");
  }
  return metadata;
}

std::string GGUFMetadata::getPlace(const std::string &key) const {
  const Value *value = find(key);
  return path + ": " +
         (value ? "byte " + std::to_string(value->position) + ": " : "") + "'" +
         key + "' ";
}

void GGUFMetadata::fail(const std::string &key, const std::string &what) const {
  throw dlavm::Error(getPlace(key) + what);
}

void GGUFMetadata::refuse(const std::string &key,
                          const std::string &what) const {
  throw UnknownTokenizer(getPlace(key) + what);
}

const GGUFMetadata::Value *GGUFMetadata::find(const std::string &key) const {
  auto found = values.find(key);
  return found == values.end() ? nullptr : &found->second;
}

std::optional<std::string>
GGUFMetadata::findText(const std::string &key) const {
  const Value *value = find(key);
  if (!value)
    return std::nullopt;
  if (value->type != gguf::String)
    fail(key, "is no text");
  return value->texts[0];
}

std::optional<bool> GGUFMetadata::findBool(const std::string &key) const {
  const Value *value = find(key);
  if (!value)
    return std::nullopt;
  if (value->type != gguf::Bool)
    fail(key, "is neither true nor false");
  return value->numbers[0] != 0;
}

std::optional<int32_t> GGUFMetadata::findIndex(const std::string &key,
                                               size_t limit) const {
  const Value *value = find(key);
  if (!value)
    return std::nullopt;
  const double number = value->numbers.size() == 1 ? value->numbers[0] : -1;
  if (value->type == gguf::Array || !(number >= 0) ||
      number >= static_cast<double>(limit) ||
      number != static_cast<double>(static_cast<int64_t>(number)))
    fail(key, "is no id of a token; there are " + std::to_string(limit));
  return static_cast<int32_t>(number);
}

const std::vector<std::string> *
GGUFMetadata::findTexts(const std::string &key) const {
  const Value *value = find(key);
  if (value &&
      (value->type != gguf::Array || value->elementType != gguf::String))
    fail(key, "is no array of texts");
  return value ? &value->texts : nullptr;
}

const std::vector<double> *GGUFMetadata::findNumbers(const std::string &key,
                                                     size_t count) const {
  const Value *value = find(key);
  if (!value)
    return nullptr;
  if (value->type != gguf::Array || value->elementType == gguf::String ||
      value->numbers.size() != count)
    fail(key, "is no array of " + std::to_string(count) +
                  " numbers, one for each token");
  return &value->numbers;
}

std::string GGUFMetadata::print() const {
  std::string bytes = "GGUF";
  append(bytes, uint32_t{3});
  append(bytes, uint64_t{0});
  append(bytes, uint64_t{values.size()});
  for (const auto &[key, value] : values)
    bytes += value.bytes;
  return bytes;
}
