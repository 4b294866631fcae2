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

/// Tasks that do not work on heads take one map, not one for each head.
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
  if (isa<llm::RopeOp, llm::KVAppendOp, llm::AttentionScoresOp, llm::SoftmaxOp,
          llm::AttentionValuesOp, llm::MergeHeadsOp>(op))
    return success();
  for (Type type : op->getOperandTypes())
    if (auto tensor = dyn_cast<RankedTensorType>(type);
        tensor && tensor.getRank() == 3 && tensor.getDimSize(0) != 1 &&
        !(isa<llm::RMSNormOp>(op) && isMapType(tensor)))
      return op->emitOpError("works on maps without heads; merge the heads "
                             "before with llm.merge_heads");
  return success();
}

/// Ops that become tasks must have names.
LogicalResult FunctionLowering::checkTask(Operation *op) {
  const bool isTask =
      isa<llm::LinearOp, llm::Conv2DOp, llm::RMSNormOp, llm::LayerNormOp,
          llm::RopeOp, llm::KVAppendOp, llm::AttentionScoresOp, llm::SoftmaxOp,
          llm::AttentionValuesOp, llm::ActivationOp, llm::AddOp, llm::SubOp,
          llm::MulOp>(op);
  return isTask ? objects.checkTaskName(op) : success();
}

/// The places that \p slots in all give each KV head, or null where all of them
/// have a query.
IntegerAttr FunctionLowering::getSlots(int64_t heads, int64_t slots,
                                       int64_t kvHeads) {
  return heads == slots ? IntegerAttr()
                        : builder().getI64IntegerAttr(slots / kvHeads);
}

LogicalResult FunctionLowering::lower(Operation *op) {
  if (failed(checkMaps(op)) || failed(checkTask(op)))
    return failure();
  return llvm::TypeSwitch<Operation *, LogicalResult>(op)
      .Case([&](llm::LinearOp op) { return lower(op); })
      .Case([&](llm::Conv2DOp op) { return lower(op); })
      .Case([&](llm::RMSNormOp op) { return lower(op); })
      .Case([&](llm::LayerNormOp op) { return lower(op); })
      .Case([&](llm::KVAppendOp op) { return lower(op); })
      .Case([&](llm::LastTokenOp op) { return lower(op); })
      // Heads lie where the channels that they are made of lie.
      .Case<llm::SplitHeadsOp, llm::MergeHeadsOp>([&](auto op) {
        map.map(op.getResult(), map.lookup(op.getInput()));
        return success();
      })
      .Case([&](llm::RopeOp op) -> LogicalResult {
        // No table can turn pairs of neighbours into others.
        const Traits traits = device.getTraits();
        const bool halves = op.getStyle() == llm::RopeStyle::HalfSplit;
        if (halves &&
            !(traits.rotatesHalves &&
              static_cast<int64_t>(op.getRotary()) == traits.headChannels))
          return op.emitOpError("pairs channels half a rotation apart, but ")
                 << device.getName()
                 << (traits.rotatesHalves ? " pairs halves of a whole head only"
                                          : " pairs neighbours")
                 << "; run llm-interleave-rope before";
        if (!halves && !traits.rotatesNeighbours)
          return op.emitOpError("pairs neighbouring channels, but ")
                 << device.getName() << " does not";
        StringAttr name = llm::getTaskName(op);
        Value out = createBuffer(op->getLoc(), name, op.getType());
        Value table = getObject(op.getLoc(), objects.getRopeTable(op), {});
        Value past = getTokens(llm::DimsAttr::getPast(op.getContext()));
        map.map(op.getResult(), out);
        return createTask<accel::RopeOp>(
            op.getLoc(), name, map.lookup(op.getInput()), table, past, out,
            op.getType().getDimSize(0), op.getType().getDimSize(2), halves);
      })
      .Case([&](llm::AttentionScoresOp op) {
        auto input = cast<RankedTensorType>(op.getInput().getType());
        StringAttr name = llm::getTaskName(op);
        Value out = createBuffer(op->getLoc(), name, op.getType());
        Value cache = getObject(
            op.getLoc(), objects.getCache(op.getCacheAttr()), op.getLayer());
        Value keys = getTokens(llm::DimsAttr::getTotal(op.getContext()));
        map.map(op.getResult(), out);
        const int64_t kvHeads = objects.getCacheHeads(op.getCacheAttr());
        return createTask<accel::ScoresOp>(
            op.getLoc(), name, map.lookup(op.getInput()), cache, keys,
            op.getScale(), out, /*part=*/ValueRange(),
            op.getType().getDimSize(0), kvHeads, input.getDimSize(2),
            getSlots(op.getType().getDimSize(0), input.getDimSize(0), kvHeads));
      })
      .Case([&](llm::SoftmaxOp op) {
        StringAttr name = llm::getTaskName(op);
        Value out = createBuffer(op->getLoc(), name, op.getType());
        Value keys = getTokens(llm::DimsAttr::getTotal(op.getContext()));
        Value past = getTokens(llm::DimsAttr::getPast(op.getContext()));
        map.map(op.getResult(), out);
        const auto mask = op.getUnmasked()
                              ? accel::MaskKindAttr::get(op.getContext(),
                                                         accel::MaskKind::Never)
                              : accel::MaskKindAttr();
        return createTask<accel::SoftmaxOp>(
            op.getLoc(), name, map.lookup(op.getInput()), keys, past, out,
            builder().getI64IntegerAttr(op.getType().getDimSize(0)), mask);
      })
      .Case([&](llm::AttentionValuesOp op) {
        StringAttr name = llm::getTaskName(op);
        Value out = createBuffer(op->getLoc(), name, op.getType());
        Value cache = getObject(
            op.getLoc(), objects.getCache(op.getCacheAttr()), op.getLayer());
        Value keys = getTokens(llm::DimsAttr::getTotal(op.getContext()));
        map.map(op.getResult(), out);
        const int64_t heads =
            cast<RankedTensorType>(op.getInput().getType()).getDimSize(0);
        const int64_t kvHeads = objects.getCacheHeads(op.getCacheAttr());
        return createTask<accel::ValuesOp>(
            op.getLoc(), name, map.lookup(op.getInput()), cache, keys, out,
            /*part=*/ValueRange(), heads, kvHeads, op.getType().getDimSize(2),
            getSlots(heads, op.getType().getDimSize(0), kvHeads));
      })
      .Case([&](llm::ActivationOp op) {
        StringAttr name = llm::getTaskName(op);
        Value out = createBuffer(op->getLoc(), name, op.getType());
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
      .Case([&](llm::SubOp op) {
        return lowerBinary(op, accel::BinaryKind::Sub, op.getLhs(),
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
      .Case([&](llm::CutPatchesOp op) -> LogicalResult {
        if (map.contains(op.getResult()))
          return success();
        return op.emitOpError("cuts an image that is no input of the model, or "
                              "that other ops read too; only the host can cut "
                              "patches");
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
  Value out = createBuffer(op->getLoc(), name, op.getType());
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
    // The channels that fill up the last group would be as large as others.
    if (op.getRelu())
      return argmaxOp.emitOpError("needs a linear layer without relu, which "
                                  "makes all negative logits equal");
    if (!argmax) {
      auto dims = llm::getDims(argmaxOp.getType());
      argmax = accel::BufferOp::create(
          builder(), op.getLoc(), "token",
          MemRefType::get(argmaxOp.getType().getShape(), builder().getI32Type(),
                          MemRefLayoutAttrInterface(),
                          device.getTraits().argmaxBits ? getMapSpace()
                                                        : accel::SpaceAttr()),
          dims);
    }
    map.map(argmaxOp.getResult(), argmax);
  }
  map.map(op.getResult(), out);
  return createTask<accel::LinearOp>(
      op.getLoc(), name, map.lookup(op.getInput()), weight, scaleBias, residual,
      residualKind, out, argmax, /*part=*/ValueRange(),
      builder().getI64IntegerAttr(
          cast<RankedTensorType>(op.getInput().getType()).getDimSize(2)),
      builder().getI64IntegerAttr(op.getType().getDimSize(2)),
      op.getReluAttr());
}

LogicalResult FunctionLowering::lower(llm::Conv2DOp op) {
  if (failed(objects.checkConvParameters(op)))
    return failure();
  StringAttr name = llm::getTaskName(op);
  Value out = createBuffer(op->getLoc(), name, op.getType());
  Value weight =
      getObject(op.getLoc(), objects.getConvWeight(op), op.getLayer());
  Value scaleBias =
      getObject(op.getLoc(), objects.getScaleBias(op), op.getLayer());
  map.map(op.getResult(), out);
  return createTask<accel::Conv2DOp>(
      op.getLoc(), name, map.lookup(op.getInput()), weight, scaleBias, out,
      /*part=*/ValueRange(),
      cast<RankedTensorType>(op.getInput().getType()).getDimSize(2),
      op.getType().getDimSize(2), op.getRelu(), op.getWindow());
}

LogicalResult FunctionLowering::lower(llm::RMSNormOp op) {
  objects.checkEpsilon(op, op.getWeightAttr(),
                       op.getEpsilon().convertToDouble());
  StringAttr name = llm::getTaskName(op);
  Value out = createBuffer(op->getLoc(), name, op.getType());
  Value weight =
      getObject(op.getLoc(), objects.getNormWeight(op.getWeightAttr(), {}),
                op.getLayer());
  map.map(op.getResult(), out);
  const int64_t heads = op.getType().getDimSize(0);
  return createTask<accel::NormOp>(
      op.getLoc(), accel::NormKind::RMS, name, map.lookup(op.getInput()),
      weight, out, op.getType().getDimSize(2),
      heads == 1 ? IntegerAttr() : builder().getI64IntegerAttr(heads));
}

LogicalResult FunctionLowering::lower(llm::LayerNormOp op) {
  objects.checkEpsilon(op, op.getWeightAttr(),
                       op.getEpsilon().convertToDouble());
  StringAttr name = llm::getTaskName(op);
  Value out = createBuffer(op->getLoc(), name, op.getType());
  Value weight = getObject(
      op.getLoc(), objects.getNormWeight(op.getWeightAttr(), op.getBiasAttr()),
      op.getLayer());
  map.map(op.getResult(), out);
  return createTask<accel::NormOp>(
      op.getLoc(), accel::NormKind::Layer, name, map.lookup(op.getInput()),
      weight, out, op.getType().getDimSize(2), /*heads=*/IntegerAttr());
}

LogicalResult FunctionLowering::lower(llm::KVAppendOp op) {
  auto input = cast<RankedTensorType>(op.getInput().getType());
  FlatSymbolRefAttr cache = objects.getCache(op.getCacheAttr());
  Value object = getObject(op.getLoc(), cache, op.getLayer());
  Value past = getTokens(llm::DimsAttr::getPast(op.getContext()));
  return createTask<accel::KVAppendOp>(
      op.getLoc(), objects.getCacheSide(op.getCacheAttr()),
      llm::getTaskName(op), map.lookup(op.getInput()), past, object,
      input.getDimSize(0), input.getDimSize(2));
}

LogicalResult FunctionLowering::lowerBinary(Operation *op,
                                            accel::BinaryKind kind, Value lhs,
                                            Value rhs) {
  auto type = cast<RankedTensorType>(op->getResult(0).getType());
  if (rhs.getType() != type)
    return op->emitOpError("combines a map with a value per channel, which "
                           "only a linear layer can; run llm-fuse-scale-bias "
                           "before, and see that a linear layer precedes it");
  if (type.isDynamicDim(2))
    return op->emitOpError("combines maps whose channels are tokens, which no "
                           "task does, found ")
           << type;
  StringAttr name = llm::getTaskName(op);
  Value out = createBuffer(op->getLoc(), name, type);
  map.map(op->getResult(0), out);
  return createTask<accel::ElementwiseOp>(op->getLoc(), kind, name,
                                          map.lookup(lhs), map.lookup(rhs), out,
                                          type.getDimSize(2));
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
