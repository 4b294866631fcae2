//===- SpecializeDecode.cpp - A copy of the program for one token ---------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DLAVM/Dialect/Accel/IR/Accel.h"
#include "DLAVM/Dialect/Accel/Transforms/Passes.h"
#include "DLAVM/Dialect/LLM/IR/FunctionOrder.h"

#include "mlir/Analysis/DataFlow/IntegerRangeAnalysis.h"
#include "mlir/Analysis/DataFlow/Utils.h"
#include "mlir/Dialect/Arith/Transforms/Passes.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

namespace dlavm::accel {
#define GEN_PASS_DEF_SPECIALIZEDECODE
#include "DLAVM/Dialect/Accel/Transforms/Passes.h.inc"
} // namespace dlavm::accel

using namespace mlir;
using namespace dlavm;
using namespace dlavm::accel;

//===----------------------------------------------------------------------===//
// One token
//===----------------------------------------------------------------------===//

/// The expressions of \p map where seq is 1.
static AffineMap setOneToken(AffineMap map) {
  MLIRContext *context = map.getContext();
  return map.replaceDimsAndSymbols(
      {getAffineConstantExpr(1, context), llm::DimsAttr::getPast(context)}, {},
      2, 0);
}

static bool dependsOnSeq(func::FuncOp function) {
  return function
      .walk([](Operation *op) {
        auto tokens = dyn_cast<TokensOp>(op);
        auto buffer = dyn_cast<BufferOp>(op);
        const bool isUse =
            (tokens && tokens.getMap().isFunctionOfDim(0)) ||
            (buffer && buffer.getDims().getMap().isFunctionOfDim(0));
        return isUse ? WalkResult::interrupt() : WalkResult::advance();
      })
      .wasInterrupted();
}

/// Types of maps change, so nothing but tasks and slices may have them.
static LogicalResult verifyMaps(func::FuncOp function) {
  auto isMap = [](Type type) { return isa<MemRefType>(type); };
  if (llvm::any_of(function.getArgumentTypes(), isMap) ||
      llvm::any_of(function.getResultTypes(), isMap))
    return function.emitOpError("takes or yields a map; run "
                                "accel-plan-memory before");
  WalkResult result = function.walk([&](Operation *op) -> WalkResult {
    auto slice = dyn_cast<memref::SubViewOp>(op);
    const bool isKnown =
        isa<TaskOpInterface, BufferOp, CacheMapOp>(op) ||
        (slice && slice.getType().getRank() == slice.getSourceType().getRank());
    if (isKnown || (llvm::none_of(op->getOperandTypes(), isMap) &&
                    llvm::none_of(op->getResultTypes(), isMap)))
      return success();
    return op->emitOpError("has a map, but is no task and no slice that keeps "
                           "all dimensions; run accel-plan-memory before");
  });
  return failure(result.wasInterrupted());
}

static void setOneToken(func::FuncOp function) {
  function.walk([](Operation *op) {
    if (auto tokens = dyn_cast<TokensOp>(op))
      tokens.setMap(setOneToken(tokens.getMap()));
    auto buffer = dyn_cast<BufferOp>(op);
    if (!buffer)
      return;
    auto dims = llm::DimsAttr::get(setOneToken(buffer.getDims().getMap()));
    Value map = buffer.getBuffer();
    buffer.setDimsAttr(dims);
    map.setType(MemRefType::Builder(cast<MemRefType>(map.getType()))
                    .setShape(dims.getShape()));
    // The functions of the host are those of all calls.
    buffer.removeRoleAttr();
    buffer.removeHostAttr();
    buffer.removeChannelsAttr();
    buffer.removePatchesAttr();
  });
}

//===----------------------------------------------------------------------===//
// What follows
//===----------------------------------------------------------------------===//

namespace {

/// A loop of one iteration is its body. Upstream does the same where the step
/// is a constant; it is at least 1, whatever it depends on.
class PromoteLoop : public OpRewritePattern<scf::ForOp> {
public:
  PromoteLoop(MLIRContext *context, Pass::Statistic &numLoops)
      : OpRewritePattern(context), numLoops(numLoops) {}

  LogicalResult matchAndRewrite(scf::ForOp loop,
                                PatternRewriter &rewriter) const override {
    std::optional<int64_t> lower = getConstantIntValue(loop.getLowerBound());
    std::optional<int64_t> upper = getConstantIntValue(loop.getUpperBound());
    if (!lower || !upper || *upper - *lower != 1 || loop.getNumResults() > 0)
      return failure();
    Block *body = loop.getBody();
    rewriter.eraseOp(body->getTerminator());
    rewriter.inlineBlockBefore(body, loop, loop.getLowerBound());
    rewriter.eraseOp(loop);
    ++numLoops;
    return success();
  }

private:
  Pass::Statistic &numLoops;
};

/// True if \p size is dimension \p dim of \p map.
static bool isDim(OpFoldResult size, Value map, unsigned dim) {
  const int64_t known = cast<MemRefType>(map.getType()).getDimSize(dim);
  if (!ShapedType::isDynamic(known))
    return isConstantIntValue(size, known);
  auto buffer = map.getDefiningOp<BufferOp>();
  auto value = dyn_cast<Value>(size);
  auto tokens = value ? value.getDefiningOp<TokensOp>() : TokensOp();
  return buffer && tokens && tokens.getExpr() == buffer.getDims().getDim(dim);
}

/// Sizes that are known now belong to the type of a slice, and one that is the
/// whole map is the map. Tasks take maps of either type, so nothing is cast.
class FoldSlice : public OpRewritePattern<memref::SubViewOp> {
public:
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(memref::SubViewOp slice,
                                PatternRewriter &rewriter) const override {
    auto source = cast<MemRefType>(slice.getSource().getType());
    SmallVector<OpFoldResult> offsets = slice.getMixedOffsets();
    SmallVector<OpFoldResult> sizes = slice.getMixedSizes();
    const SmallVector<OpFoldResult> strides = slice.getMixedStrides();
    const bool hasNewOffset = succeeded(foldDynamicIndexList(offsets));
    const bool hasNewSize = succeeded(foldDynamicIndexList(sizes));
    const bool isWhole =
        llvm::all_of(offsets, isZeroInteger) && slice.hasUnitStride() &&
        llvm::all_of(llvm::enumerate(sizes), [&](auto size) {
          return isDim(size.value(), slice.getSource(), size.index());
        });
    if (isWhole) {
      rewriter.replaceOp(slice, slice.getSource());
      return success();
    }
    const MemRefType type =
        memref::SubViewOp::inferResultType(source, offsets, sizes, strides);
    if (!hasNewOffset && !hasNewSize && type == slice.getType())
      return failure();
    rewriter.replaceOpWithNewOp<memref::SubViewOp>(
        slice, type, slice.getSource(), offsets, sizes, strides);
    return success();
  }
};

/// Counts the branches that are no choice any more.
class CountBranches : public RewriterBase::Listener {
public:
  CountBranches(DataFlowSolver &ranges, Pass::Statistic &numBranches)
      : ranges(ranges), numBranches(numBranches) {}
  void notifyOperationErased(Operation *op) override {
    numBranches += isa<scf::IfOp>(op);
    // Another op may get its place.
    ranges.eraseState(ranges.getProgramPointAfter(op));
    for (Value result : op->getResults())
      ranges.eraseState(result);
  }

private:
  DataFlowSolver &ranges;
  Pass::Statistic &numBranches;
};

struct SpecializeDecode
    : dlavm::accel::impl::SpecializeDecodeBase<SpecializeDecode> {
  void runOnOperation() override {
    SymbolTable symbols(getOperation());
    func::FuncOp entry;
    for (auto function : getOperation().getOps<func::FuncOp>())
      if (function.isPublic()) {
        // What has been specialized, or has no single function to call, is left
        // as it is.
        if (entry)
          return;
        entry = function;
      }
    if (!entry)
      return;
    FailureOr<SmallVector<func::FuncOp>> functions = llm::orderFunctions(entry);
    if (failed(functions))
      return signalPassFailure();
    // All calls are one, as those of an image.
    if (llvm::none_of(*functions, dependsOnSeq))
      return;
    for (func::FuncOp function : *functions)
      if (failed(verifyMaps(function)))
        return signalPassFailure();
    for (func::FuncOp copy : cloneFunctions(*functions, symbols)) {
      setOneToken(copy);
      if (failed(fold(copy)))
        return signalPassFailure();
    }
  }

  /// Copies that call each other, behind the last of the functions.
  SmallVector<func::FuncOp> cloneFunctions(ArrayRef<func::FuncOp> functions,
                                           SymbolTable &symbols) {
    auto end = std::next(Block::iterator(functions.back()));
    SmallVector<func::FuncOp> copies;
    llvm::DenseMap<StringRef, StringAttr> names;
    for (func::FuncOp function : functions) {
      func::FuncOp copy = function.clone();
      copy.setName(function.isPublic()
                       ? "decode"
                       : ("decode_" + function.getName()).str());
      copy->setAttr(AccelDialect::getDecodeAttrName(),
                    UnitAttr::get(&getContext()));
      names[function.getName()] = symbols.insert(copy, end);
      // They come in order: a function behind those that it calls.
      copy.walk([&](func::CallOp call) {
        if (StringAttr name = names.lookup(call.getCallee()))
          call.setCallee(name);
      });
      copies.push_back(copy);
    }
    return copies;
  }

  LogicalResult fold(func::FuncOp function) {
    DataFlowSolver ranges;
    dataflow::loadBaselineAnalyses(ranges);
    ranges.load<dataflow::IntegerRangeAnalysis>();
    if (failed(ranges.initializeAndRun(function)))
      return failure();
    RewritePatternSet patterns(&getContext());
    arith::populateIntRangeOptimizationsPatterns(patterns, ranges);
    scf::IfOp::getCanonicalizationPatterns(patterns, &getContext());
    patterns.add<PromoteLoop>(&getContext(), numLoops);
    patterns.add<FoldSlice>(&getContext());
    CountBranches listener(ranges, numBranches);
    return applyPatternsGreedily(
        function, std::move(patterns),
        GreedyRewriteConfig()
            .setListener(&listener)
            .setRegionSimplificationLevel(GreedySimplifyRegionLevel::Disabled));
  }
};

} // namespace
