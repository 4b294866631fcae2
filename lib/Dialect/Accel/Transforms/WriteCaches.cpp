//===- WriteCaches.cpp - Tasks that write their results into KV caches ----===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DLAVM/Dialect/Accel/IR/Accel.h"
#include "DLAVM/Dialect/Accel/Transforms/Passes.h"

#include "mlir/Dialect/MemRef/IR/MemRef.h"

namespace dlavm::accel {
#define GEN_PASS_DEF_WRITECACHES
#include "DLAVM/Dialect/Accel/Transforms/Passes.h.inc"
} // namespace dlavm::accel

using namespace mlir;
using namespace dlavm;
using namespace dlavm::accel;

/// The task that computes what \p append appends. Emits an error and returns
/// null where it cannot write the cache itself.
static DestinationStyleOpInterface
getProducer(KVAppendOp append, BufferOp buffer, const DeviceInfo &device) {
  DestinationStyleOpInterface producer;
  for (OpOperand &use : buffer.getBuffer().getUses()) {
    Operation *user = use.getOwner();
    if (user == append)
      continue;
    auto task = dyn_cast<DestinationStyleOpInterface>(user);
    if (task && task.isDpsInit(&use) && !producer) {
      producer = task;
      continue;
    }
    InFlightDiagnostic diagnostic =
        append.emitOpError("appends a map that is used besides, but ")
        << device.getName()
        << " writes keys and values into the KV cache as it computes them; "
           "compute the map once more for the other use";
    diagnostic.attachNote(user->getLoc()) << "the other use";
    return {};
  }
  if (producer && producer->getBlock() == append->getBlock() &&
      producer->isBeforeInBlock(append))
    return producer;
  append.emitOpError("appends a map that no task before it in the same block "
                     "computes, but ")
      << device.getName() << " has no task that appends to a KV cache";
  return {};
}

/// The tokens of the call in the map of a cache.
static Value createView(KVAppendOp append, BufferOp buffer,
                        const Traits &traits) {
  OpBuilder builder(append);
  const Location loc = append.getLoc();
  auto type = cast<MemRefType>(buffer.getBuffer().getType());
  const SmallVector<int64_t> shape = {type.getDimSize(0), traits.maxTokens,
                                      type.getDimSize(2)};
  auto map = CacheMapOp::create(builder, loc,
                                MemRefType::get(shape, type.getElementType(),
                                                MemRefLayoutAttrInterface(),
                                                type.getMemorySpace()),
                                append.getCache());
  SmallVector<OpFoldResult> offsets(3, builder.getIndexAttr(0));
  SmallVector<OpFoldResult> strides(3, builder.getIndexAttr(1));
  SmallVector<OpFoldResult> sizes;
  for (int64_t size : shape)
    sizes.push_back(builder.getIndexAttr(size));
  offsets[1] = append.getPast();
  sizes[1] = builder.getIndexAttr(type.getDimSize(1));
  if (type.isDynamicDim(1))
    sizes[1] =
        TokensOp::create(builder, loc, buffer.getDims().getDim(1)).getCount();
  return memref::SubViewOp::create(builder, loc, map, offsets, sizes, strides);
}

namespace {

struct WriteCaches : dlavm::accel::impl::WriteCachesBase<WriteCaches> {
  void runOnOperation() override {
    const DeviceInfo *device = getDevice(getOperation());
    if (!device)
      return signalPassFailure();
    if (!device->getTraits().cachesAreMaps)
      return;
    SmallVector<KVAppendOp> appends;
    getOperation().walk([&](KVAppendOp append) { appends.push_back(append); });
    for (KVAppendOp append : appends)
      if (failed(fuse(append, *device)))
        return signalPassFailure();
  }

  LogicalResult fuse(KVAppendOp append, const DeviceInfo &device) {
    const Traits traits = device.getTraits();
    if (static_cast<int64_t>(append.getHeadChannels()) != traits.headChannels)
      return append.emitOpError("has heads of ")
             << append.getHeadChannels() << " channels, but those of "
             << device.getName() << " have " << traits.headChannels
             << "; pad the heads of the model to that size";
    auto buffer = append.getInput().getDefiningOp<BufferOp>();
    if (!buffer || buffer.getHost())
      return append.emitOpError("appends ")
             << (buffer ? "what the host moves"
                        : "a map that no task of this function computes")
             << ", but " << device.getName()
             << " has no task that appends to a KV cache; append what a task "
                "computes";
    DestinationStyleOpInterface producer = getProducer(append, buffer, device);
    if (!producer)
      return failure();
    const Value view = createView(append, buffer, traits);
    // Nobody between the two sees tokens that are not appended yet.
    producer->moveBefore(append);
    producer.getDpsInitsMutable()[0].set(view);
    append.erase();
    buffer.erase();
    ++numWritten;
    return success();
  }
};

} // namespace
