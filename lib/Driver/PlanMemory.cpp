//===- PlanMemory.cpp - Buffers and objects of plan.json ------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "PlanReader.h"

#include "llvm/ADT/StringSwitch.h"
#include "llvm/Support/MathExtras.h"
#include "llvm/Support/Path.h"

using namespace dlavm;
using namespace llvm;

/// Sets the end of a region of \p bytes bytes in each layer. Reports numbers
/// that no memory has, so that nobody computes with them.
static bool setEnd(PlanRegion &region, int64_t bytes, const PlanEntry &entry) {
  if (AddOverflow(region.begin, bytes, region.end))
    return entry.refuse("bytes",
                        "expected an end, address + bytes, below 2^63");
  int64_t distance, end;
  if (MulOverflow(std::max<int64_t>(region.layers - 1, 0), region.layerStride,
                  distance) ||
      AddOverflow(region.end, distance, end))
    return entry.refuse("layer_stride",
                        "expected an end of all layers below 2^63");
  return true;
}

/// Reads what buffers and objects have in common.
static bool readPlace(const PlanEntry &entry, const DriverPlan &plan,
                      PlanRegion &region, int64_t &bytes) {
  if (!entry.read("name", region.name) || !entry.read("space", region.memory) ||
      !entry.readNumber("address", region.begin, kMostLong) ||
      !entry.readSize("bytes", bytes, kMostLong))
    return false;
  if (any_of(plan.regions, [&](const PlanRegion &other) {
        return other.name == region.name;
      }))
    return entry.refuse("name", "expected a name that no other buffer or "
                                "object has");
  if (region.memory != "DDR" && region.memory != "HBM")
    return entry.refuse("space", "expected \"DDR\" or \"HBM\"");
  return true;
}

bool dlavm::readBuffer(const PlanEntry &entry, DriverPlan &plan) {
  PlanBuffer buffer;
  PlanRegion region;
  if (!readPlace(entry, plan, region, buffer.bytes) ||
      !entry.read("is_input", buffer.isInput) ||
      !setEnd(region, buffer.bytes, entry))
    return false;
  if (region.memory != "DDR")
    return entry.refuse("space", "expected \"DDR\", where all buffers are");
  buffer.name = region.name;
  buffer.address = region.begin;
  region.kind = buffer.isInput ? "input" : "buffer";
  if (!entry.forEach("live", [&](const json::Value &value, json::Path place) {
        int64_t step;
        if (!fromJSON(value, step, place))
          return false;
        const int64_t least =
            buffer.live.size() % 2 == 1 ? buffer.live.back() : 0;
        buffer.live.push_back(step);
        // What the host reads lives on after the last task.
        if (step >= least && step <= static_cast<int64_t>(plan.tasks.size()))
          return true;
        place.report("expected pairs of a first and a last task");
        return false;
      }))
    return false;
  if (buffer.live.empty() || buffer.live.size() % 2 != 0)
    return entry.refuse("live", "expected pairs of a first and a last task");
  plan.buffers.push_back(std::move(buffer));
  plan.regions.push_back(std::move(region));
  return true;
}

static bool readKind(const PlanEntry &entry, ObjectKind &kind) {
  std::string name;
  if (!entry.read("kind", name))
    return false;
  const auto found = StringSwitch<std::optional<ObjectKind>>(name)
                         .Case("weight", ObjectKind::Weight)
                         .Case("scale_bias", ObjectKind::ScaleBias)
                         .Case("norm_weight", ObjectKind::NormWeight)
                         .Case("rope_table", ObjectKind::RopeTable)
                         .Case("activation_table", ObjectKind::ActivationTable)
                         .Case("kv_cache", ObjectKind::KVCache)
                         .Default(std::nullopt);
  if (!found)
    return entry.refuse("kind",
                        "expected weight, scale_bias, norm_weight, rope_table, "
                        "activation_table or kv_cache");
  kind = *found;
  return true;
}

/// What an object is made of must have its shape and layers.
static bool readSources(const PlanEntry &entry, const DriverPlan &plan,
                        PlanObject &object) {
  const bool isWeight = object.kind == ObjectKind::Weight;
  const bool isTable = object.kind == ObjectKind::RopeTable ||
                       object.kind == ObjectKind::ActivationTable;
  if (!entry.readShape("shape", object.shape))
    return false;
  if (object.shape.size() != (isWeight ? 2u : isTable ? 0u : 1u))
    return entry.refuse("shape", "expected two sizes for a weight, none for a "
                                 "table and one for all else");
  if (!entry.forEach("from", [&](const json::Value &value, json::Path place) {
        std::string name;
        if (!fromJSON(value, name, place))
          return false;
        const ParameterInfo *parameter = plan.getParameter(name);
        object.from.push_back(std::move(name));
        if (parameter && parameter->shape == object.shape &&
            parameter->layers == object.layers)
          return true;
        place.report("expected the name of a parameter that has the shape and "
                     "the layers of the object");
        return false;
      }))
    return false;
  const size_t count = object.from.size();
  const bool isNorm = object.kind == ObjectKind::NormWeight;
  const bool isScaleBias = object.kind == ObjectKind::ScaleBias;
  if (isNorm ? count == 1 || count == 2
             : count == (isWeight      ? 1u
                         : isScaleBias ? 2u
                                       : 0u))
    return true;
  return entry.refuse("from", "expected one parameter for a weight, two for a "
                              "scale and bias, one or two for a norm and none "
                              "for all else");
}

/// A pattern that names a file of its own for each layer and port, below the
/// directory.
static bool readFile(const PlanEntry &entry, PlanObject &object) {
  if (object.kind == ObjectKind::KVCache)
    return !entry.has("file") ||
           entry.refuse("file", "expected none for a KV cache");
  if (!entry.read("file", object.file))
    return false;
  StringRef file = object.file;
  SmallVector<StringRef> parts;
  file.split(parts, '/');
  if (file.contains('\\') || any_of(parts, [](StringRef part) {
        return part.empty() || part == "." || part == "..";
      }))
    return entry.refuse("file", "expected a path below the directory");
  if (file.contains("{layer}") != (object.layers > 0) ||
      (object.ports > 1 && !file.contains("{port}")))
    return entry.refuse("file", "expected '{layer}' in it if and only if there "
                                "are layers, and '{port}' if there are ports");
  return true;
}

bool dlavm::readObject(const PlanEntry &entry, DriverPlan &plan) {
  PlanObject object;
  PlanRegion region;
  if (!readPlace(entry, plan, region, object.bytes) ||
      !readKind(entry, object.kind) ||
      !entry.readNumber("layers", object.layers) ||
      !entry.readNumber("layer_stride", object.layerStride, kMostLong) ||
      !entry.readSize("ports", object.ports) ||
      !entry.readNumber("port_stride", object.portStride, kMostLong) ||
      !entry.readNumber("dma_base", object.dmaBase, kMostLong))
    return false;
  object.name = region.name;
  object.memory = region.memory;
  object.address = region.begin;
  region.layers = object.layers;
  region.layerStride = object.layerStride;
  region.kind = object.kind == ObjectKind::KVCache ? "cache" : "parameter";
  if (!setEnd(region, object.bytes, entry))
    return false;
  const int64_t end =
      region.end + std::max<int64_t>(object.layers - 1, 0) * object.layerStride;
  int64_t distance, last;
  if (MulOverflow(object.ports - 1, object.portStride, distance) ||
      AddOverflow(end, distance, last) ||
      AddOverflow(last, object.dmaBase, last))
    return entry.refuse("port_stride",
                        "expected an end of all ports below 2^63");
  if (!readSources(entry, plan, object) || !readFile(entry, object))
    return false;
  if (entry.has("with") &&
      !entry.readEntry("with", [&](const PlanEntry &config) {
        object.config = config.get();
        return true;
      }))
    return false;
  plan.objects.push_back(std::move(object));
  plan.regions.push_back(std::move(region));
  return true;
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
