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
  return MemRefType::get(dims.getShape(), Float16Type::get(context),
                         MemRefLayoutAttrInterface(),
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
  auto to =
      func::FuncOp::create(builder(), from.getLoc(), from.getName(),
                           FunctionType::get(context, arguments, results));
  to.setVisibility(from.getVisibility());
  Block *entry = to.addEntryBlock();
  builder().setInsertionPointToStart(entry);

  unsigned numInputs = 0;
  const unsigned numMaps =
      llvm::count_if(from.getArgumentTypes(), llvm::IsaPred<RankedTensorType>);
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
      std::string name =
          numMaps == 1 ? "hidden" : "argument" + std::to_string(numInputs++);
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

LogicalResult FunctionLowering::lowerBlock(Block &from, bool isEntry) {
  for (Operation &op : from) {
    if (auto ret = dyn_cast<func::ReturnOp>(op)) {
      if (failed(isEntry ? lowerEntryReturn(ret) : lowerReturn(ret)))
        return failure();
      continue;
    }
    if (auto yield = dyn_cast<scf::YieldOp>(op)) {
      if (failed(checkNoView(yield, yield.getOperands(), map)))
        return failure();
      // A loop that carries nothing comes with its terminator.
      if (yield.getNumOperands() > 0)
        builder().clone(op, map);
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
  const unsigned numMaps = llvm::count_if(op.getOperands(), [](Value value) {
    return !value.getDefiningOp<llm::ArgmaxOp>();
  });
  for (Value result : op.getOperands()) {
    auto buffer = map.lookup(result).getDefiningOp<accel::BufferOp>();
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
    const bool isLogits =
        llvm::any_of(result.getUsers(), llvm::IsaPred<llm::ArgmaxOp>);
    buffer.setHost(isLogits       ? "logits"
                   : numMaps == 1 ? "output"
                                  : "output" + std::to_string(numOutputs++));
    buffer.setChannels(type.getDimSize(2));
  }
  func::ReturnOp::create(builder(), op.getLoc());
  return success();
}
