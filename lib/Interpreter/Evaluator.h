//===- Evaluator.h - Walks the ops of a module ----------------------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_LIB_INTERPRETER_EVALUATOR_H
#define DLAVM_LIB_INTERPRETER_EVALUATOR_H

#include "ModelParameters.h"
#include "Ops.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "llvm/ADT/DenseMap.h"

#include <map>
#include <variant>

namespace dlavm::interpreter {

/// What an SSA value is while ops are run: an index, a map, the values of a
/// parameter, a token id, or nothing, for what only orders ops.
struct Ordering {};
using RuntimeValue =
    std::variant<Ordering, int64_t, MapValue, std::vector<double>, int32_t>;

/// KV caches by symbol and layer.
using KVCaches = std::map<std::pair<std::string, int64_t>, KVCache>;

/// The caches of a module, empty.
KVCaches createCaches(mlir::ModuleOp module);

/// Runs the functions of a module for one call of the model.
class Evaluator {
public:
  Evaluator(const Numerics &numerics, ModelParameters &parameters,
            KVCaches &caches, int64_t past, int64_t seq,
            Interpreter::Observer observer)
      : numerics(numerics), parameters(parameters), caches(caches), past(past),
        seq(seq), observer(observer) {}

  /// Lets others compute the products of linear layers.
  using Multiply = llvm::function_ref<llvm::Expected<MapValue>(
      llm::LinearOp op, int64_t layer, const MapValue &input)>;
  void setMultiply(Multiply newMultiply) { multiply = newMultiply; }
  /// See InterpreterOptions::keepsAllTokens.
  void keepAllTokens() { keepsAllTokens = true; }
  /// See InterpreterOptions::usableIds; \p newLogits is what llm.argmax takes.
  void limitIds(mlir::Value newLogits, int64_t count) {
    logits = newLogits;
    usableIds = count;
  }

  /// The results of a function.
  llvm::Expected<std::vector<RuntimeValue>>
  call(mlir::func::FuncOp function, std::vector<RuntimeValue> arguments);

  /// What is known inside of one function.
  struct Frame {
    llvm::DenseMap<mlir::Value, RuntimeValue> values;
    /// Which layer the ops belong to; -1 outside of layers.
    int64_t layer = -1;

    const MapValue &getMap(mlir::Value value) const {
      return std::get<MapValue>(values.find(value)->second);
    }
    int64_t getIndex(mlir::Value value) const {
      return std::get<int64_t>(values.find(value)->second);
    }
    std::vector<RuntimeValue> getValues(mlir::ValueRange range) const;
    /// The layer that an op names, or 0 for none.
    int64_t getLayer(mlir::Value layer) const {
      return layer ? getIndex(layer) : 0;
    }
  };

  /// What is known when a function begins.
  static Frame enter(mlir::func::FuncOp function,
                     std::vector<RuntimeValue> arguments);

  /// Runs one op.
  llvm::Error evaluate(mlir::Operation *op, Frame &frame);

private:
  /// Runs a block; yields the operands of its terminator.
  llvm::Expected<std::vector<RuntimeValue>> evaluate(mlir::Block &block,
                                                     Frame &frame);
  /// Fails where a run takes more iterations and calls than any model's.
  llvm::Error countStep();
  llvm::Error evaluate(mlir::scf::ForOp op, Frame &frame);
  llvm::Error evaluate(mlir::func::CallOp op, Frame &frame);
  llvm::Error evaluate(llm::GetParameterOp op, Frame &frame);
  llvm::Error evaluate(llm::LinearOp op, Frame &frame);
  llvm::Error evaluate(llm::Conv2DOp op, Frame &frame);
  llvm::Error evaluate(llm::RMSNormOp op, Frame &frame);
  llvm::Error evaluate(llm::LayerNormOp op, Frame &frame);
  llvm::Error evaluate(llm::RopeOp op, Frame &frame);
  llvm::Error evaluate(llm::KVAppendOp op, Frame &frame);
  llvm::Error evaluate(llm::AttentionScoresOp op, Frame &frame);
  llvm::Error evaluate(llm::AttentionValuesOp op, Frame &frame);

  /// Sets the result of \p op and shows it to the observer.
  llvm::Error define(mlir::Operation *op, Frame &frame, RuntimeValue value);
  /// The second operand of a sum or product with the shape of the first.
  MapValue getOperand(mlir::Value value, const MapValue &like, Frame &frame);
  template <typename OpTy> KVCache *findCache(OpTy op, Frame &frame);
  template <typename OpTy>
  llvm::Expected<const KVCache *> getFilledCache(OpTy op, Frame &frame);

  const Numerics &numerics;
  ModelParameters &parameters;
  KVCaches &caches;
  const int64_t past, seq;
  int64_t numSteps = 0;
  Interpreter::Observer observer;
  bool keepsAllTokens = false;
  mlir::Value logits;
  int64_t usableIds = 0;
  Multiply multiply;
};

} // namespace dlavm::interpreter

#endif // DLAVM_LIB_INTERPRETER_EVALUATOR_H
