//===- OpLowering.cpp - Ops of llm to accel -------------------------------===//
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

/// Tasks on heads take maps that llm.split_heads made, the others maps that it
/// did not.
LogicalResult FunctionLowering::checkMaps(Operation *op) {
  if (!isa<llm::LLMDialect>(op->getDialect()))
    return success();
  for (Type type : op->getResultTypes()) {
    auto tensor = dyn_cast<RankedTensorType>(type);
    if (tensor && !tensor.hasStaticShape() && !tensor.getEncoding())
      return op->emitOpError("yields ")
             << tensor << ", whose type does not say how many tokens it has; "
             << "give it an encoding like #llm.dims<1, seq, 64>";
  }
  const bool wantsHeads =
      isa<llm::RopeOp, llm::KVAppendOp, llm::AttentionScoresOp, llm::SoftmaxOp,
          llm::AttentionValuesOp, llm::MergeHeadsOp>(op);
  for (Value operand : op->getOperands()) {
    Value lowered = map.lookupOrNull(operand);
    auto type =
        lowered ? dyn_cast<MemRefType>(lowered.getType()) : MemRefType();
    if (!type || !type.getElementType().isF16())
      continue;
    if (wantsHeads && type.getRank() != 4)
      return op->emitOpError("works on heads; split the map before with "
                             "llm.split_heads");
    if (!wantsHeads && type.getRank() != 3)
      return op->emitOpError("works on maps without heads; merge the heads "
                             "before with llm.merge_heads");
  }
  return success();
}

/// Ops that become tasks must have names.
LogicalResult FunctionLowering::checkTask(Operation *op) {
  const bool isTask =
      isa<llm::LinearOp, llm::RMSNormOp, llm::LayerNormOp, llm::RopeOp,
          llm::KVAppendOp, llm::AttentionScoresOp, llm::SoftmaxOp,
          llm::AttentionValuesOp, llm::ActivationOp, llm::AddOp, llm::MulOp>(
          op);
  return isTask ? objects.checkTaskName(op) : success();
}

LogicalResult FunctionLowering::lower(Operation *op) {
  if (failed(checkMaps(op)) || failed(checkTask(op)))
    return failure();
  return llvm::TypeSwitch<Operation *, LogicalResult>(op)
      .Case([&](llm::LinearOp op) { return lower(op); })
      .Case([&](llm::RMSNormOp op) { return lower(op); })
      .Case([&](llm::LayerNormOp op) { return lower(op); })
      .Case([&](llm::KVAppendOp op) { return lower(op); })
      .Case([&](llm::LastTokenOp op) { return lower(op); })
      .Case([&](llm::SplitHeadsOp op) { return lower(op); })
      .Case([&](llm::MergeHeadsOp op) {
        lower(op);
        return success();
      })
      .Case([&](llm::RopeOp op) -> LogicalResult {
        // No table can turn pairs of neighbours into others.
        if (op.getStyle() != llm::RopeStyle::Interleaved)
          return op.emitOpError("pairs channels half a rotation apart, but ")
                 << device.getName()
                 << " pairs neighbours; run llm-interleave-rope before";
        StringAttr name = llm::getTaskName(op);
        Value out =
            createBuffer(op->getLoc(), name, op.getType(), /*hasHeads=*/true);
        Value table = getObject(op.getLoc(), objects.getRopeTable(op), {});
        Value past = getTokens(llm::DimsAttr::getPast(op.getContext()));
        map.map(op.getResult(), out);
        return createTask<accel::RopeOp>(
            op.getLoc(), name, map.lookup(op.getInput()), table, past, out);
      })
      .Case([&](llm::AttentionScoresOp op) {
        StringAttr name = llm::getTaskName(op);
        Value out = createBuffer(op->getLoc(), name, op.getType(),
                                 /*hasHeads=*/true);
        Value cache = getObject(
            op.getLoc(), objects.getCache(op.getCacheAttr()), op.getLayer());
        Value keys = getTokens(llm::DimsAttr::getTotal(op.getContext()));
        map.map(op.getResult(), out);
        return createTask<accel::ScoresOp>(
            op.getLoc(), name, map.lookup(op.getInput()), cache, keys,
            op.getScale(), out, objects.getCacheHeads(op.getCacheAttr()));
      })
      .Case([&](llm::SoftmaxOp op) {
        StringAttr name = llm::getTaskName(op);
        Value out = createBuffer(op->getLoc(), name, op.getType(),
                                 /*hasHeads=*/true);
        Value keys = getTokens(llm::DimsAttr::getTotal(op.getContext()));
        Value past = getTokens(llm::DimsAttr::getPast(op.getContext()));
        map.map(op.getResult(), out);
        return createTask<accel::SoftmaxOp>(
            op.getLoc(), name, map.lookup(op.getInput()), keys, past, out);
      })
      .Case([&](llm::AttentionValuesOp op) {
        StringAttr name = llm::getTaskName(op);
        Value out = createBuffer(op->getLoc(), name, op.getType(),
                                 /*hasHeads=*/true);
        Value cache = getObject(
            op.getLoc(), objects.getCache(op.getCacheAttr()), op.getLayer());
        Value keys = getTokens(llm::DimsAttr::getTotal(op.getContext()));
        map.map(op.getResult(), out);
        return createTask<accel::ValuesOp>(
            op.getLoc(), name, map.lookup(op.getInput()), cache, keys, out,
            objects.getCacheHeads(op.getCacheAttr()));
      })
      .Case([&](llm::ActivationOp op) {
        StringAttr name = llm::getTaskName(op);
        Value out =
            createBuffer(op->getLoc(), name, op.getType(), /*hasHeads=*/false);
        Value table = getObject(op.getLoc(),
                                objects.getActivationTable(op.getKind()), {});
        map.map(op.getResult(), out);
        return createTask<accel::ActivationOp>(op.getLoc(), name,
                                               map.lookup(op.getInput()), table,
                                               out, op.getType().getDimSize(2));
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
        auto isCount = [](Type type) { return type.isIntOrIndex(); };
        if (!isa_and_nonnull<arith::ArithDialect>(op->getDialect()) ||
            !llvm::all_of(op->getOperandTypes(), isCount) ||
            !llvm::all_of(op->getResultTypes(), isCount))
          return op->emitOpError("cannot be turned into hardware tasks; the "
                                 "ops of the llm dialect, arith on integers, "
                                 "scf.for and func.call can");
        builder().clone(*op, map);
        return success();
      });
}

LogicalResult FunctionLowering::lower(llm::LinearOp op) {
  StringAttr name = llm::getTaskName(op);
  Value out =
      createBuffer(op->getLoc(), name, op.getType(), /*hasHeads=*/false);
  Value weight = getObject(op.getLoc(), objects.getWeight(op.getWeightAttr()),
                           op.getLayer());
  Value scaleBias;
  if (op.getScaleAttr())
    scaleBias = getObject(op.getLoc(), objects.getScaleBias(op), op.getLayer());
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
          MemRefType::get(argmaxOp.getType().getShape(), builder().getI32Type(),
                          MemRefLayoutAttrInterface(), getMapSpace()),
          dims);
    }
    map.map(argmaxOp.getResult(), argmax);
  }
  map.map(op.getResult(), out);
  return createTask<accel::LinearOp>(
      op.getLoc(), name, map.lookup(op.getInput()), weight, scaleBias, residual,
      residualKind, out, argmax,
      builder().getI64IntegerAttr(
          cast<RankedTensorType>(op.getInput().getType()).getDimSize(2)),
      builder().getI64IntegerAttr(op.getType().getDimSize(2)));
}

LogicalResult FunctionLowering::lower(llm::RMSNormOp op) {
  objects.checkEpsilon(op, op.getEpsilon().convertToDouble());
  StringAttr name = llm::getTaskName(op);
  Value out =
      createBuffer(op->getLoc(), name, op.getType(), /*hasHeads=*/false);
  Value weight =
      getObject(op.getLoc(), objects.getNormWeight(op.getWeightAttr(), {}),
                op.getLayer());
  map.map(op.getResult(), out);
  return createTask<accel::NormOp>(op.getLoc(), accel::NormKind::RMS, name,
                                   map.lookup(op.getInput()), weight, out,
                                   op.getType().getDimSize(2));
}

LogicalResult FunctionLowering::lower(llm::LayerNormOp op) {
  objects.checkEpsilon(op, op.getEpsilon().convertToDouble());
  StringAttr name = llm::getTaskName(op);
  Value out =
      createBuffer(op->getLoc(), name, op.getType(), /*hasHeads=*/false);
  Value weight = getObject(
      op.getLoc(), objects.getNormWeight(op.getWeightAttr(), op.getBiasAttr()),
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
      llm::getTaskName(op), map.lookup(op.getInput()), past, object);
}

LogicalResult FunctionLowering::lowerBinary(Operation *op,
                                            accel::BinaryKind kind, Value lhs,
                                            Value rhs) {
  auto type = cast<RankedTensorType>(op->getResult(0).getType());
  if (rhs.getType() != type)
    return op->emitOpError("combines a map with a value per channel, which "
                           "only a linear layer can; run llm-fuse-scale-bias "
                           "before, and see that a linear layer precedes it");
  StringAttr name = llm::getTaskName(op);
  Value out = createBuffer(op->getLoc(), name, type, /*hasHeads=*/false);
  map.map(op->getResult(0), out);
  return createTask<accel::ElementwiseOp>(
      op->getLoc(), kind, name, map.lookup(lhs), map.lookup(rhs), out);
}

LogicalResult FunctionLowering::lower(llm::LastTokenOp op) {
  auto type = cast<RankedTensorType>(op.getInput().getType());
  Value source = map.lookup(op.getInput());
  auto sourceType = cast<MemRefType>(source.getType());
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

LogicalResult FunctionLowering::lower(llm::SplitHeadsOp op) {
  MemRefType type = getMapType(getBlockedDims(op.getType(), true));
  Value source = map.lookup(op.getInput());
  if (!cast<MemRefType>(source.getType()).getLayout().isIdentity())
    return op.emitOpError("splits a part of a map (the last token); split the "
                          "heads before taking the part");
  const int64_t lanes = device.getTraits().lanes;
  if (op.getType().getDimSize(2) % lanes != 0)
    return op.emitOpError("makes heads of ")
           << op.getType().getDimSize(2) << " channels, which must be a "
           << "multiple of " << lanes << " on " << device.getName();
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
  return success();
}

void FunctionLowering::lower(llm::MergeHeadsOp op) {
  SmallVector<ReassociationIndices> groups = {{0, 1}, {2}, {3}};
  map.map(op.getResult(),
          memref::CollapseShapeOp::create(builder(), op.getLoc(),
                                          map.lookup(op.getInput()), groups)
              .getResult());
}
