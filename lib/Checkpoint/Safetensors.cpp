//===- Safetensors.cpp - Reading the file format safetensors --------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DLAVM/Checkpoint/Safetensors.h"
#include "DLAVM/Support/InputFile.h"
#include "DLAVM/Support/JSON.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSwitch.h"
#include "llvm/Support/CheckedArithmetic.h"
#include "llvm/Support/Endian.h"
#include "llvm/Support/FormatVariadic.h"

using namespace dlavm;
using namespace llvm;

/// The limit of the reference implementation.
static constexpr uint64_t kMaxHeaderBytes = 100'000'000;
static constexpr uint64_t kLengthBytes = 8;

/// Bits of an element; nothing for a type that is not known.
static std::optional<int64_t> getElementBits(StringRef type) {
  return StringSwitch<std::optional<int64_t>>(type)
      .Case("F4", 4)
      .Cases({"F6_E2M3", "F6_E3M2"}, 6)
      .Cases({"BOOL", "U8", "I8", "F8_E5M2", "F8_E4M3", "F8_E8M0"}, 8)
      .Cases({"I16", "U16", "F16", "BF16"}, 16)
      .Cases({"I32", "U32", "F32"}, 32)
      .Cases({"I64", "U64", "F64", "C64"}, 64)
      .Default(std::nullopt);
}

namespace {

/// A tensor, and where its bytes lie in the data.
struct Entry {
  StoredTensor tensor;
  uint64_t begin = 0, end = 0;
};

class Parser {
public:
  Parser(StringRef file, StringRef path) : file(file), path(path) {}

  Expected<SafetensorsContent> parse();

private:
  Expected<StringRef> getHeader();
  Error parseMetadata(const json::Value &value, SafetensorsContent &content);
  Expected<Entry> parseEntry(StringRef name, const json::Value &value);
  Error parseShape(StringRef name, const json::Value *value, Entry &entry);
  Error parseOffsets(StringRef name, const json::Value *value, Entry &entry);
  Error checkSize(const Entry &entry);
  Error checkCoverage(ArrayRef<Entry> entries);

  template <typename... Args> Error fail(const char *format, Args &&...args) {
    return createStringError(path + ": " +
                             formatv(format, std::forward<Args>(args)...));
  }

  StringRef file, path;
  /// What follows the header.
  StringRef data;
};

} // namespace

Expected<StringRef> Parser::getHeader() {
  if (file.empty())
    return fail("is empty; is the download complete?");
  if (StringRef foreign = describeForeignFile(file);
      !foreign.empty() && file.substr(kLengthBytes, 1) != "{")
    return fail("{0}", foreign);
  if (file.size() < kLengthBytes)
    return fail("is no safetensors file: it has {0} bytes, but the length of "
                "the header alone has 8",
                file.size());
  const uint64_t length = support::endian::read64le(file.data());
  if (length > kMaxHeaderBytes)
    return fail("is no safetensors file: its header would have {0} bytes, more "
                "than the {1} that the format allows",
                length, kMaxHeaderBytes);
  StringRef rest = file.drop_front(kLengthBytes);
  if (length > rest.size())
    return fail("its header should have {0} bytes, but only {1} follow; is the "
                "file complete?",
                length, rest.size());
  StringRef header = rest.take_front(length);
  if (!header.starts_with("{"))
    return fail("is no safetensors file: its header does not start with '{{'");
  data = rest.drop_front(length);
  return header;
}

Error Parser::parseMetadata(const json::Value &value,
                            SafetensorsContent &content) {
  const json::Object *object = value.getAsObject();
  if (!object)
    return fail("'__metadata__' must be an object of strings, found {0}",
                printJSON(&value));
  for (StringRef key : getSortedKeys(*object)) {
    std::optional<StringRef> text = object->getString(key);
    if (!text)
      return fail("'{0}' of '__metadata__' must be a string, found {1}", key,
                  printJSON(object->get(key)));
    content.metadata.push_back({key.str(), text->str()});
  }
  return Error::success();
}

Error Parser::parseShape(StringRef name, const json::Value *value,
                         Entry &entry) {
  const json::Array *array = value ? value->getAsArray() : nullptr;
  if (!array)
    return fail("the 'shape' of the tensor '{0}' must be an array, found {1}",
                name, printJSON(value));
  for (const json::Value &element : *array) {
    std::optional<int64_t> size = element.getAsInteger();
    if (!size || *size < 0)
      return fail("the 'shape' of the tensor '{0}' must have integers from 0 "
                  "on, found {1}",
                  name, printJSON(value));
    entry.tensor.shape.push_back(*size);
  }
  return Error::success();
}

Error Parser::parseOffsets(StringRef name, const json::Value *value,
                           Entry &entry) {
  const json::Array *array = value ? value->getAsArray() : nullptr;
  std::optional<int64_t> begin, end;
  if (array && array->size() == 2) {
    begin = (*array)[0].getAsInteger();
    end = (*array)[1].getAsInteger();
  }
  if (!begin || !end || *begin < 0 || *end < *begin)
    return fail("the 'data_offsets' of the tensor '{0}' must be two integers "
                "from 0 on, the second not below the first, found {1}",
                name, printJSON(value));
  if (static_cast<uint64_t>(*end) > data.size())
    return fail("the tensor '{0}' ends at byte {1} of the data, but the file "
                "has only {2}; is the file complete?",
                name, *end, data.size());
  entry.begin = *begin;
  entry.end = *end;
  entry.tensor.bytes = arrayRefFromStringRef(data.slice(*begin, *end));
  return Error::success();
}

Error Parser::checkSize(const Entry &entry) {
  const StoredTensor &tensor = entry.tensor;
  std::optional<int64_t> bits = getElementBits(tensor.type);
  if (!bits)
    return Error::success();
  std::optional<int64_t> size = bits;
  for (int64_t dim : tensor.shape) {
    size = checkedMul(*size, dim);
    if (!size)
      return fail("the shape {0} of the tensor '{1}' is too large",
                  printShape(tensor.shape), tensor.name);
  }
  if (*size % 8 != 0)
    return fail("the tensor '{0}' of shape {1} and type {2} ends within a byte",
                tensor.name, printShape(tensor.shape), tensor.type);
  if (static_cast<uint64_t>(*size / 8) != tensor.bytes.size())
    return fail("the tensor '{0}' of shape {1} and type {2} must have {3} "
                "bytes, but its 'data_offsets' [{4}, {5}] give it {6}",
                tensor.name, printShape(tensor.shape), tensor.type, *size / 8,
                entry.begin, entry.end, tensor.bytes.size());
  return Error::success();
}

Expected<Entry> Parser::parseEntry(StringRef name, const json::Value &value) {
  const json::Object *object = value.getAsObject();
  if (!object)
    return fail("the entry of the tensor '{0}' must be an object, found {1}",
                name, printJSON(&value));
  std::optional<StringRef> type = object->getString("dtype");
  if (!type)
    return fail("the 'dtype' of the tensor '{0}' must be a string, found {1}",
                name, printJSON(object->get("dtype")));
  Entry entry;
  entry.tensor.name = name.str();
  entry.tensor.type = type->str();
  if (Error error = parseShape(name, object->get("shape"), entry))
    return error;
  if (Error error = parseOffsets(name, object->get("data_offsets"), entry))
    return error;
  if (Error error = checkSize(entry))
    return error;
  return entry;
}

/// Checks that the tensors, in the order of their bytes, cover the data.
Error Parser::checkCoverage(ArrayRef<Entry> entries) {
  constexpr char kHole[] = "no tensor has the bytes [{0}, {1}) of the data, "
                           "but the format allows no holes";
  uint64_t end = 0;
  for (size_t i = 0; i < entries.size(); ++i) {
    const Entry &entry = entries[i];
    if (entry.begin < end)
      return fail("the tensors '{0}' and '{1}' overlap: they have the bytes "
                  "[{2}, {3}) and [{4}, {5}) of the data",
                  entries[i - 1].tensor.name, entry.tensor.name,
                  entries[i - 1].begin, entries[i - 1].end, entry.begin,
                  entry.end);
    if (entry.begin > end)
      return fail(kHole, end, entry.begin);
    end = entry.end;
  }
  if (end < data.size())
    return fail(kHole, end, data.size());
  return Error::success();
}

Expected<SafetensorsContent> Parser::parse() {
  Expected<StringRef> header = getHeader();
  if (!header)
    return header.takeError();
  Expected<json::Object> object =
      parseJSONObject(*header, path + ": the header");
  if (!object)
    return object.takeError();

  SafetensorsContent content;
  std::vector<Entry> entries;
  for (StringRef name : getSortedKeys(*object)) {
    const json::Value &value = *object->get(name);
    if (name == "__metadata__") {
      if (Error error = parseMetadata(value, content))
        return error;
      continue;
    }
    Expected<Entry> entry = parseEntry(name, value);
    if (!entry)
      return entry.takeError();
    entries.push_back(std::move(*entry));
  }
  // Tensors without elements come before the one that starts where they lie.
  stable_sort(entries, [](const Entry &a, const Entry &b) {
    return std::pair(a.begin, a.end) < std::pair(b.begin, b.end);
  });
  if (Error error = checkCoverage(entries))
    return error;
  for (Entry &entry : entries)
    content.tensors.push_back(std::move(entry.tensor));
  return content;
}

Expected<SafetensorsContent> dlavm::parseSafetensors(StringRef file,
                                                     StringRef path) {
  return Parser(file, path).parse();
}
