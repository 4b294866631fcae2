//===- Timeline.cpp - When buffers hold something -----------------------===//
//
// Part of the DLAVM project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Timeline.h"

#include "mlir/Interfaces/ViewLikeInterface.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace dlavm;
using namespace dlavm::accel;

bool Place::overlaps(const Place &other) const {
  for (auto [first, last] : live)
    for (auto [otherFirst, otherLast] : other.live)
      if (first <= otherLast && otherFirst <= last)
        return true;
  return false;
}

static Value getSource(Value map) {
  while (auto view = map.getDefiningOp<ViewLikeOpInterface>())
    map = view.getViewSource();
  return map;
}

unsigned Timeline::getContent(Value map) {
  map = getSource(map);
  auto [it, isNew] = contentOf.try_emplace(map, contents.size());
  if (isNew) {
    contents.push_back({map, {}, now, now});
    classes.insert(it->second);
  }
  return it->second;
}

void Timeline::touch(Value map) {
  Content &content = contents[getContent(map)];
  content.last = std::max(content.last, now);
}

void Timeline::join(Value a, Value b) {
  classes.unionSets(getContent(a), getContent(b));
}

LogicalResult Timeline::compute() {
  for (auto function : module.getOps<func::FuncOp>()) {
    if (!function.isPublic())
      continue;
    // The host writes inputs before the run and reads outputs after it.
    function.walk([&](BufferOp buffer) {
      if (buffer.isInput())
        touch(buffer);
    });
    if (failed(walk(function.getBody().front())))
      return failure();
    function.walk([&](BufferOp buffer) {
      if (buffer.getHost() && !buffer.isInput())
        touch(buffer);
    });
  }
  createPlaces();
  return checkPlaces();
}

static bool isMap(Value value) { return isa<MemRefType>(value.getType()); }

LogicalResult Timeline::walk(Block &block) {
  for (Operation &op : block) {
    if (auto call = dyn_cast<func::CallOp>(op)) {
      if (failed(walk(call)))
        return failure();
    } else if (auto loop = dyn_cast<scf::ForOp>(op)) {
      if (failed(walk(loop)))
        return failure();
    } else if (isa<TaskOpInterface>(op)) {
      ++now;
      for (Value operand : op.getOperands())
        if (isMap(operand))
          touch(operand);
      ++now;
    }
  }
  return success();
}

LogicalResult Timeline::walk(func::CallOp call) {
  auto callee = module.lookupSymbol<func::FuncOp>(call.getCallee());
  if (!callee || callee.isExternal())
    return call.emitOpError("calls a function without a body");
  Block &body = callee.getBody().front();
  for (auto [operand, argument] :
       llvm::zip_equal(call.getOperands(), body.getArguments())) {
    if (!isMap(operand))
      continue;
    join(operand, argument);
    touch(operand);
    touch(argument);
  }
  if (failed(walk(body)))
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
  SmallVector<int64_t> lastBefore = llvm::map_to_vector(
      contents, [](const Content &content) { return content.last; });
  if (failed(walk(*loop.getBody())))
    return failure();
  for (auto [argument, yielded, result] :
       llvm::zip_equal(loop.getRegionIterArgs(),
                       loop.getBody()->getTerminator()->getOperands(),
                       loop.getResults())) {
    if (!isMap(yielded))
      continue;
    join(argument, yielded);
    join(yielded, result);
    touch(yielded);
    touch(result);
  }
  // What comes from outside and is used inside is there in every iteration.
  for (unsigned i = 0; i < numOutside; ++i)
    if (contents[i].last > lastBefore[i])
      contents[i].last = now;
  // A buffer of an enclosing function that is written in the loop for the
  // first time holds its slices all through the loop.
  for (unsigned i = numOutside; i < contents.size(); ++i) {
    Operation *definingOp = contents[i].value.getDefiningOp();
    if (definingOp && !loop->isAncestor(definingOp) &&
        definingOp->getParentOfType<func::FuncOp>() ==
            loop->getParentOfType<func::FuncOp>() &&
        definingOp != loop) {
      contents[i].first = begin;
      contents[i].last = now;
    }
  }
  return success();
}

/// The dimensions of what functions and loops hand around are those of the
/// buffer that they are joined with.
void Timeline::createPlaces() {
  placeOf.resize(contents.size());
  for (const auto &leader : classes) {
    if (!leader->isLeader())
      continue;
    BufferOp buffer;
    SmallVector<unsigned> members(classes.member_begin(*leader),
                                  classes.member_end());
    llvm::sort(members);
    for (unsigned member : members)
      if (!buffer)
        buffer = contents[member].value.getDefiningOp<BufferOp>();
    assert(buffer && "what is handed around comes from a buffer");
    const llm::DimsAttr dims = buffer.getDims();
    const unsigned elementBytes =
        cast<MemRefType>(buffer.getBuffer().getType())
            .getElementTypeBitWidth() /
        8;
    Place place;
    place.name = members.size() > 1 ? "hidden" : buffer.getName().str();
    place.bytes = llvm::alignTo(
        elementBytes * llm::getMaxProduct(dims.getMap().getResults(), maxTokens),
        granule);
    for (unsigned member : members) {
      contents[member].dims = dims;
      placeOf[member] = places.size();
      place.live.push_back({contents[member].first, contents[member].last});
    }
    places.push_back(std::move(place));
  }
}

/// In one place a buffer must not be written while another content of the place
/// is still read.
LogicalResult Timeline::checkPlaces() {
  for (const Content &written : contents) {
    auto buffer = written.value.getDefiningOp<BufferOp>();
    if (!buffer)
      continue;
    for (const Content &other : contents) {
      if (&getPlace(other) != &getPlace(written) || &other == &written)
        continue;
      const int64_t first = std::max(written.first, other.first);
      const int64_t last = std::min(written.last, other.last);
      // Odd times are steps; contents are handed over at even ones.
      if (first > last || (first == last && first % 2 == 0))
        continue;
      InFlightDiagnostic diagnostic = buffer.emitOpError()
          << "is the result of a layer, so it lies where the layer's argument "
             "lies, but the argument is still read after the result is "
             "written; let the last op that reads the argument come before "
             "the one that computes the result";
      diagnostic.attachNote(other.value.getLoc()) << "the argument";
      return diagnostic;
    }
  }
  return success();
}

int64_t Timeline::getPeak() const {
  int64_t peak = 0;
  for (int64_t time = 0; time <= now; ++time) {
    int64_t bytes = 0;
    for (const Place &place : places)
      for (auto [first, last] : place.live)
        if (first <= time && time <= last) {
          bytes += place.bytes;
          break;
        }
    peak = std::max(peak, bytes);
  }
  return peak;
}
