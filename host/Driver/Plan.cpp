//===- Plan.cpp - plan.json of a driver, for hosts ------------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "host/Driver/Plan.h"

#include "dlavm_runtime.h"
#include "host/Tokenizer/JSONValue.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <limits>

using namespace dlavm::host;
using dlavm::Error;
using Json = nlohmann::json;

namespace {

/// A value of the file, and what errors call its place.
class Value {
public:
  Value(const Json &json, const std::string &file, std::string place)
      : json(json), file(file), place(std::move(place)) {}

  [[noreturn]] void refuse(const std::string &expected) const {
    std::string found = json.is_structured() ? json.type_name() : json.dump();
    throw Error("expected " + expected + " at " + file + "." + place +
                ", found " + found);
  }

  bool has(const char *key) const {
    if (!json.is_object())
      refuse("an object");
    return json.contains(key);
  }
  Value get(const std::string &key) const {
    if (!has(key.c_str()))
      throw Error("expected the key " + key + " in " + file +
                  (place.empty() ? "" : "." + place) +
                  "; compile the model again with dlavm compile");
    return {json[key], file, place.empty() ? key : place + "." + key};
  }

  std::vector<Value> getElements() const {
    if (!json.is_array())
      refuse("an array");
    std::vector<Value> values;
    for (const Json &element : json)
      values.emplace_back(element, file,
                          place + "[" + std::to_string(values.size()) + "]");
    return values;
  }
  std::string getText() const {
    if (!json.is_string())
      refuse("a text");
    return json.get<std::string>();
  }
  bool getBool() const {
    if (!json.is_boolean())
      refuse("true or false");
    return json.get<bool>();
  }
  int64_t getNumber(int64_t least, int64_t most) const {
    const bool isNumber =
        json.is_number_unsigned()
            ? json.get<uint64_t>() <= static_cast<uint64_t>(most)
            : json.is_number_integer() && json.get<int64_t>() <= most;
    if (!isNumber || json.get<int64_t>() < least)
      refuse("an integer of " + std::to_string(least) + " to " +
             std::to_string(most));
    return json.get<int64_t>();
  }
  int32_t getInt(int32_t least) const {
    return static_cast<int32_t>(
        getNumber(least, std::numeric_limits<int32_t>::max()));
  }
  int64_t getBytes() const { return getNumber(0, int64_t{1} << 48); }

  /// An identifier of C++: what is no such could be any code.
  std::string getIdentifier() const {
    const std::string name = getText();
    const bool isName =
        !name.empty() && !(name[0] >= '0' && name[0] <= '9') &&
        name.find_first_not_of("abcdefghijklmnopqrstuvwxyz"
                               "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") ==
            std::string::npos;
    if (!isName)
      refuse("an identifier of C++");
    return name;
  }
  std::string getFileName() const {
    const std::string name = getText();
    const bool isName =
        !name.empty() && name[0] != '.' &&
        name.find_first_not_of("abcdefghijklmnopqrstuvwxyz"
                               "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.") ==
            std::string::npos;
    if (!isName)
      refuse("the name of a file beside plan.json");
    return name;
  }
  uint64_t getHex() const {
    const std::string text = getText();
    uint64_t number = 0;
    if (!dlavm::detail::parse_hex(text.data(), text.size(), number))
      refuse("16 hexadecimal digits, in lower case");
    return number;
  }

private:
  const Json &json;
  const std::string &file;
  std::string place;
};

} // namespace

static constexpr int64_t kMost = int64_t{1} << 31;

static PlanFunction readFunction(const Value &value) {
  PlanFunction function;
  function.name = value.get("name").getIdentifier();
  function.kind = value.get("kind").getText();
  if (function.kind != "input" && function.kind != "output" &&
      function.kind != "token" && function.kind != "decode")
    value.get("kind").refuse("input, output, token or decode");
  function.channels = value.get("channels").getNumber(0, kMost);
  function.lastTokenOnly = value.get("last_token_only").getBool();
  return function;
}

static PlanBuffer readBuffer(const Value &value) {
  PlanBuffer buffer;
  buffer.name = value.get("name").getText();
  buffer.space = value.get("space").getText();
  buffer.address = value.get("address").getBytes();
  buffer.bytes = value.get("bytes").getBytes();
  buffer.isInput = value.get("is_input").getBool();
  return buffer;
}

static PlanObject readObject(const Value &value) {
  PlanObject object;
  object.name = value.get("name").getText();
  object.kind = value.get("kind").getText();
  object.space = value.get("space").getText();
  object.address = value.get("address").getBytes();
  object.bytes = value.get("bytes").getBytes();
  object.layers = value.get("layers").getNumber(0, 1 << 16);
  object.layerStride = value.get("layer_stride").getBytes();
  object.dmaBase = value.get("dma_base").getBytes();
  object.ports = value.get("ports").getNumber(1, 1 << 12);
  object.portStride = value.get("port_stride").getBytes();
  return object;
}

/// The embedding is a parameter: its shape says how many ids there are.
static void readEmbedding(const Value &value, Plan &plan) {
  const std::string name = value.get("embedding").getText();
  if (name.empty())
    return;
  for (const Value &parameter : value.get("parameters").getElements()) {
    if (parameter.get("name").getText() != name)
      continue;
    const std::vector<Value> shape = parameter.get("shape").getElements();
    if (shape.size() != 2)
      parameter.get("shape").refuse("two sizes, as of an embedding,");
    plan.vocabulary = shape[0].getInt(1);
    plan.channels = shape[1].getInt(1);
    return;
  }
  value.get("embedding").refuse("the name of one of the parameters");
}

/// Runs \p run, and adds to what it fails with what to do.
template <typename Run>
static auto withHint(const char *hint, const Run &run) -> decltype(run()) {
  try {
    return run();
  } catch (const Error &error) {
    throw Error(std::string(error.what()) + hint);
  }
}

Plan Plan::read(const std::string &directory) {
  const std::string file = joinPath(directory, "plan.json");
  const std::string text =
      withHint("; give a directory that dlavm compile wrote",
               [&] { return readFile(file, size_t{32} << 20); });
  const Json json = withHint("; compile the model again with dlavm compile",
                             [&] { return parseJSON(file, text); });
  const Value value(json, file, "");
  Plan plan;
  plan.driver = value.get("driver").getFileName();
  plan.namespaceName = value.get("namespace").getIdentifier();
  plan.device = value.get("device").getText();
  plan.maxTokens = value.get("max_tokens").getInt(1);
  plan.fingerprint = value.get("fingerprint").getHex();
  readEmbedding(value, plan);
  for (const Value &function : value.get("functions").getElements())
    plan.functions.push_back(readFunction(function));
  if (value.has("tasks"))
    for (const Value &task : value.get("tasks").getElements())
      plan.tasks.push_back(
          {task.get("name").getText(), task.get("result").getText()});
  for (const Value &buffer : value.get("buffers").getElements())
    plan.buffers.push_back(readBuffer(buffer));
  for (const Value &object : value.get("objects").getElements())
    plan.objects.push_back(readObject(object));
  plan.isPacked = value.has("packed");
  if (plan.isPacked)
    for (const Value &id : value.get("packed").get("end_tokens").getElements())
      plan.endTokens.push_back(id.getInt(0));
  return plan;
}

const PlanFunction *Plan::findFunction(const std::string &kind,
                                       const std::string &name) const {
  const PlanFunction *found = nullptr;
  for (const PlanFunction &function : functions) {
    if (function.kind != kind || (!name.empty() && function.name != name))
      continue;
    if (found)
      return nullptr;
    found = &function;
  }
  return found;
}
