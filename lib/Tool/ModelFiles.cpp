//===- ModelFiles.cpp - What the files of a checkpoint have ---------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ModelFiles.h"

using namespace dlavm;
using namespace llvm;

namespace {
class TensorList {
public:
  explicit TensorList(const ModelSizes &sizes) : sizes(sizes) {}

  void addLlama(bool hasInputBias);
  void addChatGLM();

  std::vector<TensorDeclaration> tensors;

private:
  void add(const Twine &name, ArrayRef<int64_t> shape) {
    tensors.push_back(
        {name.str(), SmallVector<int64_t, 2>(shape.begin(), shape.end())});
  }
  void addLinear(const Twine &name, int64_t outputs, int64_t inputs,
                 bool hasBias = false) {
    add(name + ".weight", {outputs, inputs});
    if (hasBias)
      add(name + ".bias", {outputs});
  }

  const ModelSizes &sizes;
};
} // namespace

void TensorList::addLlama(bool hasInputBias) {
  const int64_t hidden = sizes.hidden, intermediate = sizes.intermediate;
  const int64_t queries = sizes.heads * sizes.headDim;
  const int64_t keys = sizes.kvHeads * sizes.headDim;
  add("model.embed_tokens.weight", {sizes.vocabulary, hidden});
  for (int64_t layer = 0; layer < sizes.layers; ++layer) {
    const std::string prefix = "model.layers." + std::to_string(layer) + ".";
    add(prefix + "input_layernorm.weight", {hidden});
    addLinear(prefix + "self_attn.q_proj", queries, hidden, hasInputBias);
    addLinear(prefix + "self_attn.k_proj", keys, hidden, hasInputBias);
    addLinear(prefix + "self_attn.v_proj", keys, hidden, hasInputBias);
    addLinear(prefix + "self_attn.o_proj", hidden, queries);
    add(prefix + "post_attention_layernorm.weight", {hidden});
    addLinear(prefix + "mlp.gate_proj", intermediate, hidden);
    addLinear(prefix + "mlp.up_proj", intermediate, hidden);
    addLinear(prefix + "mlp.down_proj", hidden, intermediate);
  }
  add("model.norm.weight", {hidden});
  if (!sizes.isTied)
    add("lm_head.weight", {sizes.vocabulary, hidden});
}

void TensorList::addChatGLM() {
  const int64_t hidden = sizes.hidden, intermediate = sizes.intermediate;
  const int64_t queries = sizes.heads * sizes.headDim;
  const int64_t keys = sizes.kvHeads * sizes.headDim;
  add("transformer.embedding.word_embeddings.weight",
      {sizes.vocabulary, hidden});
  for (int64_t layer = 0; layer < sizes.layers; ++layer) {
    const std::string prefix =
        "transformer.encoder.layers." + std::to_string(layer) + ".";
    add(prefix + "input_layernorm.weight", {hidden});
    addLinear(prefix + "self_attention.query_key_value", queries + 2 * keys,
              hidden, /*hasBias=*/true);
    addLinear(prefix + "self_attention.dense", hidden, queries);
    add(prefix + "post_attention_layernorm.weight", {hidden});
    addLinear(prefix + "mlp.dense_h_to_4h", 2 * intermediate, hidden);
    addLinear(prefix + "mlp.dense_4h_to_h", hidden, intermediate);
  }
  add("transformer.encoder.final_layernorm.weight", {hidden});
  if (!sizes.isTied)
    add("transformer.output_layer.weight", {sizes.vocabulary, hidden});
}

std::vector<TensorDeclaration>
dlavm::getTensors(const ModelArchitecture &architecture,
                  const ModelSizes &sizes) {
  TensorList list(sizes);
  if (architecture.isChatGLM)
    list.addChatGLM();
  else
    list.addLlama(architecture.hasInputBias);
  return std::move(list.tensors);
}

static json::Object getLlamaConfig(const ModelArchitecture &architecture,
                                   const ModelSizes &sizes) {
  json::Object config{{"hidden_act", "silu"},
                      {"intermediate_size", sizes.intermediate},
                      {"max_position_embeddings", sizes.context},
                      {"num_hidden_layers", sizes.layers},
                      {"num_key_value_heads", sizes.kvHeads},
                      {"head_dim", sizes.headDim},
                      {"rms_norm_eps", 1e-5},
                      {"rope_theta", architecture.theta},
                      {"vocab_size", sizes.vocabulary}};
  if (architecture.modelType == "mistral")
    config["sliding_window"] = nullptr;
  if (architecture.modelType == "qwen2")
    config["use_sliding_window"] = false;
  // A short first training, so that the scaling slows down some of the pairs.
  if (architecture.name == "llama3")
    config["rope_scaling"] =
        json::Object{{"rope_type", "llama3"},
                     {"factor", 8.0},
                     {"low_freq_factor", 1.0},
                     {"high_freq_factor", 4.0},
                     {"original_max_position_embeddings",
                      std::max<int64_t>(1, sizes.context / 8)}};
  return config;
}

static json::Object getChatGLMConfig(const ModelSizes &sizes) {
  return json::Object{{"add_bias_linear", false},
                      {"add_qkv_bias", true},
                      {"apply_residual_connection_post_layernorm", false},
                      {"ffn_hidden_size", sizes.intermediate},
                      {"kv_channels", sizes.headDim},
                      {"layernorm_epsilon", 1e-5},
                      {"multi_query_attention", true},
                      {"multi_query_group_num", sizes.kvHeads},
                      {"num_layers", sizes.layers},
                      {"original_rope", true},
                      {"padded_vocab_size", sizes.vocabulary},
                      {"post_layer_norm", true},
                      {"rmsnorm", true},
                      {"seq_length", sizes.context}};
}

json::Object dlavm::getConfig(const ModelArchitecture &architecture,
                              const ModelSizes &sizes) {
  json::Object config = architecture.isChatGLM
                            ? getChatGLMConfig(sizes)
                            : getLlamaConfig(architecture, sizes);
  config["architectures"] = json::Array{architecture.className};
  config["model_type"] = architecture.modelType;
  config["hidden_size"] = sizes.hidden;
  config["num_attention_heads"] = sizes.heads;
  config["tie_word_embeddings"] = sizes.isTied;
  return config;
}
