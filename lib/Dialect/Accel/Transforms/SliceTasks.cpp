//===- SliceTasks.cpp - Cut tasks to what fits on the chip --------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DLAVM/Dialect/Accel/IR/Accel.h"
#include "DLAVM/Dialect/Accel/Transforms/Passes.h"
#include "DLAVM/Encoding/Word.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

namespace dlavm::accel {
#define GEN_PASS_DEF_SLICETASKS
#include "DLAVM/Dialect/Accel/Transforms/Passes.h.inc"
} // namespace dlavm::accel

using namespace mlir;
using namespace dlavm;
using namespace dlavm::accel;

/// The dimension of a map that counts its tokens.
static constexpr unsigned tokenDim = 1;

static bool isSlice(Value map) {
  while (auto view = map.getDefiningOp<ViewLikeOpInterface>()) {
    if (isa<memref::SubViewOp>(view))
      return true;
    map = view.getViewSource();
  }
  return false;
}

/// Dimension \p dim of \p map as an expression, or null where it is a view.
static AffineExpr getDim(Value map, unsigned dim) {
  auto buffer = map.getDefiningOp<BufferOp>();
  return buffer ? buffer.getDims().getDim(dim) : AffineExpr();
}

/// True if the sizes of a slice of \p map are known.
static bool canSlice(Value map) {
  auto type = cast<MemRefType>(map.getType());
  for (unsigned i = 0; i < 3; ++i)
    if (type.isDynamicDim(i) && i != tokenDim && !getDim(map, i))
      return false;
  return true;
}

/// A view of \p width tokens of \p map from \p first on.
static Value createSlice(OpBuilder &builder, Location loc, Value map,
                         Value first, Value width) {
  auto type = cast<MemRefType>(map.getType());
  SmallVector<OpFoldResult> offsets(3, builder.getIndexAttr(0));
  SmallVector<OpFoldResult> strides(3, builder.getIndexAttr(1));
  SmallVector<OpFoldResult> sizes;
  for (auto [i, size] : llvm::enumerate(type.getShape())) {
    if (i == tokenDim)
      sizes.push_back(width);
    else if (!ShapedType::isDynamic(size))
      sizes.push_back(builder.getIndexAttr(size));
    else
      sizes.push_back(
          TokensOp::create(builder, loc, getDim(map, i)).getCount());
  }
  offsets[tokenDim] = first;
  return memref::SubViewOp::create(builder, loc, map, offsets, sizes, strides);
}

namespace {

struct SliceTasks : dlavm::accel::impl::SliceTasksBase<SliceTasks> {
  void runOnOperation() override {
    const DeviceInfo *device = getDevice(getOperation());
    FailureOr<int64_t> maxTokens = getMaxTokens(getOperation());
    if (!device || failed(maxTokens))
      return signalPassFailure();
    SmallVector<TaskOpInterface> tasks;
    getOperation().walk([&](TaskOpInterface task) { tasks.push_back(task); });
    for (TaskOpInterface task : tasks)
      if (failed(slice(task, *device, *maxTokens)))
        return signalPassFailure();
  }

  LogicalResult slice(TaskOpInterface task, const DeviceInfo &device,
                      int64_t maxTokens) {
    const TaskSupport *support = device.getTask(task.getTaskKind());
    SmallVector<OpOperand *> operands = task.getSlicedOperands();
    if (!support)
      return task.emitOpError() << "has no task on " << device.getName();
    if (!support->maxTokens || operands.empty())
      return success();
    // Every task writes a buffer of its own function, which knows its tokens.
    if (!getRoot(operands[1]->get()))
      return task.emitOpError("writes a map that is no accel.buffer of its "
                              "function, or a view of one");
    Value output = operands[1]->get();
    if (isSlice(output))
      return success();
    AffineExpr tokens = getDim(output, tokenDim);
    if (!tokens || !llvm::all_of(operands, [](OpOperand *operand) {
          return canSlice(operand->get());
        }))
      return task.emitOpError("uses a map whose tokens are no dimension of an "
                              "accel.buffer, so it cannot be cut to the chip");

    OpBuilder builder(task);
    Location loc = task.getLoc();
    MLIRContext *context = &getContext();
    AffineExpr totalExpr = llm::DimsAttr::getTotal(context);
    auto total = TokensOp::create(builder, loc, totalExpr);
    const Word limit =
        support->maxTokens(task, device, Word(builder, total, 1, maxTokens));
    if (limit.getMin() < 1)
      return task.emitOpError()
             << "does not fit the buffers of " << device.getName()
             << " with one token at the largest context of " << maxTokens
             << (limit.getMax() < 1
                     ? " tokens, nor at any other; it has too many channels"
                     : " tokens; lower it with --max-tokens");
    FailureOr<llm::TokenRange> range =
        getSizeRange(getRoot(operands[1]->get()), tokens, maxTokens);
    if (failed(range))
      return failure();
    if (range->max <= limit.getMin()) {
      if (total->use_empty())
        total->erase();
      ++numWhole;
      return success();
    }

    Value whole = TokensOp::create(builder, loc, tokens);
    Value zero = arith::ConstantIndexOp::create(builder, loc, 0);
    Value step = limit.materialize(builder, loc, builder.getIndexType());
    auto loop = scf::ForOp::create(builder, loc, zero, whole, step);
    loop.getInductionVar().setLoc(
        NameLoc::get(StringAttr::get(context, "token"), loc));
    builder.setInsertionPointToStart(loop.getBody());
    const Word first(builder, loop.getInductionVar(), 0, range->max - 1);
    const Word left = Word(builder, whole, range->min, range->max) - first;
    Value width = min(Word(builder, step, limit.getMin(), limit.getMax()), left)
                      .named("width")
                      .materialize(builder, loc);
    for (OpOperand *operand : operands)
      operand->set(createSlice(builder, loc, operand->get(),
                               loop.getInductionVar(), width));
    task->moveBefore(loop.getBody()->getTerminator());
    ++numSliced;
    return success();
  }
};

} // namespace
