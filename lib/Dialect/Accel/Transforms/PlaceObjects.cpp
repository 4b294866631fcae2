//===- PlaceObjects.cpp - Addresses of weights, tables and KV caches ----===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DLAVM/Dialect/Accel/IR/Accel.h"
#include "DLAVM/Dialect/Accel/Transforms/Passes.h"

#include "llvm/Support/MathExtras.h"

#include <map>

namespace dlavm::accel {
#define GEN_PASS_DEF_PLACEOBJECTS
#include "DLAVM/Dialect/Accel/Transforms/Passes.h.inc"
} // namespace dlavm::accel

using namespace mlir;
using namespace dlavm;
using namespace dlavm::accel;

namespace {

/// The objects of one memory with the same number of layers. The objects of a
/// layer lie together.
struct Group {
  int64_t layers;
  SmallVector<ObjectOp> objects;
};

struct PlaceObjects : dlavm::accel::impl::PlaceObjectsBase<PlaceObjects> {
  void runOnOperation() override {
    const DeviceInfo *device = getDevice(getOperation());
    if (!device)
      return signalPassFailure();
    for (const Memory &memory : device->getMemories())
      if (failed(place(*device, memory)))
        return signalPassFailure();
  }

  /// Groups in the order of their addresses: KV caches come last; in the memory
  /// of maps what has no layers comes first, so that tables precede the layers.
  SmallVector<Group> getGroups(const Memory &memory, bool sharedFirst) {
    std::map<std::tuple<bool, bool, int64_t>, Group> groups;
    for (auto object : getOperation().getOps<ObjectOp>()) {
      if (object.getSpace().getMemory() != memory.name)
        continue;
      const bool hasLayers = object.getLayers().has_value();
      const int64_t layers = object.getLayers().value_or(1);
      Group &group = groups[{object.getKind() == Kind::KVCache,
                             hasLayers == sharedFirst, hasLayers ? layers : 0}];
      group.layers = layers;
      group.objects.push_back(object);
    }
    SmallVector<Group> result;
    for (auto &[key, group] : groups)
      result.push_back(std::move(group));
    return result;
  }

  LogicalResult place(const DeviceInfo &device, const Memory &memory) {
    // Sizes saturate, so that absurd ones are refused and not wrapped around.
    uint64_t end = 0;
    SmallVector<std::pair<uint64_t, ObjectOp>> totals;
    const bool holdsMaps = &memory == &device.getMapMemory();
    for (Group &group : getGroups(memory, holdsMaps)) {
      const uint64_t layers = group.layers;
      uint64_t layerBytes = 0;
      for (ObjectOp object : group.objects) {
        const ObjectSupport *support =
            device.getObject(getObjectKind(object.getKind()));
        if (!support || support->memory != memory.name)
          return object.emitOpError("lies in ")
                 << object.getSpace() << ", where " << device.getName()
                 << " keeps no object of its kind";
        const uint64_t bytes = support->bytes(object.getShape(), device);
        object.setAddress(llvm::SaturatingAdd(end, layerBytes));
        object.setBytes(bytes);
        layerBytes = llvm::SaturatingAdd(
            layerBytes, llvm::alignTo(bytes, memory.alignment));
        totals.push_back({llvm::SaturatingMultiply(bytes, layers), object});
      }
      for (ObjectOp object : group.objects)
        object.setStride(object.getLayers() ? layerBytes : 0);
      end = llvm::SaturatingMultiplyAdd(layerBytes, layers, end);
    }
    numBytes += end;
    const uint64_t capacity = memory.capacity;
    if (end <= capacity)
      return success();
    const ObjectSupport *cache = device.getObject(ObjectKind::KVCache);
    const bool holdsCaches = cache && cache->memory == memory.name;

    llvm::stable_sort(
        totals, [](const auto &a, const auto &b) { return a.first > b.first; });
    InFlightDiagnostic diagnostic =
        getOperation().emitError("needs ")
        << end << " bytes of " << memory.name
        << (memory.ports > 1 ? " per port" : "") << " for its parameters"
        << (holdsCaches ? " and KV caches" : "") << ", " << end - capacity
        << " more than the " << capacity << " of " << device.getName();
    for (auto [bytes, object] : llvm::ArrayRef(totals).take_front(3))
      diagnostic.attachNote(object.getLoc())
          << "'" << object.getSymName() << "' takes " << bytes << " bytes";
    uint64_t cacheBytes = 0;
    for (auto [bytes, object] : totals)
      if (object.getKind() == Kind::KVCache)
        cacheBytes = llvm::SaturatingAdd(cacheBytes, bytes);
    if (cacheBytes > 0)
      diagnostic.attachNote()
          << "KV caches take " << cacheBytes
          << " bytes of it whatever --max-tokens says: their strides are those "
             "of the device's largest context";
    return diagnostic;
  }
};

} // namespace
