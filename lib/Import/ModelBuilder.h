//===- ModelBuilder.h - The llm module of a configuration -------*- C++ -*-===//
//
// Part of the DLAVM project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_LIB_IMPORT_MODELBUILDER_H
#define DLAVM_LIB_IMPORT_MODELBUILDER_H

#include "Config.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "mlir/IR/OwningOpRef.h"

namespace dlavm {

/// Builds the module of one configuration, whose context is the module's.
class ModelBuilder {
public:
  /// The place of what it builds is the file that \p path names.
  ModelBuilder(const ModelConfig &config, llvm::StringRef path,
               mlir::MLIRContext &context);

  /// \p modelLayers are all of the model, of which the module may have fewer.
  mlir::OwningOpRef<mlir::ModuleOp> build(llvm::StringRef name,
                                          int64_t modelLayers);

private:
  /// [maps, seq, channels] of f16.
  mlir::RankedTensorType getMapType(int64_t maps, int64_t channels);

  void addParameters();
  void addParameter(const llvm::Twine &name, mlir::RankedTensorType type,
                    bool hasLayers, const TensorSlice &source,
                    double factor = 1, bool isNormalized = false);
  void addSplat(const llvm::Twine &name, mlir::RankedTensorType type,
                bool hasLayers, double value);
  void addNorm(llvm::StringRef name, bool hasLayers, int64_t channels,
               const std::optional<TensorSlice> &source);
  void addLinear(llvm::StringRef name, int64_t outputChannels,
                 int64_t inputChannels, bool hasLayers,
                 const LinearSource &source, double factor = 1,
                 bool isNormalized = false);
  void addCache(llvm::StringRef name);

  void addLayerFunction(bool hasRope);
  mlir::Value addLayerCalls(mlir::Value input);
  void addModelFunction();
  mlir::Value buildAttention(mlir::Value input, bool hasRope);
  mlir::Value buildFeedForward(mlir::Value input);

  // Ops of the layer `layer`, or of no layer while that is null.
  mlir::Value norm(mlir::Value input, llvm::StringRef weight);
  mlir::Value linear(mlir::Value input, llvm::StringRef weight,
                     int64_t outputChannels);
  mlir::Value heads(mlir::Value input, int64_t count);
  mlir::Value project(mlir::Value input, llvm::StringRef weight, int64_t count,
                      bool hasNorm, bool hasRope);
  mlir::Value rope(mlir::Value input);

  const ModelConfig &config;
  mlir::ImplicitLocOpBuilder builder;
  /// Whether each layer has a rotary embedding.
  std::vector<bool> forms;
  mlir::Value layer;
};

} // namespace dlavm

#endif // DLAVM_LIB_IMPORT_MODELBUILDER_H
