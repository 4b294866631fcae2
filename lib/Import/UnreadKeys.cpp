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
    {"add_cross_attention", "[false]"},
    {"alibi", "[false]"},
    {"attention_bias", "[false]"},
    {"attention_chunk_size", "[]"},
    {"attention_multiplier", "[]"},
    {"attention_out_bias", "[false]"},
    {"attn_logit_softcapping", "[0]"},
    {"bias", "[false]"},
    {"clip_qkv", "[]"},
    {"dim_model_base", "[]"},
    {"embedding_multiplier", "[1]"},
    {"final_logit_softcapping", "[0]"},
    {"first_k_dense_replace", "[]"},
    {"is_causal", "[true]"},
    {"is_encoder_decoder", "[false]"},
    {"kv_lora_rank", "[]"},
    {"lm_head_bias", "[false]"},
    {"logit_scale", "[1]"},
    {"logits_scaling", "[1]"},
    {"mlp_bias", "[false]"},
    {"moe_intermediate_size", "[]"},
    {"n_routed_experts", "[0]"},
    {"no_rope_layer_interval", "[]"},
    {"num_experts", "[0]"},
    {"num_local_experts", "[0]"},
    {"parallel_attn", "[false]"},
    {"partial_rotary_factor", "[1]"},
    {"pruned_heads", "[{}]"},
    {"q_lora_rank", "[]"},
    {"qk_layernorm", "[false]"},
    {"qk_norm", "[false]"},
    {"query_pre_attn_scalar", "[]"},
    {"residual_multiplier", "[1]"},
    {"rope_local_base_freq", "[]"},
    {"rope_parameters", "[]"},
    {"rope_scaling", "[]"},
    {"rope_theta", "[10000]"},
    {"rotary_emb_base", "[10000]"},
    {"rotary_pct", "[1]"},
    {"scale_attn_weights", "[true]"},
    {"scale_depth", "[]"},
    {"scale_emb", "[1]"},
    {"sliding_window", "[]"},
    {"sliding_window_pattern", "[]"},
    {"sparse_config", "[]"},
    {"tie_encoder_decoder", "[false]"},
    {"use_alibi", "[false]"},
    {"use_bias", "[false]"},
    {"use_cache_quantization", "[false]"},
    {"use_cross_attention", "[false]"},
    {"use_dynamic_ntk", "[false]"},
    {"use_logn_attn", "[false]"},
    {"use_mrope", "[false]"},
    {"use_parallel_residual", "[false]"},
    {"use_qk_norm", "[false]"},
};

/// Keys of training, storage and generation.
static constexpr StringLiteral kIrrelevant[] = {
    "_attn_implementation",
    "_attn_implementation_autoset",
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
    "dtype",
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
    "keys_to_ignore_at_inference",
    "label2id",
    "max_window_layers",
    "model_max_length",
    "mup_denominator",
    "onnx_safe",
    "original_max_position_embeddings",
    "output_attentions",
    "output_hidden_states",
    "pad_token_id",
    "prefix_projection",
    "prefix",
    "pretraining_tp",
    "problem_type",
    "quantization_config",
    "return_dict",
    "sep_token_id",
    "softmax_in_fp32",
    "suppress_tokens",
    "task_specific_params",
    "tokenizer_class",
    "torch_dtype",
    "torchscript",
    "transformers_version",
    "unk_token_id",
    "unsloth_fixed",
    "unsloth_version",
    "use_bfloat16",
    "use_cache",
    "use_cache_kernel",
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
