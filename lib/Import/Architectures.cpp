//===- Architectures.cpp - The architectures that are supported -----------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Each function makes an entry from that of a relative and says what differs.
// docs/AddAnArchitecture.md shows how to add one.
//
//===----------------------------------------------------------------------===//

#include "Architecture.h"

using namespace mlir;
using namespace dlavm;

static constexpr FlagKey kAlways = {"", true};
static constexpr FlagKey kAttentionBias = {"attention_bias"};

static constexpr Architecture getLlama(StringRef modelType = "llama") {
  Architecture entry;
  entry.modelType = modelType;
  entry.hasInputBias = entry.hasOutputBias = kAttentionBias;
  entry.hasFeedForwardBias = {"mlp_bias"};
  return entry;
}

static constexpr Architecture getBaichuan() {
  Architecture entry;
  entry.modelType = "baichuan";
  entry.refuse = refuseBaichuan;
  entry.kvHeads = entry.headDim = {};
  entry.rope.theta.name = "";
  entry.rope.isScalable = false;
  entry.tensors.query = entry.tensors.key = entry.tensors.value =
      "self_attn.W_pack";
  entry.finish = finishBaichuan;
  return entry;
}

static constexpr Requirement kChatGLMRequirements[] = {
    {"rmsnorm", true, true, "models with layer norms are not supported"},
    {"post_layer_norm", true, true,
     "models without a final norm are not supported"},
    {"apply_residual_connection_post_layernorm", false, false,
     "residuals that start after a norm are not supported"},
    {"original_rope", true, true,
     "other rotary embeddings than the original one are not supported"},
    // Such a model's fused matrix has the rows of each head's query, key and
    // value together.
    {"multi_query_attention", true, false,
     "models that interleave the rows of 'query_key_value' by heads are not "
     "supported"},
};

static constexpr Architecture getChatGLM() {
  Architecture entry;
  entry.modelType = "chatglm";
  entry.refuse = refuseChatGLM;
  entry.requirements = kChatGLMRequirements;
  entry.layers = "num_layers";
  entry.kvHeads = {"multi_query_group_num", SizeKey::kRequired};
  entry.headDim = {"kv_channels", SizeKey::kRequired};
  entry.intermediate = "ffn_hidden_size";
  entry.vocabulary = "padded_vocab_size";
  entry.context = "seq_length";
  entry.epsilon = "layernorm_epsilon";
  entry.activation = "";
  entry.rope.style = llm::RopeStyle::Interleaved;
  entry.rope.part = {"", 0.5};
  entry.rope.isScalable = false;
  TensorNames &tensors = entry.tensors;
  tensors.layer = "transformer.encoder.layers.{layer}.";
  tensors.embedding = "transformer.embedding.word_embeddings";
  tensors.query = tensors.key = tensors.value =
      "self_attention.query_key_value";
  tensors.attentionOutput = "self_attention.dense";
  tensors.gate = tensors.up = "mlp.dense_h_to_4h";
  tensors.down = "mlp.dense_4h_to_h";
  tensors.finalNorm = "transformer.encoder.final_layernorm";
  tensors.lmHead = "transformer.output_layer";
  entry.hasInputBias = {"add_qkv_bias"};
  entry.hasBias = {"add_bias_linear"};
  entry.finish = finishChatGLM;
  return entry;
}

static constexpr Architecture getGLM(StringRef modelType = "glm") {
  Architecture entry;
  entry.modelType = modelType;
  entry.kvHeads.absent = 2;
  entry.headDim.absent = 128;
  entry.rope.style = llm::RopeStyle::Interleaved;
  entry.rope.part = {"partial_rotary_factor", 0.5};
  entry.tensors.gate = entry.tensors.up = "mlp.gate_up_proj";
  entry.hasInputBias = {"attention_bias", true};
  return entry;
}

static constexpr Architecture getGLM4() {
  Architecture entry = getGLM("glm4");
  entry.tensors.attentionOutputNorm = "post_self_attn_layernorm";
  entry.tensors.feedForwardOutputNorm = "post_mlp_layernorm";
  return entry;
}

static constexpr Architecture getGranite() {
  Architecture entry = getLlama("granite");
  entry.embeddingMultiplier = {"embedding_multiplier"};
  entry.residualMultiplier = {"residual_multiplier"};
  entry.logitsScaling = {"logits_scaling"};
  entry.attentionMultiplier = {"attention_multiplier"};
  return entry;
}

static constexpr Architecture getInternLM2() {
  Architecture entry;
  entry.modelType = "internlm2";
  entry.headDim = {};
  entry.isGroupedByKVHead = true;
  TensorNames &tensors = entry.tensors;
  tensors.embedding = "model.tok_embeddings";
  tensors.inputNorm = "attention_norm";
  tensors.query = tensors.key = tensors.value = "attention.wqkv";
  tensors.attentionOutput = "attention.wo";
  tensors.feedForwardNorm = "ffn_norm";
  tensors.gate = "feed_forward.w1";
  tensors.up = "feed_forward.w3";
  tensors.down = "feed_forward.w2";
  tensors.lmHead = "output";
  entry.hasInputBias = entry.hasOutputBias = {"bias", true};
  return entry;
}

static constexpr Architecture getQwen2(StringRef modelType = "qwen2") {
  Architecture entry;
  entry.modelType = modelType;
  entry.kvHeads.absent = 32;
  entry.window = {true, "use_sliding_window", 4096, true};
  entry.hasInputBias = kAlways;
  return entry;
}

static constexpr Requirement kMiMoRequirements[] = {
    {"attention_bias", true, true,
     "the queries, keys and values of these models have biases"},
};

static constexpr Architecture getMiMo() {
  Architecture entry = getQwen2("mimo");
  entry.requirements = kMiMoRequirements;
  return entry;
}

static constexpr Architecture getMiniCPM() {
  Architecture entry;
  entry.modelType = "minicpm";
  entry.headDim = {};
  entry.isTied.absent = true;
  entry.hasInputBias = entry.hasOutputBias = kAttentionBias;
  entry.finish = finishMiniCPM;
  return entry;
}

static constexpr Architecture getMistral() {
  Architecture entry;
  entry.modelType = "mistral";
  entry.kvHeads.absent = 8;
  entry.window = {true, "", 4096};
  return entry;
}

static constexpr Architecture getOLMo2() {
  Architecture entry;
  entry.modelType = "olmo2";
  TensorNames &tensors = entry.tensors;
  tensors.inputNorm = tensors.feedForwardNorm = "";
  tensors.queryNorm = "self_attn.q_norm";
  tensors.keyNorm = "self_attn.k_norm";
  tensors.attentionOutputNorm = "post_attention_layernorm";
  tensors.feedForwardOutputNorm = "post_feedforward_layernorm";
  entry.hasNormsOfAllHeads = true;
  entry.hasInputBias = entry.hasOutputBias = kAttentionBias;
  return entry;
}

static constexpr Architecture getPhi3() {
  Architecture entry;
  entry.modelType = "phi3";
  entry.rope.part = {"partial_rotary_factor"};
  entry.rope.originalContext = 4096;
  entry.window.isKnown = true;
  entry.tensors.query = entry.tensors.key = entry.tensors.value =
      "self_attn.qkv_proj";
  entry.tensors.gate = entry.tensors.up = "mlp.gate_up_proj";
  return entry;
}

static constexpr Architecture getQwen() {
  Architecture entry;
  entry.modelType = "qwen";
  entry.kvHeads = {};
  entry.headDim = {"kv_channels", 128};
  // Of both branches together.
  entry.intermediateFactor = 2;
  entry.epsilon = "layer_norm_epsilon";
  entry.activation = "";
  entry.rope.theta.name = "rotary_emb_base";
  entry.rope.part = {"rotary_pct"};
  entry.rope.isScalable = false;
  TensorNames &tensors = entry.tensors;
  tensors.layer = "transformer.h.{layer}.";
  tensors.embedding = "transformer.wte";
  tensors.inputNorm = "ln_1";
  tensors.query = tensors.key = tensors.value = "attn.c_attn";
  tensors.attentionOutput = "attn.c_proj";
  tensors.feedForwardNorm = "ln_2";
  tensors.gate = "mlp.w2";
  tensors.up = "mlp.w1";
  tensors.down = "mlp.c_proj";
  tensors.finalNorm = "transformer.ln_f";
  entry.hasInputBias = kAlways;
  entry.hasBias = {"no_bias", true, /*isInverted=*/true};
  entry.finish = finishQwen;
  return entry;
}

static constexpr Architecture getQwen3() {
  Architecture entry = getQwen2("qwen3");
  entry.headDim.absent = 128;
  entry.tensors.queryNorm = "self_attn.q_norm";
  entry.tensors.keyNorm = "self_attn.k_norm";
  entry.hasInputBias = entry.hasOutputBias = kAttentionBias;
  return entry;
}

static constexpr Architecture getSeedOSS() {
  Architecture entry = getLlama("seed_oss");
  entry.kvHeads.absent = 8;
  entry.headDim.absent = 128;
  entry.hasInputBias.absent = true;
  entry.hasOutputBias = {"attention_out_bias"};
  return entry;
}

static constexpr Architecture getSmolLM3() {
  Architecture entry = getLlama("smollm3");
  entry.kvHeads.absent = 4;
  entry.rope.theta.absent = 2000000;
  entry.isTied.absent = true;
  entry.window = {true, "use_sliding_window"};
  entry.finish = finishSmolLM3;
  return entry;
}

static constexpr Architecture kArchitectures[] = {
    getBaichuan(),  getChatGLM(), getGLM(),  getGLM4(),    getGranite(),
    getInternLM2(), getLlama(),   getMiMo(), getMiniCPM(), getMistral(),
    getOLMo2(),     getPhi3(),    getQwen(), getQwen2(),   getQwen3(),
    getSeedOSS(),   getSmolLM3(),
};

ArrayRef<Architecture> dlavm::getArchitectures() { return kArchitectures; }

const Architecture *dlavm::findArchitecture(StringRef modelType) {
  const auto *found =
      llvm::find_if(kArchitectures, [&](const Architecture &candidate) {
        return candidate.modelType == modelType;
      });
  return found == std::end(kArchitectures) ? nullptr : found;
}
