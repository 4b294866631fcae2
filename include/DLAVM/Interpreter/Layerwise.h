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
  /// The products of an input [1, tokens, input channels] with the weight of
  /// \p op in this layer, [1, tokens, output channels].
  virtual llvm::Expected<MapValue> multiply(llm::LinearOp op, int64_t layer,
                                            const MapValue &input) = 0;
  /// Sees the input of an op whose products nobody needs.
  virtual llvm::Error observe(llm::LinearOp op, int64_t layer,
                              const MapValue &input) = 0;
  /// All sequences have passed a step that has linear layers. True to let them
  /// pass it again, from the same values on.
  virtual llvm::Expected<bool> endStep() = 0;
  /// So many of all steps that have linear layers are done.
  virtual void progress(int64_t done, int64_t total) {}
};

/// Runs a module in FP64 on several sequences, each without history. All of
/// them pass one step after the other: an op of the model's function, such as
/// the call of one layer. So what a step yields may depend on all sequences,
/// and memory holds the values between two steps only. The steps after the last
/// linear layer are left out.
///
/// \p inputs are embedded tokens, [1, tokens, channels]. Emits an error at an
/// op that the interpreter does not know.
llvm::Error runLayerwise(mlir::ModuleOp module, TensorSource &tensors,
                         std::vector<MapValue> inputs, LayerwiseClient &client);

} // namespace dlavm

#endif // DLAVM_INTERPRETER_LAYERWISE_H
