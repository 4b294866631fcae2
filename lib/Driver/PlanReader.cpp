//===- PlanReader.cpp - Reading the parts of plan.json --------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "PlanReader.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"

using namespace dlavm;
using namespace llvm;

bool PlanEntry::readNumber(StringRef key, int64_t &number, int64_t most) const {
  if (!map(key, number))
    return false;
  if (number >= 0 && number <= most)
    return true;
  return most == kMostInt ? refuse(key, "expected 0 to 2147483647")
                          : refuse(key, "expected 0 or more");
}

bool PlanEntry::readSize(StringRef key, int64_t &number, int64_t most) const {
  if (!map(key, number))
    return false;
  if (number >= 1 && number <= most)
    return true;
  return most == kMostInt ? refuse(key, "expected 1 to 2147483647")
                          : refuse(key, "expected 1 or more");
}

bool PlanEntry::readShape(StringRef key,
                          SmallVectorImpl<int64_t> &shape) const {
  return forEach(key, [&](const json::Value &value, json::Path place) {
    int64_t size;
    if (!fromJSON(value, size, place))
      return false;
    shape.push_back(size);
    if (size >= 1 && size <= kMostInt)
      return true;
    place.report("expected 1 to 2147483647");
    return false;
  });
}

bool PlanEntry::readFileName(StringRef key, std::string &name) const {
  if (!map(key, name))
    return false;
  const bool isPlain = all_of(name, [](char c) {
    return isAlnum(c) || c == '_' || c == '-' || c == '.';
  });
  return (isPlain && !name.empty() && name.front() != '.') ||
         refuse(key, "expected the name of a file beside plan.json");
}

bool PlanEntry::readIdentifier(StringRef key, std::string &name) const {
  if (!map(key, name))
    return false;
  const bool isIdentifier =
      !name.empty() && !isDigit(name.front()) &&
      all_of(name, [](char c) { return isAlnum(c) || c == '_'; });
  return isIdentifier || refuse(key, "expected an identifier of C++");
}

bool PlanEntry::forEach(
    StringRef key,
    function_ref<bool(const json::Value &, json::Path)> read) const {
  const json::Array *array = object->getArray(key);
  if (!array)
    return refuse(key, "expected an array");
  // A path refers to the one that it was made from, so each has a name.
  json::Path list = path.field(key);
  return all_of(enumerate(*array), [&](auto element) {
    return read(element.value(), list.index(element.index()));
  });
}

bool PlanEntry::readEntry(StringRef key,
                          function_ref<bool(const PlanEntry &)> read) const {
  const json::Value *value = object->get(key);
  if (!value)
    return refuse(key, "missing value");
  json::Path place = path.field(key);
  const PlanEntry entry(*value, place);
  return entry && read(entry);
}

//===----------------------------------------------------------------------===//
// Parameters
//===----------------------------------------------------------------------===//

/// The layout of the heads along a dimension of this size; nothing where there
/// is no entry.
static bool readHeads(const PlanEntry &entry, StringRef key, int64_t size,
                      std::optional<HeadLayout> &heads) {
  if (!entry.has(key))
    return true;
  heads.emplace();
  return entry.readEntry(key, [&](const PlanEntry &layout) {
    if (!layout.readSize("heads", heads->heads) ||
        !layout.readSize("channels", heads->channels) ||
        !layout.readNumber("interleaved", heads->interleaved) ||
        !layout.readSize("padded_channels", heads->paddedChannels))
      return false;
    if (heads->interleaved % 2 != 0 || heads->interleaved > heads->channels)
      return layout.refuse("interleaved", "expected an even number, at most "
                                          "'channels'");
    if (heads->paddedChannels < heads->channels)
      return layout.refuse("padded_channels", "expected 'channels' or more");
    return heads->heads * heads->paddedChannels == size ||
           layout.refuse("heads", "expected heads that have as many padded "
                                  "channels as the shape says");
  });
}

bool dlavm::readParameter(const PlanEntry &entry, ParameterInfo &info) {
  if (!entry.read("name", info.name) ||
      !entry.readNumber("layers", info.layers) ||
      !entry.readShape("shape", info.shape))
    return false;
  if (info.shape.empty() || info.shape.size() > 2)
    return entry.refuse("shape", "expected one or two sizes");
  if (entry.has("tensor") == entry.has("splat"))
    return entry.refuse("tensor", "expected either this or 'splat'");
  if (entry.has("splat")) {
    if (entry.has("first_row"))
      return entry.refuse("first_row", "expected only with 'tensor'");
    if (!entry.read("splat", info.splat))
      return false;
  } else {
    if (!entry.read("tensor", info.tensor))
      return false;
    if (info.tensor.empty())
      return entry.refuse("tensor", "expected the name of a tensor");
    if (StringRef(info.tensor).contains("{layer}") != (info.layers > 0))
      return entry.refuse("tensor", "expected '{layer}' in it if and only if "
                                    "there are layers");
  }
  if (entry.has("first_row")) {
    int64_t firstRow;
    if (!entry.readNumber("first_row", firstRow))
      return false;
    info.firstRow = firstRow;
  }
  if (entry.has("column_heads") && info.shape.size() == 1)
    return entry.refuse("column_heads", "expected only with two dimensions");
  return readHeads(entry, "row_heads", info.shape.front(), info.rowHeads) &&
         readHeads(entry, "column_heads", info.shape.back(), info.columnHeads);
}
