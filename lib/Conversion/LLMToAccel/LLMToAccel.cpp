//===- LLMToAccel.cpp - Tensors to buffers, ops to hardware tasks -------===//
//
// Part of the DLAVM project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Not a dialect conversion: views of buffers (the last token of a map, its
// heads) have layouts of their own, so the memref type of a value is no
// function of its tensor type, and a type converter could not say what it is.
// Functions are walked in order instead, with a map from tensors to memrefs.
//
//===----------------------------------------------------------------------===//

#include "DLAVM/Conversion/Passes.h"
#include "DLAVM/Dialect/Accel/IR/Accel.h"
#include "DLAVM/Dialect/LLM/IR/LLM.h"
#include "Objects.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/IRMapping.h"
#include "llvm/ADT/TypeSwitch.h"

namespace dlavm {
#define GEN_PASS_DEF_CONVERTLLMTOACCEL
#include "DLAVM/Conversion/Passes.h.inc"
} // namespace dlavm

using namespace mlir;
using namespace dlavm;

namespace {

/// Lowers one function.
class FunctionLowering {
public:
  FunctionLowering(const Device &device, ObjectTable &objects,
                   Pass::Statistic &numTasks)
      : device(device), objects(objects), numTasks(numTasks) {}

  LogicalResult run(func::FuncOp from);

private:
  // Maps, their names and their types.
  MemRefType getMapType(llm::DimsAttr dims);
  llm::DimsAttr getBlockedDims(RankedTensorType type, bool hasHeads);
  Value createBuffer(StringRef name, RankedTensorType type, bool hasHeads);
  Value createBuffer(StringRef name, Value like);
  std::string getName(Value map);
  Value getTokens(AffineExpr expr);

  // Blocks and control flow.
  LogicalResult lowerBlock(Block &from, bool isEntry);
  LogicalResult lower(Operation *op);
  LogicalResult lowerFor(scf::ForOp op);
  LogicalResult lowerCall(func::CallOp op);
  LogicalResult lowerReturn(func::ReturnOp op);
  LogicalResult lowerEntryReturn(func::ReturnOp op);

  // Ops of the llm dialect.
  LogicalResult lower(llm::LinearOp op);
  LogicalResult lower(llm::LastTokenOp op);
  void lower(llm::SplitHeadsOp op);
  void lower(llm::MergeHeadsOp op);
  LogicalResult lower(llm::RMSNormOp op);
  LogicalResult lower(llm::LayerNormOp op);
  LogicalResult lowerBinary(Operation *op, accel::BinaryKind kind, Value lhs,
                            Value rhs);
  LogicalResult lower(llm::KVAppendOp op);

  /// Checks a task that was just created.
  LogicalResult finishTask(Operation *op);
  template <typename Task, typename... Args>
  LogicalResult createTask(Location loc, Args &&...args) {
    return finishTask(
        Task::create(builder(), loc, std::forward<Args>(args)...));
  }

  OpBuilder &builder() { return *opBuilder; }
  Value getObject(Location loc, FlatSymbolRefAttr object, Value layer) {
    return objects.get(builder(), loc, object,
                       layer ? map.lookup(layer) : Value());
  }

  const Device &device;
  ObjectTable &objects;
  Pass::Statistic &numTasks;
  std::unique_ptr<OpBuilder> opBuilder;
  IRMapping map;
  llvm::DenseMap<Value, std::string> argumentNames;
};

} // namespace

//===----------------------------------------------------------------------===//
// Maps, their names and their types
//===----------------------------------------------------------------------===//

/// [a, tokens, channels] is [channels / Tout, tokens, Tout] on the device,
/// with the heads in front where it has some.
llm::DimsAttr FunctionLowering::getBlockedDims(RankedTensorType type,
                                               bool hasHeads) {
  llm::DimsAttr dims = llm::getDims(type);
  MLIRContext *context = type.getContext();
  const int64_t lanes = device["Tout"];
  SmallVector<AffineExpr> blocked;
  if (hasHeads)
    blocked.push_back(dims.getDim(0));
  blocked.append({dims.getDim(2).ceilDiv(lanes), dims.getDim(1),
                  getAffineConstantExpr(lanes, context)});
  return llm::DimsAttr::get(AffineMap::get(2, 0, blocked, context));
}

MemRefType FunctionLowering::getMapType(llm::DimsAttr dims) {
  MLIRContext *context = dims.getContext();
  return MemRefType::get(
      dims.getShape(), Float16Type::get(context), MemRefLayoutAttrInterface(),
      accel::SpaceAttr::get(context, accel::Space::DDR));
}

Value FunctionLowering::createBuffer(StringRef name, RankedTensorType type,
                                     bool hasHeads) {
  llm::DimsAttr dims = getBlockedDims(type, hasHeads);
  return accel::BufferOp::create(builder(), builder().getUnknownLoc(), name,
                                 getMapType(dims), dims);
}

std::string FunctionLowering::getName(Value tensor) {
  Value value = map.lookup(tensor);
  if (accel::BufferOp root = accel::getRoot(value))
    return root.getName().str();
  while (auto view = value.getDefiningOp<ViewLikeOpInterface>())
    value = view.getViewSource();
  auto it = argumentNames.find(value);
  return it == argumentNames.end() ? "map" : it->second;
}

Value FunctionLowering::getTokens(AffineExpr expr) {
  return accel::TokensOp::create(builder(), builder().getUnknownLoc(), expr);
}

LogicalResult FunctionLowering::finishTask(Operation *op) {
  auto task = cast<accel::TaskOpInterface>(op);
  ++numTasks;
  const TaskSupport *support = device.getTask(task.getTaskKind());
  if (!support)
    return op->emitOpError() << "has no task on " << device.getName();
  return support->verify ? support->verify(op, device) : success();
}

//===----------------------------------------------------------------------===//
// Blocks and control flow
//===----------------------------------------------------------------------===//

LogicalResult FunctionLowering::run(func::FuncOp from) {
  MLIRContext *context = from.getContext();
  const bool isEntry = from.isPublic();
  opBuilder = std::make_unique<OpBuilder>(from);
  SmallVector<Type> arguments, results;
  auto convert = [&](Type type) -> Type {
    auto tensor = dyn_cast<RankedTensorType>(type);
    if (!tensor)
      return type;
    return getMapType(getBlockedDims(tensor, tensor.getDimSize(0) != 1));
  };
  if (!isEntry) {
    for (Type type : from.getArgumentTypes())
      arguments.push_back(convert(type));
    for (Type type : from.getResultTypes())
      results.push_back(convert(type));
  }
  auto to = func::FuncOp::create(
      builder(), from.getLoc(), from.getName(),
      FunctionType::get(context, arguments, results));
  to.setVisibility(from.getVisibility());
  Block *entry = to.addEntryBlock();
  builder().setInsertionPointToStart(entry);

  unsigned numInputs = 0;
  const unsigned numMaps = llvm::count_if(
      from.getArgumentTypes(), llvm::IsaPred<RankedTensorType>);
  for (BlockArgument argument : from.getArguments()) {
    auto type = dyn_cast<RankedTensorType>(argument.getType());
    if (isEntry && !type)
      return from.emitOpError("is called by the host, so its arguments are "
                              "maps, found ")
             << argument.getType();
    if (!isEntry) {
      BlockArgument value = entry->getArgument(argument.getArgNumber());
      map.map(argument, value);
      if (!type)
        continue;
      std::string name = numMaps == 1
                             ? "hidden"
                             : "argument" + std::to_string(numInputs++);
      argumentNames[value] = name;
      continue;
    }
    std::string name =
        numMaps == 1 ? "input" : "input" + std::to_string(numInputs++);
    Value buffer = createBuffer(name, type, type.getDimSize(0) != 1);
    auto bufferOp = buffer.getDefiningOp<accel::BufferOp>();
    bufferOp.setHost(name);
    bufferOp.setChannels(type.getDimSize(2) *
                         (type.getDimSize(0) != 1 ? type.getDimSize(0) : 1));
    map.map(argument, buffer);
  }
  if (failed(lowerBlock(from.getBody().front(), isEntry)))
    return failure();
  from.erase();
  return success();
}

LogicalResult FunctionLowering::lowerBlock(Block &from, bool isEntry) {
  for (Operation &op : from) {
    if (auto ret = dyn_cast<func::ReturnOp>(op)) {
      if (failed(isEntry ? lowerEntryReturn(ret) : lowerReturn(ret)))
        return failure();
      continue;
    }
    if (failed(lower(&op)))
      return failure();
  }
  return success();
}

LogicalResult FunctionLowering::lowerFor(scf::ForOp op) {
  SmallVector<Value> inits;
  for (Value init : op.getInitArgs())
    inits.push_back(map.lookup(init));
  auto loop = scf::ForOp::create(
      builder(), op.getLoc(), map.lookup(op.getLowerBound()),
      map.lookup(op.getUpperBound()), map.lookup(op.getStep()), inits);
  for (auto [from, to] :
       llvm::zip_equal(op.getBody()->getArguments(),
                       loop.getBody()->getArguments()))
    map.map(from, to);
  {
    OpBuilder::InsertionGuard guard(builder());
    builder().setInsertionPointToStart(loop.getBody());
    if (failed(lowerBlock(*op.getBody(), /*isEntry=*/false)))
      return failure();
  }
  map.map(op.getResults(), loop.getResults());
  return success();
}

/// Maps keep the type that functions and loops hand around; a view of another
/// layout cannot be handed on.
static LogicalResult checkNoView(Operation *op, ValueRange values,
                                 IRMapping &map) {
  for (Value value : values) {
    auto type = dyn_cast<MemRefType>(map.lookup(value).getType());
    if (type && !type.getLayout().isIdentity())
      return op->emitOpError("hands on a part of a map (the last token); hand "
                             "on the whole map, or compute with the part "
                             "first");
  }
  return success();
}

LogicalResult FunctionLowering::lowerCall(func::CallOp op) {
  if (failed(checkNoView(op, op.getOperands(), map)))
    return failure();
  SmallVector<Value> operands;
  for (Value operand : op.getOperands())
    operands.push_back(map.lookup(operand));
  SmallVector<Type> results;
  for (Type type : op.getResultTypes()) {
    auto tensor = dyn_cast<RankedTensorType>(type);
    results.push_back(
        tensor ? getMapType(getBlockedDims(tensor, tensor.getDimSize(0) != 1))
               : type);
  }
  auto call = func::CallOp::create(builder(), op.getLoc(), op.getCallee(),
                                   results, operands);
  map.map(op.getResults(), call.getResults());
  return success();
}

LogicalResult FunctionLowering::lowerReturn(func::ReturnOp op) {
  if (failed(checkNoView(op, op.getOperands(), map)))
    return failure();
  SmallVector<Value> operands;
  for (Value operand : op.getOperands())
    operands.push_back(map.lookup(operand));
  func::ReturnOp::create(builder(), op.getLoc(), operands);
  return success();
}

/// The host reads the results of the entry function: logits where an argmax
/// follows them, the token that it yields, and other maps as outputs.
LogicalResult FunctionLowering::lowerEntryReturn(func::ReturnOp op) {
  unsigned numOutputs = 0;
  const unsigned numMaps =
      llvm::count_if(op.getOperands(), [](Value value) {
        return !value.getDefiningOp<llm::ArgmaxOp>();
      });
  for (Value result : op.getOperands()) {
    auto buffer =
        map.lookup(result).getDefiningOp<accel::BufferOp>();
    if (!buffer || buffer.getHost())
      return op.emitOpError("yields something that no task of the function "
                            "writes for the host; the results must be maps "
                            "that different ops of this function compute");
    if (result.getDefiningOp<llm::ArgmaxOp>()) {
      buffer.setHost("token");
      buffer.setChannels(1);
      continue;
    }
    auto type = cast<RankedTensorType>(result.getType());
    const bool isLogits = llvm::any_of(
        result.getUsers(), llvm::IsaPred<llm::ArgmaxOp>);
    buffer.setHost(isLogits       ? "logits"
                   : numMaps == 1 ? "output"
                                  : "output" + std::to_string(numOutputs++));
    buffer.setChannels(type.getDimSize(2));
  }
  func::ReturnOp::create(builder(), op.getLoc());
  return success();
}

//===----------------------------------------------------------------------===//
// Ops
//===----------------------------------------------------------------------===//

LogicalResult FunctionLowering::lower(Operation *op) {
  return llvm::TypeSwitch<Operation *, LogicalResult>(op)
      .Case([&](llm::LinearOp op) { return lower(op); })
      .Case([&](llm::RMSNormOp op) { return lower(op); })
      .Case([&](llm::LayerNormOp op) { return lower(op); })
      .Case([&](llm::KVAppendOp op) { return lower(op); })
      .Case([&](llm::LastTokenOp op) { return lower(op); })
      .Case([&](llm::SplitHeadsOp op) {
        lower(op);
        return success();
      })
      .Case([&](llm::MergeHeadsOp op) {
        lower(op);
        return success();
      })
      .Case([&](llm::RopeOp op) {
        std::string name = getName(op.getInput()) + "_rope";
        Value out = createBuffer(name, op.getType(), /*hasHeads=*/true);
        Value table = getObject(op.getLoc(), objects.getRopeTable(op), {});
        Value past = getTokens(llm::DimsAttr::getPast(op.getContext()));
        map.map(op.getResult(), out);
        return createTask<accel::RopeOp>(
            op.getLoc(), name, map.lookup(op.getInput()), table, past, out);
      })
      .Case([&](llm::AttentionScoresOp op) {
        Value out = createBuffer("scores", op.getType(), /*hasHeads=*/true);
        Value cache = getObject(op.getLoc(), objects.getCache(op.getCacheAttr()),
                                op.getLayer());
        Value keys = getTokens(llm::DimsAttr::getSeq(op.getContext()) +
                               llm::DimsAttr::getPast(op.getContext()));
        map.map(op.getResult(), out);
        return createTask<accel::ScoresOp>(
            op.getLoc(), "scores", map.lookup(op.getInput()), cache, keys,
            op.getScale(), out, objects.getCacheHeads(op.getCacheAttr()));
      })
      .Case([&](llm::SoftmaxOp op) {
        Value out =
            createBuffer("probabilities", op.getType(), /*hasHeads=*/true);
        AffineExpr past = llm::DimsAttr::getPast(op.getContext());
        Value keys =
            getTokens(llm::DimsAttr::getSeq(op.getContext()) + past);
        map.map(op.getResult(), out);
        return createTask<accel::SoftmaxOp>(op.getLoc(), "probabilities",
                                            map.lookup(op.getInput()), keys,
                                            getTokens(past), out);
      })
      .Case([&](llm::AttentionValuesOp op) {
        Value out = createBuffer("attention", op.getType(), /*hasHeads=*/true);
        Value cache = getObject(op.getLoc(), objects.getCache(op.getCacheAttr()),
                                op.getLayer());
        Value keys = getTokens(llm::DimsAttr::getSeq(op.getContext()) +
                               llm::DimsAttr::getPast(op.getContext()));
        map.map(op.getResult(), out);
        return createTask<accel::ValuesOp>(
            op.getLoc(), "attention", map.lookup(op.getInput()), cache, keys,
            out, objects.getCacheHeads(op.getCacheAttr()));
      })
      .Case([&](llm::ActivationOp op) {
        std::string name =
            getName(op.getInput()) + "_" +
            llm::stringifyActivationKind(op.getKind()).str();
        Value out = createBuffer(name, op.getType(), /*hasHeads=*/false);
        Value table =
            getObject(op.getLoc(), objects.getActivationTable(op.getKind()), {});
        map.map(op.getResult(), out);
        return createTask<accel::ActivationOp>(
            op.getLoc(), name, map.lookup(op.getInput()), table, out,
            op.getType().getDimSize(2));
      })
      .Case([&](llm::AddOp op) {
        return lowerBinary(op, accel::BinaryKind::Add, op.getLhs(),
                           op.getRhs());
      })
      .Case([&](llm::MulOp op) {
        return lowerBinary(op, accel::BinaryKind::Mul, op.getLhs(),
                           op.getRhs());
      })
      .Case([&](llm::ArgmaxOp op) -> LogicalResult {
        if (map.contains(op.getResult()))
          return success();
        return op.emitOpError("needs the result of an llm.linear, whose task "
                              "yields the index");
      })
      .Case([&](llm::GetParameterOp op) { return success(); })
      .Case([&](scf::ForOp op) { return lowerFor(op); })
      .Case([&](func::CallOp op) { return lowerCall(op); })
      .Default([&](Operation *op) -> LogicalResult {
        if (!isa<scf::YieldOp>(op) &&
            !isa_and_nonnull<arith::ArithDialect>(op->getDialect()))
          return op->emitOpError("cannot be turned into hardware tasks; the "
                                 "ops of the llm dialect, arith, scf.for and "
                                 "func.call can");
        if (isa<scf::YieldOp>(op)) {
          if (failed(checkNoView(op, op->getOperands(), map)))
            return failure();
          // Loops without results come with their terminator.
          if (Block *block = builder().getInsertionBlock();
              block->mightHaveTerminator())
            return success();
        }
        builder().clone(*op, map);
        return success();
      });
}

LogicalResult FunctionLowering::lower(llm::LinearOp op) {
  std::string name = op.getWeight().str();
  Value out = createBuffer(name, op.getType(), /*hasHeads=*/false);
  Value weight =
      getObject(op.getLoc(), objects.getWeight(op.getWeightAttr()),
                op.getLayer());
  Value scaleBias;
  if (op.getScaleAttr())
    scaleBias = getObject(op.getLoc(),
                          objects.getScaleBias(op.getWeight(),
                                               op.getScaleAttr(),
                                               op.getBiasAttr()),
                          op.getLayer());
  Value residual;
  accel::BinaryKindAttr residualKind;
  if (op.getResidual()) {
    residual = map.lookup(op.getResidual());
    residualKind = accel::BinaryKindAttr::get(
        op.getContext(), op.getResidualKind() == llm::ResidualKind::Add
                             ? accel::BinaryKind::Add
                             : accel::BinaryKind::Mul);
  }
  // The task that computes logits also finds the largest.
  Value argmax;
  for (Operation *user : op->getUsers()) {
    auto argmaxOp = dyn_cast<llm::ArgmaxOp>(user);
    if (!argmaxOp)
      continue;
    if (!scaleBias)
      return argmaxOp.emitOpError("needs a linear layer with scale and bias; "
                                  "give it `scale` and `bias` parameters");
    if (!argmax) {
      auto dims = llm::getDims(argmaxOp.getType());
      argmax = accel::BufferOp::create(
          builder(), op.getLoc(), "token",
          MemRefType::get(
              argmaxOp.getType().getShape(), builder().getI32Type(),
              MemRefLayoutAttrInterface(),
              accel::SpaceAttr::get(op.getContext(), accel::Space::DDR)),
          dims);
    }
    map.map(argmaxOp.getResult(), argmax);
  }
  map.map(op.getResult(), out);
  return createTask<accel::LinearOp>(
      op.getLoc(), builder().getStringAttr(name), map.lookup(op.getInput()),
      weight, scaleBias, residual, residualKind, out, argmax,
      builder().getI64IntegerAttr(
          cast<RankedTensorType>(op.getInput().getType()).getDimSize(2)),
      builder().getI64IntegerAttr(op.getType().getDimSize(2)));
}

LogicalResult FunctionLowering::lower(llm::RMSNormOp op) {
  objects.checkEpsilon(op, op.getEpsilon().convertToDouble());
  std::string name = op.getWeight().str();
  Value out = createBuffer(name, op.getType(), /*hasHeads=*/false);
  Value weight = getObject(
      op.getLoc(), objects.getNormWeight(op.getWeightAttr(), {}), op.getLayer());
  map.map(op.getResult(), out);
  return createTask<accel::NormOp>(op.getLoc(), accel::NormKind::RMS, name,
                                   map.lookup(op.getInput()), weight, out,
                                   op.getType().getDimSize(2));
}

LogicalResult FunctionLowering::lower(llm::LayerNormOp op) {
  objects.checkEpsilon(op, op.getEpsilon().convertToDouble());
  std::string name = op.getWeight().str();
  Value out = createBuffer(name, op.getType(), /*hasHeads=*/false);
  Value weight = getObject(
      op.getLoc(),
      objects.getNormWeight(op.getWeightAttr(), op.getBiasAttr()),
      op.getLayer());
  map.map(op.getResult(), out);
  return createTask<accel::NormOp>(op.getLoc(), accel::NormKind::Layer, name,
                                   map.lookup(op.getInput()), weight, out,
                                   op.getType().getDimSize(2));
}

LogicalResult FunctionLowering::lower(llm::KVAppendOp op) {
  FlatSymbolRefAttr cache = objects.getCache(op.getCacheAttr());
  Value object = getObject(op.getLoc(), cache, op.getLayer());
  Value past = getTokens(llm::DimsAttr::getPast(op.getContext()));
  return createTask<accel::KVAppendOp>(
      op.getLoc(), objects.getCacheSide(op.getCacheAttr()),
      op.getCache().str() + "_append", map.lookup(op.getInput()), past, object);
}

LogicalResult FunctionLowering::lowerBinary(Operation *op,
                                            accel::BinaryKind kind, Value lhs,
                                            Value rhs) {
  auto type = cast<RankedTensorType>(op->getResult(0).getType());
  if (rhs.getType() != type)
    return op->emitOpError("combines a map with a value per channel, which "
                           "only a linear layer can; run llm-fuse-scale-bias "
                           "before, and see that a linear layer precedes it");
  std::string name =
      getName(lhs) + "_" + accel::stringifyBinaryKind(kind).str();
  Value out = createBuffer(name, type, /*hasHeads=*/false);
  map.map(op->getResult(0), out);
  return createTask<accel::ElementwiseOp>(op->getLoc(), kind, name,
                                          map.lookup(lhs), map.lookup(rhs),
                                          out);
}

LogicalResult FunctionLowering::lower(llm::LastTokenOp op) {
  auto type = cast<RankedTensorType>(op.getInput().getType());
  Value source = map.lookup(op.getInput());
  auto sourceType = cast<MemRefType>(source.getType());
  if (sourceType.getRank() != 3)
    return op.emitOpError("takes the last token of a map without heads; merge "
                          "the heads first");
  Value last = getTokens(llm::getDims(type).getDim(1) - 1);
  SmallVector<OpFoldResult> offsets = {builder().getIndexAttr(0), last,
                                       builder().getIndexAttr(0)};
  SmallVector<OpFoldResult> sizes = {
      builder().getIndexAttr(sourceType.getDimSize(0)),
      builder().getIndexAttr(1),
      builder().getIndexAttr(sourceType.getDimSize(2))};
  SmallVector<OpFoldResult> strides(3, builder().getIndexAttr(1));
  map.map(op.getResult(),
          memref::SubViewOp::create(builder(), op.getLoc(), source, offsets,
                                    sizes, strides)
              .getResult());
  return success();
}

void FunctionLowering::lower(llm::SplitHeadsOp op) {
  MemRefType type = getMapType(getBlockedDims(op.getType(), true));
  Value source = map.lookup(op.getInput());
  SmallVector<OpFoldResult> shape;
  for (auto [i, size] : llvm::enumerate(type.getShape()))
    shape.push_back(ShapedType::isDynamic(size)
                        ? OpFoldResult(getTokens(
                              getBlockedDims(op.getType(), true).getDim(i)))
                        : OpFoldResult(builder().getIndexAttr(size)));
  SmallVector<ReassociationIndices> groups = {{0, 1}, {2}, {3}};
  map.map(op.getResult(),
          memref::ExpandShapeOp::create(builder(), op.getLoc(), type, source,
                                        groups, shape)
              .getResult());
}

void FunctionLowering::lower(llm::MergeHeadsOp op) {
  SmallVector<ReassociationIndices> groups = {{0, 1}, {2}, {3}};
  map.map(op.getResult(),
          memref::CollapseShapeOp::create(builder(), op.getLoc(),
                                          map.lookup(op.getInput()), groups)
              .getResult());
}

//===----------------------------------------------------------------------===//
// The pass
//===----------------------------------------------------------------------===//

namespace {

struct ConvertLLMToAccel
    : dlavm::impl::ConvertLLMToAccelBase<ConvertLLMToAccel> {
  using ConvertLLMToAccelBase::ConvertLLMToAccelBase;

  void runOnOperation() override {
    ModuleOp module = getOperation();
    const Device *target = device.empty()
                               ? accel::getDevice(module)
                               : accel::lookupDevice(module.getLoc(), device);
    if (!target || failed(setContext(module, *target)))
      return signalPassFailure();
    module->setAttr(accel::AccelDialect::getDeviceAttrName(),
                    StringAttr::get(&getContext(), target->getName()));
    ObjectTable objects(module, *target);
    // Functions are collected first: lowering one replaces it.
    SmallVector<func::FuncOp> functions(module.getOps<func::FuncOp>());
    if (llvm::count_if(functions, [](func::FuncOp f) { return f.isPublic(); }) !=
        1) {
      module.emitError("needs exactly one public function, which the host "
                       "calls; make the others private");
      return signalPassFailure();
    }
    for (func::FuncOp function : functions)
      if (failed(FunctionLowering(*target, objects, numTasks).run(function)))
        return signalPassFailure();
    for (auto cache :
         llvm::make_early_inc_range(module.getOps<llm::KVCacheOp>()))
      cache.erase();
    numObjects = objects.size();
  }

  /// Checks the context and lowers it to `max-tokens`.
  LogicalResult setContext(ModuleOp module, const Device &target) {
    std::optional<int64_t> tokens = llm::getMaxTokens(module);
    if (!tokens)
      return module.emitError(
          "does not state its largest context; give the module the attribute "
          "llm.max_tokens = N : i64");
    if (maxTokens < 0 || maxTokens > *tokens)
      return module.emitError("has a largest context of ")
             << *tokens << " tokens, but max-tokens asks for " << maxTokens
             << "; ask for 1 to " << *tokens;
    if (maxTokens > 0)
      tokens = maxTokens;
    const int64_t limit = target["MAX_TOKEN"];
    if (*tokens > limit)
      return module.emitError("has a largest context of ")
             << *tokens << " tokens, " << *tokens - limit
             << " more than the " << limit << " of " << target.getName()
             << "; use --max-tokens=" << limit << " or less";
    module->setAttr(llm::LLMDialect::getMaxTokensAttrName(),
                    IntegerAttr::get(IntegerType::get(&getContext(), 64),
                                     *tokens));
    return success();
  }
};

} // namespace
