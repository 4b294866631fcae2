//===- JSONValue.h - JSON with the place in its file ------------*- C++ -*-===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_HOST_TOKENIZER_JSONVALUE_H
#define DLAVM_HOST_TOKENIZER_JSONVALUE_H

#include "dlavm_runtime.h"
#include "host/Support/File.h"
#include "host/Tokenizer/Tokenizer.h"

#include <nlohmann/json.hpp>

#include <initializer_list>
#include <optional>
#include <string>

namespace dlavm::host {

/// A place in a text, counted from 1.
struct TextPlace {
  size_t line, column;
};
/// The place of the byte \p offset, or of the end; columns are bytes.
TextPlace findPlace(const std::string &text, size_t offset);

/// Parses a file; errors begin with it and the place: "plan.json:1:21: ".
nlohmann::json parseJSON(const std::string &path, const std::string &text);

/// A value of a JSON file that knows where it stands. What is expected of it
/// and is not so is a dlavm::Error that begins with this place.
class JSONValue {
public:
  JSONValue(const nlohmann::json &value, std::string file,
            std::string place = "")
      : json(&value), file(std::move(file)), place(std::move(place)) {}

  const nlohmann::json &get() const { return *json; }
  std::string getPlace() const {
    return place.empty() ? file : file + ": " + place;
  }
  const std::string &getFile() const { return file; }

  [[noreturn]] void fail(const std::string &what) const {
    throw dlavm::Error(getPlace() + ": " + what);
  }
  /// Fails as this may be right, but is not known here.
  [[noreturn]] void refuse(const std::string &what) const {
    throw UnknownTokenizer(getPlace() + ": " + what);
  }
  /// Fails as something else was expected.
  [[noreturn]] void expect(const std::string &what) const {
    fail("expected " + what + ", found " + describe());
  }
  std::string describe() const {
    if (json->is_object())
      return "an object";
    if (json->is_array())
      return "an array";
    std::string text =
        json->dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
    if (text.size() > 80)
      text = text.substr(0, 80) + "...";
    return text;
  }

  bool isNull() const { return json->is_null(); }
  /// The member, or nothing where it is missing or null.
  std::optional<JSONValue> find(const std::string &key) const {
    if (!json->is_object())
      expect("an object");
    auto found = json->find(key);
    if (found == json->end() || found->is_null())
      return std::nullopt;
    return JSONValue(*found, file, getMember(key));
  }
  JSONValue at(const std::string &key) const {
    if (std::optional<JSONValue> found = find(key))
      return *found;
    fail("'" + key + "' is missing");
  }
  size_t size() const {
    if (!json->is_array())
      expect("an array");
    return json->size();
  }
  JSONValue operator[](size_t index) const {
    return JSONValue((*json)[index], file,
                     place + "[" + std::to_string(index) + "]");
  }
  JSONValue getElement(const std::string &key,
                       const nlohmann::json &value) const {
    return JSONValue(value, file, getMember(key));
  }

  const std::string &asString() const {
    if (!json->is_string())
      expect("a string");
    return json->get_ref<const std::string &>();
  }
  bool asBool() const {
    if (!json->is_boolean())
      expect("true or false");
    return json->get<bool>();
  }
  /// A number from 0 to \p limit.
  int32_t asIndex(int32_t limit = INT32_MAX - 1) const {
    if (!json->is_number_integer() || *json < 0 || *json > limit)
      expect("a whole number from 0 to " + std::to_string(limit));
    return json->get<int32_t>();
  }
  bool getBool(const std::string &key, bool otherwise) const {
    const std::optional<JSONValue> found = find(key);
    return found ? found->asBool() : otherwise;
  }

  /// Fails for members that are not among these: what they would change, nobody
  /// would notice.
  void allow(std::initializer_list<const char *> keys) const {
    if (!json->is_object())
      expect("an object");
    for (const auto &[key, value] : json->items()) {
      bool isKnown = key == "type";
      for (const char *known : keys)
        isKnown |= key == known;
      if (!isKnown)
        getElement(key, value).refuse("this member is not known here");
    }
  }

private:
  std::string getMember(const std::string &key) const {
    return place.empty() ? key : place + "." + key;
  }

  const nlohmann::json *json;
  std::string file, place;
};

} // namespace dlavm::host

#endif // DLAVM_HOST_TOKENIZER_JSONVALUE_H
