//===- PlanMemory.cpp - Addresses of feature maps -------------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DLAVM/Dialect/Accel/IR/Accel.h"
#include "DLAVM/Dialect/Accel/Transforms/Passes.h"
#include "DLAVM/MemoryPlan/MemoryPlan.h"
#include "Timeline.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "llvm/Support/MathExtras.h"

namespace dlavm::accel {
#define GEN_PASS_DEF_PLANMEMORY
#include "DLAVM/Dialect/Accel/Transforms/Passes.h.inc"
} // namespace dlavm::accel

using namespace mlir;
using namespace dlavm;
using namespace dlavm::accel;

/// The first address behind all objects in \p memory.
static int64_t getObjectsEnd(ModuleOp module, const Memory &memory) {
  int64_t end = 0;
  for (auto object : module.getOps<ObjectOp>()) {
    if (object.getSpace().getMemory() != memory.name || !object.getAddress())
      continue;
    const int64_t layers = object.getLayers().value_or(1);
    end = std::max<int64_t>(end, *object.getAddress() +
                                     (layers - 1) * *object.getStride() +
                                     *object.getBytes());
  }
  return end;
}

/// The places as the planner knows them.
static std::vector<PlannedBuffer> getPlannedBuffers(Timeline &timeline,
                                                    const Memory &memory) {
  std::vector<PlannedBuffer> buffers;
  for (const Place &place : timeline.getPlaces()) {
    PlannedBuffer &buffer = buffers.emplace_back();
    buffer.size = place.bytes;
    buffer.alignment = memory.alignment;
    for (const Interval &live : place.live)
      buffer.live.push_back({live.first, live.last + 1});
  }
  return buffers;
}

namespace {

struct PlanMemory : dlavm::accel::impl::PlanMemoryBase<PlanMemory> {
  using PlanMemoryBase::PlanMemoryBase;

  void runOnOperation() override {
    ModuleOp module = getOperation();
    const DeviceInfo *device = getDevice(module);
    FailureOr<int64_t> maxTokens = getMaxTokens(module);
    if (!device || failed(maxTokens) || failed(checkCalled(module)))
      return signalPassFailure();
    const Memory &memory = device->getMapMemory();
    Timeline timeline(module, *maxTokens, memory);
    if (failed(timeline.compute()) ||
        failed(assignAddresses(timeline, memory, device->getName())))
      return signalPassFailure();
    removeArguments(timeline);
  }

  /// When a map holds something follows from the calls. A function that calls
  /// lead to from no other is one of several that nobody runs.
  static LogicalResult checkCalled(ModuleOp module) {
    for (auto function : module.getOps<func::FuncOp>())
      if (function.isPrivate() && !function.isExternal() &&
          SymbolTable::symbolKnownUseEmpty(function, module))
        return function.emitOpError(
            "is called by nobody, so that its maps have no time; remove it, as "
            "--symbol-dce does");
    return success();
  }

  LogicalResult assignAddresses(Timeline &timeline, const Memory &memory,
                                StringRef deviceName) {
    const int64_t base =
        llvm::alignTo(getObjectsEnd(getOperation(), memory), memory.alignment);
    const MemoryPlan plan =
        planMemory(getPlannedBuffers(timeline, memory), {{}, maxNodes});
    for (auto [place, offset] :
         llvm::zip_equal(timeline.getPlaces(), plan.offsets))
      place.address = base + offset;
    numBuffers += plan.offsets.size();
    arenaBytes += plan.arena;
    lowerBound += plan.lowerBound;
    numSteps += plan.nodes;
    const int64_t end = base + plan.arena;
    if (end <= memory.capacity)
      return success();
    InFlightDiagnostic diagnostic =
        getOperation().emitError("needs ")
        << end << " bytes of " << memory.name << ", " << base
        << " of them for parameters, " << end - memory.capacity
        << " more than the " << memory.capacity << " of " << deviceName
        << (fitsOneToken(memory, base)
                ? "; lower the context with --max-tokens"
                : ", and too many for a context of one token, too");
    SmallVector<Place *> largest = llvm::map_to_vector(
        timeline.getPlaces(), [](Place &place) { return &place; });
    llvm::stable_sort(largest, [](const Place *a, const Place *b) {
      return a->bytes > b->bytes;
    });
    for (Place *place : ArrayRef(largest).take_front(3))
      diagnostic.attachNote()
          << "'" << place->name << "' takes " << place->bytes << " bytes";
    return diagnostic;
  }

  /// True if a smaller context may help.
  bool fitsOneToken(const Memory &memory, int64_t base) {
    Timeline timeline(getOperation(), 1, memory);
    return base <= memory.capacity && succeeded(timeline.compute()) &&
           planMemory(getPlannedBuffers(timeline, memory),
                      {memory.capacity - base, maxNodes})
                   .status == MemoryPlan::Status::Found;
  }

  /// Roots every map in an `accel.buffer` of its own function.
  void removeArguments(Timeline &timeline) {
    for (const Content &content : timeline.getContents()) {
      Place &place = timeline.getPlace(content);
      Value value = content.value;
      auto buffer = value.getDefiningOp<BufferOp>();
      if (!buffer) {
        OpBuilder builder(&getContext());
        Operation *function = value.getParentRegion()->getParentOp();
        if (!isa<func::FuncOp>(function))
          function = function->getParentOfType<func::FuncOp>();
        builder.setInsertionPointToStart(
            &cast<func::FuncOp>(function).getBody().front());
        buffer =
            BufferOp::create(builder, value.getLoc(), place.name,
                             cast<MemRefType>(value.getType()), content.dims);
        value.replaceAllUsesWith(buffer);
      }
      buffer.setAddress(place.address);
      buffer.setBytes(place.bytes);
      // From times to steps.
      SmallVector<int64_t> live;
      for (const Interval &interval : content.live)
        live.append({interval.first / 2,
                     std::max(interval.first, interval.last - 1) / 2});
      buffer.setLive(live);
    }
    // Nothing uses what functions and loops hand around any more.
    getOperation().walk([](scf::ForOp loop) { dropMaps(loop); });
    getOperation().walk([](scf::IfOp branch) { dropMaps(branch); });
    for (auto function : getOperation().getOps<func::FuncOp>())
      dropMaps(function);
  }

  static bool isMap(Type type) { return isa<MemRefType>(type); }

  static SmallVector<Value> withoutMaps(ValueRange values) {
    return llvm::to_vector(llvm::make_filter_range(
        values, [](Value value) { return !isMap(value.getType()); }));
  }

  static void dropMaps(scf::ForOp loop) {
    if (llvm::none_of(loop.getResultTypes(), isMap))
      return;
    OpBuilder builder(loop);
    auto newLoop = scf::ForOp::create(
        builder, loop.getLoc(), loop.getLowerBound(), loop.getUpperBound(),
        loop.getStep(), withoutMaps(loop.getInitArgs()));
    newLoop->setDiscardableAttrs(loop->getDiscardableAttrDictionary());
    Block *body = newLoop.getBody();
    if (body->mightHaveTerminator())
      body->getTerminator()->erase();
    loop.getInductionVar().replaceAllUsesWith(newLoop.getInductionVar());
    newLoop.getInductionVar().setLoc(loop.getInductionVar().getLoc());
    unsigned next = 0;
    for (auto [argument, result] :
         llvm::zip_equal(loop.getRegionIterArgs(), loop.getResults())) {
      if (isMap(argument.getType()))
        continue;
      argument.replaceAllUsesWith(newLoop.getRegionIterArg(next));
      result.replaceAllUsesWith(newLoop.getResult(next++));
    }
    body->getOperations().splice(body->end(), loop.getBody()->getOperations());
    Operation *yield = body->getTerminator();
    yield->setOperands(withoutMaps(yield->getOperands()));
    loop.erase();
  }

  static void dropMaps(scf::IfOp branch) {
    if (llvm::none_of(branch.getResultTypes(), isMap))
      return;
    OpBuilder builder(branch);
    SmallVector<Type> types;
    llvm::copy_if(branch.getResultTypes(), std::back_inserter(types),
                  [](Type type) { return !isMap(type); });
    auto newBranch =
        scf::IfOp::create(builder, branch.getLoc(), types,
                          branch.getCondition(), /*addThenBlock=*/false,
                          /*addElseBlock=*/false);
    newBranch->setDiscardableAttrs(branch->getDiscardableAttrDictionary());
    for (auto [to, from] :
         llvm::zip_equal(newBranch->getRegions(), branch->getRegions())) {
      to.takeBody(from);
      Operation *yield = to.front().getTerminator();
      yield->setOperands(withoutMaps(yield->getOperands()));
    }
    unsigned next = 0;
    for (Value result : branch.getResults())
      if (!isMap(result.getType()))
        result.replaceAllUsesWith(newBranch.getResult(next++));
    branch.erase();
  }

  static void dropMaps(func::FuncOp function) {
    function.walk([](Operation *op) {
      if (isa<func::ReturnOp>(op))
        op->setOperands(withoutMaps(op->getOperands()));
      auto call = dyn_cast<func::CallOp>(op);
      if (!call || llvm::none_of(call->getOperandTypes(), isMap))
        return;
      OpBuilder builder(call);
      func::CallOp::create(builder, call.getLoc(), call.getCallee(),
                           TypeRange(), withoutMaps(call.getOperands()));
      call.erase();
    });
    llvm::BitVector maps(function.getNumArguments());
    for (auto [i, type] : llvm::enumerate(function.getArgumentTypes()))
      if (isMap(type))
        maps.set(i);
    [[maybe_unused]] LogicalResult erased = function.eraseArguments(maps);
    llvm::BitVector results(function.getNumResults(), true);
    erased = function.eraseResults(results);
  }
};

} // namespace
