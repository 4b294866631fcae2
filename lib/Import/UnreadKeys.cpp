//===- UnreadKeys.cpp - Keys of a configuration that nobody reads ---------===//
//
// Part of DLAVM, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Config.h"

using namespace mlir;
using namespace dlavm;

namespace {
/// A key with which some architecture computes something else, and its values
/// that change nothing, as JSON. Absent or null it changes nothing either.
struct Variant {
  StringLiteral key;
  StringLiteral neutral;
};
} // namespace

static constexpr Variant kVariants[] = {
    {"activation", "[\"silu\", \"swiglu\", \"swish\"]"},
    {"activation_function", "[\"silu\", \"swish\"]"},
    {"add_bias_linear", "[false]"},
    {"add_cross_attention", "[false]"},
    {"add_qkv_bias", "[false]"},
    {"alibi", "[false]"},
    {"attention_bias", "[false]"},
    {"attention_chunk_size", "[]"},
    {"attention_in_multiplier", "[1]"},
    {"attention_multiplier", "[]"},
    {"attention_out_bias", "[false]"},
    {"attention_out_multiplier", "[1]"},
    {"attn_logit_softcapping", "[0]"},
    {"attn_temperature_tuning", "[false, 0]"},
    {"bias", "[false]"},
    {"block_types", "[]"},
    {"clip_qkv", "[]"},
    {"dim_model_base", "[]"},
    {"draft_vocab_size", "[]"},
    {"embedding_multiplier", "[1]"},
    {"final_logit_softcapping", "[0]"},
    {"first_k_dense_replace", "[]"},
    {"global_attn_every_n_layers", "[]"},
    {"hidden_activation", "[\"silu\", \"swish\"]"},
    {"interleaved_sliding_window", "[]"},
    {"is_causal", "[true]"},
    {"is_encoder_decoder", "[false]"},
    {"key_multiplier", "[1]"},
    {"kv_lora_rank", "[]"},
    {"layers_block_type", "[]"},
    {"lm_head_bias", "[false]"},
    {"lm_head_multiplier", "[1]"},
    {"local_attention", "[]"},
    {"logit_scale", "[1]"},
    {"logits_scaling", "[1]"},
    {"mlp_bias", "[false]"},
    {"mlp_multipliers", "[[1, 1]]"},
    {"moe_intermediate_size", "[]"},
    {"moe_num_experts", "[0]"},
    {"mup_attn_multiplier", "[1]"},
    {"mup_embedding_multiplier", "[1]"},
    {"n_routed_experts", "[0]"},
    {"no_bias", "[true]"},
    {"no_rope_layer_interval", "[]"},
    {"norm_type", "[\"rms\", \"rms_norm\", \"rmsnorm\"]"},
    {"num_experts", "[0]"},
    {"num_key_value_heads_per_layer", "[]"},
    {"num_kv_shared_layers", "[0]"},
    {"num_local_experts", "[0]"},
    {"parallel_attn", "[false]"},
    {"partial_rotary_factor", "[1]"},
    {"position_embedding_type", "[\"rope\"]"},
    {"position_encoding_2d", "[false]"},
    {"pruned_heads", "[{}]"},
    {"q_lora_rank", "[]"},
    {"qk_layernorm", "[false]"},
    {"qk_nope_head_dim", "[]"},
    {"qk_norm", "[false]"},
    {"qk_rope_head_dim", "[]"},
    {"qkv_bias", "[false]"},
    {"query_pre_attn_scalar", "[]"},
    {"residual_multiplier", "[1]"},
    {"rope_interleave", "[false]"},
    {"rope_interleaved", "[false]"},
    {"rope_local_base_freq", "[]"},
    {"rope_parameters", "[]"},
    {"rope_pct", "[1]"},
    {"rope_ratio", "[1]"},
    {"rope_scaling", "[]"},
    {"rope_theta", "[10000]"},
    {"rotary", "[]"},
    {"rotary_dim", "[]"},
    {"rotary_emb_base", "[10000]"},
    {"rotary_pct", "[1]"},
    {"scale_attn_by_inverse_layer_idx", "[false]"},
    {"scale_attn_weights", "[true]"},
    {"scale_depth", "[]"},
    {"scale_emb", "[1]"},
    {"scale_embedding", "[false]"},
    {"sliding_window", "[]"},
    {"sliding_window_pattern", "[]"},
    {"softmax_scale", "[]"},
    {"sparse_config", "[]"},
    {"tie_encoder_decoder", "[false]"},
    {"use_alibi", "[false]"},
    {"use_bias", "[false]"},
    {"use_cache_quantization", "[false]"},
    {"use_cla", "[false]"},
    {"use_cross_attention", "[false]"},
    {"use_dynamic_ntk", "[false]"},
    {"use_logn_attn", "[false]"},
    {"use_moe", "[false]"},
    {"use_mrope", "[false]"},
    {"use_parallel_residual", "[false]"},
    {"use_qk_norm", "[false]"},
    {"use_qkv_bias", "[false]"},
    {"use_rope", "[true]"},
    {"use_sliding_window", "[false]"},
    {"v_head_dim", "[]"},
};

/// Keys of training, storage and generation.
static constexpr StringLiteral kIrrelevant[] = {
    "_attn_implementation",
    "_attn_implementation_autoset",
    "_commit_hash",
    "_flash_attn_2_enabled",
    "_from_model_config",
    "_name_or_path",
    "apply_query_key_layer_scaling",
    "architectures",
    "attention_softmax_in_fp32",
    "attn_implementation",
    "auto_map",
    "begin_suppress_tokens",
    "bf16",
    "bias_dropout_fusion",
    "bos_token_id",
    "chunk_size_feed_forward",
    "decoder_start_token_id",
    "diversity_penalty",
    "do_sample",
    "dtype",
    "early_stopping",
    "encoder_no_repeat_ngram_size",
    "eos_token_id",
    "fp16",
    "fp32",
    "fp32_residual_connection",
    "full_attn_mod",
    "gradient_checkpointing",
    "id2label",
    "initializer_range",
    "interpolate_factor",
    "is_decoder",
    "is_llama_config",
    "keys_to_ignore_at_inference",
    "label2id",
    "length_penalty",
    "max_length",
    "max_new_tokens",
    "max_sequence_length",
    "max_window_layers",
    "min_length",
    "model_max_length",
    "mup_denominator",
    "no_repeat_ngram_size",
    "num_beam_groups",
    "num_beams",
    "num_return_sequences",
    "onnx_safe",
    "original_max_position_embeddings",
    "output_attentions",
    "output_hidden_states",
    "output_scores",
    "pad_token_id",
    "prefix",
    "prefix_projection",
    "pretraining_tp",
    "problem_type",
    "quantization_config",
    "remove_invalid_values",
    "repetition_penalty",
    "return_dict",
    "return_dict_in_generate",
    "sep_token_id",
    "softmax_in_fp32",
    "suppress_tokens",
    "task_specific_params",
    "temperature",
    "tf_legacy_loss",
    "tokenizer_class",
    "tokenizer_type",
    "top_k",
    "top_p",
    "torch_dtype",
    "torchscript",
    "transformers.js_config",
    "transformers_version",
    "typical_p",
    "unk_token_id",
    "unsloth_fixed",
    "unsloth_version",
    "use_bfloat16",
    "use_cache",
    "use_cache_kernel",
    "use_flash_attention",
    "use_flash_attention_2",
    "use_flash_attn",
    "z_loss_weight",
};

static bool isIrrelevant(StringRef key) {
  return llvm::is_contained(kIrrelevant, key) || key.ends_with("dropout") ||
         key.ends_with("dropout_prob") || key.ends_with("_pdrop");
}

static bool isNeutral(const llvm::json::Value &value, StringRef neutral) {
  const llvm::json::Value values = llvm::cantFail(llvm::json::parse(neutral));
  return llvm::is_contained(*values.getAsArray(), value);
}

/// Lists that say something for each layer.
static bool isSameInAllLayers(const llvm::json::Value &value,
                              const llvm::json::Value &common) {
  const llvm::json::Array *layers = value.getAsArray();
  return layers && llvm::all_of(*layers, [&](const llvm::json::Value &layer) {
           return layer == common;
         });
}

/// Whether the key is one of another architecture, and changes something.
static bool changesModel(StringRef key, const llvm::json::Value &value) {
  if (key == "layer_types")
    return !isSameInAllLayers(value, "full_attention");
  if (key == "no_rope_layers")
    return !isSameInAllLayers(value, 1);
  const auto *variant = llvm::find_if(
      kVariants, [&](const Variant &entry) { return entry.key == key; });
  return variant != std::end(kVariants) && !isNeutral(value, variant->neutral);
}

static bool isKnown(StringRef key) {
  return isIrrelevant(key) || key == "layer_types" || key == "no_rope_layers" ||
         llvm::any_of(kVariants,
                      [&](const Variant &entry) { return entry.key == key; });
}

LogicalResult dlavm::checkUnreadKeys(const ConfigReader &reader,
                                     StringRef modelType) {
  std::vector<StringRef> unknown;
  for (StringRef key : reader.getUnreadKeys()) {
    const llvm::json::Value *value = reader.find(key);
    if (!value)
      continue;
    if (changesModel(key, *value))
      return reader.emitError(key)
             << "is " << ConfigReader::print(*value)
             << ", with which models compute something else than \""
             << modelType << "\" does; that is not supported";
    if (!isKnown(key))
      unknown.push_back(key);
  }
  if (unknown.empty())
    return success();
  InFlightDiagnostic warning = reader.emitWarning();
  warning << "has keys that nothing is known of: ";
  llvm::interleaveComma(unknown, warning,
                        [&](StringRef key) { warning << "'" << key << "'"; });
  warning << "; the model is taken as if they were not there";
  return success();
}
