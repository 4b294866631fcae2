//===- Timeline.cpp - When buffers hold something -----------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Timeline.h"

#include "DLAVM/Dialect/LLM/IR/FunctionOrder.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Interfaces/ViewLikeInterface.h"
#include "llvm/ADT/TypeSwitch.h"
#include "llvm/Support/CheckedArithmetic.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace dlavm;
using namespace dlavm::accel;

static Value getSource(Value map) {
  while (auto view = map.getDefiningOp<ViewLikeOpInterface>())
    map = view.getViewSource();
  return map;
}

static func::FuncOp getFunction(Value map) {
  Operation *parent = map.getParentRegion()->getParentOp();
  if (auto function = dyn_cast<func::FuncOp>(parent))
    return function;
  return parent->getParentOfType<func::FuncOp>();
}

unsigned Timeline::getContent(Value map) {
  map = getSource(map);
  auto [it, isNew] = contentOf.try_emplace(map, contents.size());
  if (isNew) {
    func::FuncOp function = getFunction(map);
    contents.push_back(
        {map, function, {}, {{now, now}}, currentCall[function]});
    classes.insert(it->second);
  }
  return it->second;
}

void Timeline::touch(Value map) {
  Content &content = contents[getContent(map)];
  const unsigned call = currentCall[content.function];
  if (content.call != call)
    content.live.push_back({now, now});
  content.call = call;
  content.live.back().last = now;
}

void Timeline::join(Value a, Value b) {
  classes.unionSets(getContent(a), getContent(b));
}

LogicalResult Timeline::compute() {
  if (failed(llm::orderFunctions(module)))
    return failure();
  for (auto function : module.getOps<func::FuncOp>()) {
    if (!function.isPublic())
      continue;
    // The host writes inputs before the run and reads outputs after it.
    function.walk([&](BufferOp buffer) {
      if (buffer.isInput())
        touch(buffer);
    });
    if (failed(walk(function)))
      return failure();
    function.walk([&](BufferOp buffer) {
      if (buffer.getHost() && !buffer.isInput() && !buffer.isInRegister())
        touch(buffer);
    });
  }
  if (failed(createPlaces()))
    return failure();
  return checkPlaces();
}

/// True for what has a place in memory.
static bool isMap(Value value) {
  auto type = dyn_cast<MemRefType>(value.getType());
  return type && type.getMemorySpace();
}

LogicalResult Timeline::walk(func::FuncOp function) {
  if (!function.getBody().hasOneBlock())
    return function.emitOpError("branches between blocks; a run goes through "
                                "scf.for, scf.if and func.call");
  return walk(function.getBody().front());
}

/// True for the ops that start no task; those that use what they name do.
static bool startsNothing(Operation *op) {
  return op->getNumRegions() == 0 &&
         (isa<ViewLikeOpInterface, scf::YieldOp, func::ReturnOp>(op) ||
          isa_and_nonnull<AccelDialect, arith::ArithDialect>(op->getDialect()));
}

LogicalResult Timeline::walk(Block &block) {
  for (Operation &op : block) {
    LogicalResult result =
        llvm::TypeSwitch<Operation *, LogicalResult>(&op)
            .Case<func::CallOp, scf::ForOp, scf::IfOp>(
                [&](auto op) { return walk(op); })
            .Case([&](TaskOpInterface task) {
              ++now;
              for (Value operand : task->getOperands())
                if (isMap(operand) && !getCache(operand))
                  touch(operand);
              ++now;
              return success();
            })
            .Default([](Operation *op) -> LogicalResult {
              if (startsNothing(op))
                return success();
              return op->emitOpError("is no part of a run that maps can be "
                                     "placed for; hardware tasks, scf.for, "
                                     "scf.if, func.call, views and integer "
                                     "arithmetic are");
            });
    if (failed(result))
      return failure();
  }
  return success();
}

LogicalResult Timeline::walk(func::CallOp call) {
  auto callee = module.lookupSymbol<func::FuncOp>(call.getCallee());
  if (!callee || callee.isExternal())
    return call.emitOpError("calls a function without a body");
  // Functions that call others twice, which do the same, have no end.
  constexpr unsigned kMaxCalls = 1 << 16;
  if (++numCalls > kMaxCalls)
    return call.emitOpError("is one of more than ")
           << kMaxCalls << " calls in a run, which no driver makes";
  currentCall[callee] = numCalls;
  Block &body = callee.getBody().front();
  for (auto [operand, argument] :
       llvm::zip_equal(call.getOperands(), body.getArguments())) {
    if (!isMap(operand))
      continue;
    join(operand, argument);
    touch(operand);
    touch(argument);
  }
  if (failed(walk(callee)))
    return failure();
  for (auto [yielded, result] : llvm::zip_equal(
           body.getTerminator()->getOperands(), call.getResults())) {
    if (!isMap(result))
      continue;
    join(yielded, result);
    touch(yielded);
    touch(result);
  }
  return success();
}

LogicalResult Timeline::walk(scf::ForOp loop) {
  const int64_t begin = now;
  const unsigned numOutside = contents.size();
  for (auto [init, argument] :
       llvm::zip_equal(loop.getInitArgs(), loop.getRegionIterArgs())) {
    if (!isMap(init))
      continue;
    join(init, argument);
    touch(init);
    touch(argument);
  }
  SmallVector<int64_t> lastBefore =
      llvm::map_to_vector(contents, [](const Content &content) {
        return content.live.back().last;
      });
  if (failed(walk(*loop.getBody())))
    return failure();
  for (auto [argument, yielded, result] : llvm::zip_equal(
           loop.getRegionIterArgs(),
           loop.getBody()->getTerminator()->getOperands(), loop.getResults())) {
    if (!isMap(yielded))
      continue;
    join(argument, yielded);
    join(yielded, result);
    touch(yielded);
    touch(result);
  }
  for (auto [i, content] : llvm::enumerate(contents)) {
    const bool isInside =
        loop.getRegion().isAncestor(content.value.getParentRegion());
    if (content.function != loop->getParentOfType<func::FuncOp>() || isInside ||
        content.value.getDefiningOp() == loop)
      continue;
    // What comes from outside and is used inside is there in every iteration;
    // what is first written inside holds its slices all through the loop.
    Interval &live = content.live.back();
    if (i >= numOutside)
      live.first = std::min(live.first, begin + 1);
    if (i >= numOutside || live.last > lastBefore[i])
      live.last = std::max(live.last, now - 1);
  }
  return success();
}

/// Either branch runs, so the times of the one that comes second are too late
/// at worst.
LogicalResult Timeline::walk(scf::IfOp branch) {
  SmallVector<std::pair<Value, Value>> yields;
  for (Region &region : branch->getRegions()) {
    if (region.empty())
      continue;
    Block &block = region.front();
    if (failed(walk(block)))
      return failure();
    for (auto [yielded, result] : llvm::zip_equal(
             block.getTerminator()->getOperands(), branch.getResults())) {
      if (!isMap(result))
        continue;
      touch(yielded);
      yields.push_back({yielded, result});
    }
  }
  // Behind both: a result holds nothing while a branch computes it.
  for (auto [yielded, result] : yields) {
    join(yielded, result);
    touch(result);
  }
  return success();
}

/// What a buffer takes in the call that needs most, in each port.
FailureOr<int64_t> Timeline::getBytes(BufferOp buffer) {
  const SmallVector<AffineExpr> dims = buffer.getLargestDims();
  for (AffineExpr dim : dims)
    if (failed(getSizeRange(buffer, dim, maxTokens)))
      return failure();
  Type element =
      cast<MemRefType>(buffer.getBuffer().getType()).getElementType();
  std::optional<int64_t> bytes = llm::getMaxProduct(dims, maxTokens);
  if (bytes)
    bytes =
        llvm::checkedMul<int64_t>(*bytes, element.getIntOrFloatBitWidth() / 8);
  // No memory has more, and sums of sizes stay within 64 bits.
  constexpr int64_t most = int64_t(1) << 42;
  if (!bytes || *bytes > most)
    return buffer.emitOpError("takes more than 2^42 bytes in a context of ")
           << maxTokens << " tokens, more than any memory has";
  // The rows of a map lie in all ports, the word of an argmax in the first.
  return dims.size() == 3 ? *bytes / memory.ports : *bytes;
}

/// The dimensions of what functions and loops hand around are those of the
/// buffer that they are joined with.
LogicalResult Timeline::createPlaces() {
  placeOf.resize(contents.size());
  for (const auto &leader : classes) {
    if (!leader->isLeader())
      continue;
    BufferOp buffer;
    SmallVector<unsigned> members(classes.member_begin(*leader),
                                  classes.member_end());
    llvm::sort(members);
    for (unsigned member : members) {
      auto other = contents[member].value.getDefiningOp<BufferOp>();
      if (buffer && other && buffer.getDims() != other.getDims()) {
        InFlightDiagnostic diagnostic =
            other.emitOpError("is handed around as one with a buffer of other "
                              "dimensions; their tokens must be the same");
        diagnostic.attachNote(buffer.getLoc()) << "the other buffer";
        return diagnostic;
      }
      if (!buffer)
        buffer = other;
    }
    if (!buffer)
      return emitError(contents[members.front()].value.getLoc())
             << "this map is no accel.buffer and comes from none, so it cannot "
                "be placed";
    const llm::DimsAttr dims = buffer.getDims();
    FailureOr<int64_t> bytes = getBytes(buffer);
    if (failed(bytes))
      return failure();
    Place place;
    place.name = members.size() > 1 ? "hidden" : buffer.getName().str();
    place.bytes = llvm::alignTo(*bytes, memory.minimumAlignment);
    for (unsigned member : members) {
      contents[member].dims = dims;
      placeOf[member] = places.size();
      place.live.append(contents[member].live);
    }
    places.push_back(std::move(place));
  }
  return success();
}

/// True if both hold something at the same time. What is handed over from one
/// to the other at an even time, between steps, does not count.
static bool meet(const Content &a, const Content &b, bool atHandover) {
  for (const Interval &x : a.live)
    for (const Interval &y : b.live) {
      const int64_t first = std::max(x.first, y.first);
      const int64_t last = std::min(x.last, y.last);
      if (first < last || (first == last && (atHandover || first % 2 == 1)))
        return true;
    }
  return false;
}

/// In one place a buffer must not be written while another content of the place
/// is still read. Two buffers never hand over to each other.
LogicalResult Timeline::checkPlaces() {
  SmallVector<SmallVector<const Content *, 2>> contentsOf(places.size());
  for (auto [content, place] : llvm::zip_equal(contents, placeOf))
    contentsOf[place].push_back(&content);
  for (auto [written, place] : llvm::zip_equal(contents, placeOf)) {
    auto buffer = written.value.getDefiningOp<BufferOp>();
    if (!buffer)
      continue;
    for (const Content *other : contentsOf[place]) {
      const bool isBuffer(other->value.getDefiningOp<BufferOp>());
      if (other == &written || !meet(written, *other, isBuffer))
        continue;
      InFlightDiagnostic diagnostic =
          buffer.emitOpError("'")
          << buffer.getName()
          << "' and another map are handed around as one, so they share a "
             "place, but both are needed at the same time; a layer's result "
             "lies where its argument lies, so the last op that reads the "
             "argument must come before the one that computes the result, and "
             "a loop must hand on its maps in their order";
      diagnostic.attachNote(other->value.getLoc()) << "the other map";
      return diagnostic;
    }
  }
  return success();
}
