//===- Architecture.h - What tells architectures apart ----------*- C++ -*-===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_LIB_IMPORT_ARCHITECTURE_H
#define DLAVM_LIB_IMPORT_ARCHITECTURE_H

#include "Config.h"

namespace dlavm {

// Keys of a configuration, and what counts where it does not have them, as the
// class of the model has it. A key without a name is not asked for.

struct SizeKey {
  static constexpr int64_t kRequired = -1;
  /// From other sizes: as many KV heads as heads, the hidden size divided by
  /// the heads.
  static constexpr int64_t kDerived = 0;

  llvm::StringRef name;
  int64_t absent = kDerived;
};

struct FlagKey {
  llvm::StringRef name;
  bool absent = false;
  /// The flag says that something is not so.
  bool isInverted = false;
};

struct NumberKey {
  llvm::StringRef name;
  double absent = 1;
};

/// A flag that must be as expected.
struct Requirement {
  llvm::StringRef key;
  bool expected = false;
  bool absent = false;
  llvm::StringRef reason;
};

struct RopeKeys {
  llm::RopeStyle style = llm::RopeStyle::HalfSplit;
  /// The base.
  NumberKey theta = {"rope_theta", 10000};
  /// How much of a head is rotated.
  NumberKey part;
  /// Whether there are `rope_scaling` and `rope_parameters`.
  bool isScalable = true;
  /// The context of the first training by default; 0 where it is the context.
  int64_t originalContext = 0;
};

/// The key `sliding_window`, which a model asks for or not.
struct WindowKeys {
  bool isKnown = false;
  /// A window counts only where this is set.
  llvm::StringRef flag = "";
  /// By default; 0 for none.
  int64_t absent = 0;
  /// Layers before `max_window_layers` have none.
  bool hasFirstLayer = false;
};

/// The tensors without `.weight` and `.bias`; those of a layer without what all
/// of them start with. Linear layers with one name are slices of its rows, in
/// the order that they have here. Empty where there is none.
struct TensorNames {
  llvm::StringRef layer = "model.layers.{layer}.";
  llvm::StringRef embedding = "model.embed_tokens";
  llvm::StringRef inputNorm = "input_layernorm";
  llvm::StringRef query = "self_attn.q_proj";
  llvm::StringRef key = "self_attn.k_proj";
  llvm::StringRef value = "self_attn.v_proj";
  llvm::StringRef queryNorm = "";
  llvm::StringRef keyNorm = "";
  llvm::StringRef attentionOutput = "self_attn.o_proj";
  /// Before the residual is added.
  llvm::StringRef attentionOutputNorm = "";
  llvm::StringRef feedForwardNorm = "post_attention_layernorm";
  llvm::StringRef gate = "mlp.gate_proj";
  llvm::StringRef up = "mlp.up_proj";
  llvm::StringRef down = "mlp.down_proj";
  /// Before the residual is added.
  llvm::StringRef feedForwardOutputNorm = "";
  llvm::StringRef finalNorm = "model.norm";
  llvm::StringRef lmHead = "lm_head";
};

/// What the models of one `model_type` have; by default what Llama has, but for
/// its biases.
struct Architecture {
  llvm::StringRef modelType;
  /// Looks for variants that are not supported, before anything is read.
  mlir::LogicalResult (*refuse)(const ConfigReader &) = nullptr;
  llvm::ArrayRef<Requirement> requirements = {};

  llvm::StringRef layers = "num_hidden_layers";
  SizeKey kvHeads = {"num_key_value_heads"};
  SizeKey headDim = {"head_dim"};
  llvm::StringRef intermediate = "intermediate_size";
  /// The key has so many times the channels of a branch.
  int64_t intermediateFactor = 1;
  llvm::StringRef vocabulary = "vocab_size";
  llvm::StringRef context = "max_position_embeddings";
  llvm::StringRef epsilon = "rms_norm_eps";
  llvm::StringRef activation = "hidden_act";
  RopeKeys rope = {};
  WindowKeys window = {};

  TensorNames tensors = {};
  /// The rows of fused queries, keys and values: those of the first KV head
  /// with all of its queries, and so on.
  bool isGroupedByKVHead = false;
  /// Norms of queries and keys are over the channels of all heads, not of each.
  bool hasNormsOfAllHeads = false;
  FlagKey isTied = {"tie_word_embeddings"};
  FlagKey hasInputBias = {};
  FlagKey hasOutputBias = {};
  FlagKey hasFeedForwardBias = {};
  /// Of all linear layers, but for lm_head.
  FlagKey hasBias = {};

  NumberKey embeddingMultiplier = {};
  NumberKey residualMultiplier = {};
  NumberKey logitsScaling = {};
  /// What scores are multiplied with; without a name the inverse of the root of
  /// the channels of a head.
  NumberKey attentionMultiplier = {};

  /// Reads what no data says, after all else.
  mlir::LogicalResult (*finish)(const ConfigReader &, ModelConfig &) = nullptr;
};

/// In alphabetical order.
llvm::ArrayRef<Architecture> getArchitectures();
/// Null where the architecture is not supported.
const Architecture *findArchitecture(llvm::StringRef modelType);

/// Says that the `model_type` is not supported, why, and what to do.
mlir::LogicalResult emitUnsupported(const ConfigReader &reader,
                                    llvm::StringRef modelType);

/// Reads the rotary embedding; needs the channels of a head and the context.
mlir::LogicalResult readRope(const ConfigReader &reader, const RopeKeys &keys,
                             ModelConfig &config);

// Hooks of architectures.
mlir::LogicalResult refuseChatGLM(const ConfigReader &reader);
mlir::LogicalResult refuseBaichuan(const ConfigReader &reader);
mlir::LogicalResult finishBaichuan(const ConfigReader &reader,
                                   ModelConfig &config);
mlir::LogicalResult finishChatGLM(const ConfigReader &reader,
                                  ModelConfig &config);
mlir::LogicalResult finishMiniCPM(const ConfigReader &reader,
                                  ModelConfig &config);
mlir::LogicalResult finishQwen(const ConfigReader &reader, ModelConfig &config);
mlir::LogicalResult finishSmolLM3(const ConfigReader &reader,
                                  ModelConfig &config);

} // namespace dlavm

#endif // DLAVM_LIB_IMPORT_ARCHITECTURE_H
