//===- DriverPlan.cpp - plan.json of a driver -----------------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DLAVM/Plan/DriverPlan.h"
#include "DLAVM/Support/InputFile.h"
#include "DLAVM/Support/JSON.h"
#include "PlanChecks.h"
#include "PlanReader.h"

#include "llvm/ADT/SmallString.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"

using namespace dlavm;
using namespace llvm;

char PlanError::ID;

void PlanError::log(raw_ostream &os) const {
  os << expected << " at " << file << (place.empty() ? "" : ".") << place;
  if (!found.empty())
    os << ", found " << found;
}

//===----------------------------------------------------------------------===//
// Lookups
//===----------------------------------------------------------------------===//

static constexpr std::pair<ObjectKind, StringLiteral> objectKinds[] = {
    {ObjectKind::Weight, "weight"},
    {ObjectKind::ConvWeight, "conv_weight"},
    {ObjectKind::ScaleBias, "scale_bias"},
    {ObjectKind::NormWeight, "norm_weight"},
    {ObjectKind::RopeTable, "rope_table"},
    {ObjectKind::ActivationTable, "activation_table"},
    {ObjectKind::KVCache, "kv_cache"},
    {ObjectKind::Instructions, "instructions"},
};

bool PlanObject::hasSourceCount() const {
  const size_t count = from.size();
  switch (kind) {
  case ObjectKind::Weight:
    return count >= 1;
  case ObjectKind::ConvWeight:
    return count == 1;
  case ObjectKind::ScaleBias:
    return count == 3 || (count >= 2 && count % 2 == 0);
  case ObjectKind::NormWeight:
    return count == 1 || count == 2;
  case ObjectKind::RopeTable:
  case ObjectKind::ActivationTable:
  case ObjectKind::KVCache:
  case ObjectKind::Instructions:
    return count == 0;
  }
  llvm_unreachable("unknown object kind");
}

bool PlanObject::isMerged() const {
  return (kind == ObjectKind::Weight && from.size() > 1) ||
         (kind == ObjectKind::ScaleBias && from.size() > 3);
}

size_t PlanObject::getRole(size_t i) const {
  if (!isMerged())
    return i;
  return kind == ObjectKind::Weight ? 0 : i % 2;
}

bool PlanObject::isShape(size_t i, ArrayRef<int64_t> parameter) const {
  if (kind == ObjectKind::ConvWeight)
    return shape.size() == 4 && parameter.size() == 2 &&
           parameter[0] == shape[0] &&
           parameter[1] == saturatingProduct(
                               saturatingProduct(shape[1], shape[2]), shape[3]);
  // The weight of a convolution.
  if (getRole(i) == 2)
    return parameter.size() == 2 && parameter[0] == shape[0];
  if (isMerged())
    return parameter.size() == shape.size() && parameter[0] < shape[0] &&
           parameter.drop_front() == ArrayRef<int64_t>(shape).drop_front();
  return parameter == ArrayRef<int64_t>(shape);
}

StringRef dlavm::getName(ObjectKind kind) {
  return find_if(objectKinds, [&](auto &entry) { return entry.first == kind; })
      ->second;
}

std::optional<ObjectKind> dlavm::getObjectKind(StringRef name) {
  for (auto &[kind, known] : objectKinds)
    if (known == name)
      return kind;
  return std::nullopt;
}

template <typename Entry>
static const Entry *find(const std::vector<Entry> &entries, StringRef name) {
  auto it =
      find_if(entries, [&](const Entry &entry) { return entry.name == name; });
  return it == entries.end() ? nullptr : &*it;
}

bool DriverPlan::decodesFromBlocks() const {
  return any_of(objects, [](const PlanObject &object) {
    return object.kind == ObjectKind::Instructions;
  });
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

int64_t DriverPlan::getFirstRow(const PlanObject &object, size_t i) const {
  int64_t row = 0;
  for (size_t other = 0; other < i; ++other)
    if (object.getRole(other) == object.getRole(i))
      row += getParameter(object.from[other])->shape.front();
  return row;
}

std::vector<PlannedTask> DriverPlan::getPlannedTasks() const {
  std::vector<PlannedTask> planned;
  for (const PlanTask &task : tasks) {
    PlannedTask &entry =
        planned.emplace_back(PlannedTask{task.name, task.isUnmasked, {}});
    if (task.result.empty())
      continue;
    entry.results.push_back(task.result);
    if (!task.decodeResult.empty())
      entry.results.push_back(task.decodeResult);
  }
  return planned;
}

std::vector<PlanRegion> DriverPlan::getRegions() const {
  std::vector<PlanRegion> regions;
  for (const PlanBuffer &buffer : buffers)
    regions.push_back({buffer.name, buffer.memory, buffer.address,
                       buffer.address + buffer.bytes, /*layerStride=*/0,
                       /*layers=*/0, buffer.isInput ? "input" : "buffer"});
  for (const PlanObject &object : objects)
    regions.push_back({object.name, object.memory, object.address,
                       object.address + object.bytes, object.layerStride,
                       object.layers,
                       object.kind == ObjectKind::Instructions ? "instructions"
                       : object.kind == ObjectKind::KVCache    ? "cache"
                                                               : "parameter"});
  return regions;
}

static void replaceNumber(std::string &text, StringRef key, int64_t number) {
  const size_t position = StringRef(text).find(key);
  if (position != StringRef::npos)
    text.replace(position, key.size(),
                 (number < 10 ? "0" : "") + std::to_string(number));
}

std::string PlanObject::getFile(int64_t layer, int64_t port) const {
  std::string path = file;
  replaceNumber(path, "{layer}", layer);
  replaceNumber(path, "{port}", port);
  return path;
}

//===----------------------------------------------------------------------===//
// Reading
//===----------------------------------------------------------------------===//

static Expected<DriverPlan> readPlan(const json::Object &object,
                                     StringRef file) {
  DriverPlan plan;
  PlanReader::Problem problem;
  PlanReader reader(object, "", problem);
  if (!mapFields(reader, plan) || !reader.finish())
    return make_error<PlanError>(problem.expected, problem.place, problem.found,
                                 file.str());
  if (Error error = checkContents(plan, file))
    return error;
  // An unknown device is an error of those who need it.
  if (const DeviceInfo *device = DeviceRegistry::instance().lookup(plan.device))
    if (Error error = checkLimits(plan, *device, file))
      return error;
  return plan;
}

Expected<DriverPlan> DriverPlan::parse(StringRef text, StringRef file) {
  Expected<json::Object> object = parseJSONObject(text, file);
  if (!object)
    return object.takeError();
  return readPlan(*object, file);
}

Expected<DriverPlan> DriverPlan::read(StringRef directory) {
  SmallString<128> file(directory);
  sys::path::append(file, "plan.json");
  Expected<json::Object> object =
      readJSONFile(file, "; give a directory that dlavm compile wrote");
  if (!object)
    return object.takeError();
  return readPlan(*object, file);
}
