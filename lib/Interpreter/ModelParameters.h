//===- ModelParameters.h - The parameters that ops compute with -----------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_LIB_INTERPRETER_MODELPARAMETERS_H
#define DLAVM_LIB_INTERPRETER_MODELPARAMETERS_H

#include "DLAVM/Dialect/LLM/IR/LLM.h"
#include "DLAVM/Interpreter/Interpreter.h"
#include "DLAVM/Pack/WeightQuantizer.h"
#include "Numerics.h"

#include <map>

namespace dlavm::interpreter {

/// The matrix of a linear layer [output channels, input channels], dequantized
/// where the arithmetic rounds weights.
class Weight {
public:
  /// \p choice says how to round the weights; none keeps them.
  Weight(ParameterRows rows, std::optional<ScaleChoice> choice)
      : rows(std::move(rows)) {
    if (choice)
      quantizer.emplace(*choice);
  }

  int64_t getNumOutputs() const { return rows.getNumRows(); }
  int64_t getNumInputs() const { return rows.getNumColumns(); }
  /// Hands the weights of one output channel to \p use, as an ArrayRef of FP32
  /// or FP64. \p buffer has room for them.
  template <typename Use>
  void withRow(int64_t row, llvm::MutableArrayRef<double> buffer,
               Use use) const {
    const int64_t columns = getNumInputs();
    if (!kept.empty())
      return use(llvm::ArrayRef(kept).slice(row * columns, columns));
    if (!keptExactly.empty())
      return use(llvm::ArrayRef(keptExactly).slice(row * columns, columns));
    readRow(row, buffer);
    use(llvm::ArrayRef<double>(buffer));
  }
  /// Reads all rows now, so that withRow only looks them up.
  void keep();
  /// The memory that they then take.
  int64_t getKeptBytes() const;

  /// A weight that cannot be rounded.
  struct Refused {
    int64_t row, column;
    float value;
  };
  /// The first row's, if there is any.
  std::optional<Refused> findUnroundable() const;

private:
  /// Whether FP32 holds all weights exactly. It holds products of a scale and
  /// an INT4 value.
  bool fitsFloat() const { return quantizer || rows.fitsFloat(); }
  /// Writes the weights of one output channel.
  void readRow(int64_t row, llvm::MutableArrayRef<double> out) const;
  template <typename Float> std::vector<Float> readAll() const;

  ParameterRows rows;
  std::optional<WeightQuantizer> quantizer;
  /// All rows, in one of the two.
  std::vector<float> kept;
  std::vector<double> keptExactly;
};

/// The weights of a convolution, a row of [kernel rows, kernel columns, input
/// channels] for each output channel, and what the sums of their products are
/// to be multiplied with: 1 unless the weights were rounded here.
struct Kernels {
  std::vector<double> weights;
  std::vector<double> scales;
};

/// Reads parameters and rounds them as the arithmetic wants.
class ModelParameters {
public:
  ModelParameters(mlir::ModuleOp module, TensorSource &tensors,
                  const InterpreterOptions &options);

  /// A parameter of rank 1. The layer does not matter where it has none.
  llvm::Expected<llvm::ArrayRef<double>> getVector(llvm::StringRef symbol,
                                                   int64_t layer);
  /// A parameter of rank 2. What does not fit the memory lives until the next
  /// call.
  llvm::Expected<const Weight *> getWeight(llvm::StringRef symbol,
                                           int64_t layer);
  /// The same for a convolution, whose output channels have one scale each.
  llvm::Expected<const Kernels *> getKernels(llvm::StringRef symbol,
                                             int64_t layer);

private:
  /// What a parameter says. Sets the layer to 0 where it has none.
  llvm::Expected<ParameterInfo> getInfo(llvm::StringRef symbol, int64_t &layer);

  mlir::SymbolTable symbols;
  TensorSource &tensors;
  Numerics numerics;
  std::optional<ScaleChoice> choice;
  std::map<std::pair<std::string, int64_t>, std::vector<double>> vectors;
  std::map<std::pair<std::string, int64_t>, Weight> weights;
  std::map<std::pair<std::string, int64_t>, Kernels> kernels;
  /// The last weight that there was no room to keep.
  std::optional<Weight> passing;
  /// What is left for weights to be kept.
  int64_t bytesLeft = int64_t(2) << 30;
};

} // namespace dlavm::interpreter

#endif // DLAVM_LIB_INTERPRETER_MODELPARAMETERS_H
