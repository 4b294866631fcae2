//===- ModelFiles.h - What the files of a checkpoint have -------*- C++ -*-===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DLAVM_TOOL_MODELFILES_H
#define DLAVM_TOOL_MODELFILES_H

#include "DLAVM/Checkpoint/Safetensors.h"

#include "llvm/Support/JSON.h"

namespace dlavm {

/// An architecture, as Hugging Face checkpoints of it look.
struct ModelArchitecture {
  llvm::StringLiteral name;
  llvm::StringLiteral modelType;
  /// As `architectures` of config.json says.
  llvm::StringLiteral className;
  double theta;
  bool hasInputBias;
  /// Fused matrices, and the rotary embedding of half a head.
  bool isChatGLM;
};

inline constexpr ModelArchitecture kModelArchitectures[] = {
    {"llama", "llama", "LlamaForCausalLM", 10000, false, false},
    {"llama3", "llama", "LlamaForCausalLM", 500000, false, false},
    {"mistral", "mistral", "MistralForCausalLM", 10000, false, false},
    {"qwen2", "qwen2", "Qwen2ForCausalLM", 1000000, true, false},
    {"chatglm", "chatglm", "ChatGLMModel", 10000, true, true},
};

/// In channels, but for counts and the context, which is in tokens.
struct ModelSizes {
  int64_t hidden = 0, layers = 0, heads = 0, kvHeads = 0, headDim = 0;
  int64_t intermediate = 0, vocabulary = 0, context = 0;
  /// Whether the output layer is the embedding.
  bool isTied = false;
};

/// The tensors in the order of computation; the first is the embedding.
std::vector<TensorDeclaration> getTensors(const ModelArchitecture &architecture,
                                          const ModelSizes &sizes);

/// What config.json says of architecture and sizes.
llvm::json::Object getConfig(const ModelArchitecture &architecture,
                             const ModelSizes &sizes);

} // namespace dlavm

#endif // DLAVM_TOOL_MODELFILES_H
