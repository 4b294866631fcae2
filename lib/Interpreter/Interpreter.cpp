//===- Interpreter.cpp - The reference interpreter ------------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DLAVM/Interpreter/Interpreter.h"
#include "DLAVM/Device/Conventions.h"
#include "DLAVM/Dialect/LLM/IR/LLM.h"
#include "Evaluator.h"
#include "Verify.h"

#include "llvm/ADT/StringExtras.h"

using namespace dlavm;
using namespace dlavm::interpreter;
using llvm::createStringError;
using llvm::Error;
using llvm::Expected;
using llvm::Twine;

class Interpreter::Impl {
public:
  Impl(mlir::ModuleOp module, mlir::func::FuncOp model, TensorSource &tensors,
       const InterpreterOptions &options)
      : module(module), model(model), tensors(tensors),
        numerics(options.arithmetic == Arithmetic::Device ? options.device
                                                          : nullptr),
        parameters(module, tensors, options),
        keepsAllTokens(options.keepsAllTokens), usableIds(options.usableIds),
        caches(createCaches(module)) {
    model.walk([&](llm::ArgmaxOp op) { logits = op.getInput(); });
  }

  /// The tokens of a call; an image has pixels instead, and one token.
  int64_t getSeq(const MapValue &input) {
    auto type =
        mlir::cast<mlir::RankedTensorType>(model.getArgumentTypes().front());
    return type.isDynamicDim(1) ? input.tokens : 1;
  }
  Error checkCall(const MapValue &input, int64_t past);
  /// Drops what the KV caches hold from token \p past on.
  void forget(int64_t past) {
    for (auto &[name, cache] : caches)
      if (cache.getTokens() > past)
        cache.values.resize(past * cache.heads * cache.channels);
    history = past;
  }

  mlir::ModuleOp module;
  mlir::func::FuncOp model;
  TensorSource &tensors;
  Numerics numerics;
  ModelParameters parameters;
  const bool keepsAllTokens;
  const std::optional<int64_t> usableIds;
  /// What llm.argmax takes, or null.
  mlir::Value logits;
  KVCaches caches;
  /// The tokens in the KV caches.
  int64_t history = 0;
};

Interpreter::Interpreter(std::unique_ptr<Impl> impl) : impl(std::move(impl)) {}
Interpreter::~Interpreter() = default;

mlir::FailureOr<std::unique_ptr<Interpreter>>
Interpreter::create(mlir::ModuleOp module, TensorSource &tensors,
                    const InterpreterOptions &options) {
  if (options.arithmetic == Arithmetic::Device && !options.device)
    return module.emitError("needs a device to be interpreted in its "
                            "arithmetic");
  if (options.arithmetic == Arithmetic::Device)
    if (std::optional<std::string> problem = checkConventions(*options.device))
      return module.emitError(*problem);
  mlir::FailureOr<mlir::func::FuncOp> model = getModelFunction(module);
  if (failed(model))
    return mlir::failure();
  auto impl = std::make_unique<Impl>(module, *model, tensors, options);
  mlir::WalkResult result = module.walk([&](llm::ActivationOp op) {
    if (impl->numerics.addActivation(op.getKind()))
      return mlir::WalkResult::advance();
    op.emitOpError("has no table for this function, which the device needs");
    return mlir::WalkResult::interrupt();
  });
  if (result.wasInterrupted())
    return mlir::failure();
  return std::unique_ptr<Interpreter>(new Interpreter(std::move(impl)));
}

/// The size that \p expr of seq and past has in a call.
static int64_t getSize(mlir::AffineExpr expr, int64_t seq, int64_t past) {
  mlir::MLIRContext *context = expr.getContext();
  return mlir::cast<mlir::AffineConstantExpr>(
             expr.replaceDims({mlir::getAffineConstantExpr(seq, context),
                               mlir::getAffineConstantExpr(past, context)}))
      .getValue();
}

Error Interpreter::Impl::checkCall(const MapValue &input, int64_t past) {
  const int64_t seq = getSeq(input);
  if (seq < 1)
    return createStringError("a call has at least one token");
  if (past < 0 || past > history)
    return createStringError("the KV caches hold " + Twine(history) +
                             " tokens, but the call wants to follow " +
                             Twine(past));
  std::optional<int64_t> maxTokens = llm::getMaxTokens(module);
  if (maxTokens && seq + past > *maxTokens)
    return createStringError("the largest context is " + Twine(*maxTokens) +
                             " tokens, but the call has " + Twine(seq) +
                             " after " + Twine(past));
  auto type =
      mlir::cast<mlir::RankedTensorType>(model.getArgumentTypes().front());
  const int64_t sizes[] = {input.maps, input.tokens, input.channels};
  for (auto [i, expr] :
       llvm::enumerate(llm::getDims(type).getMap().getResults()))
    if (getSize(expr, seq, past) != sizes[i])
      return createStringError("dimension " + Twine(i) + " of the input is " +
                               Twine(sizes[i]) + ", but the model wants " +
                               Twine(getSize(expr, seq, past)));
  return Error::success();
}

Expected<Interpreter::Result>
Interpreter::run(const MapValue &input, int64_t past, Observer observer) {
  if (Error error = impl->checkCall(input, past))
    return error;
  impl->forget(past);

  MapValue stored = input;
  for (double &value : stored.values)
    value = impl->numerics.store(value);
  Evaluator evaluator(impl->numerics, impl->parameters, impl->caches, past,
                      impl->getSeq(input), observer);
  if (impl->keepsAllTokens)
    evaluator.keepAllTokens();
  if (impl->usableIds)
    evaluator.limitIds(impl->logits, *impl->usableIds);
  Expected<std::vector<RuntimeValue>> values =
      evaluator.call(impl->model, {std::move(stored)});
  if (!values) {
    // What the call has appended before it failed is not part of the history.
    impl->forget(past);
    return values.takeError();
  }
  impl->history = past + impl->getSeq(input);

  Result result;
  for (RuntimeValue &value : *values) {
    if (auto *map = std::get_if<MapValue>(&value))
      result.maps.push_back(std::move(*map));
    else
      result.token = std::get<int32_t>(value);
  }
  return result;
}

std::optional<int64_t> Interpreter::getInputRows() const {
  auto type = mlir::cast<mlir::RankedTensorType>(
      impl->model.getArgumentTypes().front());
  if (type.isDynamicDim(1))
    return std::nullopt;
  return type.getDimSize(1);
}

Expected<MapValue> Interpreter::embed(llvm::ArrayRef<int32_t> ids) {
  auto name = impl->module->getAttrOfType<mlir::FlatSymbolRefAttr>(
      llm::LLMDialect::getEmbeddingAttrName());
  if (!name)
    return createStringError("the module does not say where the embedding is; "
                             "it needs the attribute llm.embedding");
  auto op = mlir::cast<llm::ParameterOp>(
      mlir::SymbolTable::lookupSymbolIn(impl->module, name));
  Expected<ParameterRows> rows =
      ParameterRows::open(impl->tensors, llm::getParameterInfo(op), 0);
  if (!rows)
    return rows.takeError();
  const int64_t channels = rows->getNumColumns();
  MapValue result = createMap(1, static_cast<int64_t>(ids.size()), channels);
  std::vector<double> row(channels);
  for (auto [token, id] : llvm::enumerate(ids)) {
    if (id < 0 || id >= rows->getNumRows())
      return createStringError(
          "token " + Twine(id) +
          " is not in the vocabulary, which has ids 0 to " +
          Twine(rows->getNumRows() - 1));
    rows->readRow(id, row);
    for (int64_t c = 0; c < channels; ++c)
      result.at(0, token, c) = impl->numerics.store(row[c]);
  }
  return result;
}

MapValue Interpreter::getCache(llvm::StringRef symbol, int64_t layer) const {
  auto it = impl->caches.find({symbol.str(), layer});
  if (it == impl->caches.end())
    return {};
  const KVCache &cache = it->second;
  MapValue result = createMap(cache.heads, cache.getTokens(), cache.channels);
  for (int64_t head = 0; head < cache.heads; ++head)
    for (int64_t token = 0; token < result.tokens; ++token)
      llvm::copy(cache.getRow(head, token), &result.at(head, token, 0));
  return result;
}
