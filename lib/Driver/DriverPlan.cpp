//===- DriverPlan.cpp - plan.json of a driver ---------------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DLAVM/Driver/DriverLibrary.h"

#include "llvm/ADT/SmallString.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"

using namespace dlavm;
using namespace llvm;

/// \p objects is true for objects, which have layers, false for buffers.
static bool readRegions(const json::Object &root, StringRef key, bool objects,
                        std::vector<PlanRegion> &regions, json::Path path) {
  const json::Array *array = root.getArray(key);
  if (!array) {
    path.field(key).report("expected an array");
    return false;
  }
  for (auto [i, value] : llvm::enumerate(*array)) {
    json::Path place = path.field(key).index(i);
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
    region.end = region.begin + bytes;
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
  Expected<json::Value> value = json::parse((*buffer)->getBuffer());
  if (!value)
    return createStringError(file +
                             " is no JSON: " + toString(value.takeError()));
  DriverPlan plan;
  json::Path::Root root(file);
  json::ObjectMapper mapper(*value, root);
  if (!mapper || !mapper.map("driver", plan.driver) ||
      !mapper.map("namespace", plan.namespaceName) ||
      !mapper.map("device", plan.device) ||
      !mapper.map("max_tokens", plan.maxTokens) ||
      !readRegions(*value->getAsObject(), "buffers", false, plan.regions,
                   root) ||
      !readRegions(*value->getAsObject(), "objects", true, plan.regions, root))
    return root.getError();
  return plan;
}
