//===- MergeLinears.cpp - One linear layer for several with one input -----===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DLAVM/Dialect/Accel/IR/Accel.h"
#include "DLAVM/Dialect/Accel/Transforms/Passes.h"
#include "TaskAccesses.h"
#include "TaskCosts.h"

#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Interfaces/CallInterfaces.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/MathExtras.h"

namespace dlavm::accel {
#define GEN_PASS_DEF_MERGELINEARS
#include "DLAVM/Dialect/Accel/Transforms/Passes.h.inc"
} // namespace dlavm::accel

using namespace mlir;
using namespace dlavm;
using namespace dlavm::accel;

/// The part of their costs that layers must save. A merged result takes its
/// memory until the last of its parts was read.
static constexpr double kLeastSaving = 1.0 / 100;

/// True if \p op, or what it contains, writes a resource of TaskAccesses, or
/// may do so.
static bool mayWrite(Operation *op, const void *resource) {
  return op
      ->walk([&](Operation *inner) {
        return isa<CallOpInterface>(inner) ||
                       getAccesses(inner).writes.contains(resource)
                   ? WalkResult::interrupt()
                   : WalkResult::advance();
      })
      .wasInterrupted();
}

/// Moves \p reader to where the task stands that it must follow, so that what
/// it reads ends there. Tasks of one kind stay in their order.
static void moveUp(Operation *reader) {
  SmallVector<Operation *> needed;
  llvm::SmallPtrSet<Operation *, 16> producers;
  auto addOperands = [&](Operation *op) {
    for (Value operand : op->getOperands())
      if (Operation *producer = operand.getDefiningOp())
        producers.insert(producer);
  };
  addOperands(reader);
  const TaskAccesses accesses = getAccesses(reader);
  Operation *place = nullptr;
  for (Operation *op = reader->getPrevNode(); op; op = op->getPrevNode()) {
    if (startsNoTask(op)) {
      if (producers.contains(op)) {
        needed.push_back(op);
        addOperands(op);
      }
      continue;
    }
    if (!isa<TaskOpInterface>(op) || op->getName() == reader->getName() ||
        getAccesses(op).conflicts(accesses))
      break;
    place = op;
  }
  if (!place)
    return;
  for (Operation *op : llvm::reverse(needed))
    if (place->isBeforeInBlock(op))
      op->moveBefore(place);
  reader->moveBefore(place);
}

namespace {

/// Linear layers of one block that become one.
struct MergeGroup {
  SmallVector<LinearOp> layers;
  int64_t channels = 0;
};

class Merging {
public:
  explicit Merging(ModuleOp module) : module(module), symbols(module) {
    module.walk([&](Operation *op) {
      if (auto get = dyn_cast<GetObjectOp>(op))
        ++uses[get.getObjectAttr().getAttr()];
      if (auto task = dyn_cast<TaskOpInterface>(op))
        names.insert(task.getTaskName());
    });
  }

  SmallVector<MergeGroup> findGroups();
  /// Whether one layer costs less than those of \p group.
  bool pays(const MergeGroup &group, const DeviceInfo &device,
            int64_t maxTokens);
  void merge(const MergeGroup &group);

private:
  bool canMerge(LinearOp layer);
  bool canJoin(const MergeGroup &group, LinearOp layer);
  /// The object of an operand, or null where there is none.
  ObjectOp getObject(Value operand) {
    auto get = operand ? operand.getDefiningOp<GetObjectOp>() : GetObjectOp();
    return get ? symbols.lookup<ObjectOp>(get.getObject()) : ObjectOp();
  }
  bool isOwn(Value operand);
  bool canFollow(Value object, Value other);
  /// An object made of those that are operand \p get of the layers.
  Value createObject(OpBuilder &builder, const MergeGroup &group,
                     StringRef name, llvm::function_ref<Value(LinearOp)> get);
  std::string getName(const MergeGroup &group);

  ModuleOp module;
  SymbolTable symbols;
  llvm::DenseMap<StringAttr, unsigned> uses;
  llvm::StringSet<> names;
};

} // namespace

/// True for parameters that only this operand needs, and that are nothing but
/// parameters.
bool Merging::isOwn(Value operand) {
  ObjectOp object = getObject(operand);
  return object && operand.hasOneUse() && object.getSources() &&
         !object.getConfig() && !object.getAddress() &&
         uses.lookup(object.getSymNameAttr()) == 1;
}

bool Merging::canMerge(LinearOp layer) {
  auto buffer = layer.getOutput().getDefiningOp<BufferOp>();
  if (!buffer || buffer.getHost() || buffer.getSlice() || buffer.getAddress() ||
      layer.getResidual() || layer.getRelu() || layer.getArgmax() ||
      layer.isPart() || getSlice(layer) ||
      layer->hasAttr(AccelDialect::getMergesAttrName()) ||
      !isOwn(layer.getWeight()) ||
      (layer.getScaleBias() && !isOwn(layer.getScaleBias())))
    return false;
  return llvm::all_of(buffer.getBuffer().getUses(), [&](OpOperand &use) {
    Operation *user = use.getOwner();
    if (user == layer)
      return true;
    auto task = dyn_cast<DestinationStyleOpInterface>(user);
    Operation *ancestor = layer->getBlock()->findAncestorOpInBlock(*user);
    return isa<TaskOpInterface>(user) && !(task && task.isDpsInit(&use)) &&
           ancestor && layer->isBeforeInBlock(ancestor);
  });
}

/// True for parameters of one layer, of as many layers, and where there are
/// none of both.
bool Merging::canFollow(Value object, Value other) {
  if (!object || !other)
    return !object && !other;
  return object.getDefiningOp<GetObjectOp>().getLayer() ==
             other.getDefiningOp<GetObjectOp>().getLayer() &&
         getObject(object).getLayers() == getObject(other).getLayers();
}

bool Merging::canJoin(const MergeGroup &group, LinearOp layer) {
  LinearOp first = group.layers.front();
  auto type = cast<MemRefType>(first.getOutput().getType());
  if (group.channels % type.getDimSize(2) != 0 ||
      !canFollow(first.getWeight(), layer.getWeight()) ||
      !canFollow(first.getScaleBias(), layer.getScaleBias()))
    return false;
  const void *input = getResource(layer.getInput());
  for (Operation *op = first; op != layer; op = op->getNextNode())
    if (mayWrite(op, input))
      return false;
  return true;
}

SmallVector<MergeGroup> Merging::findGroups() {
  llvm::MapVector<std::pair<Block *, Value>, SmallVector<MergeGroup>> groups;
  module.walk([&](LinearOp layer) {
    if (!canMerge(layer))
      return;
    SmallVector<MergeGroup> &candidates =
        groups[{layer->getBlock(), layer.getInput()}];
    if (candidates.empty() || !canJoin(candidates.back(), layer))
      candidates.emplace_back();
    candidates.back().layers.push_back(layer);
    candidates.back().channels += layer.getOutputChannels();
  });
  SmallVector<MergeGroup> result;
  for (auto &[place, candidates] : groups)
    llvm::copy_if(
        candidates, std::back_inserter(result),
        [](const MergeGroup &group) { return group.layers.size() > 1; });
  return result;
}

bool Merging::pays(const MergeGroup &group, const DeviceInfo &device,
                   int64_t maxTokens) {
  LinearOp first = group.layers.front(), probe = first.clone();
  probe.setOutputChannels(group.channels);
  TaskCosts merged(probe, device, maxTokens);
  SmallVector<TaskCosts> costs;
  for (LinearOp layer : group.layers) {
    costs.emplace_back(layer, device, maxTokens);
    if (costs.size() > 1)
      merged.join(layer);
  }
  // Most calls have one token.
  auto savesAt = [&](int64_t tokens) {
    double sum = 0;
    for (const TaskCosts &layer : costs)
      sum += layer.get(tokens);
    return 1 - merged.get(tokens) / sum;
  };
  const bool result = savesAt(1) >= kLeastSaving && savesAt(maxTokens) >= 0;
  probe->destroy();
  return result;
}

std::string Merging::getName(const MergeGroup &group) {
  const std::string wish = llvm::join(
      llvm::map_range(group.layers,
                      [](LinearOp layer) { return layer.getName().str(); }),
      "_");
  std::string name = wish;
  for (unsigned i = 2; !names.insert(name).second; ++i)
    name = wish + "_" + std::to_string(i);
  return name;
}

Value Merging::createObject(OpBuilder &builder, const MergeGroup &group,
                            StringRef name,
                            llvm::function_ref<Value(LinearOp)> get) {
  auto first = get(group.layers.front()).getDefiningOp<GetObjectOp>();
  SmallVector<Attribute> sources;
  ObjectOp model = getObject(first);
  for (LinearOp layer : group.layers)
    llvm::append_range(sources, *getObject(get(layer)).getSources());
  SmallVector<int64_t> shape(model.getShape());
  shape[0] = group.channels;
  OpBuilder detached(module.getContext());
  auto object = ObjectOp::create(
      detached, model.getLoc(), name, model.getKind(), shape,
      builder.getArrayAttr(sources), DictionaryAttr(), model.getLayersAttr(),
      model.getSpace(), IntegerAttr(), IntegerAttr(), IntegerAttr());
  symbols.insert(object, model->getIterator());
  return GetObjectOp::create(builder, first.getLoc(), first.getType(),
                             FlatSymbolRefAttr::get(object), first.getLayer());
}

void Merging::merge(const MergeGroup &group) {
  LinearOp first = group.layers.front();
  OpBuilder builder(first);
  const Location loc = first.getLoc();
  const std::string name = getName(group);
  Value weight = createObject(builder, group, name + "_weight",
                              [](LinearOp layer) { return layer.getWeight(); });
  Value scaleBias;
  if (first.getScaleBias())
    scaleBias =
        createObject(builder, group, name + "_scale_bias",
                     [](LinearOp layer) { return layer.getScaleBias(); });

  auto firstBuffer = first.getOutput().getDefiningOp<BufferOp>();
  auto type = cast<MemRefType>(firstBuffer.getBuffer().getType());
  const int64_t lanes = type.getDimSize(2);
  SmallVector<int64_t> shape(type.getShape());
  shape[0] = llvm::divideCeil(group.channels, lanes);
  const AffineExpr tokens = firstBuffer.getDims().getDim(1);
  const Value whole = BufferOp::create(
      builder, loc, name, MemRefType(MemRefType::Builder(type).setShape(shape)),
      llm::DimsAttr::get(
          AffineMap::get(2, 0,
                         {builder.getAffineConstantExpr(shape[0]), tokens,
                          builder.getAffineConstantExpr(lanes)},
                         builder.getContext())));
  auto merged = LinearOp::create(
      builder, loc, builder.getStringAttr(name), first.getInput(), weight,
      scaleBias,
      /*residual=*/Value(), BinaryKindAttr(), whole, /*argmax=*/Value(),
      /*part=*/ValueRange(), first.getInputChannelsAttr(),
      builder.getI64IntegerAttr(group.channels), /*relu=*/UnitAttr());
  merged->setAttr(AccelDialect::getMergesAttrName(),
                  builder.getArrayAttr(llvm::map_to_vector(
                      group.layers, [](LinearOp layer) -> Attribute {
                        return layer.getNameAttr();
                      })));
  const OpFoldResult seq =
      type.isDynamicDim(1)
          ? OpFoldResult(TokensOp::create(builder, loc, tokens).getCount())
          : builder.getIndexAttr(type.getDimSize(1));
  int64_t surface = 0;
  SmallVector<Value> views;
  auto index = [&](int64_t number) -> OpFoldResult {
    return builder.getIndexAttr(number);
  };
  for (LinearOp layer : group.layers) {
    const Value output = layer.getOutput();
    const int64_t surfaces = cast<MemRefType>(output.getType()).getDimSize(0);
    const OpFoldResult offsets[] = {index(surface), index(0), index(0)};
    const OpFoldResult sizes[] = {index(surfaces), seq, index(lanes)};
    const OpFoldResult strides[] = {index(1), index(1), index(1)};
    views.push_back(memref::SubViewOp::create(builder, output.getLoc(), whole,
                                              offsets, sizes, strides));
    surface += surfaces;
  }
  for (auto [number, view] : llvm::enumerate(views)) {
    LinearOp layer = group.layers[number];
    auto buffer = layer.getOutput().getDefiningOp<BufferOp>();
    SmallVector<Operation *> objects = {layer.getWeight().getDefiningOp()};
    if (layer.getScaleBias())
      objects.push_back(layer.getScaleBias().getDefiningOp());
    layer.erase();
    buffer.getBuffer().replaceAllUsesWith(view);
    buffer.erase();
    for (Operation *reader : view.getUsers())
      if (reader->getBlock() == merged->getBlock())
        moveUp(reader);
    for (Operation *get : objects) {
      symbols.erase(getObject(get->getResult(0)));
      get->erase();
    }
  }
}

namespace {
struct MergeLinears : dlavm::accel::impl::MergeLinearsBase<MergeLinears> {
  using MergeLinearsBase::MergeLinearsBase;

  void runOnOperation() override {
    const DeviceInfo *device = getDevice(getOperation());
    FailureOr<int64_t> maxTokens = getMaxTokens(getOperation());
    if (!device || failed(maxTokens))
      return signalPassFailure();
    Merging merging(getOperation());
    for (const MergeGroup &group : merging.findGroups()) {
      if (!always && !merging.pays(group, *device, *maxTokens))
        continue;
      merging.merge(group);
      ++numMade;
      numMerged += group.layers.size();
    }
  }
};
} // namespace
