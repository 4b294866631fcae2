//===- MutateJSON.cpp - JSON that says something else ---------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "MutateJSON.h"

#include "DLAVM/Support/JSON.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/FormatVariadic.h"

#include <limits>

using namespace dlavm;
using namespace llvm;

static constexpr int64_t kIntegers[] = {0,
                                        1,
                                        -1,
                                        2,
                                        3,
                                        7,
                                        128,
                                        129,
                                        1023,
                                        65536,
                                        2147483647,
                                        2147483648,
                                        4294967296,
                                        int64_t{1} << 40,
                                        int64_t{1} << 62,
                                        std::numeric_limits<int64_t>::max(),
                                        std::numeric_limits<int64_t>::min()};
static constexpr double kReals[] = {0.5, -0.5, 1e-45, 1e9, 1e300};
static constexpr StringLiteral kStrings[] = {
    "",     "a",    "F64",    "F32",      "F16",    "BF16",    "F8_E4M3",
    "I64",  "I32",  "I8",     "U8",       "BOOL",   "F4",      "auto",
    "yarn", "none", "llama3", "longrope", "linear", "default", "silu"};

static json::Value makeValue(Random &random) {
  switch (random.below(8)) {
  case 0:
    return nullptr;
  case 1:
    return random.oneIn(2);
  case 2:
    return random.pick(kReals);
  case 3:
    return random.pick(kStrings);
  case 4:
    return json::Array();
  case 5:
    return json::Object();
  default:
    return random.pick(kIntegers);
  }
}

static void collectObjects(json::Value &value,
                           std::vector<json::Object *> &objects) {
  if (json::Object *object = value.getAsObject()) {
    objects.push_back(object);
    for (StringRef key : getSortedKeys(*object))
      collectObjects(*object->get(key), objects);
  } else if (json::Array *array = value.getAsArray()) {
    for (json::Value &element : *array)
      collectObjects(element, objects);
  }
}

static json::Object &pickObject(Random &random, json::Value &root) {
  std::vector<json::Object *> objects;
  collectObjects(root, objects);
  // The keys of the first are most of what there is.
  return random.oneIn(2) ? *objects.front() : *random.pick(objects);
}

static void changeNumber(Random &random, json::Value &value) {
  if (std::optional<int64_t> number = value.getAsInteger()) {
    const auto bits = static_cast<uint64_t>(*number);
    const uint64_t changed[] = {bits + 1, bits - 1, bits * 2, bits / 2,
                                bits * 3, bits * 8, 0 - bits};
    value = static_cast<int64_t>(random.pick(changed));
  } else if (std::optional<double> number = value.getAsNumber()) {
    const double changed[] = {*number * 2, *number / 2, -*number, *number + 1};
    value = random.pick(changed);
  } else {
    value = random.pick(kIntegers);
  }
}

static void changeValue(Random &random, json::Value &value) {
  json::Array *array = value.getAsArray();
  switch (random.below(array && !array->empty() ? 8 : 4)) {
  case 0:
    value = makeValue(random);
    break;
  case 1:
  case 2:
    changeNumber(random, value);
    break;
  case 3: {
    json::Value inner = value;
    if (random.oneIn(2))
      value = json::Array{std::move(inner)};
    else
      value = json::Object{{"full_attention", std::move(inner)}};
    break;
  }
  case 4:
    array->push_back(json::Value(array->back()));
    break;
  case 5:
    array->erase(array->begin() + random.below(array->size()));
    break;
  case 6:
    std::swap(array->front(), array->back());
    break;
  default:
    changeValue(random, random.pick(*array));
    break;
  }
}

static std::optional<json::Value> parse(StringRef text) {
  Expected<json::Object> object = parseJSONObject(text, "");
  if (object)
    return json::Value(std::move(*object));
  consumeError(object.takeError());
  return std::nullopt;
}

std::string dlavm::mutateJSON(Random &random, StringRef text,
                              StringRef otherText) {
  std::optional<json::Value> root = parse(text), other = parse(otherText);
  if (!root || !other)
    return text.str();
  json::Object &object = pickObject(random, *root);
  json::Object &donor = pickObject(random, *other);
  // Views of keys do not live as long as these.
  std::vector<std::string> keys, donorKeys;
  for (StringRef key : getSortedKeys(object))
    keys.push_back(key.str());
  for (StringRef key : getSortedKeys(donor))
    donorKeys.push_back(key.str());
  if (keys.empty() || donorKeys.empty())
    return text.str();
  const std::string &key = random.pick(keys);
  const std::string &donorKey = random.pick(donorKeys);
  switch (random.below(8)) {
  case 0:
    object.erase(key);
    break;
  case 1:
    std::swap(*object.get(key), *object.get(random.pick(keys)));
    break;
  case 2: {
    json::Value value = *object.get(key);
    object[random.oneIn(2) ? donorKey : key + "_"] = std::move(value);
    if (random.oneIn(2))
      object.erase(key);
    break;
  }
  case 3:
    object[donorKey] = *donor.get(donorKey);
    break;
  case 4:
    object[key] = *donor.get(donorKey);
    break;
  default:
    changeValue(random, *object.get(key));
    break;
  }
  std::string result = formatv("{0}", *root);
  // Deeper than anybody's stack.
  if (random.oneIn(200))
    result.insert(result.find(':') + 1, 100'000, random.oneIn(2) ? '[' : '{');
  return result;
}
