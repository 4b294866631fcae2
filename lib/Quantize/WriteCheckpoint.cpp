//===- WriteCheckpoint.cpp - Checkpoints with INT4 weights ----------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DLAVM/Quantize/WriteCheckpoint.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/EndianStream.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/MathExtras.h"
#include "llvm/Support/raw_ostream.h"

using namespace dlavm;
using namespace llvm;

/// Values in a word.
static constexpr int64_t kValues = 8;

static int64_t getElementBytes(StringRef type) {
  unsigned bits = 8;
  StringRef digits = type.drop_until(isDigit).take_while(isDigit);
  return digits.getAsInteger(10, bits) ? 1 : std::max(bits / 8, 1u);
}

/// What a tensor that was rounded is called in the new checkpoint.
std::string QuantizedCheckpoint::getOutputName(StringRef tensor) const {
  return (tensor == embedding ? Checkpoint::getTiedName(tensor) : tensor).str();
}

Expected<QuantizedCheckpoint>
QuantizedCheckpoint::create(const Checkpoint &original,
                            ArrayRef<std::string> quantized,
                            StringRef embedding) {
  QuantizedCheckpoint result;
  result.embedding = embedding.str();
  const StringRef kept = original.resolve(embedding);
  StringSet<> replaced;
  for (StringRef tensor : quantized) {
    const StringRef stored = original.resolve(tensor);
    const std::string name = result.getOutputName(tensor);
    if (stored.empty() || !StringRef(name).ends_with(".weight"))
      return createStringError("the tensor '" + tensor +
                               "' cannot be quantized: compressed-tensors "
                               "wants a stored one whose name ends in .weight");
    const SmallVector<int64_t, 2> &shape =
        original.getStored(stored).tensor.shape;
    if (shape.size() != 2)
      return createStringError("the tensor '" + tensor +
                               "' must be a matrix to be quantized, found "
                               "shape " +
                               printShape(shape));
    if (stored != kept)
      replaced.insert(stored);
    const int64_t words = divideCeil(shape[1], kValues);
    const int64_t groups = divideCeil(shape[1], QuantizedMatrix::kGroup);
    result.entries.push_back(
        {name + "_packed", "I32", {shape[0], words}, shape[0] * words * 4});
    result.entries.push_back(
        {name + "_scale", "F16", {shape[0], groups}, shape[0] * groups * 2});
    result.entries.push_back({name + "_shape", "I64", {2}, 16});
  }
  for (StringRef name : original.getTensorNames()) {
    if (replaced.contains(name))
      continue;
    const StoredTensor &tensor = original.getStored(name).tensor;
    result.entries.push_back(
        {(name == kept ? embedding : name).str(), tensor.type, tensor.shape,
         static_cast<int64_t>(tensor.bytes.size()), tensor.bytes});
  }
  result.place();
  return result;
}

/// Decides where each tensor lies, and makes the header.
void QuantizedCheckpoint::place() {
  // As the original tools do: so all data are aligned.
  llvm::sort(entries, [](const Entry &a, const Entry &b) {
    const int64_t sizeA = getElementBytes(a.type);
    const int64_t sizeB = getElementBytes(b.type);
    return sizeA != sizeB ? sizeA > sizeB : a.name < b.name;
  });
  raw_string_ostream os(header);
  json::OStream json(os);
  json.object([&] {
    json.attributeObject("__metadata__",
                         [&] { json.attribute("format", "pt"); });
    int64_t end = 0;
    for (Entry &entry : entries) {
      entry.offset = end;
      end += entry.bytes;
      json.attributeObject(entry.name, [&] {
        json.attribute("dtype", entry.type);
        json.attribute("shape", json::Array(entry.shape));
        json.attribute("data_offsets", json::Array{entry.offset, end});
      });
    }
  });
  header.resize(alignTo(header.size(), 8), ' ');
  for (Entry &entry : entries)
    entry.offset += static_cast<int64_t>(sizeof(uint64_t) + header.size());
}

void QuantizedCheckpoint::begin(raw_fd_ostream &os) const {
  support::endian::write<uint64_t>(os, header.size(), endianness::little);
  os << header;
  for (const Entry &entry : entries) {
    os.seek(entry.offset);
    os.write(reinterpret_cast<const char *>(entry.content.data()),
             entry.content.size());
  }
  // The last one may be written later.
  const Entry &last = entries.back();
  if (last.content.empty() && last.bytes > 0) {
    os.seek(last.offset + last.bytes - 1);
    os.write('\0');
  }
}

void QuantizedCheckpoint::writeEntry(raw_fd_ostream &os, StringRef name,
                                     ArrayRef<uint8_t> bytes) const {
  const auto entry = llvm::find_if(
      entries, [&](const Entry &known) { return known.name == name; });
  assert(entry != entries.end() &&
         entry->bytes == static_cast<int64_t>(bytes.size()) &&
         "is in the header");
  os.seek(entry->offset);
  os.write(reinterpret_cast<const char *>(bytes.data()), bytes.size());
}

template <typename T> static void append(std::vector<uint8_t> &bytes, T value) {
  uint8_t buffer[sizeof(T)];
  support::endian::write<T>(buffer, value, endianness::little);
  bytes.insert(bytes.end(), std::begin(buffer), std::end(buffer));
}

void QuantizedCheckpoint::write(raw_fd_ostream &os, StringRef tensor,
                                const QuantizedMatrix &matrix) const {
  std::vector<uint8_t> packed, scales, shape;
  for (int64_t row = 0; row < matrix.rows; ++row)
    for (int64_t first = 0; first < matrix.columns; first += kValues) {
      uint32_t word = 0;
      for (int64_t i = 0; i < std::min(kValues, matrix.columns - first); ++i)
        word |= static_cast<uint32_t>(
                    matrix.values[row * matrix.columns + first + i] + 8)
                << (4 * i);
      append(packed, word);
    }
  for (uint16_t scale : matrix.scales)
    append(scales, scale);
  append(shape, matrix.rows);
  append(shape, matrix.columns);
  const std::string name = getOutputName(tensor);
  writeEntry(os, name + "_packed", packed);
  writeEntry(os, name + "_scale", scales);
  writeEntry(os, name + "_shape", shape);
}

std::string dlavm::makeQuantizedConfig(json::Object config,
                                       ArrayRef<std::string> ignored) {
  json::Object weights{{"num_bits", 4},
                       {"type", "int"},
                       {"symmetric", true},
                       {"strategy", "group"},
                       {"group_size", QuantizedMatrix::kGroup},
                       {"dynamic", false},
                       {"actorder", nullptr},
                       {"observer", "minmax"}};
  json::Object group{{"targets", json::Array{"Linear"}},
                     {"weights", std::move(weights)},
                     {"input_activations", nullptr},
                     {"output_activations", nullptr}};
  config["quantization_config"] = json::Object{
      {"quant_method", "compressed-tensors"},
      {"format", "pack-quantized"},
      {"quantization_status", "compressed"},
      {"config_groups", json::Object{{"group_0", std::move(group)}}},
      {"ignore", json::Array(ignored)},
      {"kv_cache_scheme", nullptr}};
  // The output layer is no longer the embedding.
  config["tie_word_embeddings"] = false;
  return formatv("{0:2}\n", json::Value(std::move(config)));
}
