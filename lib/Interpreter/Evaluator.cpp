//===- Evaluator.cpp - Walks the ops of a module --------------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Evaluator.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "llvm/ADT/TypeSwitch.h"
#include "llvm/Support/CheckedArithmetic.h"
#include "llvm/Support/SaveAndRestore.h"

using namespace dlavm;
using namespace dlavm::interpreter;
using llvm::createStringError;
using llvm::Error;
using llvm::Expected;
using llvm::Twine;
using mlir::Block;
using mlir::Operation;
using mlir::Value;

KVCaches interpreter::createCaches(mlir::ModuleOp module) {
  KVCaches caches;
  for (auto op : module.getOps<llm::KVCacheOp>()) {
    auto type = mlir::cast<mlir::RankedTensorType>(op.getType());
    for (int64_t layer = 0, end = op.getLayers().value_or(1); layer < end;
         ++layer)
      caches[{op.getSymName().str(), layer}] = {
          type.getDimSize(0), type.getDimSize(2), {}};
  }
  return caches;
}

//===----------------------------------------------------------------------===//
// Control flow
//===----------------------------------------------------------------------===//

std::vector<RuntimeValue>
Evaluator::Frame::getValues(mlir::ValueRange range) const {
  std::vector<RuntimeValue> result;
  for (Value value : range)
    result.push_back(values.find(value)->second);
  return result;
}

Evaluator::Frame Evaluator::enter(mlir::func::FuncOp function,
                                  std::vector<RuntimeValue> arguments) {
  Frame frame;
  for (auto [argument, value] :
       llvm::zip_equal(function.getArguments(), arguments)) {
    // Like the driver: what takes a layer is one.
    if (const int64_t *index = std::get_if<int64_t>(&value))
      frame.layer = *index;
    frame.values[argument] = std::move(value);
  }
  return frame;
}

Expected<std::vector<RuntimeValue>>
Evaluator::call(mlir::func::FuncOp function,
                std::vector<RuntimeValue> arguments) {
  Frame frame = enter(function, std::move(arguments));
  return evaluate(function.getBody().front(), frame);
}

Expected<std::vector<RuntimeValue>> Evaluator::evaluate(Block &block,
                                                        Frame &frame) {
  for (Operation &op : block.without_terminator())
    if (Error error = evaluate(&op, frame))
      return error;
  return frame.getValues(block.getTerminator()->getOperands());
}

Error Evaluator::evaluate(mlir::scf::ForOp op, Frame &frame) {
  const int64_t step = frame.getIndex(op.getStep());
  if (step < 1)
    return createStringError("a loop has the step " + Twine(step) +
                             "; it must be positive");
  std::vector<RuntimeValue> carried;
  for (Value init : op.getInitArgs())
    carried.push_back(frame.values.find(init)->second);
  llvm::SaveAndRestore<int64_t> outerLayer(frame.layer);
  Value variable = op.getInductionVar();
  const int64_t end = frame.getIndex(op.getUpperBound());
  std::optional<int64_t> next = frame.getIndex(op.getLowerBound());
  // Where the variable has no next value, the loop is at its end.
  while (next && *next < end) {
    const int64_t i = *next;
    next = llvm::checkedAdd(i, step);
    if (Error error = countStep())
      return error;
    if (llm::isLayerLoop(op))
      frame.layer = i;
    frame.values[variable] = i;
    for (auto [argument, value] :
         llvm::zip_equal(op.getRegionIterArgs(), carried))
      frame.values[argument] = std::move(value);
    Expected<std::vector<RuntimeValue>> yielded =
        evaluate(*op.getBody(), frame);
    if (!yielded)
      return yielded.takeError();
    carried = std::move(*yielded);
  }
  for (auto [result, value] : llvm::zip_equal(op.getResults(), carried))
    frame.values[result] = std::move(value);
  return Error::success();
}

Error Evaluator::countStep() {
  constexpr int64_t kMaxSteps = int64_t{1} << 20;
  if (++numSteps <= kMaxSteps)
    return Error::success();
  return createStringError("the model is not at its end after " +
                           Twine(kMaxSteps) + " iterations of loops and calls");
}

Error Evaluator::evaluate(mlir::func::CallOp op, Frame &frame) {
  if (Error error = countStep())
    return error;
  auto callee = mlir::SymbolTable::lookupNearestSymbolFrom<mlir::func::FuncOp>(
      op, op.getCalleeAttr());
  Expected<std::vector<RuntimeValue>> results =
      call(callee, frame.getValues(op.getOperands()));
  if (!results)
    return results.takeError();
  for (auto [result, value] : llvm::zip_equal(op.getResults(), *results))
    frame.values[result] = std::move(value);
  return Error::success();
}

//===----------------------------------------------------------------------===//
// Ops
//===----------------------------------------------------------------------===//

/// The ids from \p count on never win.
static void maskLogits(MapValue &logits, int64_t count) {
  for (int64_t token = 0; token < logits.tokens; ++token)
    for (int64_t id = count; id < logits.channels; ++id)
      logits.at(0, token, id) = -65504;
}

Error Evaluator::define(Operation *op, Frame &frame, RuntimeValue value) {
  if (logits && op->getResult(0) == logits)
    maskLogits(std::get<MapValue>(value), usableIds);
  if (mlir::StringAttr name = llm::getTaskName(op))
    if (const auto *map = std::get_if<MapValue>(&value))
      observer(frame.layer, name, *map);
  frame.values[op->getResult(0)] = std::move(value);
  return Error::success();
}

MapValue Evaluator::getOperand(Value value, const MapValue &like,
                               Frame &frame) {
  const auto *vector =
      std::get_if<std::vector<double>>(&frame.values.find(value)->second);
  if (!vector)
    return frame.getMap(value);
  MapValue result = like;
  for (size_t i = 0; i < result.values.size(); ++i)
    result.values[i] = (*vector)[i % vector->size()];
  return result;
}

Error Evaluator::evaluate(Operation *op, Frame &frame) {
  auto map = [&](Value value) -> const MapValue & {
    return frame.getMap(value);
  };
  auto arithmetic = [&](auto compute) {
    return define(
        op, frame,
        static_cast<int64_t>(
            compute(static_cast<uint64_t>(frame.getIndex(op->getOperand(0))),
                    static_cast<uint64_t>(frame.getIndex(op->getOperand(1))))));
  };
  return llvm::TypeSwitch<Operation *, Error>(op)
      .Case<mlir::scf::ForOp, mlir::func::CallOp, llm::GetParameterOp,
            llm::LinearOp, llm::Conv2DOp, llm::RMSNormOp, llm::LayerNormOp,
            llm::RopeOp, llm::KVAppendOp, llm::AttentionScoresOp,
            llm::AttentionValuesOp>(
          [&](auto op) { return evaluate(op, frame); })
      .Case([&](mlir::arith::ConstantOp op) {
        return define(op, frame,
                      mlir::cast<mlir::IntegerAttr>(op.getValue()).getInt());
      })
      .Case([&](mlir::arith::AddIOp) { return arithmetic(std::plus<>()); })
      .Case([&](mlir::arith::SubIOp) { return arithmetic(std::minus<>()); })
      .Case(
          [&](mlir::arith::MulIOp) { return arithmetic(std::multiplies<>()); })
      .Case([&](llm::SplitHeadsOp op) {
        return define(
            op, frame,
            splitHeads(map(op.getInput()), op.getType().getDimSize(0)));
      })
      .Case([&](llm::MergeHeadsOp op) {
        return define(op, frame, mergeHeads(map(op.getInput())));
      })
      .Case([&](llm::CutPatchesOp op) {
        return define(op, frame,
                      cutPatches(map(op.getInput()), op.getWindow()));
      })
      .Case([&](llm::SoftmaxOp op) {
        return define(
            op, frame,
            softmax(numerics, map(op.getInput()), past, !op.getUnmasked()));
      })
      .Case([&](llm::ActivationOp op) {
        return define(op, frame,
                      activation(numerics, op.getKind(), map(op.getInput())));
      })
      .Case([&](llm::AddOp op) {
        const MapValue &lhs = map(op.getLhs());
        return define(op, frame,
                      add(numerics, lhs, getOperand(op.getRhs(), lhs, frame)));
      })
      .Case([&](llm::SubOp op) {
        const MapValue &lhs = map(op.getLhs());
        return define(op, frame,
                      sub(numerics, lhs, getOperand(op.getRhs(), lhs, frame)));
      })
      .Case([&](llm::MulOp op) {
        const MapValue &lhs = map(op.getLhs());
        return define(op, frame,
                      mul(numerics, lhs, getOperand(op.getRhs(), lhs, frame)));
      })
      .Case([&](llm::LastTokenOp op) {
        const MapValue &input = map(op.getInput());
        return define(op, frame, keepsAllTokens ? input : lastToken(input));
      })
      .Case([&](llm::ArgmaxOp op) {
        return define(op, frame, argmax(numerics, map(op.getInput())));
      });
}

Error Evaluator::evaluate(llm::GetParameterOp op, Frame &frame) {
  Expected<Vector> values =
      parameters.getVector(op.getParameter(), frame.getLayer(op.getLayer()));
  if (!values)
    return values.takeError();
  return define(op, frame, values->vec());
}

Error Evaluator::evaluate(llm::LinearOp op, Frame &frame) {
  const int64_t layer = frame.getLayer(op.getLayer());
  Vector scale, bias;
  if (op.getScale()) {
    Expected<Vector> scales = parameters.getVector(*op.getScale(), layer);
    if (!scales)
      return scales.takeError();
    Expected<Vector> biases = parameters.getVector(*op.getBias(), layer);
    if (!biases)
      return biases.takeError();
    scale = *scales;
    bias = *biases;
  }
  const MapValue &input = frame.getMap(op.getInput());
  const MapValue *residual =
      op.getResidual() ? &frame.getMap(op.getResidual()) : nullptr;
  const LinearEpilogue epilogue = {
      scale, bias, residual,
      op.getResidualKind().value_or(llm::ResidualKind::Add), op.getRelu()};
  if (multiply) {
    Expected<MapValue> products = multiply(op, layer, input);
    if (!products)
      return products.takeError();
    applyEpilogue(numerics, epilogue, *products);
    return define(op, frame, std::move(*products));
  }
  Expected<const Weight *> weight = parameters.getWeight(op.getWeight(), layer);
  if (!weight)
    return weight.takeError();
  return define(op, frame, linear(numerics, input, **weight, epilogue));
}

Error Evaluator::evaluate(llm::Conv2DOp op, Frame &frame) {
  const int64_t layer = frame.getLayer(op.getLayer());
  Expected<const Kernels *> kernels =
      parameters.getKernels(op.getWeight(), layer);
  if (!kernels)
    return kernels.takeError();
  Expected<Vector> scale = parameters.getVector(op.getScale(), layer);
  if (!scale)
    return scale.takeError();
  Expected<Vector> bias = parameters.getVector(op.getBias(), layer);
  if (!bias)
    return bias.takeError();
  return define(op, frame,
                conv2d(numerics, frame.getMap(op.getInput()), **kernels, *scale,
                       *bias, op.getRelu(), op.getWindow()));
}

Error Evaluator::evaluate(llm::RMSNormOp op, Frame &frame) {
  Expected<Vector> weight =
      parameters.getVector(op.getWeight(), frame.getLayer(op.getLayer()));
  if (!weight)
    return weight.takeError();
  return define(op, frame,
                rmsNorm(numerics, frame.getMap(op.getInput()), *weight,
                        op.getEpsilon().convertToDouble()));
}

Error Evaluator::evaluate(llm::LayerNormOp op, Frame &frame) {
  const int64_t layer = frame.getLayer(op.getLayer());
  Expected<Vector> weight = parameters.getVector(op.getWeight(), layer);
  if (!weight)
    return weight.takeError();
  Expected<Vector> bias = parameters.getVector(op.getBias(), layer);
  if (!bias)
    return bias.takeError();
  return define(op, frame,
                layerNorm(numerics, frame.getMap(op.getInput()), *weight, *bias,
                          op.getEpsilon().convertToDouble()));
}

Error Evaluator::evaluate(llm::RopeOp op, Frame &frame) {
  return define(op, frame,
                rope(numerics, frame.getMap(op.getInput()), op.getStyle(),
                     getRopeAngles(op), past));
}

//===----------------------------------------------------------------------===//
// Ops on KV caches
//===----------------------------------------------------------------------===//

/// The cache of a layer, or null if there is no such layer.
template <typename OpTy> KVCache *Evaluator::findCache(OpTy op, Frame &frame) {
  auto it = caches.find({op.getCache().str(), frame.getLayer(op.getLayer())});
  return it == caches.end() ? nullptr : &it->second;
}

template <typename OpTy> static Error noSuchLayer(OpTy op, int64_t layer) {
  return createStringError("the KV cache @" + op.getCache() + " has no layer " +
                           Twine(layer));
}

Error Evaluator::evaluate(llm::KVAppendOp op, Frame &frame) {
  KVCache *cache = findCache(op, frame);
  if (!cache)
    return noSuchLayer(op, frame.getLayer(op.getLayer()));
  const MapValue &input = frame.getMap(op.getInput());
  kvAppend(*cache, input, past);
  if (mlir::StringAttr name = llm::getTaskName(op))
    observer(frame.layer, name, input);
  return define(op, frame, Ordering());
}

/// The cache that an attention op reads. Fails if it lacks tokens of the call.
template <typename OpTy>
Expected<const KVCache *> Evaluator::getFilledCache(OpTy op, Frame &frame) {
  const int64_t layer = frame.getLayer(op.getLayer());
  const KVCache *cache = findCache(op, frame);
  if (!cache)
    return noSuchLayer(op, layer);
  if (cache->getTokens() != past + seq)
    return createStringError(
        Twine(op->getName().getStringRef()) + " reads " + Twine(past + seq) +
        " tokens of layer " + Twine(layer) + " of the KV cache @" +
        op.getCache() + ", which has " + Twine(cache->getTokens()) +
        "; append those of the call before");
  return cache;
}

Error Evaluator::evaluate(llm::AttentionScoresOp op, Frame &frame) {
  Expected<const KVCache *> cache = getFilledCache(op, frame);
  if (!cache)
    return cache.takeError();
  return define(op, frame,
                attentionScores(numerics, frame.getMap(op.getInput()), **cache,
                                op.getScale().convertToDouble(),
                                op.getType().getDimSize(0)));
}

Error Evaluator::evaluate(llm::AttentionValuesOp op, Frame &frame) {
  Expected<const KVCache *> cache = getFilledCache(op, frame);
  if (!cache)
    return cache.takeError();
  return define(op, frame,
                attentionValues(numerics, frame.getMap(op.getInput()), **cache,
                                op.getType().getDimSize(0)));
}
