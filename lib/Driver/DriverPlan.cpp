//===- DriverPlan.cpp - plan.json of a driver -----------------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DLAVM/Driver/DriverPlan.h"
#include "DLAVM/Support/JSON.h"
#include "PlanReader.h"

#include "llvm/ADT/SmallString.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"

using namespace dlavm;
using namespace llvm;

template <typename Entry>
static const Entry *find(const std::vector<Entry> &entries, StringRef name) {
  auto it =
      find_if(entries, [&](const Entry &entry) { return entry.name == name; });
  return it == entries.end() ? nullptr : &*it;
}

const ParameterInfo *DriverPlan::getParameter(StringRef name) const {
  return find(parameters, name);
}
const PlanObject *DriverPlan::getObject(StringRef name) const {
  return find(objects, name);
}
const PlanBuffer *DriverPlan::getBuffer(StringRef name) const {
  return find(buffers, name);
}

static bool readFunction(const PlanEntry &entry, HostFunction &function) {
  if (!entry.readIdentifier("name", function.name) ||
      !entry.read("kind", function.kind) ||
      !entry.readNumber("channels", function.channels) ||
      !entry.read("last_token_only", function.lastTokenOnly))
    return false;
  if (!is_contained({"input", "output", "token"}, function.kind))
    return entry.refuse("kind", "expected input, output or token");
  return (function.kind == "token") == (function.channels == 0) ||
         entry.refuse("channels",
                      "expected 0 for a token and 1 or more for all else");
}

static bool readTask(const PlanEntry &entry, PlanTask &task) {
  return entry.read("name", task.name) &&
         entry.read("computes", task.computes) &&
         entry.read("in_layers", task.inLayers) &&
         entry.read("result", task.result);
}

static bool readHead(const PlanEntry &top, DriverPlan &plan) {
  if (!top.readFileName("driver", plan.driver) ||
      !top.readIdentifier("namespace", plan.namespaceName) ||
      !top.read("device", plan.device) ||
      !top.read("fingerprint", plan.fingerprint) ||
      !top.readFileName("model", plan.model) ||
      !top.read("embedding", plan.embedding) ||
      !top.readSize("max_tokens", plan.maxTokens) ||
      !top.readNumber("accesses", plan.accesses))
    return false;
  const bool isHex =
      plan.fingerprint.size() == 16 && all_of(plan.fingerprint, [](char c) {
        return isHexDigit(c) && !isUpper(c);
      });
  return isHex ||
         top.refuse("fingerprint", "expected 16 hexadecimal digits, in lower "
                                   "case");
}

template <typename Entry>
static bool readList(const PlanEntry &top, StringRef key,
                     std::vector<Entry> &entries,
                     bool (*read)(const PlanEntry &, Entry &)) {
  return top.forEach(key, [&](const json::Value &value, json::Path place) {
    const PlanEntry entry(value, place);
    Entry result;
    if (!entry || !read(entry, result))
      return false;
    entries.push_back(std::move(result));
    return true;
  });
}

static bool readMemory(const PlanEntry &top, StringRef key, DriverPlan &plan,
                       bool (*read)(const PlanEntry &, DriverPlan &)) {
  return top.forEach(key, [&](const json::Value &value, json::Path place) {
    const PlanEntry entry(value, place);
    return entry && read(entry, plan);
  });
}

/// Checks the names that can be looked up when all is read.
static bool checkNames(const PlanEntry &top, const DriverPlan &plan) {
  const ParameterInfo *embedding = plan.getParameter(plan.embedding);
  if (!plan.embedding.empty() &&
      (!embedding || embedding->shape.size() != 2 || embedding->layers > 0))
    return top.refuse("embedding", "expected the name of a parameter with two "
                                   "dimensions and no layers");
  size_t index = 0;
  return top.forEach("tasks", [&](const json::Value &value, json::Path place) {
    const std::string &result = plan.tasks[index++].result;
    return result.empty() || plan.getBuffer(result) ||
           PlanEntry(value, place)
               .refuse("result", "expected the name of a buffer");
  });
}

/// What dlavm pack has added. Its files are in checksums.txt as well, which is
/// what counts.
static bool readPacked(const PlanEntry &packed, DriverPlan &plan) {
  if (!packed.read("scale_choice", plan.scaleChoice))
    return false;
  if (plan.scaleChoice != "absmax" && plan.scaleChoice != "search")
    return packed.refuse("scale_choice", "expected absmax or search");
  return packed.forEach(
      "end_tokens", [&](const json::Value &value, json::Path place) {
        return fromJSON(value, plan.endTokens.emplace_back(), place);
      });
}

static bool readPlan(const PlanEntry &top, DriverPlan &plan) {
  return readHead(top, plan) &&
         readList(top, "functions", plan.functions, readFunction) &&
         readList(top, "tasks", plan.tasks, readTask) &&
         readList(top, "parameters", plan.parameters, readParameter) &&
         readMemory(top, "buffers", plan, readBuffer) &&
         readMemory(top, "objects", plan, readObject) &&
         checkNames(top, plan) &&
         (!top.has("packed") ||
          top.readEntry("packed", [&](const PlanEntry &packed) {
            return readPacked(packed, plan);
          }));
}

/// Adds what was found to an error: "expected 1 or more at
/// FILE.buffers[0].bytes".
static llvm::Error describe(llvm::Error error, const json::Value &value,
                            StringRef file) {
  const std::string message = toString(std::move(error));
  StringRef path = StringRef(message).split((" at " + file).str()).second;
  const json::Value *found = &value;
  while (found && !path.empty()) {
    size_t index;
    if (path.consume_front("[")) {
      const json::Array *array = found->getAsArray();
      found = array && !path.consumeInteger(10, index) && index < array->size()
                  ? &(*array)[index]
                  : nullptr;
      path.consume_front("]");
    } else {
      path = path.drop_front();
      const size_t end = std::min(path.find_first_of(".["), path.size());
      const json::Object *object = found->getAsObject();
      found = object ? object->get(path.take_front(end)) : nullptr;
      path = path.drop_front(end);
    }
  }
  if (!found || found->kind() == json::Value::Array ||
      found->kind() == json::Value::Object)
    return createStringError(message);
  return createStringError(formatv("{0}, found {1}", message, *found).str());
}

Expected<DriverPlan> DriverPlan::read(StringRef directory) {
  SmallString<128> file(directory);
  sys::path::append(file, "plan.json");
  Expected<json::Object> object =
      readJSONFile(file, "; give a directory that dlavm compile wrote");
  if (!object)
    return object.takeError();
  const json::Value value(std::move(*object));
  DriverPlan plan;
  json::Path::Root root(file);
  json::Path path = root;
  const PlanEntry top(value, path);
  if (!top || !readPlan(top, plan))
    return describe(root.getError(), value, file);
  // An unknown device is an error of those who need it.
  if (const DeviceInfo *device = DeviceRegistry::instance().lookup(plan.device))
    if (llvm::Error error = checkLimits(plan, *device, file))
      return error;
  return plan;
}
