//===- Config.h - What a Hugging Face configuration says --------*- C++ -*-===//
//
// Part of the DLAVM project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_LIB_IMPORT_CONFIG_H
#define DLAVM_LIB_IMPORT_CONFIG_H

#include "ConfigReader.h"
#include "DLAVM/Checkpoint/Parameter.h"
#include "DLAVM/Dialect/LLM/IR/LLM.h"

#include <optional>
#include <string>
#include <vector>

namespace dlavm {

/// A tensor of the checkpoint, with `{layer}` for the layer number, or some of
/// its rows.
struct TensorSlice {
  std::string name;
  std::optional<RowSlice> rows;
};

struct LinearSource {
  TensorSlice weight;
  /// Absent where the model has no bias.
  std::optional<TensorSlice> bias;
};

/// A context up to which the model is supported.
struct ContextLimit {
  /// The key that says so, with those of the objects around it, or says nothing
  /// where the limit is a default.
  std::string key;
  bool isDefault = false;
  int64_t tokens = 0;
  /// What is not supported beyond, and what the context is within.
  llvm::StringRef reason, range;
};

/// A decoder-only transformer with RMS norms, rotary embeddings and a gated
/// SiLU feed-forward network. Sizes are in channels, the context in tokens.
struct ModelConfig {
  int64_t hidden = 0;
  int64_t layers = 0;
  int64_t heads = 0;
  int64_t kvHeads = 0;
  int64_t headDim = 0;
  int64_t intermediate = 0;
  int64_t vocabulary = 0;
  int64_t context = 0;

  double epsilon = 0;
  llm::RopeStyle ropeStyle = llm::RopeStyle::HalfSplit;
  double theta = 10000;
  /// The channels of a head that the rotary embedding rotates.
  int64_t rotary = 0;
  /// As those of llm.rope; empty where all are 1.
  std::vector<double> ropeDivisors;
  double ropeAttentionFactor = 1;

  /// What the names of a layer's tensors start with; it has `{layer}`.
  std::string layerPrefix;
  /// Layers behind those of the model that predict further tokens.
  int64_t predictionLayers = 0;

  std::vector<ContextLimit> contextLimits;
  /// A token sees at most as many, itself included.
  void addWindow(int64_t tokens, bool isDefault) {
    contextLimits.push_back({"sliding_window", isDefault, tokens,
                             "attention within a sliding window is not "
                             "supported",
                             "the window"});
  }

  /// Whether a layer has a rotary embedding; empty where all have.
  std::vector<bool> hasRope;

  /// Multiplies the rows of the embedding.
  double embeddingMultiplier = 1;
  /// Multiplies what attention and feed-forward network add to the residual.
  double residualMultiplier = 1;
  double attentionScale = 1;
  /// Logits are divided by it.
  double logitsScaling = 1;
  /// The rows of the output layer are divided by their lengths.
  bool isLMHeadNormalized = false;

  /// The embedding rows, [vocabulary, hidden].
  TensorSlice embedding;
  TensorSlice finalNorm;
  /// Norms before attention and feed-forward network, and of what they add to
  /// the residual; absent where the model has none.
  std::optional<TensorSlice> inputNorm, feedForwardNorm;
  std::optional<TensorSlice> attentionOutputNorm, feedForwardOutputNorm;
  /// Before the rotary embedding, of each head or of the channels of all heads.
  std::optional<TensorSlice> queryNorm, keyNorm;
  bool hasNormsOfAllHeads = false;
  LinearSource query, key, value, attentionOutput, gate, up, down, lmHead;
};

/// Refuses a configuration with keys that change what other architectures
/// compute, and that nobody has read; warns of those that nobody knows.
mlir::LogicalResult checkUnreadKeys(const ConfigReader &reader,
                                    llvm::StringRef modelType);

/// Reads the configuration; emits an error if it is not that of a supported
/// model.
mlir::FailureOr<ModelConfig> readModelConfig(const ConfigReader &reader);

} // namespace dlavm

#endif // DLAVM_LIB_IMPORT_CONFIG_H
