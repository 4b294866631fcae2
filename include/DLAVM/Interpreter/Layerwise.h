//===- Layerwise.h - Many sequences, layer by layer -------------*- C++ -*-===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_INTERPRETER_LAYERWISE_H
#define DLAVM_INTERPRETER_LAYERWISE_H

#include "DLAVM/Dialect/LLM/IR/LLM.h"
#include "DLAVM/Interpreter/Interpreter.h"

namespace dlavm {

/// Computes the linear layers of runLayerwise.
class LayerwiseClient {
public:
  virtual ~LayerwiseClient() = default;
  /// Sees the input [1, tokens, input channels] of \p op in this layer, of one
  /// sequence after the other.
  virtual llvm::Error observe(llm::LinearOp op, int64_t layer,
                              const MapValue &input) = 0;
  /// Has seen those of all sequences. Other ops with the same input follow
  /// later in the same block.
  virtual llvm::Error endInputs(llm::LinearOp op, int64_t layer) = 0;
  /// The products of such an input with the weight, [1, tokens, output
  /// channels]; only then the next op is observed.
  virtual llvm::Expected<MapValue> multiply(llm::LinearOp op, int64_t layer,
                                            const MapValue &input) = 0;
  /// All sequences have passed a step: an op of the model's function, such as
  /// the call of one layer, that has linear layers.
  virtual void endStep(int64_t done, int64_t total) = 0;
};

/// Runs a module in FP64 on several sequences, each without history. All of
/// them are at the same linear layer, so what it yields may depend on all
/// sequences. Memory holds what later ops need of all sequences, between two
/// linear layers of a single one. What follows the inputs of the last linear
/// layer is left out.
///
/// \p inputs are embedded tokens, [1, tokens, channels]. Emits an error at an
/// op that the interpreter does not know.
llvm::Error runLayerwise(mlir::ModuleOp module, TensorSource &tensors,
                         std::vector<MapValue> inputs, LayerwiseClient &client);

} // namespace dlavm

#endif // DLAVM_INTERPRETER_LAYERWISE_H
