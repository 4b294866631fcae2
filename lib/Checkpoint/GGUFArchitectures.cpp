//===- GGUFArchitectures.cpp - Models that GGUF files have ----------------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "GGUFArchitectures.h"

using namespace dlavm;
using namespace llvm;

static constexpr GGUFNames kKeys[] = {
    {"attention.head_count", "num_attention_heads"},
    {"attention.head_count_kv", "num_key_value_heads"},
    {"attention.key_length", "head_dim"},
    {"attention.layer_norm_rms_epsilon", "rms_norm_eps"},
    {"block_count", "num_hidden_layers"},
    {"context_length", "max_position_embeddings"},
    {"embedding_length", "hidden_size"},
    {"feed_forward_length", "intermediate_size"},
    {"rope.freq_base", "rope_theta"},
    {"vocab_size", "vocab_size"},
};

static constexpr GGUFNames kGraniteKeys[] = {
    {"attention.head_count", "num_attention_heads"},
    {"attention.head_count_kv", "num_key_value_heads"},
    {"attention.key_length", "head_dim"},
    {"attention.layer_norm_rms_epsilon", "rms_norm_eps"},
    {"attention.scale", "attention_multiplier"},
    {"block_count", "num_hidden_layers"},
    {"context_length", "max_position_embeddings"},
    {"embedding_length", "hidden_size"},
    {"embedding_scale", "embedding_multiplier"},
    {"feed_forward_length", "intermediate_size"},
    {"logit_scale", "logits_scaling"},
    {"residual_scale", "residual_multiplier"},
    {"rope.freq_base", "rope_theta"},
    {"vocab_size", "vocab_size"},
};

static constexpr GGUFNames kChatGLMKeys[] = {
    {"attention.head_count", "num_attention_heads"},
    {"attention.head_count_kv", "multi_query_group_num"},
    {"attention.key_length", "kv_channels"},
    {"attention.layer_norm_rms_epsilon", "layernorm_epsilon"},
    {"block_count", "num_layers"},
    {"context_length", "seq_length"},
    {"embedding_length", "hidden_size"},
    {"feed_forward_length", "ffn_hidden_size"},
    {"rope.freq_base", "rope_theta"},
    {"vocab_size", "padded_vocab_size"},
};

static constexpr GGUFNames kOtherTensors[] = {
    {"token_embd", "model.embed_tokens"},
    {"output_norm", "model.norm"},
    {"output", "lm_head"},
};

static constexpr GGUFNames kChatGLMOtherTensors[] = {
    {"token_embd", "transformer.embedding.word_embeddings"},
    {"output_norm", "transformer.encoder.final_layernorm"},
    {"output", "transformer.output_layer"},
};

static constexpr GGUFNames kLayerTensors[] = {
    {"attn_k", "self_attn.k_proj"},   {"attn_k_norm", "self_attn.k_norm"},
    {"attn_norm", "input_layernorm"}, {"attn_output", "self_attn.o_proj"},
    {"attn_q", "self_attn.q_proj"},   {"attn_q_norm", "self_attn.q_norm"},
    {"attn_v", "self_attn.v_proj"},   {"ffn_down", "mlp.down_proj"},
    {"ffn_gate", "mlp.gate_proj"},    {"ffn_norm", "post_attention_layernorm"},
    {"ffn_up", "mlp.up_proj"},
};

/// Gate and up in one matrix.
static constexpr GGUFNames kGLMLayerTensors[] = {
    {"attn_k", "self_attn.k_proj"},
    {"attn_norm", "input_layernorm"},
    {"attn_output", "self_attn.o_proj"},
    {"attn_q", "self_attn.q_proj"},
    {"attn_v", "self_attn.v_proj"},
    {"ffn_down", "mlp.down_proj"},
    {"ffn_norm", "post_attention_layernorm"},
    {"ffn_up", "mlp.gate_up_proj"},
    {"post_attention_norm", "post_self_attn_layernorm"},
    {"post_ffw_norm", "post_mlp_layernorm"},
};

/// Norms after attention and feed-forward network only.
static constexpr GGUFNames kOLMo2LayerTensors[] = {
    {"attn_k", "self_attn.k_proj"},
    {"attn_k_norm", "self_attn.k_norm"},
    {"attn_output", "self_attn.o_proj"},
    {"attn_q", "self_attn.q_proj"},
    {"attn_q_norm", "self_attn.q_norm"},
    {"attn_v", "self_attn.v_proj"},
    {"ffn_down", "mlp.down_proj"},
    {"ffn_gate", "mlp.gate_proj"},
    {"ffn_up", "mlp.up_proj"},
    {"post_attention_norm", "post_attention_layernorm"},
    {"post_ffw_norm", "post_feedforward_layernorm"},
};

/// The norm before the feed-forward network has another name.
static constexpr GGUFNames kSeedOSSLayerTensors[] = {
    {"attn_k", "self_attn.k_proj"},
    {"attn_norm", "input_layernorm"},
    {"attn_output", "self_attn.o_proj"},
    {"attn_q", "self_attn.q_proj"},
    {"attn_v", "self_attn.v_proj"},
    {"ffn_down", "mlp.down_proj"},
    {"ffn_gate", "mlp.gate_proj"},
    {"ffn_up", "mlp.up_proj"},
    {"post_attention_norm", "post_attention_layernorm"},
};

static constexpr GGUFNames kPhi3LayerTensors[] = {
    {"attn_norm", "input_layernorm"},
    {"attn_output", "self_attn.o_proj"},
    {"attn_qkv", "self_attn.qkv_proj"},
    {"ffn_down", "mlp.down_proj"},
    {"ffn_norm", "post_attention_layernorm"},
    {"ffn_up", "mlp.gate_up_proj"},
};

static constexpr GGUFNames kChatGLMLayerTensors[] = {
    {"attn_norm", "input_layernorm"},
    {"attn_output", "self_attention.dense"},
    {"attn_qkv", "self_attention.query_key_value"},
    {"ffn_down", "mlp.dense_4h_to_h"},
    {"ffn_norm", "post_attention_layernorm"},
    {"ffn_up", "mlp.dense_h_to_4h"},
};

static constexpr StringLiteral kLayers("model.layers.");
static constexpr StringLiteral kChatGLMLayers("transformer.encoder.layers.");

/// Mistral's models are called llama.
static const GGUFArchitecture kArchitectures[] = {
    {"chatglm", "chatglm", "blk.0.attn_qkv.weight", kChatGLMKeys,
     kChatGLMLayers, kChatGLMLayerTensors, kChatGLMOtherTensors},
    {"chatglm", "glm", "blk.0.attn_q.weight", kKeys, kLayers, kGLMLayerTensors,
     kOtherTensors},
    {"glm4", "glm4", "", kKeys, kLayers, kGLMLayerTensors, kOtherTensors},
    {"granite", "granite", "", kGraniteKeys, kLayers, kLayerTensors,
     kOtherTensors, /*pairsRows=*/true},
    {"llama", "llama", "", kKeys, kLayers, kLayerTensors, kOtherTensors,
     /*pairsRows=*/true},
    {"olmo2", "olmo2", "", kKeys, kLayers, kOLMo2LayerTensors, kOtherTensors},
    {"phi3", "phi3", "", kKeys, kLayers, kPhi3LayerTensors, kOtherTensors},
    {"qwen2", "qwen2", "", kKeys, kLayers, kLayerTensors, kOtherTensors},
    {"qwen3", "qwen3", "", kKeys, kLayers, kLayerTensors, kOtherTensors},
    {"seed_oss", "seed_oss", "", kKeys, kLayers, kSeedOSSLayerTensors,
     kOtherTensors},
    {"smollm3", "smollm3", "", kKeys, kLayers, kLayerTensors, kOtherTensors,
     /*pairsRows=*/true},
};

ArrayRef<GGUFArchitecture> dlavm::getGGUFArchitectures() {
  return kArchitectures;
}
