//===- DriverPlan.cpp - plan.json of a driver ---------------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DLAVM/Driver/DriverLibrary.h"
#include "DLAVM/Support/JSON.h"

#include "llvm/ADT/SmallString.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/MathExtras.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"

#include <limits>

using namespace dlavm;
using namespace llvm;

/// Sets the end of a region of \p bytes bytes in each layer. Reports numbers
/// that no memory has, so that nobody computes with them.
static bool setEnd(PlanRegion &region, int64_t bytes, json::Path place) {
  auto refuse = [&](StringLiteral field, StringLiteral message) {
    place.field(field).report(message);
    return false;
  };
  if (region.begin < 0)
    return refuse("address", "expected 0 or more");
  if (bytes < 1)
    return refuse("bytes", "expected 1 or more");
  if (region.layers < 0)
    return refuse("layers", "expected 0 or more");
  if (region.layerStride < 0)
    return refuse("layer_stride", "expected 0 or more");
  if (AddOverflow(region.begin, bytes, region.end))
    return refuse("bytes", "expected an end, address + bytes, below 2^63");
  int64_t distance, end;
  if (MulOverflow(std::max<int64_t>(region.layers - 1, 0), region.layerStride,
                  distance) ||
      AddOverflow(region.end, distance, end))
    return refuse("layer_stride", "expected an end of all layers below 2^63");
  return true;
}

/// \p objects is true for objects, which have layers, false for buffers.
static bool readRegions(const json::Object &root, StringRef key, bool objects,
                        std::vector<PlanRegion> &regions, json::Path path) {
  // A path refers to the one that it was made from, so each has a name.
  json::Path list = path.field(key);
  const json::Array *array = root.getArray(key);
  if (!array) {
    list.report("expected an array");
    return false;
  }
  for (auto [i, value] : llvm::enumerate(*array)) {
    json::Path place = list.index(i);
    json::ObjectMapper mapper(value, place);
    PlanRegion region;
    std::string space, kind;
    int64_t bytes = 0;
    bool isInput = false;
    if (!mapper || !mapper.map("name", region.name) ||
        !mapper.map("space", space) || !mapper.map("address", region.begin) ||
        !mapper.map("bytes", bytes))
      return false;
    if (objects) {
      if (!mapper.map("kind", kind) || !mapper.map("layers", region.layers) ||
          !mapper.map("layer_stride", region.layerStride))
        return false;
      region.kind = kind == "kv_cache" ? "cache" : "parameter";
    } else {
      if (!mapper.map("is_input", isInput))
        return false;
      region.kind = isInput ? "input" : "buffer";
    }
    if (space != "DDR" && space != "HBM") {
      place.field("space").report("expected \"DDR\" or \"HBM\"");
      return false;
    }
    region.space = space == "DDR" ? MemorySpace::DDR : MemorySpace::HBM;
    if (!setEnd(region, bytes, place))
      return false;
    regions.push_back(std::move(region));
  }
  return true;
}

Expected<DriverPlan> DriverPlan::read(StringRef directory) {
  SmallString<128> file(directory);
  sys::path::append(file, "plan.json");
  ErrorOr<std::unique_ptr<MemoryBuffer>> buffer =
      MemoryBuffer::getFile(file, /*IsText=*/true);
  if (!buffer)
    return createStringError(buffer.getError(),
                             "cannot read " + file + ": " +
                                 buffer.getError().message() +
                                 "; give a directory that dlavm compile wrote");
  if (isJSONTooDeep((*buffer)->getBuffer()))
    return createStringError(file +
                             " is no plan: its arrays and objects nest deeper "
                             "than " +
                             Twine(kMaxJSONDepth) + " levels");
  Expected<json::Value> value = json::parse((*buffer)->getBuffer());
  if (!value)
    return createStringError(file +
                             " is no JSON: " + toString(value.takeError()));
  DriverPlan plan;
  json::Path::Root root(file);
  json::Path top = root;
  json::ObjectMapper mapper(*value, top);
  if (!mapper || !mapper.map("driver", plan.driver) ||
      !mapper.map("namespace", plan.namespaceName) ||
      !mapper.map("device", plan.device) ||
      !mapper.map("max_tokens", plan.maxTokens))
    return root.getError();
  if (plan.maxTokens < 1 ||
      plan.maxTokens > std::numeric_limits<int32_t>::max()) {
    top.field("max_tokens").report("expected 1 to 2147483647");
    return root.getError();
  }
  const json::Object &object = *value->getAsObject();
  if (!readRegions(object, "buffers", false, plan.regions, top) ||
      !readRegions(object, "objects", true, plan.regions, top))
    return root.getError();
  return plan;
}
