//===- Layerwise.cpp - Many sequences, layer by layer ---------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DLAVM/Interpreter/Layerwise.h"
#include "Evaluator.h"
#include "Verify.h"

#include "mlir/Dialect/SCF/Utils/Utils.h"
#include "mlir/IR/OwningOpRef.h"

using namespace dlavm;
using namespace dlavm::interpreter;
using llvm::createStringError;
using llvm::Error;
using llvm::Expected;
using mlir::Operation;

/// Whether an op, or what it calls, has linear layers.
static bool hasLinear(Operation *op) {
  const mlir::WalkResult result = op->walk([](Operation *inner) {
    if (llvm::isa<llm::LinearOp>(inner))
      return mlir::WalkResult::interrupt();
    if (auto call = llvm::dyn_cast<mlir::func::CallOp>(inner))
      if (hasLinear(mlir::SymbolTable::lookupNearestSymbolFrom(
              call, call.getCalleeAttr())))
        return mlir::WalkResult::interrupt();
    return mlir::WalkResult::advance();
  });
  return result.wasInterrupted();
}

namespace {

class LayerwiseRun {
public:
  LayerwiseRun(mlir::ModuleOp module, TensorSource &tensors,
               LayerwiseClient &client)
      : numerics(nullptr), parameters(module, tensors, {}), module(module),
        client(client) {}

  Error run(mlir::func::FuncOp model, std::vector<MapValue> inputs);

private:
  /// What each sequence knows inside of one function.
  using Frames = std::vector<Evaluator::Frame>;

  Error runStep(Operation *step, Frames &frames, bool isLast);
  Error runCall(mlir::func::CallOp call, Frames &frames, bool isLast);
  Error runLinear(llm::LinearOp op, Frames &frames);
  Error runPending(Frames &frames);

  Numerics numerics;
  ModelParameters parameters;
  mlir::ModuleOp module;
  LayerwiseClient &client;
  std::vector<int64_t> tokens;
  std::vector<KVCaches> caches;
  /// The ops of the innermost function that come next.
  std::vector<Operation *> pending;
};

} // namespace

/// Forgets the values that no later op needs.
static void dropDead(Operation *op, Evaluator::Frame &frame) {
  for (mlir::Value operand : op->getOperands()) {
    const bool isDead = llvm::none_of(operand.getUsers(), [&](Operation *user) {
      return op->isBeforeInBlock(op->getBlock()->findAncestorOpInBlock(*user));
    });
    if (isDead)
      frame.values.erase(operand);
  }
}

/// Runs what is pending, sequence after sequence: what lives in between, such
/// as the scores of attention, exists for one of them at a time.
Error LayerwiseRun::runPending(Frames &frames) {
  auto ignore = [](int64_t, llvm::StringRef, const MapValue &) {};
  auto multiply = [&](llm::LinearOp op, int64_t layer, const MapValue &input) {
    return client.multiply(op, layer, input);
  };
  for (auto [frame, seq, cache] : llvm::zip_equal(frames, tokens, caches)) {
    Evaluator evaluator(numerics, parameters, cache, /*past=*/0, seq, ignore);
    evaluator.keepAllTokens();
    evaluator.setMultiply(multiply);
    for (Operation *op : pending) {
      if (Error error = evaluator.evaluate(op, frame))
        return error;
      dropDead(op, frame);
    }
  }
  pending.clear();
  return Error::success();
}

Error LayerwiseRun::runLinear(llm::LinearOp op, Frames &frames) {
  if (Error error = runPending(frames))
    return error;
  const int64_t layer = frames.front().getLayer(op.getLayer());
  for (const Evaluator::Frame &frame : frames)
    if (Error error = client.observe(op, layer, frame.getMap(op.getInput())))
      return error;
  pending.push_back(op);
  return client.endInputs(op, layer);
}

Error LayerwiseRun::runCall(mlir::func::CallOp call, Frames &frames,
                            bool isLast) {
  if (Error error = runPending(frames))
    return error;
  auto callee = mlir::SymbolTable::lookupNearestSymbolFrom<mlir::func::FuncOp>(
      call, call.getCalleeAttr());
  mlir::Block &body = callee.getBody().front();
  // A layer reads what it has written itself.
  caches.assign(frames.size(), createCaches(module));
  Frames inner;
  for (const Evaluator::Frame &frame : frames)
    inner.push_back(
        Evaluator::enter(callee, frame.getValues(call.getOperands())));
  Operation *lastLinear = nullptr;
  for (Operation &op : body)
    if (hasLinear(&op))
      lastLinear = &op;
  for (Operation &op : body.without_terminator()) {
    if (Error error = runStep(&op, inner, isLast && &op == lastLinear))
      return error;
    if (isLast && &op == lastLinear)
      return Error::success();
  }
  if (Error error = runPending(inner))
    return error;
  mlir::Operation *terminator = body.getTerminator();
  for (auto [frame, values] : llvm::zip_equal(frames, inner)) {
    for (auto [result, value] : llvm::zip_equal(
             call.getResults(), values.getValues(terminator->getOperands())))
      frame.values[result] = std::move(value);
    dropDead(call, frame);
  }
  return Error::success();
}

/// Runs an op, at least as far as linear layers have seen their inputs.
Error LayerwiseRun::runStep(Operation *step, Frames &frames, bool isLast) {
  if (auto linear = llvm::dyn_cast<llm::LinearOp>(step))
    return runLinear(linear, frames);
  auto call = llvm::dyn_cast<mlir::func::CallOp>(step);
  if (call && hasLinear(call))
    return runCall(call, frames, isLast);
  if (hasLinear(step))
    return createStringError("linear layers inside of '" +
                             step->getName().getStringRef() +
                             "' cannot be looked at one by one");
  pending.push_back(step);
  return Error::success();
}

Error LayerwiseRun::run(mlir::func::FuncOp model,
                        std::vector<MapValue> inputs) {
  mlir::Block &body = model.getBody().front();
  Operation *last = nullptr;
  int64_t done = 0, total = 0;
  for (Operation &step : body.without_terminator())
    if (hasLinear(&step)) {
      last = &step;
      ++total;
    }
  if (!last)
    return createStringError("the model has no linear layers");
  Frames frames;
  for (MapValue &input : inputs) {
    tokens.push_back(input.tokens);
    frames.emplace_back().values[body.getArgument(0)] = std::move(input);
  }
  caches.assign(frames.size(), createCaches(module));
  for (Operation &step : body.without_terminator()) {
    if (Error error = runStep(&step, frames, &step == last))
      return error;
    if (!hasLinear(&step))
      continue;
    if (&step == last) {
      client.endStep(++done, total);
      break;
    }
    if (Error error = runPending(frames))
      return error;
    client.endStep(++done, total);
  }
  return Error::success();
}

Error dlavm::runLayerwise(mlir::ModuleOp module, TensorSource &tensors,
                          std::vector<MapValue> inputs,
                          LayerwiseClient &client) {
  mlir::OwningOpRef<mlir::ModuleOp> clone = module.clone();
  mlir::FailureOr<mlir::func::FuncOp> model = getModelFunction(*clone);
  if (failed(model))
    return createStringError("the model cannot be interpreted");
  // What is left is one op after the other.
  auto loops = llvm::to_vector(model->getBody().getOps<mlir::scf::ForOp>());
  for (mlir::scf::ForOp loop : loops)
    if (failed(mlir::loopUnrollFull(loop)))
      return createStringError("the model has a loop of unknown length");
  return LayerwiseRun(*clone, tensors, client).run(*model, std::move(inputs));
}
