//===- PartitionTasks.cpp - Cut tasks to what fits on the chip ------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DLAVM/Dialect/Accel/IR/Accel.h"
#include "DLAVM/Dialect/Accel/Transforms/Passes.h"
#include "DLAVM/Encoding/Partition.h"
#include "PartitionImage.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

namespace dlavm::accel {
#define GEN_PASS_DEF_PARTITIONTASKS
#include "DLAVM/Dialect/Accel/Transforms/Passes.h.inc"
} // namespace dlavm::accel

using namespace mlir;
using namespace dlavm;
using namespace dlavm::accel;

/// The dimension of a map that counts its tokens.
static constexpr unsigned tokenDim = 1;

/// The maps of a task; not the one word of an argmax.
static SmallVector<OpOperand *> getMaps(Operation *task) {
  SmallVector<OpOperand *> maps;
  for (OpOperand &operand : task->getOpOperands())
    if (auto type = dyn_cast<MemRefType>(operand.get().getType());
        type && type.getRank() == 3)
      maps.push_back(&operand);
  return maps;
}

/// The tokens of the call in the map of a KV cache, or null for other maps.
static memref::SubViewOp getNewTokens(Value map) {
  auto view = map.getDefiningOp<memref::SubViewOp>();
  return view && view.getSource().getDefiningOp<CacheMapOp>()
             ? view
             : memref::SubViewOp();
}

/// A fixed part of the surfaces of a buffer, with all of its tokens, or null
/// for other maps. Starts that share heads have views that begin at one of
/// them.
static memref::SubViewOp getSurfaces(Value map) {
  auto view = map.getDefiningOp<memref::SubViewOp>();
  auto buffer = view ? view.getSource().getDefiningOp<BufferOp>() : BufferOp();
  if (!buffer || view.isDynamicOffset(0) || view.isDynamicSize(0) ||
      view.isDynamicOffset(tokenDim) || view.getStaticOffset(tokenDim) != 0)
    return {};
  const AffineExpr tokens = buffer.getDims().getDim(tokenDim);
  const OpFoldResult size = view.getMixedSizes()[tokenDim];
  if (std::optional<int64_t> constant = getConstantIntValue(size))
    return tokens == *constant ? view : memref::SubViewOp();
  auto count = cast<Value>(size).getDefiningOp<TokensOp>();
  return count && count.getExpr() == tokens ? view : memref::SubViewOp();
}

/// What \p map is all of to \p task: the tokens of the call in a KV cache,
/// surfaces of a buffer, or the slice that the task runs over with others; null
/// for other maps.
static memref::SubViewOp getWhole(Operation *task, Value map) {
  if (memref::SubViewOp view = getNewTokens(map))
    return view;
  if (memref::SubViewOp view = getSurfaces(map))
    return view;
  auto view = map.getDefiningOp<memref::SubViewOp>();
  return view && getSlice(task) &&
                 !view.getSource().getDefiningOp<ViewLikeOpInterface>()
             ? view
             : memref::SubViewOp();
}

static bool isPart(Operation *task, Value map) {
  while (auto view = map.getDefiningOp<ViewLikeOpInterface>()) {
    if (isa<memref::SubViewOp>(view) && !getWhole(task, map))
      return true;
    map = view.getViewSource();
  }
  return false;
}

/// Dimension \p dim of \p map as an expression, or null where it is a view.
static AffineExpr getDim(Operation *task, Value map, unsigned dim) {
  if (auto buffer = map.getDefiningOp<BufferOp>())
    return buffer.getDims().getDim(dim);
  memref::SubViewOp view = getWhole(task, map);
  if (!view)
    return {};
  const OpFoldResult size = view.getMixedSizes()[dim];
  if (std::optional<int64_t> constant = getConstantIntValue(size))
    return getAffineConstantExpr(*constant, view.getContext());
  auto tokens = cast<Value>(size).getDefiningOp<TokensOp>();
  return tokens ? tokens.getExpr() : AffineExpr();
}

/// True if the sizes of a slice of \p map are known.
static bool canSlice(Operation *task, Value map) {
  auto type = cast<MemRefType>(map.getType());
  for (unsigned i = 0; i < 3; ++i)
    if (type.isDynamicDim(i) && i != tokenDim && !getDim(task, map, i))
      return false;
  return true;
}

/// A view of \p width tokens or surfaces (\p dim) of a map of \p task from
/// \p first on.
static Value createSlice(OpBuilder &builder, Operation *task, Value map,
                         unsigned dim, Value first, Value width) {
  const Location loc = task->getLoc();
  auto type = cast<MemRefType>(map.getType());
  SmallVector<OpFoldResult> offsets(3, builder.getIndexAttr(0));
  SmallVector<OpFoldResult> strides(3, builder.getIndexAttr(1));
  SmallVector<OpFoldResult> sizes;
  for (auto [i, size] : llvm::enumerate(type.getShape())) {
    if (i == dim)
      sizes.push_back(width);
    else if (!ShapedType::isDynamic(size))
      sizes.push_back(builder.getIndexAttr(size));
    else
      sizes.push_back(
          TokensOp::create(builder, loc, getDim(task, map, i)).getCount());
  }
  offsets[dim] = first;
  return memref::SubViewOp::create(builder, loc, map, offsets, sizes, strides);
}

namespace {

/// Puts one task into its loops.
class TaskPartition {
public:
  TaskPartition(TaskOpInterface task, Word tokens, int64_t maxTokens,
                Partition partition)
      : task(task), tokens(tokens), partition(std::move(partition)),
        builder(task), loc(task.getLoc()),
        channels(getSharedChannels(maxTokens)) {}

  /// Replaces the task by its loops. False if one start takes it all.
  bool run();

private:
  using Loops = SmallVector<PartitionLoop, 2>;

  /// What a start takes of a dimension.
  struct Part {
    Word first;
    Word size;
  };

  Word getSharedChannels(int64_t maxTokens);
  Word getSize(TaskDimension dimension) {
    if (dimension == TaskDimension::Heads)
      return *task.getSharedHeads();
    return dimension == TaskDimension::Tokens ? tokens : channels;
  }
  int64_t getHeadSurfaces() {
    auto type = cast<MemRefType>(getMaps(task).front()->get().getType());
    return type.getDimSize(0) / *task.getSharedHeads();
  }
  bool isCut(const PartitionLoop &loop) {
    return getSize(loop.dimension).getMax() > loop.step.getMin();
  }
  Value toIndex(const Word &word) {
    return word.materialize(builder, loc, builder.getIndexType());
  }
  Part createLoop(const PartitionLoop &loop);
  void createKVHeadLoop();
  void createNest(ArrayRef<PartitionLoop> loops);
  void createStart(ArrayRef<PartitionLoop> loops, ArrayRef<Part> parts);

  TaskOpInterface task;
  Word tokens;
  Partition partition;
  OpBuilder builder;
  Location loc;
  Word channels;
  /// The KV head of a start that takes one.
  Value head;
};

} // namespace

/// 0 where there are none. Those of scores are keys, as many as the context has
/// tokens at most.
Word TaskPartition::getSharedChannels(int64_t maxTokens) {
  const OpFoldResult shared = task.getSharedChannels();
  if (auto keys = dyn_cast_if_present<Value>(shared))
    return Word(builder, keys, 1, maxTokens);
  return shared ? *getConstantIntValue(shared) : 0;
}

/// Leaves the builder in the body.
void TaskPartition::createKVHeadLoop() {
  auto forOp = scf::ForOp::create(builder, loc, toIndex(0),
                                  toIndex(*task.getSharedHeads()), toIndex(1));
  head = forOp.getInductionVar();
  head.setLoc(NameLoc::get(builder.getStringAttr("kv_head"), loc));
  builder.setInsertionPointToStart(forOp.getBody());
}

namespace {
/// What the driver calls the numbers of a loop over parts.
struct LoopNames {
  StringRef step, variable, size;
};
} // namespace

static LoopNames getNames(TaskDimension dimension) {
  switch (dimension) {
  case TaskDimension::Tokens:
    return {"tokens_per_start", "token", "width"};
  case TaskDimension::OutputChannels:
    return {"channels_per_start", "channel", "channels"};
  case TaskDimension::Heads:
    return {"heads_per_start", "head", "heads"};
  case TaskDimension::ImageRows:
    break;
  }
  llvm_unreachable("images have loops of their own");
}

/// Leaves the builder in the body.
TaskPartition::Part TaskPartition::createLoop(const PartitionLoop &loop) {
  const LoopNames names = getNames(loop.dimension);
  const Word size = getSize(loop.dimension);
  const Value whole = toIndex(size);
  const Value zero = toIndex(0);
  const Value step = toIndex(loop.step.named(names.step));
  auto forOp = scf::ForOp::create(builder, loc, zero, whole, step);
  if (!loop.limit.empty())
    forOp->setAttr(AccelDialect::getLimitAttrName(),
                   builder.getStringAttr(loop.limit));
  Value variable = forOp.getInductionVar();
  variable.setLoc(NameLoc::get(builder.getStringAttr(names.variable), loc));
  builder.setInsertionPointToStart(forOp.getBody());
  const Word first(builder, variable, 0, size.getMax() - 1);
  const Word left = Word(builder, whole, size.getMin(), size.getMax()) - first;
  const Word most(builder, step, loop.step.getMin(), loop.step.getMax());
  return {first, min(most, left).named(names.size)};
}

void TaskPartition::createNest(ArrayRef<PartitionLoop> loops) {
  OpBuilder::InsertionGuard guard(builder);
  SmallVector<Part, 2> parts;
  for (const PartitionLoop &loop : loops)
    parts.push_back(isCut(loop) ? createLoop(loop)
                                : Part{0, getSize(loop.dimension)});
  createStart(loops, parts);
}

void TaskPartition::createStart(ArrayRef<PartitionLoop> loops,
                                ArrayRef<Part> parts) {
  SmallVector<std::pair<unsigned, Value>> operands;
  for (auto [loop, part] : llvm::zip_equal(loops, parts)) {
    if (loop.dimension == TaskDimension::OutputChannels || !isCut(loop))
      continue;
    const bool isTokens = loop.dimension == TaskDimension::Tokens;
    const int64_t step = isTokens ? 1 : getHeadSurfaces();
    const Value first = toIndex(part.first * step);
    const Value size = toIndex(part.size * step);
    for (OpOperand *map : getMaps(task))
      operands.push_back({map->getOperandNumber(),
                          createSlice(builder, task, map->get(),
                                      isTokens ? tokenDim : 0, first, size)});
    OpOperand *position = isTokens ? task.getPositionOperand() : nullptr;
    if (position)
      operands.push_back(
          {position->getOperandNumber(),
           arith::AddIOp::create(builder, loc, position->get(), first,
                                 arith::IntegerOverflowFlags::nsw)});
  }
  // The innermost loop leaves on the chip what it does not cut.
  Word reusesWeight = 0, reusesInput = 0;
  std::optional<Part> channelPart;
  if (head)
    channelPart = {0, channels};
  for (auto [loop, part] : llvm::zip_equal(loops, parts)) {
    const bool isTokens = loop.dimension == TaskDimension::Tokens;
    if (&loop == &loops.back())
      (isTokens ? reusesWeight : reusesInput) =
          min(part.first, 1).named(isTokens ? "reuses_weight" : "reuses_input");
    if (loop.dimension == TaskDimension::OutputChannels)
      channelPart = part;
  }
  SmallVector<Value> part;
  if (head)
    part.push_back(head);
  if (channelPart)
    part.append({toIndex(channelPart->first), toIndex(channelPart->size),
                 toIndex(reusesWeight), toIndex(reusesInput)});
  auto start = cast<TaskOpInterface>(builder.clone(*task));
  for (auto [number, value] : operands)
    start->setOperand(number, value);
  if (channelPart)
    start.setPart(part);
}

bool TaskPartition::run() {
  Loops loops = partition.loops;
  const bool sharesChannels =
      llvm::any_of(loops, [](const PartitionLoop &loop) {
        return loop.dimension == TaskDimension::OutputChannels;
      });
  if (!sharesChannels && !partition.takesOneKVHead &&
      llvm::none_of(loops,
                    [&](const PartitionLoop &loop) { return isCut(loop); }))
    return false;
  if (partition.takesOneKVHead)
    createKVHeadLoop();
  const Loops reversed(llvm::reverse(loops));
  if (!partition.isListedOrder) {
    createNest(loops);
  } else {
    const auto &[less, than] = *partition.isListedOrder;
    if (less.getMax() < than.getMin()) {
      createNest(loops);
    } else if (less.getMin() >= than.getMax()) {
      createNest(reversed);
    } else {
      const Value lhs = toIndex(less), rhs = toIndex(than);
      const bool keepsWeight = loops.back().dimension == TaskDimension::Tokens;
      auto condition = arith::CmpIOp::create(
          builder,
          NameLoc::get(builder.getStringAttr(keepsWeight ? "keeps_weight"
                                                         : "keeps_input"),
                       loc),
          arith::CmpIPredicate::slt, lhs, rhs);
      auto branch = scf::IfOp::create(builder, loc, condition,
                                      /*withElseRegion=*/true);
      OpBuilder::InsertionGuard guard(builder);
      builder.setInsertionPointToStart(branch.thenBlock());
      createNest(loops);
      builder.setInsertionPointToStart(branch.elseBlock());
      createNest(reversed);
    }
  }
  task.erase();
  return true;
}

/// Puts the loops in the order that accel-order-loops has found.
static void orderLoops(Partition &partition, int64_t keepsWeightFrom,
                       const Word &tokens) {
  if (!partition.hasTwoOrders())
    return;
  if (partition.loops.back().dimension != TaskDimension::Tokens)
    std::swap(partition.loops.front(), partition.loops.back());
  partition.isListedOrder = {Word(keepsWeightFrom - 1), tokens};
}

namespace {

struct PartitionTasks : dlavm::accel::impl::PartitionTasksBase<PartitionTasks> {
  void runOnOperation() override {
    const DeviceInfo *device = getDevice(getOperation());
    FailureOr<int64_t> maxTokens = getMaxTokens(getOperation());
    if (!device || failed(maxTokens))
      return signalPassFailure();
    SmallVector<TaskOpInterface> tasks;
    getOperation().walk([&](TaskOpInterface task) { tasks.push_back(task); });
    for (TaskOpInterface task : tasks)
      if (failed(partition(task, *device, *maxTokens)))
        return signalPassFailure();
  }

  LogicalResult partition(TaskOpInterface task, const DeviceInfo &device,
                          int64_t maxTokens) {
    auto from = dyn_cast_if_present<IntegerAttr>(
        task->removeAttr(AccelDialect::getKeepsWeightFromAttrName()));
    const TaskSupport *support = device.getTask(task.getTaskKind());
    if (!support)
      return task.emitOpError() << "has no task on " << device.getName();
    auto destination = dyn_cast<DestinationStyleOpInterface>(*task);
    if (!support->partition || !destination || task.isPart())
      return success();
    Value output = destination.getDpsInits().front();
    // Every task writes a buffer of its own function or a KV cache, which know
    // their tokens.
    if (!getRoot(output) && !getCache(output))
      return task.emitOpError("writes a map that is no accel.buffer of its "
                              "function, or a view of one");
    if (isPart(task, output))
      return success();
    if (task.getWindow() && support->verify &&
        failed(support->verify(task, device)))
      return failure();
    OpBuilder builder(task);
    auto total = TokensOp::create(builder, task.getLoc(),
                                  llm::DimsAttr::getTotal(&getContext()));
    TokensOp whole;
    FailureOr<Word> count = getTokens(task, output, maxTokens, builder, whole);
    if (failed(count))
      return failure();
    Partition partition = support->partition(
        task, device, {*count, Word(builder, total, 1, maxTokens)});
    if (from)
      orderLoops(partition, from.getInt(), *count);
    if (task.getWindow()) {
      ++(partitionImage(task, partition) ? numCut : numWhole);
      total.erase();
      eraseUnused(whole);
      return success();
    }
    for (const PartitionLoop &loop : partition.loops) {
      if (loop.step.getMin() >= 1)
        continue;
      return task.emitOpError()
             << "does not fit the buffers of " << device.getName()
             << " with one token at the largest context of " << maxTokens
             << (loop.step.getMax() < 1
                     ? " tokens, nor at any other; it has too many channels"
                     : " tokens; lower it with --max-tokens");
    }
    ++(TaskPartition(task, *count, maxTokens, std::move(partition)).run()
           ? numCut
           : numWhole);
    eraseUnused(whole);
    eraseUnused(total);
    return success();
  }

  static void eraseUnused(TokensOp tokens) {
    if (tokens && tokens->use_empty())
      tokens->erase();
  }

  /// The tokens that \p task computes with all of its \p output. They may be
  /// \p whole.
  static FailureOr<Word> getTokens(TaskOpInterface task, Value output,
                                   int64_t maxTokens, OpBuilder &builder,
                                   TokensOp &whole) {
    memref::SubViewOp view = getWhole(task, output);
    const std::optional<int64_t> slice = getSlice(task);
    AffineExpr tokens = getDim(task, output, tokenDim);
    const bool isKnown = view && slice ? true : bool(tokens);
    if (!isKnown || !llvm::all_of(getMaps(task), [&](OpOperand *map) {
          return canSlice(task, map->get());
        }))
      return task.emitOpError("uses a map whose tokens are no dimension of an "
                              "accel.buffer, so it cannot be cut to the chip");
    if (view && slice) {
      // The last slice may have fewer.
      auto width = dyn_cast<Value>(view.getMixedSizes()[tokenDim]);
      return width ? Word(builder, width, 1, *slice)
                   : Word(view.getStaticSize(tokenDim));
    }
    Operation *root = getRoot(output);
    FailureOr<llm::TokenRange> range =
        getSizeRange(root ? root : task, tokens, maxTokens);
    if (failed(range))
      return failure();
    if (range->min == range->max)
      return Word(range->min);
    whole = TokensOp::create(builder, task.getLoc(), tokens);
    return Word(builder, whole, range->min, range->max);
  }
};

} // namespace
