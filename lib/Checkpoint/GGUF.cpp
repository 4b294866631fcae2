//===- GGUF.cpp - Reading the file format GGUF ----------------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DLAVM/Checkpoint/GGUF.h"
#include "DLAVM/Checkpoint/Tensor.h"
#include "DLAVM/Support/InputFile.h"
#include "DLAVM/Support/JSON.h"

#include "host/Support/GGUFValues.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/CheckedArithmetic.h"
#include "llvm/Support/Endian.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/MathExtras.h"

#include <charconv>
#include <cmath>
#include <limits>

using namespace dlavm;
using namespace llvm;
namespace gguf = dlavm::host::gguf;

static constexpr StringLiteral kMagic("GGUF");
static constexpr StringLiteral kAlignmentKey("general.alignment");
static constexpr uint64_t kDefaultAlignment = 32;
static constexpr uint32_t kMaxDimensions = 4;
/// Arrays of arrays are allowed, and nobody writes them.
static constexpr unsigned kMaxArrayDepth = 8;

bool dlavm::isGGUF(StringRef content) { return content.starts_with(kMagic); }

double dlavm::getShortestDecimal(float number) {
  if (!std::isfinite(number))
    return number;
  char digits[32];
  const char *end = std::to_chars(digits, std::end(digits), number).ptr;
  double decimal = 0;
  std::from_chars(digits, end, decimal);
  return decimal;
}

const json::Value *GGUFContent::find(StringRef key) const {
  auto it = metadata.find(key);
  return it == metadata.end() || it->second.count ? nullptr
                                                  : &it->second.scalar;
}

const GGUFTensorInfo *GGUFContent::findTensor(StringRef name) const {
  const auto it = find_if(tensors, [&](const GGUFTensorInfo &tensor) {
    return tensor.name == name;
  });
  return it == tensors.end() ? nullptr : &*it;
}

namespace {

/// Reads one thing after the other. Beyond the end of the file everything is 0,
/// and hasEnded() says so.
class Cursor {
public:
  explicit Cursor(StringRef file) : file(file) {}

  template <typename T> T read() {
    StringRef bytes = take(sizeof(T));
    if (bytes.empty())
      return {};
    return support::endian::read<T, endianness::little>(bytes.data());
  }
  StringRef readString() { return take(read<uint64_t>()); }
  StringRef take(uint64_t size) {
    if (isBeyond || size > file.size() - position) {
      isBeyond = true;
      return {};
    }
    position += size;
    return file.substr(position - size, size);
  }
  bool hasEnded() const { return isBeyond; }
  uint64_t getPosition() const { return position; }

private:
  StringRef file;
  uint64_t position = 0;
  bool isBeyond = false;
};

/// A tensor, and where its bytes lie in the data.
struct PlacedTensor {
  GGUFTensorInfo tensor;
  uint64_t begin = 0, end = 0;
};

class GGUFParser {
public:
  GGUFParser(StringRef file, StringRef path)
      : file(file), path(path), cursor(file) {}

  Expected<GGUFContent> parse();

private:
  Error parseStart();
  Error parsePair(uint64_t index);
  Error parseValue(StringRef key, uint32_t type, GGUFValue &value);
  Error skipArray(StringRef key, unsigned depth, GGUFValue &value);
  Error readAlignment();
  Error parseTensor(uint64_t index);
  Error parseShape(PlacedTensor &entry);
  Error placeTensors();

  template <typename... Args> Error fail(const char *format, Args &&...args) {
    return createStringError(path + ": " +
                             formatv(format, std::forward<Args>(args)...));
  }
  Error failEnd(const Twine &what) {
    return createStringError(path + ": ends within " + what +
                             "; is the download complete?");
  }
  /// Names are printed, and become keys of JSON.
  Error checkName(StringRef name, const Twine &what) {
    if (!name.empty() && json::isUTF8(name))
      return Error::success();
    return createStringError(path + ": " + what + " has the name \"" +
                             toHex(name.take_front(32)) +
                             "\" (in hexadecimal), which is no text");
  }

  StringRef file, path;
  Cursor cursor;
  uint64_t tensorCount = 0, pairCount = 0, alignment = kDefaultAlignment;
  GGUFContent content;
  std::vector<PlacedTensor> entries;
};

} // namespace

//===----------------------------------------------------------------------===//
// Metadata
//===----------------------------------------------------------------------===//

Error GGUFParser::parseStart() {
  if (file.empty())
    return fail("is empty; is the download complete?");
  if (!isGGUF(file)) {
    StringRef foreign = describeForeignFile(file);
    return fail("{0}", foreign.empty() ? "is no GGUF file: it does not begin "
                                         "with these letters"
                                       : foreign);
  }
  cursor.take(kMagic.size());
  const auto version = cursor.read<uint32_t>();
  tensorCount = cursor.read<uint64_t>();
  pairCount = cursor.read<uint64_t>();
  if (cursor.hasEnded())
    return failEnd("its first 24 bytes");
  // A small number whose bytes are in the opposite order.
  if (version != 0 && (version & 0xFFFF) == 0)
    return fail("is a GGUF file of a big-endian machine; convert the model "
                "again without --bigendian");
  if (version != 2 && version != 3)
    return fail("is a GGUF file of version {0}, but versions 2 and 3 are "
                "supported; convert the model again with {1} llama.cpp",
                version, version < 2 ? "a newer" : "an older");
  return Error::success();
}

Error GGUFParser::skipArray(StringRef key, unsigned depth, GGUFValue &value) {
  const auto type = cursor.read<uint32_t>();
  const auto count = cursor.read<uint64_t>();
  value.count = count;
  if (const uint64_t size = gguf::getSize(type)) {
    // Such a product may wrap around.
    cursor.take(count <= file.size() ? size * count : file.size() + 1);
    return Error::success();
  }
  if (type != gguf::String && type != gguf::Array)
    return fail("the elements of '{0}' have type {1}, which GGUF does not know",
                key, type);
  if (depth == kMaxArrayDepth)
    return fail("'{0}' has arrays within arrays, more than {1} deep", key,
                kMaxArrayDepth);
  GGUFValue element;
  for (uint64_t i = 0; i < count && !cursor.hasEnded(); ++i)
    if (type == gguf::String)
      cursor.readString();
    else if (Error error = skipArray(key, depth + 1, element))
      return error;
  return Error::success();
}

Error GGUFParser::parseValue(StringRef key, uint32_t type, GGUFValue &value) {
  switch (type) {
  case gguf::UInt8:
    value.scalar = cursor.read<uint8_t>();
    break;
  case gguf::Int8:
    value.scalar = cursor.read<int8_t>();
    break;
  case gguf::UInt16:
    value.scalar = cursor.read<uint16_t>();
    break;
  case gguf::Int16:
    value.scalar = cursor.read<int16_t>();
    break;
  case gguf::UInt32:
    value.scalar = cursor.read<uint32_t>();
    break;
  case gguf::Int32:
    value.scalar = cursor.read<int32_t>();
    break;
  case gguf::UInt64:
    value.scalar = cursor.read<uint64_t>();
    break;
  case gguf::Int64:
    value.scalar = cursor.read<int64_t>();
    break;
  case gguf::Float32:
    value.scalar = getShortestDecimal(cursor.read<float>());
    break;
  case gguf::Float64:
    value.scalar = cursor.read<double>();
    break;
  case gguf::Bool: {
    const auto byte = cursor.read<uint8_t>();
    if (byte > 1)
      return fail("'{0}' must be 0 or 1, as a truth value is, found {1}", key,
                  byte);
    value.scalar = byte == 1;
    break;
  }
  case gguf::String:
    value.scalar = json::fixUTF8(cursor.readString());
    break;
  case gguf::Array:
    return skipArray(key, 0, value);
  default:
    return fail("'{0}' has type {1}, which GGUF does not know", key, type);
  }
  return Error::success();
}

Error GGUFParser::parsePair(uint64_t index) {
  auto describe = [&] {
    return ("metadata " + Twine(index + 1) + " of " + Twine(pairCount)).str();
  };
  StringRef key = cursor.readString();
  const auto type = cursor.read<uint32_t>();
  if (cursor.hasEnded())
    return failEnd(describe());
  if (Error error = checkName(key, describe()))
    return error;
  GGUFValue value;
  if (Error error = parseValue(key, type, value))
    return error;
  if (cursor.hasEnded())
    return failEnd(describe() + ", '" + key + "'");
  if (!content.metadata.try_emplace(key, std::move(value)).second)
    return fail("has '{0}' twice in its metadata", key);
  return Error::success();
}

Error GGUFParser::readAlignment() {
  auto it = content.metadata.find(kAlignmentKey);
  if (it == content.metadata.end())
    return Error::success();
  const std::optional<uint64_t> found = it->second.scalar.getAsUINT64();
  if (!found || !isPowerOf2_64(*found) || *found > (1u << 30))
    return fail("'{0}' must be a power of 2 up to 2^30, found {1}",
                kAlignmentKey, printJSON(&it->second.scalar));
  alignment = *found;
  return Error::success();
}

//===----------------------------------------------------------------------===//
// Tensors
//===----------------------------------------------------------------------===//

Error GGUFParser::parseShape(PlacedTensor &entry) {
  const auto rank = cursor.read<uint32_t>();
  if (rank > kMaxDimensions)
    return fail("the tensor '{0}' has {1} dimensions, but GGUF has at most {2}",
                entry.tensor.name, rank, kMaxDimensions);
  for (uint32_t i = 0; i < rank; ++i) {
    const auto size = cursor.read<int64_t>();
    if (size < 0)
      return fail("a dimension of the tensor '{0}' has the size {1}",
                  entry.tensor.name, static_cast<uint64_t>(size));
    entry.tensor.shape.insert(entry.tensor.shape.begin(), size);
  }
  return Error::success();
}

Error GGUFParser::parseTensor(uint64_t index) {
  auto describe = [&] {
    return ("the entry of tensor " + Twine(index + 1) + " of " +
            Twine(tensorCount))
        .str();
  };
  PlacedTensor entry;
  GGUFTensorInfo &tensor = entry.tensor;
  tensor.name = cursor.readString().str();
  if (cursor.hasEnded())
    return failEnd(describe());
  if (Error error = checkName(tensor.name, describe()))
    return error;
  if (Error error = parseShape(entry))
    return error;
  const auto id = cursor.read<uint32_t>();
  entry.begin = cursor.read<uint64_t>();
  if (cursor.hasEnded())
    return failEnd(describe() + ", '" + tensor.name + "'");
  tensor.encoding = lookupGGUFEncoding(id);
  if (!tensor.encoding)
    return fail("the tensor '{0}' has encoding {1}, which is not known; "
                "quantize the model to another one, Q4_K_M for instance",
                tensor.name, id);

  const int64_t columns = tensor.shape.empty() ? 1 : tensor.shape.back();
  if (columns % tensor.encoding->elements != 0)
    return fail("the tensor '{0}' has rows of {1} elements, but {2} has blocks "
                "of {3}",
                tensor.name, columns, tensor.encoding->name,
                tensor.encoding->elements);
  std::optional<int64_t> size = 1;
  for (int64_t dim : tensor.shape)
    size = size ? checkedMul(*size, dim) : size;
  if (size)
    size =
        checkedMul(*size / tensor.encoding->elements, tensor.encoding->bytes);
  if (!size)
    return fail("the shape {0} of the tensor '{1}' is too large",
                printShape(tensor.shape), tensor.name);
  if (entry.begin % alignment != 0)
    return fail("the tensor '{0}' begins at byte {1} of the data, which is no "
                "multiple of {2}, the alignment",
                tensor.name, entry.begin, alignment);
  // Both are below 2^63, or the tensor is beyond the end of the file.
  entry.end = entry.begin +
              std::min<uint64_t>(*size, std::numeric_limits<uint64_t>::max() -
                                            entry.begin);
  entries.push_back(std::move(entry));
  return Error::success();
}

/// Checks that the tensors cover the data but for what aligns them, and gives
/// them their bytes.
Error GGUFParser::placeTensors() {
  // A file without tensors may end before its data would begin.
  const uint64_t start = alignTo(cursor.getPosition(), alignment);
  StringRef data = file.drop_front(std::min<uint64_t>(start, file.size()));
  stable_sort(entries, [](const PlacedTensor &a, const PlacedTensor &b) {
    return std::pair(a.begin, a.end) < std::pair(b.begin, b.end);
  });
  StringMap<const PlacedTensor *> names;
  const PlacedTensor *previous = nullptr;
  uint64_t end = 0;
  for (PlacedTensor &entry : entries) {
    GGUFTensorInfo &tensor = entry.tensor;
    if (!names.try_emplace(tensor.name, &entry).second)
      return fail("has the tensor '{0}' twice", tensor.name);
    if (entry.end > data.size())
      return fail("the tensor '{0}' ends at byte {1} of the data, but the file "
                  "has only {2}; is the download complete?",
                  tensor.name, entry.end, data.size());
    if (entry.begin < end)
      return fail("the tensors '{0}' and '{1}' overlap: they have the bytes "
                  "[{2}, {3}) and [{4}, {5}) of the data",
                  previous->tensor.name, tensor.name, previous->begin,
                  previous->end, entry.begin, entry.end);
    if (entry.begin > alignTo(end, alignment))
      return fail("no tensor has the bytes [{0}, {1}) of the data, but the "
                  "format allows no holes",
                  end, entry.begin);
    end = entry.end;
    previous = &entry;
    tensor.bytes = arrayRefFromStringRef(data.slice(entry.begin, entry.end));
  }
  for (PlacedTensor &entry : entries)
    content.tensors.push_back(std::move(entry.tensor));
  return Error::success();
}

Expected<GGUFContent> GGUFParser::parse() {
  if (Error error = parseStart())
    return error;
  for (uint64_t i = 0; i < pairCount; ++i)
    if (Error error = parsePair(i))
      return error;
  if (Error error = readAlignment())
    return error;
  for (uint64_t i = 0; i < tensorCount; ++i)
    if (Error error = parseTensor(i))
      return error;
  if (Error error = placeTensors())
    return error;
  return std::move(content);
}

Expected<GGUFContent> dlavm::parseGGUF(StringRef file, StringRef path) {
  return GGUFParser(file, path).parse();
}
