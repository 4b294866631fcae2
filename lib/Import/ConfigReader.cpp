//===- ConfigReader.cpp - Checked access to a config.json -----------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ConfigReader.h"

#include "DLAVM/Support/JSON.h"

#include "mlir/IR/Location.h"

#include <limits>

using namespace mlir;
using namespace dlavm;
namespace json = llvm::json;

FailureOr<ConfigReader> ConfigReader::open(StringRef path,
                                           MLIRContext &context) {
  llvm::Expected<json::Object> object =
      readJSONFile(path, "; expected the config.json of a Hugging Face model "
                         "or a directory that has one");
  if (!object)
    return mlir::emitError(UnknownLoc::get(&context))
           << llvm::toString(object.takeError());
  return ConfigReader(std::move(*object), path.str(), "", context);
}

FailureOr<ConfigReader> ConfigReader::readOptionalObject(StringRef key) const {
  const json::Value *value = find(key);
  if (value && !value->getAsObject())
    return refuse(key, "an object");
  return ConfigReader(value ? *value->getAsObject() : json::Object(), path,
                      prefix + key.str() + ".", *context);
}

LogicalResult ConfigReader::readSize(StringRef key, int64_t &size) const {
  const json::Value *value = get(key);
  std::optional<int64_t> found = value ? value->getAsInteger() : std::nullopt;
  if (!found || *found < 1 || *found > kMaxSize)
    return refuse(key, "a positive integer up to " + std::to_string(kMaxSize));
  size = *found;
  return success();
}

LogicalResult ConfigReader::readOptionalSize(StringRef key,
                                             int64_t &size) const {
  return find(key) ? readSize(key, size) : success();
}

LogicalResult ConfigReader::readOptionalCount(StringRef key,
                                              int64_t &count) const {
  const json::Value *value = find(key);
  if (!value)
    return success();
  std::optional<int64_t> found = value->getAsInteger();
  if (!found || *found < 0 || *found > kMaxSize)
    return refuse(key, "an integer from 0 to " + std::to_string(kMaxSize));
  count = *found;
  return success();
}

LogicalResult ConfigReader::readNumber(StringRef key, double &number) const {
  const json::Value *value = get(key);
  std::optional<double> found = value ? value->getAsNumber() : std::nullopt;
  // Nothing computes with more than 32 bits.
  using Limits = std::numeric_limits<float>;
  if (!found || !(*found >= Limits::min() && *found <= Limits::max()))
    return refuse(key, "a positive number within the range of FP32");
  number = *found;
  return success();
}

LogicalResult ConfigReader::readOptionalNumber(StringRef key,
                                               double &number) const {
  return find(key) ? readNumber(key, number) : success();
}

LogicalResult ConfigReader::readString(StringRef key, std::string &text) const {
  const json::Value *value = get(key);
  std::optional<StringRef> found = value ? value->getAsString() : std::nullopt;
  if (!found)
    return refuse(key, "a string");
  text = found->str();
  return success();
}

LogicalResult ConfigReader::readOptionalString(StringRef key,
                                               std::string &text) const {
  return find(key) ? readString(key, text) : success();
}

LogicalResult ConfigReader::readOptionalFlag(StringRef key, bool &flag) const {
  const json::Value *value = find(key);
  if (!value)
    return success();
  std::optional<bool> found = value->getAsBoolean();
  if (!found)
    return refuse(key, "true or false");
  flag = *found;
  return success();
}

LogicalResult ConfigReader::expectFlag(StringRef key, bool expected,
                                       bool isSetByDefault,
                                       StringRef reason) const {
  bool flag = isSetByDefault;
  if (failed(readOptionalFlag(key, flag)))
    return failure();
  if (flag == expected)
    return success();
  return emitError(key) << "must be " << (expected ? "true" : "false")
                        << ", found "
                        << (find(key) ? print(*find(key)) : "no such key")
                        << ": " << reason;
}

const json::Value *ConfigReader::get(StringRef key) const {
  readKeys->insert(key);
  return object.get(key);
}

std::vector<StringRef> ConfigReader::getUnreadKeys() const {
  std::vector<StringRef> keys;
  for (const auto &entry : object)
    if (!readKeys->contains(entry.first))
      keys.push_back(entry.first);
  llvm::sort(keys);
  return keys;
}

const json::Value *ConfigReader::find(StringRef key) const {
  const json::Value *value = get(key);
  return value && value->kind() != json::Value::Null ? value : nullptr;
}

InFlightDiagnostic ConfigReader::emitWarning() const {
  return mlir::emitWarning(UnknownLoc::get(context)) << path << ": ";
}

InFlightDiagnostic ConfigReader::emitError() const {
  return mlir::emitError(UnknownLoc::get(context)) << path << ": ";
}

InFlightDiagnostic ConfigReader::emitError(StringRef key) const {
  return emitError() << "'" << prefix << key << "' ";
}

std::string ConfigReader::print(const json::Value &value) {
  return printJSON(&value);
}

LogicalResult ConfigReader::refuse(StringRef key, StringRef expected) const {
  const json::Value *value = get(key);
  if (!value)
    return emitError() << "has no key '" << prefix << key << "', which must be "
                       << expected;
  return emitError(key) << "must be " << expected << ", found "
                        << print(*value);
}
