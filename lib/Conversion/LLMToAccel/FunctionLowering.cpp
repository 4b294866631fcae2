//===- FunctionLowering.cpp - Functions and loops of llm to accel ---------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "FunctionLowering.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace dlavm;

//===----------------------------------------------------------------------===//
// Maps and their types
//===----------------------------------------------------------------------===//

/// [heads, tokens, channels] is [surfaces, tokens, lanes] on the device. Heads
/// of a fixed number of channels lie one after the other; where the channels
/// are tokens, each head begins a surface.
llm::DimsAttr FunctionLowering::getBlockedDims(RankedTensorType type) {
  llm::DimsAttr dims = llm::getDims(type);
  MLIRContext *context = type.getContext();
  const int64_t lanes = device.getTraits().lanes;
  const AffineExpr heads = dims.getDim(0), channels = dims.getDim(2);
  const AffineExpr surfaces = type.isDynamicDim(2)
                                  ? heads * channels.ceilDiv(lanes)
                                  : (heads * channels).ceilDiv(lanes);
  return llm::DimsAttr::get(AffineMap::get(
      2, 0, {surfaces, dims.getDim(1), getAffineConstantExpr(lanes, context)},
      context));
}

MemRefType FunctionLowering::getMapType(llm::DimsAttr dims) {
  MLIRContext *context = dims.getContext();
  return MemRefType::get(dims.getShape(), Float16Type::get(context),
                         MemRefLayoutAttrInterface(), getMapSpace());
}

accel::SpaceAttr FunctionLowering::getMapSpace() {
  return accel::SpaceAttr::get(builder().getContext(),
                               device.getMapMemory().name);
}

Value FunctionLowering::createBuffer(Location loc, StringRef name,
                                     RankedTensorType type) {
  llm::DimsAttr dims = getBlockedDims(type);
  return accel::BufferOp::create(builder(), loc, name, getMapType(dims), dims);
}

Value FunctionLowering::getTokens(AffineExpr expr) {
  return accel::TokensOp::create(builder(), builder().getUnknownLoc(), expr);
}

LogicalResult FunctionLowering::finishTask(Operation *op) {
  auto task = cast<accel::TaskOpInterface>(op);
  ++numTasks;
  const TaskSupport *support = device.getTask(task.getTaskKind());
  // accel-write-caches replaces it.
  if (!support && isa<accel::KVAppendOp>(op) &&
      device.getTraits().cachesAreMaps)
    return success();
  if (!support)
    return op->emitOpError() << "has no task on " << device.getName();
  return support->verify ? support->verify(op, device) : success();
}

//===----------------------------------------------------------------------===//
// Blocks and control flow
//===----------------------------------------------------------------------===//

bool dlavm::isMapType(Type type) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  return tensor && tensor.getRank() == 3 && tensor.getElementType().isF16() &&
         !tensor.isDynamicDim(0) && !tensor.isDynamicDim(2) &&
         tensor.getDimSize(0) > 0 && tensor.getDimSize(2) > 0 &&
         (tensor.hasStaticShape() ||
          llvm::isa_and_nonnull<llm::DimsAttr>(tensor.getEncoding()));
}

static LogicalResult checkSignature(func::FuncOp function) {
  if (function.isExternal())
    return function.emitOpError("has no body; define it or remove it");
  if (!function.getBody().hasOneBlock())
    return function.emitOpError("branches between blocks; models have scf.for "
                                "and func.call");
  for (Type type : function.getArgumentTypes())
    if (!isMapType(type) && (function.isPublic() || !type.isIndex()))
      return function.emitOpError("takes ")
             << type << ", but functions take maps "
             << (function.isPublic() ? "(the host calls it), "
                                     : "and the layer (index), ")
             << "like tensor<1x?x64xf16, #llm.dims<1, seq, 64>>";
  if (function.isPublic())
    return success();
  if (llvm::count_if(function.getArgumentTypes(),
                     [](Type type) { return type.isIndex(); }) > 1)
    return function.emitOpError("takes several indices; the only one that a "
                                "function can take is the layer");
  for (Type type : function.getResultTypes())
    if (!isMapType(type))
      return function.emitOpError("yields ")
             << type
             << ", but functions yield maps, like tensor<1x?x64xf16, "
                "#llm.dims<1, seq, 64>>";
  return success();
}

Type FunctionLowering::convertType(Type type) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  if (!tensor)
    return type;
  return getMapType(getBlockedDims(tensor));
}

LogicalResult FunctionLowering::run(func::FuncOp from) {
  if (failed(checkSignature(from)))
    return failure();
  const bool isEntry = from.isPublic();
  opBuilder = std::make_unique<OpBuilder>(from);
  SmallVector<Type> arguments, results;
  if (!isEntry) {
    for (Type type : from.getArgumentTypes())
      arguments.push_back(convertType(type));
    for (Type type : from.getResultTypes())
      results.push_back(convertType(type));
  }
  auto to = func::FuncOp::create(
      builder(), from.getLoc(), from.getName(),
      FunctionType::get(from.getContext(), arguments, results));
  to.setVisibility(from.getVisibility());
  for (auto [i, type] : llvm::enumerate(arguments))
    if (type.isIndex())
      to.setArgAttr(i, accel::AccelDialect::getLayerAttrName(),
                    builder().getUnitAttr());
  Block *entry = to.addEntryBlock();
  builder().setInsertionPointToStart(entry);

  unsigned numInputs = 0;
  const unsigned numMaps = llvm::count_if(from.getArgumentTypes(), isMapType);
  for (BlockArgument argument : from.getArguments()) {
    auto type = dyn_cast<RankedTensorType>(argument.getType());
    const std::string number =
        type && numMaps > 1 ? std::to_string(numInputs++) : "";
    if (!isEntry) {
      map.map(argument, entry->getArgument(argument.getArgNumber()));
      continue;
    }
    // Of an image that the host cuts, the device has the patches only.
    auto cut = argument.hasOneUse()
                   ? dyn_cast<llm::CutPatchesOp>(*argument.user_begin())
                   : llm::CutPatchesOp();
    if (cut)
      type = cast<RankedTensorType>(cut.getType());
    Value buffer = createBuffer(from.getLoc(), "input" + number, type);
    setHost(buffer, accel::HostRole::Input, "input" + number, type);
    if (cut)
      buffer.getDefiningOp<accel::BufferOp>().setPatchesAttr(cut.getWindow());
    map.map(cut ? cut.getResult() : Value(argument), buffer);
  }
  if (failed(lowerBlock(from.getBody().front(), isEntry)))
    return failure();
  from.erase();
  return success();
}

/// The host reads and writes rows of all channels of all heads.
void FunctionLowering::setHost(Value buffer, accel::HostRole role,
                               StringRef name, RankedTensorType type) {
  auto op = buffer.getDefiningOp<accel::BufferOp>();
  op.setRole(role);
  op.setHost(name);
  op.setChannels(type.getDimSize(0) * type.getDimSize(2));
}

/// What \p values have become. Fails if one is no index and no whole map.
FailureOr<SmallVector<Value>> FunctionLowering::handOn(Operation *op,
                                                       ValueRange values) {
  SmallVector<Value> result;
  for (Value value : values) {
    Value lowered = map.lookupOrNull(value);
    if (!lowered || !(isMapType(value.getType()) || value.getType().isIndex()))
      return op->emitOpError("hands on ")
             << value.getType()
             << ", but only maps and indices can be handed on";
    auto type = dyn_cast<MemRefType>(lowered.getType());
    if (type && !type.getLayout().isIdentity())
      return op->emitOpError("hands on a part of a map (the last token); hand "
                             "on the whole map, or compute with the part "
                             "first");
    result.push_back(lowered);
  }
  return result;
}

LogicalResult FunctionLowering::lowerBlock(Block &from, bool isEntry) {
  for (Operation &op : from) {
    if (auto ret = dyn_cast<func::ReturnOp>(op)) {
      if (failed(isEntry ? lowerEntryReturn(ret) : lowerReturn(ret)))
        return failure();
      continue;
    }
    if (auto yield = dyn_cast<scf::YieldOp>(op)) {
      FailureOr<SmallVector<Value>> values = handOn(yield, yield.getOperands());
      if (failed(values))
        return failure();
      // A loop that carries nothing comes with its terminator.
      if (!values->empty())
        scf::YieldOp::create(builder(), yield.getLoc(), *values);
      continue;
    }
    if (failed(lower(&op)))
      return failure();
  }
  return success();
}

LogicalResult FunctionLowering::lowerFor(scf::ForOp op) {
  FailureOr<SmallVector<Value>> inits = handOn(op, op.getInitArgs());
  if (failed(inits))
    return failure();
  auto loop = scf::ForOp::create(
      builder(), op.getLoc(), map.lookup(op.getLowerBound()),
      map.lookup(op.getUpperBound()), map.lookup(op.getStep()), *inits);
  loop->setDiscardableAttrs(op->getDiscardableAttrDictionary());
  for (auto [from, to] : llvm::zip_equal(op.getBody()->getArguments(),
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

LogicalResult FunctionLowering::lowerCall(func::CallOp op) {
  FailureOr<SmallVector<Value>> operands = handOn(op, op.getOperands());
  if (failed(operands))
    return failure();
  SmallVector<Type> results;
  for (Type type : op.getResultTypes())
    results.push_back(convertType(type));
  auto call = func::CallOp::create(builder(), op.getLoc(), op.getCallee(),
                                   results, *operands);
  map.map(op.getResults(), call.getResults());
  return success();
}

LogicalResult FunctionLowering::lowerReturn(func::ReturnOp op) {
  FailureOr<SmallVector<Value>> operands = handOn(op, op.getOperands());
  if (failed(operands))
    return failure();
  func::ReturnOp::create(builder(), op.getLoc(), *operands);
  return success();
}

/// The host reads the results of the entry function: logits where an argmax
/// follows them, the token that it yields, and other maps as outputs.
LogicalResult FunctionLowering::lowerEntryReturn(func::ReturnOp op) {
  unsigned numOutputs = 0;
  const unsigned numMaps = llvm::count_if(op.getOperands(), [](Value value) {
    return !value.getDefiningOp<llm::ArgmaxOp>();
  });
  for (Value result : op.getOperands()) {
    Value lowered = map.lookupOrNull(result);
    auto buffer =
        lowered ? lowered.getDefiningOp<accel::BufferOp>() : accel::BufferOp();
    const bool isToken(result.getDefiningOp<llm::ArgmaxOp>());
    if (!isToken && !isMapType(result.getType()))
      return op.emitOpError("yields ")
             << result.getType()
             << ", which the host cannot read; it reads tokens and maps with "
                "a static number of channels";
    if (!buffer || buffer.getHost())
      return op.emitOpError("yields something that no task of the function "
                            "writes for the host; the results must be maps "
                            "that different ops of this function compute");
    if (isToken) {
      buffer.setRole(accel::HostRole::Token);
      buffer.setHost("token");
      buffer.setChannels(1);
      continue;
    }
    auto type = cast<RankedTensorType>(result.getType());
    const bool isLogits =
        llvm::any_of(result.getUsers(), llvm::IsaPred<llm::ArgmaxOp>);
    setHost(buffer, accel::HostRole::Output,
            isLogits       ? "logits"
            : numMaps == 1 ? "output"
                           : "output" + std::to_string(numOutputs++),
            type);
  }
  func::ReturnOp::create(builder(), op.getLoc());
  return success();
}
