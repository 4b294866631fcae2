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
      : numerics(nullptr), parameters(module, tensors, {}),
        caches(createCaches(module)), client(client) {}

  Error run(mlir::func::FuncOp model, std::vector<MapValue> inputs);

private:
  Error pass(Operation *step, bool isLast);
  Error passAll(Operation *step, bool isLast);
  void dropDead(Operation *step);

  Numerics numerics;
  ModelParameters parameters;
  KVCaches caches;
  LayerwiseClient &client;
  /// Of each sequence, what later steps need.
  std::vector<Evaluator::Frame> frames;
  std::vector<int64_t> tokens;
  int64_t done = 0, total = 0;
};

} // namespace

/// Lets all sequences pass a step once.
Error LayerwiseRun::pass(Operation *step, bool isLast) {
  auto linear = llvm::dyn_cast<llm::LinearOp>(step);
  auto ignore = [](int64_t, llvm::StringRef, const MapValue &) {};
  auto multiply = [&](llm::LinearOp op, int64_t layer, const MapValue &input) {
    return client.multiply(op, layer, input);
  };
  for (auto [frame, seq] : llvm::zip_equal(frames, tokens)) {
    if (linear && isLast) {
      if (Error error =
              client.observe(linear, frame.getLayer(linear.getLayer()),
                             frame.getMap(linear.getInput())))
        return error;
      continue;
    }
    for (auto &[name, cache] : caches)
      cache.values.clear();
    Evaluator evaluator(numerics, parameters, caches, /*past=*/0, seq, ignore);
    evaluator.keepAllTokens();
    evaluator.setMultiply(multiply);
    if (Error error = evaluator.evaluate(step, frame))
      return error;
  }
  return Error::success();
}

Error LayerwiseRun::passAll(Operation *step, bool isLast) {
  const bool hasLinears = hasLinear(step);
  while (true) {
    if (Error error = pass(step, isLast))
      return error;
    if (!hasLinears)
      return Error::success();
    Expected<bool> again = client.endStep();
    if (!again)
      return again.takeError();
    if (!*again)
      break;
  }
  client.progress(++done, total);
  return Error::success();
}

/// Forgets the values that no later step needs.
void LayerwiseRun::dropDead(Operation *step) {
  for (mlir::Value operand : step->getOperands()) {
    const bool isDead = llvm::none_of(operand.getUsers(), [&](Operation *user) {
      return step->isBeforeInBlock(user);
    });
    if (isDead)
      for (Evaluator::Frame &frame : frames)
        frame.values.erase(operand);
  }
}

Error LayerwiseRun::run(mlir::func::FuncOp model,
                        std::vector<MapValue> inputs) {
  mlir::Block &body = model.getBody().front();
  Operation *last = nullptr;
  for (Operation &step : body.without_terminator())
    if (hasLinear(&step)) {
      last = &step;
      ++total;
    }
  if (!last)
    return createStringError("the model has no linear layers");
  for (MapValue &input : inputs) {
    tokens.push_back(input.tokens);
    frames.emplace_back().values[body.getArgument(0)] = std::move(input);
  }
  for (Operation &step : body.without_terminator()) {
    if (Error error = passAll(&step, &step == last))
      return error;
    if (&step == last)
      break;
    dropDead(&step);
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
