//===- PlanReader.cpp - Fields of a plan from JSON ------------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "PlanReader.h"

#include "DLAVM/Support/JSON.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FormatVariadic.h"

using namespace dlavm;
using namespace llvm;

bool PlanReader::refuse(std::string where, std::string expected,
                        const json::Value *found) {
  problem = {std::move(expected), std::move(where), ""};
  if (found && found->kind() != json::Value::Array &&
      found->kind() != json::Value::Object)
    problem.found = formatv("{0}", *found).str();
  return false;
}

const json::Value *PlanReader::get(StringRef key) {
  const json::Value *value = find(key);
  if (!value)
    refuse(getPlace(key), "missing value", nullptr);
  return value;
}

template <typename T, typename Found>
bool PlanReader::mapScalar(StringRef key, T &result,
                           std::optional<Found> (json::Value::*as)() const,
                           StringRef type) {
  const json::Value *value = get(key);
  if (!value)
    return false;
  const std::optional<Found> found = (value->*as)();
  if (!found)
    return refuse(getPlace(key), ("expected " + type).str(), value);
  result = T(*found);
  return true;
}

bool PlanReader::map(StringRef key, std::string &text) {
  return mapScalar(key, text, &json::Value::getAsString, "string");
}

bool PlanReader::map(StringRef key, bool &flag) {
  return mapScalar(key, flag, &json::Value::getAsBoolean, "boolean");
}

bool PlanReader::map(StringRef key, double &number) {
  return mapScalar(key, number, &json::Value::getAsNumber, "number");
}

bool PlanReader::map(StringRef key, ObjectKind &kind) {
  std::string name;
  if (!map(key, name))
    return false;
  std::optional<ObjectKind> found = getObjectKind(name);
  if (!found)
    return refuse(getPlace(key),
                  "expected weight, conv_weight, scale_bias, norm_weight, "
                  "rope_table, activation_table or kv_cache",
                  object.get(key));
  kind = *found;
  return true;
}

bool PlanReader::read(const json::Value &value, const std::string &where,
                      int64_t &number, PlanRange range) {
  std::optional<int64_t> found = value.getAsInteger();
  if (!found)
    return refuse(where, "expected integer", &value);
  number = *found;
  if (number >= range.least && number <= range.most)
    return true;
  return refuse(where,
                "expected " + std::to_string(range.least) +
                    (range.most == mostLong
                         ? " or more"
                         : " to " + std::to_string(range.most)),
                &value);
}

bool PlanReader::map(StringRef key, int64_t &number, PlanRange range) {
  const json::Value *value = get(key);
  return value && read(*value, getPlace(key), number, range);
}

bool PlanReader::mapHex(StringRef key, uint64_t &number) {
  std::string text;
  if (!map(key, text))
    return false;
  return (text.size() == 16 && !StringRef(text).getAsInteger(16, number)) ||
         refuse(getPlace(key), "expected 16 hexadecimal digits",
                object.get(key));
}

bool PlanReader::forEach(
    StringRef key, function_ref<bool(const json::Value &, std::string)> read) {
  const json::Value *value = find(key);
  const json::Array *array = value ? value->getAsArray() : nullptr;
  if (!array)
    return refuse(getPlace(key), "expected an array", value);
  return all_of(enumerate(*array), [&](auto element) {
    return read(element.value(),
                getPlace(key) + "[" + std::to_string(element.index()) + "]");
  });
}

bool PlanReader::map(StringRef key, std::vector<std::string> &texts) {
  return forEach(key, [&](const json::Value &value, std::string where) {
    std::optional<StringRef> text = value.getAsString();
    if (!text)
      return refuse(where, "expected string", &value);
    texts.push_back(text->str());
    return true;
  });
}

bool PlanReader::mapEither(StringRef key, std::string &text, StringRef otherKey,
                           double &number) {
  const json::Value *value = find(key), *other = find(otherKey);
  if (bool(value) == bool(other))
    return refuse(getPlace(key),
                  ("expected either this or '" + otherKey + "'").str(), value);
  if (other)
    return map(otherKey, number);
  return map(key, text) &&
         (!text.empty() ||
          refuse(getPlace(key), ("expected the name of a " + key).str(),
                 value));
}

bool PlanReader::mapOptional(StringRef key, std::string &text) {
  return !find(key) || map(key, text);
}

bool PlanReader::mapOptional(StringRef key, json::Object &any) {
  const json::Value *value = find(key);
  if (!value)
    return true;
  const json::Object *found = value->getAsObject();
  if (!found)
    return refuse(getPlace(key), "expected object", value);
  any = *found;
  return true;
}

bool PlanReader::finish() {
  for (StringRef key : getSortedKeys(object))
    if (!is_contained(known, key))
      return refuse(getPlace(key), "expected no such key", object.get(key));
  return true;
}
