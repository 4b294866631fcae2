//===- PlanWriter.cpp - Fields of a plan as JSON --------------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "PlanFields.h"

#include "llvm/ADT/StringExtras.h"

using namespace dlavm;
using namespace llvm;

namespace {

/// Prints the fields of JSON objects.
class PlanWriter {
public:
  explicit PlanWriter(json::OStream &json) : json(json) {}

  template <typename T> bool map(StringRef key, const T &value) {
    json.attribute(key, value);
    return true;
  }
  bool map(StringRef key, ObjectKind kind) { return map(key, getName(kind)); }
  bool map(StringRef key, int64_t number, PlanRange) {
    return map(key, number);
  }
  bool mapHex(StringRef key, uint64_t number) {
    return map(key, utohexstr(number, /*LowerCase=*/true, 16));
  }
  template <typename List>
  auto map(StringRef key, const List &list, PlanRange)
      -> decltype(list.begin(), true) {
    json.attributeArray(key, [&] {
      for (int64_t number : list)
        json.value(number);
    });
    return true;
  }
  bool map(StringRef key, std::vector<std::string> &texts) {
    json.attributeArray(key, [&] {
      for (const std::string &text : texts)
        json.value(text);
    });
    return true;
  }
  template <typename Entry> bool map(StringRef key, std::vector<Entry> &list) {
    json.attributeArray(key, [&] {
      for (Entry &entry : list)
        json.object([&] { mapFields(*this, entry); });
    });
    return true;
  }

  bool mapEither(StringRef key, const std::string &text, StringRef otherKey,
                 double number) {
    return text.empty() ? map(otherKey, number) : map(key, text);
  }
  bool mapOptional(StringRef key, bool flag) { return !flag || map(key, flag); }
  bool mapOptional(StringRef key, const std::string &text) {
    return text.empty() || map(key, text);
  }
  bool mapOptional(StringRef key, const json::Object &any) {
    return any.empty() || map(key, json::Value(json::Object(any)));
  }
  bool mapOptional(StringRef key, std::optional<int64_t> number, PlanRange) {
    return !number || map(key, *number);
  }
  /// A factor, which may be missing where it changes nothing.
  bool mapOptional(StringRef key, double factor) {
    return factor == 1 || map(key, factor);
  }
  bool mapOptional(StringRef key, const std::vector<std::string> &texts) {
    return texts.empty() || map(key, texts);
  }
  bool mapOptionalHex(StringRef key, std::optional<uint64_t> number) {
    return !number || mapHex(key, *number);
  }
  bool mapOptional(StringRef key, const SmallVector<int64_t, 2> &numbers,
                   PlanRange range) {
    return numbers.empty() || map(key, numbers, range);
  }
  template <typename Entry>
  bool mapOptional(StringRef key, std::optional<Entry> &entry) {
    if (entry)
      json.attributeObject(key, [&] { mapFields(*this, *entry); });
    return true;
  }

private:
  json::OStream &json;
};

} // namespace

std::string DriverPlan::print() const {
  // The fields are those of the reader, which changes them.
  DriverPlan plan = *this;
  std::string text;
  raw_string_ostream os(text);
  json::OStream json(os, 2);
  PlanWriter writer(json);
  json.object([&] { mapFields(writer, plan); });
  os << "\n";
  return text;
}
