//===- QuantizeModel.h - The linear layers of a model -----------*- C++ -*-===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_QUANTIZE_QUANTIZEMODEL_H
#define DLAVM_QUANTIZE_QUANTIZEMODEL_H

#include "DLAVM/Checkpoint/TensorSource.h"
#include "DLAVM/Quantize/GPTQ.h"

#include "mlir/IR/BuiltinOps.h"

#include <functional>
#include <string>

namespace dlavm {

struct QuantizeModelOptions {
  /// See GPTQ::create.
  double dampening = 0.01;
  /// Hears how much of how much is done.
  std::function<void(int64_t done, int64_t total)> progress = [](int64_t,
                                                                 int64_t) {};
};

/// The tensors that are weights of linear layers of an imported module, for all
/// layers, each once, in the order in which quantizeModel comes to them.
std::vector<std::string> getLinearTensors(mlir::ModuleOp module);

/// Takes a tensor of getLinearTensors.
using QuantizedSink = llvm::function_ref<llvm::Error(
    llvm::StringRef tensor, const QuantizedMatrix &matrix)>;

/// Rounds the linear layers of an imported module with GPTQ, layer by layer:
/// the inputs of a layer come from the layers before it as they are rounded.
/// The sequences are token ids; those of a model's own text do well. Memory
/// holds the hidden states of all sequences, and the weights and Hessians of
/// one layer. Errors name the tensor.
llvm::Error quantizeModel(mlir::ModuleOp module, TensorSource &tensors,
                          llvm::ArrayRef<std::vector<int32_t>> sequences,
                          const QuantizeModelOptions &options,
                          QuantizedSink sink);

} // namespace dlavm

#endif // DLAVM_QUANTIZE_QUANTIZEMODEL_H
