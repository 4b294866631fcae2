//===- Llama.cpp - Configurations of Llama, Mistral and Qwen2 -------------===//
//
// Part of the DLAVM project, under the Apache License v2.0 with LLVM
// Exceptions. See LICENSE for license information. SPDX-License-Identifier:
// Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Config.h"

using namespace mlir;
using namespace dlavm;

/// \p kvHeads are those of a configuration without the key, as Transformers has
/// it for the class; null means as many as there are query heads.
static LogicalResult readLlamaHeads(const ConfigReader &reader,
                                    std::optional<int64_t> kvHeads,
                                    ModelConfig &config) {
  config.kvHeads = config.heads;
  if (kvHeads && !reader.contains("num_key_value_heads"))
    config.kvHeads = *kvHeads;
  if (failed(reader.readOptionalSize("num_key_value_heads", config.kvHeads)))
    return failure();
  if (config.heads % config.kvHeads != 0)
    return reader.emitError("num_attention_heads")
           << "(" << config.heads
           << ") must be a multiple of 'num_key_value_heads' ("
           << config.kvHeads << ")";

  const bool hasHeadDim = reader.find("head_dim");
  if (!hasHeadDim && config.hidden % config.heads != 0)
    return reader.emitError("hidden_size")
           << "(" << config.hidden
           << ") must be a multiple of 'num_attention_heads' (" << config.heads
           << ") where there is no 'head_dim'";
  config.headDim = config.hidden / config.heads;
  if (failed(reader.readOptionalSize("head_dim", config.headDim)))
    return failure();
  if (config.headDim % 2 == 0)
    return success();
  if (hasHeadDim)
    return reader.emitError("head_dim")
           << "must be even, as the rotary embedding pairs channels, found "
           << config.headDim;
  return reader.emitError("hidden_size")
         << "(" << config.hidden << ") divided by 'num_attention_heads' ("
         << config.heads
         << ") must be even, as the rotary embedding pairs channels, found "
         << config.headDim;
}

/// What the architectures have in common, but for their biases.
static LogicalResult readCommon(const ConfigReader &reader, ModelConfig &config,
                                std::optional<int64_t> kvHeads = {}) {
  std::string activation = "silu";
  if (failed(reader.readOptionalString("hidden_act", activation)))
    return failure();
  // Two names of one function.
  if (activation != "silu" && activation != "swish")
    return reader.emitError("hidden_act")
           << "must be \"silu\", found \"" << activation
           << "\": other activations are not supported";
  return success(
      succeeded(readLlamaHeads(reader, kvHeads, config)) &&
      succeeded(reader.readSize("num_hidden_layers", config.layers)) &&
      succeeded(reader.readSize("intermediate_size", config.intermediate)) &&
      succeeded(reader.readSize("vocab_size", config.vocabulary)) &&
      succeeded(reader.readSize("max_position_embeddings", config.context)) &&
      succeeded(readLlamaRope(reader, config)) &&
      succeeded(reader.readNumber("rms_norm_eps", config.epsilon)));
}

static LinearSource getLlamaLinear(StringRef name, bool hasBias) {
  const std::string prefix = "model.layers.{layer}." + name.str();
  LinearSource linear = {{prefix + ".weight", {}}, {}};
  if (hasBias)
    linear.bias = TensorSlice{prefix + ".bias", {}};
  return linear;
}

static LogicalResult nameTensors(const ConfigReader &reader,
                                 ModelConfig &config, bool hasInputBias,
                                 bool hasOutputBias, bool hasMLPBias) {
  bool isTied = false;
  if (failed(reader.readOptionalFlag("tie_word_embeddings", isTied)))
    return failure();
  config.embedding.name = "model.embed_tokens.weight";
  config.inputNorm.name = "model.layers.{layer}.input_layernorm.weight";
  config.query = getLlamaLinear("self_attn.q_proj", hasInputBias);
  config.key = getLlamaLinear("self_attn.k_proj", hasInputBias);
  config.value = getLlamaLinear("self_attn.v_proj", hasInputBias);
  config.attentionOutput = getLlamaLinear("self_attn.o_proj", hasOutputBias);
  config.postAttentionNorm.name =
      "model.layers.{layer}.post_attention_layernorm.weight";
  config.gate = getLlamaLinear("mlp.gate_proj", hasMLPBias);
  config.up = getLlamaLinear("mlp.up_proj", hasMLPBias);
  config.down = getLlamaLinear("mlp.down_proj", hasMLPBias);
  config.finalNorm.name = "model.norm.weight";
  config.lmHead.weight.name = isTied ? config.embedding.name : "lm_head.weight";
  return success();
}

LogicalResult dlavm::readLlama(const ConfigReader &reader,
                               ModelConfig &config) {
  bool hasAttentionBias = false, hasMLPBias = false;
  if (failed(readCommon(reader, config)) ||
      failed(reader.readOptionalFlag("attention_bias", hasAttentionBias)) ||
      failed(reader.readOptionalFlag("mlp_bias", hasMLPBias)))
    return failure();
  return nameTensors(reader, config, hasAttentionBias, hasAttentionBias,
                     hasMLPBias);
}

LogicalResult dlavm::readMistral(const ConfigReader &reader,
                                 ModelConfig &config) {
  if (failed(readCommon(reader, config, /*kvHeads=*/8)))
    return failure();
  // Where the key is absent, and not null, Transformers takes a window of this.
  int64_t window = 4096;
  const bool hasWindow =
      !reader.contains("sliding_window") || reader.find("sliding_window");
  if (failed(reader.readOptionalSize("sliding_window", window)))
    return failure();
  if (hasWindow)
    config.addWindow(window, !reader.contains("sliding_window"));
  return nameTensors(reader, config, /*hasInputBias=*/false,
                     /*hasOutputBias=*/false, /*hasMLPBias=*/false);
}

/// Layers from 'max_window_layers' on attend within the window.
static LogicalResult readQwen2Window(const ConfigReader &reader,
                                     ModelConfig &config) {
  bool usesWindow = false;
  int64_t window = 4096, firstLayer = 28;
  if (failed(reader.readOptionalFlag("use_sliding_window", usesWindow)))
    return failure();
  // They say nothing where no window is used, whatever they are.
  if (!usesWindow) {
    (void)reader.find("sliding_window");
    (void)reader.find("max_window_layers");
    return success();
  }
  if (failed(reader.readOptionalSize("sliding_window", window)) ||
      failed(reader.readOptionalCount("max_window_layers", firstLayer)))
    return failure();
  if (firstLayer < config.layers)
    config.addWindow(window, !reader.find("sliding_window"));
  return success();
}

LogicalResult dlavm::readQwen2(const ConfigReader &reader,
                               ModelConfig &config) {
  if (failed(readCommon(reader, config, /*kvHeads=*/32)) ||
      failed(readQwen2Window(reader, config)))
    return failure();
  return nameTensors(reader, config, /*hasInputBias=*/true,
                     /*hasOutputBias=*/false, /*hasMLPBias=*/false);
}
