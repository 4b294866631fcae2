//===- StreamTasks.cpp - Tasks that run over slices together --------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "StreamTasks.h"
#include "TaskAccesses.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Interfaces/ViewLikeInterface.h"

using namespace mlir;
using namespace dlavm;
using namespace dlavm::accel;

/// The dimension of a map that counts its tokens.
static constexpr unsigned kTokenDim = 1;

static bool isTaskMap(Value value) {
  auto type = dyn_cast<MemRefType>(value.getType());
  return type && type.getRank() == 3;
}

Value accel::getOutput(Operation *task) {
  return cast<DestinationStyleOpInterface>(task).getDpsInits().front();
}

static bool isWrite(OpOperand &use) {
  auto task = dyn_cast<DestinationStyleOpInterface>(use.getOwner());
  return task && task.isDpsInit(&use);
}

TaskOpInterface accel::getWriter(BufferOp buffer) {
  TaskOpInterface writer;
  for (OpOperand &use : buffer.getBuffer().getUses())
    if (isWrite(use) &&
        std::exchange(writer, dyn_cast<TaskOpInterface>(use.getOwner())))
      return {};
  return writer;
}

BufferOp accel::getLink(Value map) {
  auto buffer = map.getDefiningOp<BufferOp>();
  return buffer && !buffer.getHost() && isTaskMap(map) && map.hasNUses(2) &&
                 getWriter(buffer) && getReader(buffer)
             ? buffer
             : BufferOp();
}

TaskOpInterface accel::getReader(BufferOp link) {
  for (OpOperand &use : link.getBuffer().getUses())
    if (!isWrite(use))
      return dyn_cast<TaskOpInterface>(use.getOwner());
  return {};
}

//===----------------------------------------------------------------------===//
// What can run together
//===----------------------------------------------------------------------===//

/// True if functions or loops hand \p map around, so that it may lie where
/// others do.
static bool isHandedOn(Value map) {
  return !map.getDefiningOp<BufferOp>() ||
         llvm::any_of(map.getUsers(), [](Operation *user) {
           return isa<func::ReturnOp, func::CallOp, scf::YieldOp, scf::ForOp>(
               user);
         });
}

namespace {

/// Tasks that may run over slices together.
class Stream {
public:
  Stream(ArrayRef<TaskOpInterface> tasks, const StreamOptions &options)
      : tasks(tasks), options(options) {}

  /// False where they cannot.
  bool match();
  ArrayRef<BufferOp> getInner() const { return inner; }
  int64_t getTokens() const { return maxTokens; }
  void createLoop(int64_t slice, int64_t bytes);

private:
  bool isOwn(Operation *op) const {
    return llvm::any_of(
        tasks, [&](TaskOpInterface task) { return task.getOperation() == op; });
  }
  bool isInner(Value map) const {
    auto buffer = map.getDefiningOp<BufferOp>();
    return buffer && llvm::is_contained(inner, buffer);
  }
  bool matchMaps();
  bool sharesStrides(Operation *task) const;
  bool matchBetween();
  Value createView(OpBuilder &builder, Value map, Value first, Value width);

  ArrayRef<TaskOpInterface> tasks;
  const StreamOptions &options;
  /// Those between two tasks.
  SmallVector<BufferOp> inner;
  BufferOp result;
  /// What stands between the first and the last task and is none of them.
  SmallVector<Operation *> between;
  AffineExpr tokens;
  int64_t maxTokens = 0;
};

} // namespace

bool Stream::match() {
  for (TaskOpInterface task : tasks) {
    auto destination =
        dyn_cast<DestinationStyleOpInterface>(task.getOperation());
    if (!destination || destination.getNumDpsInits() != 1 || task.isPart() ||
        task.getWindow() || getSlice(task) ||
        task->getBlock() != tasks.front()->getBlock())
      return false;
  }
  result = getOutput(tasks.back()).getDefiningOp<BufferOp>();
  if (!result || !isTaskMap(result))
    return false;
  tokens = result.getDims().getDim(kTokenDim);
  const auto range = llm::getRange(tokens, options.maxTokens);
  if (!range || range->min < 1)
    return false;
  maxTokens = range->max;
  return matchMaps() && matchBetween();
}

/// False if a second map, which has the strides of another one, would be a
/// slice where that is none, or the other way round.
bool Stream::sharesStrides(Operation *task) const {
  if (options.device.getTraits().secondMapHasStrides)
    return true;
  if (auto op = dyn_cast<ElementwiseOp>(task))
    return isInner(op.getLhs()) == isInner(op.getRhs());
  auto linear = dyn_cast<LinearOp>(task);
  return !linear || !linear.getResidual() ||
         isInner(linear.getResidual()) == isInner(getOutput(linear));
}

bool Stream::matchMaps() {
  for (TaskOpInterface task : tasks.drop_back()) {
    auto buffer = getOutput(task).getDefiningOp<BufferOp>();
    if (!buffer || buffer.getHost() ||
        !llvm::all_of(buffer.getBuffer().getUsers(),
                      [&](Operation *user) { return isOwn(user); }) ||
        getWriter(buffer) != task)
      return false;
    inner.push_back(buffer);
  }
  for (TaskOpInterface task : tasks) {
    if (!sharesStrides(task))
      return false;
    for (OpOperand &operand : task->getOpOperands()) {
      const Value map = operand.get();
      if (!isa<MemRefType>(map.getType()))
        continue;
      if (!isTaskMap(map) || map.getDefiningOp<ViewLikeOpInterface>())
        return false;
      auto type = cast<MemRefType>(map.getType());
      auto buffer = map.getDefiningOp<BufferOp>();
      if (buffer ? buffer.getDims().getDim(kTokenDim) != tokens ||
                       buffer.getSlice().has_value()
                 : type.isDynamicDim(0) || type.isDynamicDim(2))
        return false;
      if (isInner(map) || isWrite(operand))
        continue;
      // The first slice of the result must not lie where later slices read.
      if (map == result.getBuffer() || (isHandedOn(result) && isHandedOn(map)))
        return false;
    }
  }
  return true;
}

/// What stands between must be able to come before all of them.
bool Stream::matchBetween() {
  TaskAccesses own;
  Operation *last = tasks.back();
  for (Operation *op = tasks.front(); op != last; op = op->getNextNode()) {
    auto task = dyn_cast<TaskOpInterface>(op);
    if (task && isOwn(op)) {
      own.add(getAccesses(op));
      continue;
    }
    between.push_back(op);
    if (startsNoTask(op))
      continue;
    if (!task)
      return false;
    const bool isFree = !getAccesses(op).conflicts(own);
    auto destination = dyn_cast<DestinationStyleOpInterface>(op);
    if (!isFree || (destination && isTaskMap(destination.getDpsInits()[0]) &&
                    !getCache(destination.getDpsInits()[0]) &&
                    isHandedOn(destination.getDpsInits()[0])))
      return false;
  }
  return true;
}

//===----------------------------------------------------------------------===//
// The loop
//===----------------------------------------------------------------------===//

/// \p width tokens of \p map from \p first on; the first ones of a buffer that
/// holds slices.
Value Stream::createView(OpBuilder &builder, Value map, Value first,
                         Value width) {
  const Location loc = map.getLoc();
  auto type = cast<MemRefType>(map.getType());
  SmallVector<OpFoldResult> offsets(3, builder.getIndexAttr(0));
  SmallVector<OpFoldResult> strides(3, builder.getIndexAttr(1));
  SmallVector<OpFoldResult> sizes;
  for (auto [i, size] : llvm::enumerate(type.getShape()))
    if (i == kTokenDim)
      sizes.push_back(width);
    else if (!ShapedType::isDynamic(size))
      sizes.push_back(builder.getIndexAttr(size));
    else
      sizes.push_back(
          TokensOp::create(builder, loc,
                           map.getDefiningOp<BufferOp>().getDims().getDim(i))
              .getCount());
  if (!isInner(map))
    offsets[kTokenDim] = first;
  return memref::SubViewOp::create(builder, loc, map, offsets, sizes, strides);
}

void Stream::createLoop(int64_t slice, int64_t bytes) {
  Operation *front = tasks.front();
  for (Operation *op : between)
    op->moveBefore(front);
  OpBuilder builder(front);
  const Location loc = front->getLoc();
  auto named = [&](StringRef name) {
    return NameLoc::get(builder.getStringAttr(name), loc);
  };
  auto constant = [&](int64_t number) {
    return arith::ConstantIndexOp::create(builder, loc, number);
  };
  auto fixed = dyn_cast<AffineConstantExpr>(tokens);
  const Value whole = fixed ? Value(constant(fixed.getValue()))
                            : TokensOp::create(builder, loc, tokens).getCount();
  const Value zero = constant(0), step = constant(slice);
  auto loop = scf::ForOp::create(builder, loc, zero, whole, step);
  loop->setAttr(AccelDialect::getLimitAttrName(),
                builder.getStringAttr("memory of " + Twine(bytes) +
                                      " bytes for a slice"));
  const Value first = loop.getInductionVar();
  Value(first).setLoc(named("slice"));
  Operation *yield = loop.getBody()->getTerminator();
  builder.setInsertionPoint(yield);
  const Value left = arith::SubIOp::create(builder, loc, whole, first,
                                           arith::IntegerOverflowFlags::nsw);
  const Value width =
      arith::MinSIOp::create(builder, named("slice_width"), step, left);
  for (BufferOp buffer : inner) {
    buffer->moveBefore(yield);
    buffer.setSlice(slice);
    auto type = cast<MemRefType>(buffer.getBuffer().getType());
    if (type.isDynamicDim(kTokenDim))
      continue;
    // As many as it really has.
    SmallVector<int64_t> shape(type.getShape());
    shape[kTokenDim] = slice;
    Value(buffer.getBuffer())
        .setType(MemRefType(MemRefType::Builder(type).setShape(shape)));
    AffineMap dims = buffer.getDims().getMap();
    SmallVector<AffineExpr> sizes(dims.getResults());
    sizes[kTokenDim] = builder.getAffineConstantExpr(slice);
    buffer.setDimsAttr(llm::DimsAttr::get(AffineMap::get(
        dims.getNumDims(), dims.getNumSymbols(), sizes, builder.getContext())));
  }
  llvm::SmallDenseMap<Value, Value> views;
  for (TaskOpInterface task : tasks) {
    task->moveBefore(yield);
    builder.setInsertionPoint(task);
    for (OpOperand &operand : task->getOpOperands()) {
      if (!isTaskMap(operand.get()))
        continue;
      Value &view = views[operand.get()];
      if (!view)
        view = createView(builder, operand.get(), first, width);
      operand.set(view);
    }
    if (OpOperand *position = task.getPositionOperand())
      position->set(arith::AddIOp::create(builder, loc, position->get(), first,
                                          arith::IntegerOverflowFlags::nsw));
    task->setAttr(AccelDialect::getSliceAttrName(),
                  builder.getI64IntegerAttr(slice));
  }
}

bool accel::streamTasks(ArrayRef<TaskOpInterface> tasks,
                        const StreamOptions &options) {
  Stream stream(tasks, options);
  if (!stream.match())
    return false;
  const int64_t tokens = stream.getTokens();
  const int64_t slice = chooseSlice(tasks, stream.getInner(), tokens, options);
  if (slice >= tokens)
    return false;
  stream.createLoop(slice, getSliceBytes(stream.getInner(), slice, options));
  return true;
}
